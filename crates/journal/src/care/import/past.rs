//! One entry of the past into the log.
//!
//! The journal from which it comes kept a reading because it was news there, so only what is here already is left
//! out. Where it is older than what is known of the vehicle, what it lacks or what fits no type is not the last word
//! on it.

use std::borrow::Cow;

use collector_core::Origin;
use rusqlite::Connection;

use crate::Result;
use crate::care::lines::Imported;
use crate::log::append::{self, Appended, INSERT, Past};
use crate::log::memory::Memory;

/// The number of an entry here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Number {
    /// The one behind the newest.
    Next,
    /// Its own, under which this very journal has nothing any more.
    Missing,
    /// Its own, under which this very journal has something damaged, which the sums count.
    Damaged,
}

/// Takes in one entry; one that gets its own number is as it was, whatever of it is here. The owner of `memory` writes
/// it.
pub(super) fn append(
    connection: &Connection,
    memory: &mut Memory,
    entry: &Imported,
    number: Number,
    mut past: Past,
) -> Result<Appended> {
    let (snapshot, is_lost) = (&entry.snapshot, number != Number::Next);
    let from = entry.from();
    past.known &= !is_lost;
    let ids = append::ids(connection, memory, from, snapshot)?;
    let next = append::next_number(connection, memory)?;
    let seq = if is_lost { entry.seq } else { next };
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
        _ => memory.counts.arrived(ids, &content, true),
    }
    if is_lost {
        // They are told now as they were before.
        connection.execute("delete from dead_letter where sink = '' and seq = ?1", [seq])?;
    }
    append::store(connection, memory, &statement, ids, &content, taken.misfits)?;
    appended.seq = Some(seq);
    Ok(appended)
}
