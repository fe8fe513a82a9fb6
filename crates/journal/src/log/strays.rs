//! Messages and answers that cannot be read, kept as they came.

use collector_core::Stray;
use entry_form::canonical;
use jiff::Timestamp;
use rusqlite::{Connection, params};
use serde::Serialize;

use super::overview::Overview;
use crate::{Journal, Result};
use store::sql::Access;
use store::timestamp;

/// What cannot be read, without what it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
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

impl Journal {
    /// Keeps messages that cannot be read as they came; equal ones once, counted.
    pub async fn keep_strays(&self, account: &str, source: &str, strays: Vec<Stray>) -> Result<()> {
        let (account, source) = (account.to_owned(), source.to_owned());
        self.transact(move |connection, _| {
            let keep = |stray: &Stray| keep(connection, &account, &source, stray);
            strays.iter().try_for_each(keep)
        })
        .await
    }
}

/// Keeps one, or counts it.
pub(super) fn keep(connection: &Connection, account: &str, source: &str, stray: &Stray) -> Result<()> {
    connection.run(
        "insert into stray (account, source, topic, payload, reason, first_at, last_at, times, hash)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?6, 1, ?7)
         on conflict do update set last_at = max(last_at, excluded.last_at), times = times + 1",
        params![
            account,
            source,
            stray.topic,
            stray.payload,
            stray.reason,
            stray.received_at.as_millisecond(),
            hash(stray)
        ],
    )?;
    Ok(())
}

impl Overview {
    /// Every message that cannot be read, the last first.
    pub fn stray_entries(&self) -> Result<Vec<StrayEntry>> {
        self.rows(
            "select id, account, source, first_at, last_at, times, reason, length(payload)
             from stray order by last_at desc, id desc",
            |row| {
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
            },
        )
    }

    /// The payload of one of them as it came. May hold a VIN and a position.
    pub fn stray_payload(&self, id: i64) -> Result<Option<Vec<u8>>> {
        let query = "select payload from stray where id = ?1";
        Ok(self.database.first(query, [id], |row| row.get(0))?)
    }

    /// Why messages of the streams could not be read, the most frequent reason of each first.
    pub fn stray_reasons(&self) -> Result<Vec<StrayReason>> {
        self.rows(
            "select account, source, reason, sum(times), max(last_at) from stray
             group by account, source, reason order by account, source, sum(times) desc, reason",
            |row| {
                Ok(StrayReason {
                    account: row.get(0)?,
                    source: row.get(1)?,
                    reason: row.get(2)?,
                    times: row.get(3)?,
                    last_at: timestamp(row.get(4)?),
                })
            },
        )
    }
}

/// Of topic and payload.
fn hash(stray: &Stray) -> i64 {
    let length = (stray.topic.len() as u64).to_be_bytes();
    canonical::digest(&[&length, stray.topic.as_bytes(), &stray.payload].concat())
}
