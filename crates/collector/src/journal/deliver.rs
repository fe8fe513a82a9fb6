//! How far each sink has got, and what it refused.

use collector_core::{Entry, Rejection};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use super::{Journal, JournalError};

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
#[derive(Debug, Clone)]
pub struct Rejected {
    pub seq: u64,
    pub descriptor: String,
    pub reason: String,
}

impl Rejected {
    /// Names the reading that `rejection` points at; `None` where it points at none of the batch.
    pub fn of(rejection: Rejection, batch: &[Entry]) -> Option<Self> {
        let entry = batch.iter().find(|entry| entry.seq == rejection.seq)?;
        let reading = entry.snapshot.readings.get(rejection.reading)?;
        Some(Self {
            seq: rejection.seq,
            descriptor: reading.descriptor.to_string(),
            reason: rejection.reason,
        })
    }
}

impl Journal {
    /// Where `sink` goes on. A sink that is new begins after `start`: 0 for the whole history, or the newest
    /// entry for none of it.
    pub async fn cursor(&self, sink: &str, start: u64) -> Result<u64, JournalError> {
        let sink = sink.to_owned();
        self.transact(move |connection, _| {
            connection.execute(
                "insert into cursor (sink, seq) values (?1, ?2) on conflict do nothing",
                params![sink, start],
            )?;
            Ok(position(connection, &sink)?.unwrap_or(start))
        })
        .await
    }

    /// Moves the cursor of `sink` and keeps what it refused, in one transaction.
    pub async fn acknowledge(
        &self,
        sink: &str,
        at: Timestamp,
        acknowledgement: Acknowledgement,
    ) -> Result<(), JournalError> {
        let sink = sink.to_owned();
        self.transact(move |connection, _| {
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
            let mut insert = connection.prepare_cached(
                "insert into dead_letter (at, sink, seq, descriptor, reason) values (?1, ?2, ?3, ?4, ?5)",
            )?;
            for rejected in acknowledgement.rejected {
                insert.execute(params![
                    at.as_millisecond(),
                    sink,
                    rejected.seq,
                    rejected.descriptor,
                    rejected.reason
                ])?;
            }
            Ok(())
        })
        .await
    }
}

fn position(connection: &Connection, sink: &str) -> Result<Option<u64>, JournalError> {
    Ok(connection
        .prepare_cached("select seq from cursor where sink = ?1")?
        .query_row([sink], |row| row.get(0))
        .optional()?)
}
