//! What the owner was told, so that a restart does not tell it again; and what there may be to tell.

use std::collections::HashMap;

use async_trait::async_trait;
use collector_core::state::Published;
use jiff::Timestamp;
use rusqlite::params;
use store::{StoreError, timestamp};

use crate::SqlLedger;
use crate::states::published;
use crate::streams::{self, StreamRecord};

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
    /// How the streams of all accounts are connected.
    pub streams: Vec<StreamRecord>,
    /// Until when BMW allows an account no call.
    pub blocked: Vec<(String, Timestamp)>,
}

/// What there is to tell, and what was told.
#[async_trait]
pub trait Notes: std::fmt::Debug + Send + Sync {
    /// What was told about each topic that begins with `prefix`, under its name without the prefix.
    async fn told(&self, prefix: &str) -> Result<HashMap<String, Told>, StoreError>;

    /// Remembers what was told about a topic; `None` forgets it.
    async fn remember_told(&self, topic: String, told: Option<Told>) -> Result<(), StoreError>;

    /// How everything is now.
    async fn condition(&self) -> Result<Condition, StoreError>;
}

#[async_trait]
impl Notes for SqlLedger {
    async fn told(&self, prefix: &str) -> Result<HashMap<String, Told>, StoreError> {
        let prefix = prefix.to_owned();
        self.transact(move |connection| {
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

    async fn remember_told(&self, topic: String, told: Option<Told>) -> Result<(), StoreError> {
        self.transact(move |connection| {
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

    async fn condition(&self) -> Result<Condition, StoreError> {
        self.transact(|connection| {
            let mut statement =
                connection.prepare_cached("select account, until from quota_block order by account")?;
            let blocked = statement.query_map([], |row| Ok((row.get(0)?, timestamp(row.get(1)?))))?;
            Ok(Condition {
                components: published(connection)?,
                streams: streams::records(connection)?,
                blocked: blocked.collect::<Result<_, _>>()?,
            })
        })
        .await
    }
}
