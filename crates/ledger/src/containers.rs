//! Containers: which one holds which set of descriptors, how far BMW takes a set, and which containers this
//! program created and may therefore remove.

use jiff::Timestamp;
use rusqlite::{Connection, params};

use async_trait::async_trait;
use store::sql::Access;
use store::timestamp;

use crate::overview::Overview;
use crate::{Result, SqlLedger};

/// What is remembered of a wanted set of descriptors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredSet {
    /// Whatever the keeper of containers wrote.
    pub state: String,
    /// Since when exactly the accepted descriptors are polled.
    pub since: Timestamp,
}

/// A container that this program created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreatedContainer {
    pub id: String,
    /// Of what is in it.
    pub fingerprint: String,
    pub name: String,
    pub created_at: Timestamp,
}

/// Everything about one set, written in one transaction.
#[derive(Debug, Clone)]
pub struct SetUpdate {
    pub set: StoredSet,
    /// The container to poll from now on, if any.
    pub container: Option<String>,
    pub created: Vec<CreatedContainer>,
    /// A container that was deleted.
    pub deleted: Option<String>,
}

/// The set of a source, as `cardata status` shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceSet {
    pub account: String,
    pub source: String,
    pub set: StoredSet,
    pub container: Option<String>,
    /// The vehicles that were polled for it with success, by VIN.
    pub vehicles: Vec<String>,
}

/// What is known of containers and of the sets of descriptors that they hold.
#[async_trait]
pub trait Containers: std::fmt::Debug + Send + Sync {
    /// The container with this set of descriptors, if one was found or created before.
    async fn container(&self, account: &str, fingerprint: &str) -> Result<Option<String>>;

    /// What is remembered of a set, and its container.
    async fn descriptor_set(
        &self,
        account: &str,
        fingerprint: &str,
    ) -> Result<(Option<StoredSet>, Option<String>)>;

    /// Remembers all of a set at once.
    async fn remember_set(&self, account: &str, fingerprint: &str, update: SetUpdate) -> Result<()>;

    /// The containers that this program created and did not remove, oldest first.
    async fn created_containers(&self, account: &str) -> Result<Vec<CreatedContainer>>;

    /// Forgets a container that is gone, whatever it was for.
    async fn forget_container(&self, account: &str, id: &str) -> Result<()>;

    /// Notes which set a source asks for.
    async fn note_source_set(&self, account: &str, source: &str, fingerprint: &str) -> Result<()>;
}

const CONTAINER: &str = "select container_id from container where account = ?1 and fingerprint = ?2";

#[async_trait]
impl Containers for SqlLedger {
    async fn container(&self, account: &str, fingerprint: &str) -> Result<Option<String>> {
        let key = [account, fingerprint].map(str::to_owned);
        self.first(CONTAINER, key, |row| row.get(0)).await
    }

    async fn descriptor_set(
        &self,
        account: &str,
        fingerprint: &str,
    ) -> Result<(Option<StoredSet>, Option<String>)> {
        let (account, fingerprint) = (account.to_owned(), fingerprint.to_owned());
        self.transact(move |connection| {
            let query = "select state, since from descriptor_set where account = ?1 and fingerprint = ?2";
            let set = connection.first(query, [&account, &fingerprint], |row| {
                Ok(StoredSet {
                    state: row.get(0)?,
                    since: timestamp(row.get(1)?),
                })
            })?;
            let container = connection.first(CONTAINER, [account, fingerprint], |row| row.get(0))?;
            Ok((set, container))
        })
        .await
    }

    async fn remember_set(&self, account: &str, fingerprint: &str, update: SetUpdate) -> Result<()> {
        let (account, fingerprint) = (account.to_owned(), fingerprint.to_owned());
        self.transact(move |connection| {
            connection.run(
                "insert into descriptor_set (account, fingerprint, state, since) values (?1, ?2, ?3, ?4)
                 on conflict do update set state = excluded.state, since = excluded.since",
                params![
                    account,
                    fingerprint,
                    update.set.state,
                    update.set.since.as_millisecond()
                ],
            )?;
            connection.run(
                "delete from container where account = ?1 and fingerprint = ?2",
                [&account, &fingerprint],
            )?;
            if let Some(container) = update.container {
                connection.run(
                    "insert into container (account, fingerprint, container_id) values (?1, ?2, ?3)",
                    [&account, &fingerprint, &container],
                )?;
            }
            for created in update.created {
                connection.run(
                    "insert into created_container (account, container_id, fingerprint, name, created_at)
                     values (?1, ?2, ?3, ?4, ?5) on conflict do nothing",
                    params![
                        account,
                        created.id,
                        created.fingerprint,
                        created.name,
                        created.created_at.as_millisecond()
                    ],
                )?;
            }
            match update.deleted {
                Some(deleted) => forget(connection, &account, &deleted),
                None => Ok(()),
            }
        })
        .await
    }

    async fn created_containers(&self, account: &str) -> Result<Vec<CreatedContainer>> {
        let account = account.to_owned();
        self.transact(move |connection| {
            let query = "select container_id, fingerprint, name, created_at from created_container
                 where account = ?1 order by created_at, container_id";
            connection.all(query, [account], |row| {
                Ok(CreatedContainer {
                    id: row.get(0)?,
                    fingerprint: row.get(1)?,
                    name: row.get(2)?,
                    created_at: timestamp(row.get(3)?),
                })
            })
        })
        .await
    }

    async fn forget_container(&self, account: &str, id: &str) -> Result<()> {
        let (account, id) = (account.to_owned(), id.to_owned());
        self.transact(move |connection| forget(connection, &account, &id))
            .await
    }

    async fn note_source_set(&self, account: &str, source: &str, fingerprint: &str) -> Result<()> {
        self.run(
            "insert into source_set (account, source, fingerprint) values (?1, ?2, ?3)
             on conflict do update set fingerprint = excluded.fingerprint",
            [account, source, fingerprint].map(str::to_owned),
        )
        .await
    }
}

impl Overview {
    /// The sets that sources ask for.
    pub fn source_sets(&self) -> Result<Vec<SourceSet>> {
        let query = "select account, source, state, since, container_id,
                 (select json_group_array(vin) from poll where poll.account = source_set.account
                      and poll.source = source_set.source and last_success_at is not null)
             from source_set join descriptor_set using (account, fingerprint)
                 left join container using (account, fingerprint)
             order by account, source";
        self.database.all(query, [], |row| {
            let vehicles: String = row.get(5)?;
            Ok(SourceSet {
                account: row.get(0)?,
                source: row.get(1)?,
                set: StoredSet {
                    state: row.get(2)?,
                    since: timestamp(row.get(3)?),
                },
                container: row.get(4)?,
                vehicles: serde_json::from_str(&vehicles).unwrap_or_default(),
            })
        })
    }
}

fn forget(connection: &Connection, account: &str, id: &str) -> Result<()> {
    for statement in [
        "delete from created_container where account = ?1 and container_id = ?2",
        "delete from container where account = ?1 and container_id = ?2",
    ] {
        connection.run(statement, [account, id])?;
    }
    Ok(())
}
