//! A look at the messages that cannot be read, for their owner.

use jiff::Timestamp;
use rusqlite::OptionalExtension;

use super::JournalError;
use super::overview::Overview;
use super::read::timestamp;

/// A message that cannot be read, without what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StrayEntry {
    pub id: i64,
    pub account: String,
    pub source: String,
    pub first_at: Timestamp,
    pub last_at: Timestamp,
    /// How often it came.
    pub times: u64,
    /// What is wrong with it.
    pub reason: String,
    /// The size of its payload.
    pub bytes: u64,
}

/// How often messages of one stream could not be read for one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StrayReason {
    pub account: String,
    pub source: String,
    pub reason: String,
    pub times: u64,
    pub last_at: Timestamp,
}

impl Overview {
    /// Every message that cannot be read, the last first.
    pub fn stray_entries(&self) -> Result<Vec<StrayEntry>, JournalError> {
        let mut statement = self.connection().prepare(
            "select id, account, source, first_at, last_at, times, reason, length(payload)
             from stray order by last_at desc, id desc",
        )?;
        let rows = statement.query_map([], |row| {
            Ok(StrayEntry {
                id: row.get(0)?,
                account: row.get(1)?,
                source: row.get(2)?,
                first_at: timestamp(row.get(3)?),
                last_at: timestamp(row.get(4)?),
                times: row.get(5)?,
                reason: row.get(6)?,
                bytes: row.get(7)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The payload of one of them as it came. May hold a VIN and a position.
    pub fn stray_payload(&self, id: i64) -> Result<Option<Vec<u8>>, JournalError> {
        let payload = self
            .connection()
            .query_row("select payload from stray where id = ?1", [id], |row| row.get(0))
            .optional()?;
        Ok(payload)
    }

    /// Why messages of the streams could not be read, the most frequent reason of each first.
    pub fn stray_reasons(&self) -> Result<Vec<StrayReason>, JournalError> {
        let mut statement = self.connection().prepare(
            "select account, source, reason, sum(times), max(last_at) from stray
             group by account, source, reason order by account, source, sum(times) desc, reason",
        )?;
        let rows = statement.query_map([], |row| {
            Ok(StrayReason {
                account: row.get(0)?,
                source: row.get(1)?,
                reason: row.get(2)?,
                times: row.get(3)?,
                last_at: timestamp(row.get(4)?),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}
