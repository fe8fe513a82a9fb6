//! What the owner was told, so that a restart does not tell it again; and what there may be to tell.

use std::collections::HashMap;

use jiff::Timestamp;
use rusqlite::params;

use super::overview::{Published, components};
use super::read::timestamp;
use super::streams::{self, StreamRecord};
use super::{Journal, JournalError};

/// The last thing that was said about a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// How bad it was, in the words of whoever told it.
    pub level: String,
    pub at: Timestamp,
}

/// What notices are made of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Condition {
    pub components: Vec<Published>,
    /// Dead letters of each sink; of the sink with the empty name, readings that fit no sink.
    pub dead_letters: Vec<(String, u64)>,
    /// How the streams of all accounts are connected.
    pub streams: Vec<StreamRecord>,
    /// Until when BMW allows an account no call.
    pub blocked: Vec<(String, Timestamp)>,
}

impl Journal {
    /// What was told about each topic that begins with `prefix`, under its name without the prefix.
    pub async fn told(&self, prefix: &str) -> Result<HashMap<String, Told>, JournalError> {
        let prefix = prefix.to_owned();
        self.transact(move |connection, _| {
            let mut statement = connection.prepare_cached(
                "select substr(topic, length(?1) + 1), level, at from told where substr(topic, 1, length(?1)) = ?1",
            )?;
            let rows = statement.query_map([prefix], |row| {
                let told = Told {
                    level: row.get(1)?,
                    at: timestamp(row.get(2)?),
                };
                Ok((row.get(0)?, told))
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Remembers what was told about a topic; `None` forgets it.
    pub async fn remember_told(&self, topic: String, told: Option<Told>) -> Result<(), JournalError> {
        self.transact(move |connection, _| {
            match &told {
                Some(told) => connection.execute(
                    "insert into told (topic, level, at) values (?1, ?2, ?3)
                     on conflict do update set level = excluded.level, at = excluded.at",
                    params![topic, told.level, told.at.as_millisecond()],
                )?,
                None => connection.execute("delete from told where topic = ?1", [topic])?,
            };
            Ok(())
        })
        .await
    }

    /// How everything is now.
    pub async fn condition(&self) -> Result<Condition, JournalError> {
        self.transact(|connection, _| {
            let components = components(connection)?;
            let mut statement = connection
                .prepare_cached("select sink, count(*) from dead_letter group by sink order by sink")?;
            let dead_letters = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            let dead_letters = dead_letters.collect::<Result<_, _>>()?;
            let mut statement =
                connection.prepare_cached("select account, until from quota_block order by account")?;
            let blocked = statement.query_map([], |row| Ok((row.get(0)?, timestamp(row.get(1)?))))?;
            Ok(Condition {
                components,
                dead_letters,
                streams: streams::records(connection)?,
                blocked: blocked.collect::<Result<_, _>>()?,
            })
        })
        .await
    }
}
