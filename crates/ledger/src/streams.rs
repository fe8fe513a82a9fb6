//! What is known of the streams: since when each is connected, and how it fared.

use jiff::Timestamp;
use rusqlite::types::Value;
use rusqlite::{Connection, params};

use async_trait::async_trait;
use store::sql::Access;
use store::timestamp;

use crate::overview::Overview;
use crate::{GapCause, Result, SqlLedger, gaps};

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

/// Something that happened to a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StreamFact {
    /// The program has started. Where the one before could not say how its connection ended, a gap began at its last
    /// sign of life: its login, a message that it stored, or `alive`, before which everything that had come was stored.
    /// One after `at` is of a clock that was set back and counts for nothing; without any it began at `at`.
    Started { at: Timestamp, alive: Option<Timestamp> },
    /// Logged in and subscribed, which ends a gap; the first of several logins without an interruption says since when.
    LoggedIn { at: Timestamp },
    /// The last connection is over, and a gap begins.
    Ended { at: Timestamp, cause: GapCause },
    /// Messages are in the journal.
    Heard { at: Timestamp },
    /// Another program took the connection this many more times.
    Evicted { times: u32 },
    /// What the breaker must know after a restart: JSON of its own.
    Breaker(String),
}

/// What a stream has to know of the run before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StreamMemory {
    /// What its breaker was told to remember.
    pub breaker: Option<String>,
    /// Since when nothing could come.
    pub gap_since: Option<Timestamp>,
    /// The end of the last gap that is worth a poll. None is told that ends later: that is of a clock that was set back.
    pub missed: Option<Timestamp>,
}

/// How the streams fare.
#[async_trait]
pub trait Streams: std::fmt::Debug + Send + Sync {
    /// Writes down what happened to a stream, in this order.
    async fn remember_stream(&self, account: &str, source: &str, facts: Vec<StreamFact>) -> Result<()>;

    /// What must be known of a stream after a restart at `now`.
    async fn recall_stream(&self, account: &str, source: &str, now: Timestamp) -> Result<StreamMemory>;
}

#[async_trait]
impl Streams for SqlLedger {
    async fn remember_stream(&self, account: &str, source: &str, facts: Vec<StreamFact>) -> Result<()> {
        let (account, source) = (account.to_owned(), source.to_owned());
        self.transact(move |connection| remember(connection, &account, &source, &facts))
            .await
    }

    async fn recall_stream(&self, account: &str, source: &str, now: Timestamp) -> Result<StreamMemory> {
        let (account, source) = (account.to_owned(), source.to_owned());
        self.transact(move |connection| {
            let query = "select breaker from stream where account = ?1 and source = ?2";
            let breaker = connection.first(query, [&account, &source], |row| row.get(0))?;
            Ok(StreamMemory {
                breaker: breaker.flatten(),
                gap_since: gaps::begun(connection, &account, &source)?,
                missed: gaps::missed(connection, &account, &source, now)?,
            })
        })
        .await
    }
}

pub(crate) fn remember(
    connection: &Connection,
    account: &str,
    source: &str,
    facts: &[StreamFact],
) -> Result<()> {
    let insert = "insert into stream (account, source) values (?1, ?2) on conflict do nothing";
    connection.run(insert, [account, source])?;
    facts
        .iter()
        .try_for_each(|fact| note(connection, account, source, fact))
}

impl Overview {
    /// Every stream that ever ran here.
    pub fn streams(&self) -> Result<Vec<StreamRecord>> {
        records(&self.database)
    }
}

/// Every stream that ever ran here.
pub(super) fn records(of: &impl Access) -> Result<Vec<StreamRecord>> {
    let query = "select account, source, connected_since, last_message_at, logins, evictions
         from stream order by account, source";
    of.all(query, [], |row| {
        Ok(StreamRecord {
            account: row.get(0)?,
            source: row.get(1)?,
            connected_since: row.get::<_, Option<i64>>(2)?.map(timestamp),
            last_message_at: row.get::<_, Option<i64>>(3)?.map(timestamp),
            logins: row.get(4)?,
            evictions: row.get(5)?,
        })
    })
}

fn note(connection: &Connection, account: &str, source: &str, fact: &StreamFact) -> Result<()> {
    match fact {
        StreamFact::Started { at, alive } => {
            let (at, alive) = (at.as_millisecond(), alive.map(Timestamp::as_millisecond));
            if let Some((login, heard)) = signs_of_life(connection, account, source)? {
                // A later one is of a clock that was set back.
                let signs = [Some(login), heard, alive].into_iter().flatten();
                let from = signs.filter(|sign| *sign <= at).max().unwrap_or(at);
                gaps::open(connection, account, source, from, GapCause::Restart)?;
            }
        }
        StreamFact::LoggedIn { at } => gaps::close(connection, account, source, *at)?,
        StreamFact::Ended { at, cause } if is_connected(connection, account, source)? => {
            gaps::open(connection, account, source, at.as_millisecond(), *cause)?;
        }
        _ => {}
    }
    let (set, value): (_, Value) = match fact {
        StreamFact::LoggedIn { at } => (
            "connected_since = coalesce(connected_since, ?3), logins = logins + 1",
            at.as_millisecond().into(),
        ),
        StreamFact::Started { .. } | StreamFact::Ended { .. } => ("connected_since = ?3", Value::Null),
        StreamFact::Heard { at } => ("last_message_at = ?3", at.as_millisecond().into()),
        StreamFact::Evicted { times } => ("evictions = evictions + ?3", (*times).into()),
        StreamFact::Breaker(state) => ("breaker = ?3", state.clone().into()),
    };
    let update = format!("update stream set {set} where account = ?1 and source = ?2");
    connection.run(&update, params![account, source, value])?;
    Ok(())
}

fn is_connected(connection: &Connection, account: &str, source: &str) -> Result<bool> {
    let query = "select connected_since is not null from stream where account = ?1 and source = ?2";
    connection.one(query, [account, source], |row| row.get(0))
}

/// The login and the last message of a program that was connected to the end; `None` where it was not connected.
fn signs_of_life(connection: &Connection, account: &str, source: &str) -> Result<Option<(i64, Option<i64>)>> {
    let query = "select connected_since, last_message_at
         from stream where account = ?1 and source = ?2 and connected_since is not null";
    connection.first(query, [account, source], |row| Ok((row.get(0)?, row.get(1)?)))
}
