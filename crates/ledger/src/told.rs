//! What the owner was told, so that a restart does not tell it again; and what there may be to tell.

use std::collections::HashMap;

use async_trait::async_trait;
use collector_core::state::Published;
use jiff::Timestamp;
use store::sql::Access;
use store::timestamp;

use crate::states::published;
use crate::streams::{self, StreamRecord};
use crate::{Result, SqlLedger};

/// The last thing that was said about a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// How far it had got, in the words of whoever told it.
    pub stage: String,
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
    async fn told(&self, prefix: &str) -> Result<HashMap<String, Told>>;

    /// Remembers what was told about a topic; `None` forgets it.
    async fn remember_told(&self, topic: String, told: Option<Told>) -> Result<()>;

    /// How everything is now.
    async fn condition(&self) -> Result<Condition>;
}

#[async_trait]
impl Notes for SqlLedger {
    async fn told(&self, prefix: &str) -> Result<HashMap<String, Told>> {
        let prefix = prefix.to_owned();
        self.transact(move |connection| {
            let query = "select substr(topic, length(?1) + 1), level, at from told
                 where substr(topic, 1, length(?1)) = ?1";
            let told = connection.all(query, [prefix], |row| {
                let told = Told {
                    stage: row.get(1)?,
                    at: timestamp(row.get(2)?),
                };
                Ok((row.get(0)?, told))
            })?;
            Ok(told.into_iter().collect())
        })
        .await
    }

    async fn remember_told(&self, topic: String, told: Option<Told>) -> Result<()> {
        let Some(told) = told else {
            return self.run("delete from told where topic = ?1", [topic]).await;
        };
        self.run(
            "insert into told (topic, level, at) values (?1, ?2, ?3)
             on conflict do update set level = excluded.level, at = excluded.at",
            (topic, told.stage, told.at.as_millisecond()),
        )
        .await
    }

    async fn condition(&self) -> Result<Condition> {
        self.transact(|connection| {
            let blocked = "select account, until from quota_block order by account";
            Ok(Condition {
                components: published(connection)?,
                streams: streams::records(connection)?,
                blocked: connection.all(blocked, [], |row| Ok((row.get(0)?, timestamp(row.get(1)?))))?,
            })
        })
        .await
    }
}
