//! What is known of the streams: since when each is connected, and how it fared.

use jiff::Timestamp;
use rusqlite::types::Value;
use rusqlite::{Connection, params};

use async_trait::async_trait;
use store::sql::Access;
use store::{Tx, timestamp};

use crate::overview::Overview;
use crate::{Result, SqlLedger};

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

/// How the streams fare.
#[async_trait]
pub trait Streams: std::fmt::Debug + Send + Sync {
    /// Writes down what happened to a stream, in this order.
    async fn remember_stream(&self, account: &str, source: &str, facts: Vec<StreamFact>) -> Result<()>;

    /// What the breaker of a stream was told to remember.
    async fn stream_breaker(&self, account: &str, source: &str) -> Result<Option<String>>;
}

#[async_trait]
impl Streams for SqlLedger {
    async fn remember_stream(&self, account: &str, source: &str, facts: Vec<StreamFact>) -> Result<()> {
        let (account, source) = (account.to_owned(), source.to_owned());
        self.transact(move |connection| remember(connection, &account, &source, &facts))
            .await
    }

    async fn stream_breaker(&self, account: &str, source: &str) -> Result<Option<String>> {
        let query = "select breaker from stream where account = ?1 and source = ?2";
        let breaker = self.first(query, [account, source].map(str::to_owned), |row| row.get(0));
        Ok(breaker.await?.flatten())
    }
}

/// Notes that messages of a stream are in the journal, in the transaction that stores them.
///
/// # Errors
/// The database refuses it.
pub fn heard(tx: &mut Tx<'_>, account: &str, source: &str, at: Timestamp) -> Result<()> {
    remember(tx.connection(), account, source, &[StreamFact::Heard { at }])
}

fn remember(connection: &Connection, account: &str, source: &str, facts: &[StreamFact]) -> Result<()> {
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
    let (set, value): (_, Value) = match fact {
        StreamFact::LoggedIn { at } => (
            "connected_since = coalesce(connected_since, ?3), logins = logins + 1",
            at.as_millisecond().into(),
        ),
        StreamFact::Ended => ("connected_since = ?3", Value::Null),
        StreamFact::Heard { at } => ("last_message_at = ?3", at.as_millisecond().into()),
        StreamFact::Evicted { times } => ("evictions = evictions + ?3", (*times).into()),
        StreamFact::Breaker(state) => ("breaker = ?3", state.clone().into()),
    };
    let update = format!("update stream set {set} where account = ?1 and source = ?2");
    connection.run(&update, params![account, source, value])?;
    Ok(())
}
