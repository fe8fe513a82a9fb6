//! One entry of the past into the log.
//!
//! The journal from which it comes kept a reading because it was news there, so only what is here already is left
//! out. Where it is older than what is known of the vehicle, what it lacks is not the last word on it. It keeps the
//! display units that it came with.

use std::borrow::Cow;

use collector_core::Origin;
use rusqlite::Connection;

use crate::Result;
use crate::log::append::{self, Appended, INSERT, Past, context};
use crate::log::memory::Memory;
use entry_form::lines::Imported;
use entry_form::observe;

/// The number of an entry here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Number {
    /// The one behind the newest.
    Next,
    /// The same for one that this very journal lost, where nothing can be written under its own.
    NextOfLost,
    /// Its own, under which this very journal has nothing any more.
    Missing,
    /// Its own, under which this very journal has something damaged, which the sums count.
    Damaged,
}

impl Number {
    pub(super) fn is_own(self) -> bool {
        matches!(self, Self::Missing | Self::Damaged)
    }
}

/// Takes in one entry; one that was lost is as it was, whatever of it is here. The owner of `memory` writes it.
pub(super) fn append(
    connection: &Connection,
    memory: &mut Memory,
    entry: &Imported,
    number: Number,
    past: Past,
) -> Result<Appended> {
    let (snapshot, is_lost) = (&entry.snapshot, number != Number::Next);
    if past.known && is_lost {
        // It is here under another number.
        return Ok(Appended::default());
    }
    let from = entry.from();
    let ids = append::ids(connection, memory, from, snapshot)?;
    let seq = if number.is_own() {
        entry.seq
    } else {
        memory.last_number + 1
    };
    let taken = append::take(connection, memory, ids.vehicle, seq, snapshot, Some(past))?;
    let mut appended = taken.appended;
    let is_here = past.known || snapshot.origin != Origin::Poll;
    if !is_lost && is_here && taken.payload.readings() == 0 {
        // It arrived long ago, and was counted then.
        return Ok(appended);
    }
    let payload = taken.payload.finish();
    let (new, repeats) = (appended.new as u64, appended.repeats as u64);
    let content = match is_lost {
        true => from.content(snapshot, seq, entry.readings, entry.repeats, &entry.payload),
        false => from.content(snapshot, seq, new, repeats + entry.repeats, &payload),
    };
    let mut statement = Cow::from(INSERT);
    match number {
        Number::Damaged => statement = INSERT.replacen("insert", "insert or replace", 1).into(),
        _ => {
            let (readings, repeats) = (content.readings, content.repeats);
            memory
                .counts
                .entry(ids, seq, readings, repeats, content.received_at);
        }
    }
    let context = match &entry.context {
        Some(text) => Some(context::row(connection, text)?),
        None => None,
    };
    if let (true, Some(context)) = (past.latest, &context) {
        memory.contexts.set(connection, ids.vehicle, context.clone())?;
    }
    append::store(connection, memory, &statement, ids, content, context.as_ref())?;
    let misfits = match is_lost {
        false => taken.misfits,
        true => {
            // They are told now as they were before.
            connection.execute(
                "delete from dead_letter where sink = '' and seq = ?1",
                [entry.seq],
            )?;
            observe::misfits(snapshot, &memory.descriptors)
        }
    };
    append::tell(connection, &content, misfits)?;
    appended.seq = Some(seq);
    Ok(appended)
}
