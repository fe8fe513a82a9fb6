//! What is known of the streams: since when each is connected, how it fared, and what of it could not be read.

use collector_core::Stray;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest, Sha256};

use super::overview::Overview;
use super::read::timestamp;
use super::{Journal, JournalError};

/// The connection of one account's stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamRecord {
    pub account: String,
    pub source: String,
    /// Since when it is logged in without an interruption; `None` while it is not, as far as its process could say.
    pub connected_since: Option<Timestamp>,
    /// When the last message was stored, of whatever vehicle.
    pub last_message_at: Option<Timestamp>,
    pub logins: u64,
    /// How often another program took the connection.
    pub evictions: u64,
}

/// Messages of one stream that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StrayTotals {
    pub account: String,
    pub source: String,
    /// Different ones, and how many came in all.
    pub messages: u64,
    pub times: u64,
    pub last_at: Timestamp,
    /// What is wrong with the one that came last, without anything of what it says.
    pub reason: String,
}

/// Something that happened to a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StreamFact {
    /// Logged in and subscribed; the first of several logins without an interruption says since when.
    LoggedIn { at: Timestamp },
    /// The last connection is over.
    Ended,
    /// Messages are in the journal.
    Heard { at: Timestamp },
    /// Another program took the connection this many more times.
    Evicted { times: u32 },
    /// What the breaker must know after a restart: JSON of its own.
    Breaker(String),
}

impl Journal {
    /// Writes down what happened to a stream, in this order.
    pub async fn remember_stream(
        &self,
        account: &str,
        source: &str,
        facts: Vec<StreamFact>,
    ) -> Result<(), JournalError> {
        let (account, source) = (account.to_owned(), source.to_owned());
        self.transact(move |connection, _| {
            connection
                .prepare_cached(
                    "insert into stream (account, source) values (?1, ?2) on conflict do nothing",
                )?
                .execute(params![account, source])?;
            facts
                .iter()
                .try_for_each(|fact| note(connection, &account, &source, fact))
        })
        .await
    }

    /// What the breaker of a stream was told to remember.
    pub async fn stream_breaker(&self, account: &str, source: &str) -> Result<Option<String>, JournalError> {
        let (account, source) = (account.to_owned(), source.to_owned());
        self.transact(move |connection, _| {
            let breaker = connection
                .query_row(
                    "select breaker from stream where account = ?1 and source = ?2",
                    params![account, source],
                    |row| row.get(0),
                )
                .optional()?;
            Ok(breaker.flatten())
        })
        .await
    }

    /// Keeps messages that cannot be read as they came; equal ones once, counted.
    pub async fn keep_strays(
        &self,
        account: &str,
        source: &str,
        strays: Vec<Stray>,
    ) -> Result<(), JournalError> {
        let (account, source) = (account.to_owned(), source.to_owned());
        self.transact(move |connection, _| {
            let mut statement = connection.prepare_cached(
                "insert into stray (account, source, topic, payload, reason, first_at, last_at, times, hash)
                 values (?1, ?2, ?3, ?4, ?5, ?6, ?6, 1, ?7)
                 on conflict do update set last_at = max(last_at, excluded.last_at), times = times + 1",
            )?;
            for stray in strays {
                statement.execute(params![
                    account,
                    source,
                    stray.topic,
                    stray.payload,
                    stray.reason,
                    stray.received_at.as_millisecond(),
                    hash(&stray)
                ])?;
            }
            Ok(())
        })
        .await
    }
}

impl Overview {
    /// Every stream that ever ran here.
    pub fn streams(&self) -> Result<Vec<StreamRecord>, JournalError> {
        records(self.connection())
    }

    /// What could not be read of each stream; none where everything could.
    pub fn strays(&self) -> Result<Vec<StrayTotals>, JournalError> {
        // SQLite takes a bare column from the row that has the maximum.
        let mut statement = self.connection().prepare(
            "select account, source, count(*), sum(times), max(last_at), reason
             from stray group by account, source order by account, source",
        )?;
        let rows = statement.query_map([], |row| {
            Ok(StrayTotals {
                account: row.get(0)?,
                source: row.get(1)?,
                messages: row.get(2)?,
                times: row.get(3)?,
                last_at: timestamp(row.get(4)?),
                reason: row.get(5)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

/// Every stream that ever ran here.
pub(super) fn records(connection: &Connection) -> Result<Vec<StreamRecord>, JournalError> {
    let mut statement = connection.prepare_cached(
        "select account, source, connected_since, last_message_at, logins, evictions
         from stream order by account, source",
    )?;
    let rows = statement.query_map([], |row| {
        Ok(StreamRecord {
            account: row.get(0)?,
            source: row.get(1)?,
            connected_since: row.get::<_, Option<i64>>(2)?.map(timestamp),
            last_message_at: row.get::<_, Option<i64>>(3)?.map(timestamp),
            logins: row.get(4)?,
            evictions: row.get(5)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn note(connection: &Connection, account: &str, source: &str, fact: &StreamFact) -> Result<(), JournalError> {
    let set = match fact {
        StreamFact::LoggedIn { .. } => "connected_since = coalesce(connected_since, ?3), logins = logins + 1",
        StreamFact::Ended => "connected_since = ?3",
        StreamFact::Heard { .. } => "last_message_at = ?3",
        StreamFact::Evicted { .. } => "evictions = evictions + ?3",
        StreamFact::Breaker(_) => "breaker = ?3",
    };
    let mut statement = connection.prepare_cached(&format!(
        "update stream set {set} where account = ?1 and source = ?2"
    ))?;
    match fact {
        StreamFact::LoggedIn { at } | StreamFact::Heard { at } => {
            statement.execute(params![account, source, at.as_millisecond()])?
        }
        StreamFact::Ended => statement.execute(params![account, source, None::<i64>])?,
        StreamFact::Evicted { times } => statement.execute(params![account, source, times])?,
        StreamFact::Breaker(state) => statement.execute(params![account, source, state])?,
    };
    Ok(())
}

/// On disk, hence of a fixed algorithm.
fn hash(stray: &Stray) -> i64 {
    let mut digest = Sha256::new();
    digest.update((stray.topic.len() as u64).to_be_bytes());
    digest.update(stray.topic.as_bytes());
    digest.update(&stray.payload);
    let mut first = [0; 8];
    first.copy_from_slice(&digest.finalize()[..8]);
    i64::from_be_bytes(first)
}
