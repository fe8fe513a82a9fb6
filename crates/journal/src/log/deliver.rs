//! How far each sink has got, and what it refused.

use std::collections::HashSet;

use collector_core::{Entry, Reading, Rejection};
use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::dead_letters;
use crate::JournalError;

/// What a sink's acknowledgement says.
#[derive(Debug, Clone, Default)]
pub struct Acknowledgement {
    /// Everything up to this number is stored, or is not for this sink, or is in `rejected`.
    pub last: u64,
    /// Readings stored with it.
    pub readings: usize,
    pub rejected: Vec<Rejected>,
}

/// A reading on its way to the dead letters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    pub seq: u64,
    /// Empty where the whole entry is meant.
    pub descriptor: String,
    /// Which of the entry's readings of the descriptor.
    pub reading: Option<ReadingKey>,
    pub reason: String,
}

/// Tells apart the readings of one descriptor in one entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ReadingKey {
    /// Milliseconds since the epoch.
    pub measured_at: i64,
    pub occurrence: u32,
}

impl ReadingKey {
    pub fn of(reading: &Reading) -> Self {
        Self {
            measured_at: reading.measured_at.as_millisecond(),
            occurrence: reading.occurrence,
        }
    }
}

impl Rejected {
    /// Names the readings that a sink's rejections point at, each once. Where one points at nothing of the
    /// batch, nobody can say what is missing from the store, and the whole entry is named.
    pub fn all(rejections: Vec<Rejection>, batch: &[Entry]) -> Vec<Self> {
        let mut known = HashSet::new();
        let named = rejections.into_iter().filter_map(|rejection| {
            let Rejection { seq, reading, reason } = rejection;
            let entry = batch.iter().find(|entry| entry.seq == seq);
            let found = entry.and_then(|entry| entry.snapshot.readings.get(reading));
            if !known.insert((seq, found.map(|_| reading))) {
                return None;
            }
            Some(match found {
                Some(found) => Self {
                    seq,
                    descriptor: found.descriptor.to_string(),
                    reading: Some(ReadingKey::of(found)),
                    reason,
                },
                None => Self::entry(
                    seq,
                    format!(
                        "the sink refused a reading that it was not given, which is a bug of it: {reason}"
                    ),
                ),
            })
        });
        named.collect()
    }

    /// A whole entry.
    pub fn entry(seq: u64, reason: String) -> Self {
        Self {
            seq,
            descriptor: String::new(),
            reading: None,
            reason,
        }
    }
}

/// Where `sink` goes on; after `start` where it is new.
pub(super) fn cursor(connection: &Connection, sink: &str, start: u64) -> Result<u64, JournalError> {
    let query =
        "insert into cursor (sink, seq) values (?1, ?2) on conflict do update set seq = seq returning seq";
    Ok(connection.query_row(query, params![sink, start], |row| row.get(0))?)
}

/// Moves the cursor of `sink` and keeps what it refused.
pub(super) fn acknowledge(
    connection: &Connection,
    sink: &str,
    at: Timestamp,
    acknowledgement: &Acknowledgement,
) -> Result<(), JournalError> {
    connection
        .prepare_cached(
            "update cursor set seq = ?2, delivered_readings = delivered_readings + ?3, delivered_at = ?4
             where sink = ?1 and seq <= ?2",
        )?
        .execute(params![
            sink,
            acknowledgement.last,
            acknowledgement.readings,
            at.as_millisecond()
        ])?;
    for rejected in &acknowledgement.rejected {
        dead_letters::keep(connection, sink, at, rejected)?;
    }
    Ok(())
}
