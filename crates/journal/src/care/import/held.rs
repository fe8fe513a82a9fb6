//! What a journal holds before lines come into it, to know what comes again and what is older.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher, Hash};
use std::ops::RangeInclusive;

use collector_core::Origin;
use rusqlite::Connection;

use super::past::Number;
use crate::Result;
use crate::log::append::Past;
use crate::log::packed;
use entry_form::Content;
use entry_form::lines::Imported;
use store::sql::Access;

/// What the journal held before, to know what comes again and what is older.
#[derive(Debug, Default)]
pub(super) struct Held {
    /// Hashes of vehicle, feed and times of every entry, and how many of these no line was met for.
    entries: HashMap<u64, u32>,
    /// Hashes of the same and the payload of every message, here and among the lines.
    messages: HashSet<u64>,
    /// When the newest entry of each vehicle was received, in milliseconds.
    newest: HashMap<String, i64>,
    /// Where the lines are of this very journal.
    pub lost: Option<Lost>,
}

/// Numbers that entries of this journal may get back.
#[derive(Debug)]
pub(super) struct Lost {
    /// The numbers of what is damaged.
    pub damaged: Vec<RangeInclusive<u64>>,
    /// Behind every cursor, up to the newest number: no sink of this state has been there.
    pub unread: RangeInclusive<u64>,
}

impl Held {
    pub(super) fn read(connection: &Connection) -> Result<Self> {
        let mut held = Self::default();
        let mut statement = connection.prepare(
            "select vin, feed.account, source, origin, requested_at, received_at,
                 case origin when ?1 then payload end
             from log join vehicle on vehicle.id = vehicle_id join feed on feed.id = feed_id",
        )?;
        let mut rows = statement.query([Origin::Stream.as_str()])?;
        while let Some(row) = rows.next()? {
            let text = |column| -> Result<&str, rusqlite::Error> { Ok(row.get_ref(column)?.as_str()?) };
            let (vin, received_at): (&str, i64) = (text(0)?, row.get(5)?);
            let requested_at: Option<i64> = row.get(4)?;
            let identity = hash((vin, text(1)?, text(2)?, text(3)?, requested_at, received_at));
            // Only messages have one here, and what is damaged may be no text.
            held.hold(vin, identity, received_at, row.get_ref(6)?.as_str().ok());
        }
        packed::each(connection, |entry| {
            let is_message = entry.feed.origin == Origin::Stream;
            let entry = entry.content();
            let message = is_message.then_some(entry.payload);
            held.hold(entry.vin, identity(&entry), entry.received_at, message);
        })?;
        forgotten_entries(connection, &mut held)?;
        Ok(held)
    }

    fn hold(&mut self, vin: &str, identity: u64, received_at: i64, message: Option<&str>) {
        *self.entries.entry(identity).or_default() += 1;
        if let Some(payload) = message {
            self.messages.insert(hash((identity, payload)));
        }
        match self.newest.get_mut(vin) {
            Some(newest) => *newest = received_at.max(*newest),
            None => _ = self.newest.insert(vin.to_owned(), received_at),
        }
    }

    /// The number that an entry gets.
    pub(super) fn number(&self, connection: &Connection, entry: &Imported) -> Result<Number> {
        let (Some(lost), seq) = (&self.lost, entry.seq) else {
            return Ok(Number::Next);
        };
        if lost.damaged.iter().any(|range| range.contains(&seq)) {
            return Ok(Number::Damaged);
        }
        match lost.unread.contains(&seq) && packed::count(connection, seq - 1, seq)? == 0 {
            true => Ok(Number::Missing),
            false => Ok(Number::Next),
        }
    }

    /// What is known of an entry before it is taken in; from now on it is held.
    pub(super) fn meet(&mut self, entry: &Imported) -> Past {
        let snapshot = &entry.snapshot;
        let content = entry.from().content(snapshot, 0, 0, 0, &entry.payload);
        let (identity, received_at) = (identity(&content), content.received_at);
        let newest = self
            .newest
            .entry(snapshot.vin.as_str().to_owned())
            .or_insert(i64::MIN);
        let before = *newest;
        *newest = received_at.max(before);
        let known = match snapshot.origin {
            Origin::Stream => self.meet_message(identity, &entry.payload),
            _ => self.entries.insert(identity, 1).is_some(),
        };
        Past {
            known,
            latest: received_at > before || (received_at == before && !known),
        }
    }

    /// Whether a message is here. Those that came together have the same times, and part of one may have been left
    /// out here as a repeat.
    fn meet_message(&mut self, identity: u64, payload: &str) -> bool {
        let is_again = !self.messages.insert(hash((identity, payload)));
        let left = self.entries.entry(identity).or_default();
        let is_left = *left > 0;
        *left = left.saturating_sub(1);
        is_again || is_left
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
    let found: Vec<(String, Option<i64>)> = connection.all(query, [], |row| row.try_into())?;
    for (vin, at) in found {
        if let (Some(at), false) = (at, held.newest.contains_key(&vin)) {
            held.newest.insert(vin, at);
        }
    }
    Ok(())
}
