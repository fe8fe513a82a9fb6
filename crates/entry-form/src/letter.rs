//! What a dead letter names: a reading, or a whole entry, that a sink refused.

use std::collections::HashSet;

use collector_core::{Entry, Reading, Rejection};

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
    /// Names the readings and records that a sink's rejections point at, each once. Where one points at nothing of the
    /// batch, nobody can say what is missing from the store, and the whole entry is named.
    pub fn all(rejections: Vec<Rejection>, batch: &[Entry]) -> Vec<Self> {
        let mut known = HashSet::new();
        let named = rejections.into_iter().filter_map(|rejection| {
            let Rejection {
                seq, reading, reason, ..
            } = rejection;
            let entry = batch.iter().find(|entry| entry.seq == seq);
            let found = entry
                .zip(reading)
                .and_then(|(entry, at)| entry.readings().get(at));
            if !known.insert((seq, found.and(reading))) {
                return None;
            }
            let is_record = reading.is_none() && entry.is_some_and(|entry| entry.record().is_some());
            Some(match found {
                None if is_record => Self::entry(seq, reason),
                Some(found) => Self {
                    seq,
                    descriptor: found.descriptor.to_string(),
                    reading: Some(ReadingKey::of(found)),
                    reason,
                },
                None => {
                    let why = "the sink refused a reading that it was not given, which is a bug of it";
                    Self::entry(seq, format!("{why}: {reason}"))
                }
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
