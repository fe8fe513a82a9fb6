//! What a journal holds before lines come into it, to know what comes again and what is older.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher, Hash};
use std::ops::{ControlFlow, RangeInclusive};
use std::path::Path;

use collector_core::Origin;
use rusqlite::Connection;

use super::AT_ONCE;
use super::lacking::Lacking;
use super::past::Number;
use crate::log::append::{Past, newest};
use crate::log::packed;
use crate::log::scan::Scan;
use crate::{JournalError, Result};
use entry_form::lines::Imported;
use entry_form::{Content, Stored};
use store::sql::Access;
use store::{Database, StoreError};

/// What the journal held before, to know what comes again and what is older.
#[derive(Debug, Default)]
pub(super) struct Held {
    /// Hashes of vehicle, feed and times of every entry, and how many of these no line was met for.
    entries: HashMap<u64, u32>,
    /// Hashes of the same and the payload of every entry, here and among the lines.
    whole: HashSet<u64>,
    /// When the newest entry of each vehicle was received, in milliseconds.
    newest: HashMap<String, i64>,
    /// The own numbers that lines got in this import.
    given: HashSet<u64>,
    /// The numbers of what is damaged.
    pub damaged: Vec<RangeInclusive<u64>>,
    /// Where the lines are of this very journal.
    pub lost: Option<Lost>,
}

/// Numbers that entries of this journal may get back.
#[derive(Debug)]
pub(super) struct Lost {
    /// Behind every cursor, up to the newest number: no sink of this state has been there.
    unread: RangeInclusive<u64>,
    /// What sinks that have been there lack of what is damaged.
    pub lacking: Lacking,
    /// Looks at the log: a transaction that meets a damaged page writes nothing more.
    look: Database,
}

impl Lost {
    pub(super) fn read(
        connection: &Connection,
        look: Database,
        damaged: &[RangeInclusive<u64>],
    ) -> Result<Self> {
        let query = "select coalesce(max(seq), 0) from cursor";
        let read: u64 = connection.one(query, [], |row| row.get(0))?;
        Ok(Self {
            unread: read + 1..=newest(&look)?,
            lacking: Lacking::read(connection, damaged)?,
            look,
        })
    }

    /// The number that an entry gets which is damaged or which no sink has met.
    fn number(&self, seq: u64, is_damaged: bool) -> Result<Number> {
        let payload = "select payload from log where seq = ?1";
        self.look.first(payload, [seq], |row| row.get_ref(0).map(drop))?;
        Ok(match is_damaged {
            true => Number::Damaged,
            false if packed::count(&self.look, seq - 1, seq)? == 0 => Number::Missing,
            false => Number::Next,
        })
    }
}

impl Held {
    /// Reads the journal at `path`, whatever is damaged in it.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let (mut held, mut scan, mut after) = (Self::default(), Scan::open(path)?, 0);
        while let Some(stretch) = scan.stretch(after, AT_ONCE)? {
            after = stretch.last;
            stretch.entries.iter().for_each(|entry| held.hold(entry));
            let damaged = stretch.damaged.iter();
            held.damaged
                .extend(damaged.map(|damage| damage.first..=damage.last));
        }
        forgotten_entries(scan.connection(), &mut held)?;
        Ok(held)
    }

    fn hold(&mut self, entry: &Stored) {
        let content = entry.content();
        let identity = identity(&content);
        *self.entries.entry(identity).or_default() += 1;
        self.whole.insert(hash((identity, content.payload)));
        match self.newest.get_mut(content.vin) {
            Some(newest) => *newest = content.received_at.max(*newest),
            None => _ = self.newest.insert(content.vin.to_owned(), content.received_at),
        }
    }

    /// The number that an entry gets.
    pub(super) fn number(&self, entry: &Imported) -> Result<Number> {
        let (Some(lost), seq) = (&self.lost, entry.seq) else {
            return Ok(Number::Next);
        };
        let is_damaged = self.damaged.iter().any(|range| range.contains(&seq));
        // Of two clones of this journal each may have an entry of one number.
        if self.given.contains(&seq) || (!is_damaged && !lost.unread.contains(&seq)) {
            return Ok(Number::Next);
        }
        match lost.number(seq, is_damaged) {
            Err(JournalError::Store(StoreError::Damaged(_))) => Ok(Number::NextOfLost),
            number => number,
        }
    }

    /// What is known of an entry before it is taken in under such a number; from now on it is held.
    pub(super) fn meet(&mut self, entry: &Imported, number: Number) -> Past {
        let snapshot = &entry.snapshot;
        let content = entry.from().content(snapshot, 0, 0, 0, &entry.payload);
        let (identity, received_at) = (identity(&content), content.received_at);
        let newest = self
            .newest
            .entry(snapshot.vin.as_str().to_owned())
            .or_insert(i64::MIN);
        let before = *newest;
        *newest = received_at.max(before);
        let is_again = !self.whole.insert(hash((identity, content.payload)));
        let known = match snapshot.origin {
            _ if number != Number::Next => is_again,
            Origin::Stream => self.is_left(identity) || is_again,
            _ => self.entries.insert(identity, 1).is_some() || is_again,
        };
        if number.is_own() && !known {
            self.given.insert(entry.seq);
        }
        Past {
            known,
            latest: received_at > before || (received_at == before && !known),
        }
    }

    /// Whether a message has met no line yet. Those that came together have the same times, and part of one may have been
    /// left out here as a repeat.
    fn is_left(&mut self, identity: u64) -> bool {
        let left = self.entries.entry(identity).or_default();
        let is_left = *left > 0;
        *left = left.saturating_sub(1);
        is_left
    }
}

/// Of vehicle, feed and times.
fn identity(entry: &Content<'_>) -> u64 {
    hash((
        entry.vin,
        entry.account,
        entry.source,
        entry.origin,
        entry.requested_at,
        entry.received_at,
    ))
}

/// Compared only within one import.
fn hash(content: impl Hash) -> u64 {
    BuildHasherDefault::<DefaultHasher>::default().hash_one(content)
}

/// Vehicles of which everything was forgotten still have last values; anything from before is older.
fn forgotten_entries(connection: &Connection, held: &mut Held) -> Result<()> {
    let query = "select vin, (select max(last_at) from series where vehicle_id = vehicle.id) from vehicle";
    // Where a page cannot be read, the last that can be is the newest that is known.
    connection.readable(query, [], |row| {
        if let Ok((vin, Some(at))) = <(String, Option<i64>)>::try_from(row) {
            held.newest.entry(vin).or_insert(at);
        }
        Ok::<_, JournalError>(ControlFlow::Continue(()))
    })?;
    Ok(())
}
