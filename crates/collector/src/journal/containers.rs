//! Containers: which one holds which set of descriptors, how far BMW takes a set, and which containers this
//! program created and may therefore remove.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use super::overview::Overview;
use super::read::timestamp;
use super::{Journal, JournalError};

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

impl Journal {
    /// The container with this set of descriptors, if one was found or created before.
    pub async fn container(&self, account: &str, fingerprint: &str) -> Result<Option<String>, JournalError> {
        let key = (account.to_owned(), fingerprint.to_owned());
        self.transact(move |connection, _| container(connection, &key.0, &key.1))
            .await
    }

    /// What is remembered of a set, and its container.
    pub async fn descriptor_set(
        &self,
        account: &str,
        fingerprint: &str,
    ) -> Result<(Option<StoredSet>, Option<String>), JournalError> {
        let key = (account.to_owned(), fingerprint.to_owned());
        self.transact(move |connection, _| {
            let set = connection
                .prepare_cached(
                    "select state, since from descriptor_set where account = ?1 and fingerprint = ?2",
                )?
                .query_row(params![key.0, key.1], |row| {
                    Ok(StoredSet {
                        state: row.get(0)?,
                        since: timestamp(row.get(1)?),
                    })
                })
                .optional()?;
            Ok((set, container(connection, &key.0, &key.1)?))
        })
        .await
    }

    /// Remembers all of a set at once.
    pub async fn remember_set(
        &self,
        account: &str,
        fingerprint: &str,
        update: SetUpdate,
    ) -> Result<(), JournalError> {
        let (account, fingerprint) = (account.to_owned(), fingerprint.to_owned());
        self.transact(move |connection, _| {
            connection
                .prepare_cached(
                    "insert into descriptor_set (account, fingerprint, state, since) values (?1, ?2, ?3, ?4)
                     on conflict do update set state = excluded.state, since = excluded.since",
                )?
                .execute(params![
                    account,
                    fingerprint,
                    update.set.state,
                    update.set.since.as_millisecond()
                ])?;
            connection.execute(
                "delete from container where account = ?1 and fingerprint = ?2",
                params![account, fingerprint],
            )?;
            if let Some(container) = update.container {
                connection.execute(
                    "insert into container (account, fingerprint, container_id) values (?1, ?2, ?3)",
                    params![account, fingerprint, container],
                )?;
            }
            for created in update.created {
                connection.execute(
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

    /// The containers that this program created and did not remove, oldest first.
    pub async fn created_containers(&self, account: &str) -> Result<Vec<CreatedContainer>, JournalError> {
        let account = account.to_owned();
        self.transact(move |connection, _| {
            let mut statement = connection.prepare_cached(
                "select container_id, fingerprint, name, created_at from created_container
                 where account = ?1 order by created_at, container_id",
            )?;
            let rows = statement.query_map([account], |row| {
                Ok(CreatedContainer {
                    id: row.get(0)?,
                    fingerprint: row.get(1)?,
                    name: row.get(2)?,
                    created_at: timestamp(row.get(3)?),
                })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Forgets a container that is gone, whatever it was for.
    pub async fn forget_container(&self, account: &str, id: &str) -> Result<(), JournalError> {
        let key = (account.to_owned(), id.to_owned());
        self.transact(move |connection, _| forget(connection, &key.0, &key.1))
            .await
    }

    /// Notes which set a source asks for.
    pub async fn note_source_set(
        &self,
        account: &str,
        source: &str,
        fingerprint: &str,
    ) -> Result<(), JournalError> {
        let row = (account.to_owned(), source.to_owned(), fingerprint.to_owned());
        self.transact(move |connection, _| {
            connection.execute(
                "insert into source_set (account, source, fingerprint) values (?1, ?2, ?3)
                 on conflict do update set fingerprint = excluded.fingerprint",
                params![row.0, row.1, row.2],
            )?;
            Ok(())
        })
        .await
    }

    /// The calls of `account` in the 24 hours before `now` that were no polls.
    pub async fn upkeep_calls(&self, account: &str, now: Timestamp) -> Result<u32, JournalError> {
        let account = account.to_owned();
        self.transact(move |connection, _| {
            Ok(connection
                .prepare_cached(
                    "select count(*) from quota where account = ?1 and at > ?2 and call <> 'telematic_data'",
                )?
                .query_row(params![account, now.as_millisecond() - 86_400_000], |row| {
                    row.get(0)
                })?)
        })
        .await
    }
}

impl Overview {
    /// The sets that sources ask for.
    pub fn source_sets(&self) -> Result<Vec<SourceSet>, JournalError> {
        let mut statement = self.connection.prepare(
            "select account, source, state, since, container_id,
                 (select json_group_array(vin) from poll where poll.account = source_set.account
                      and poll.source = source_set.source and last_success_at is not null)
             from source_set join descriptor_set using (account, fingerprint)
                 left join container using (account, fingerprint)
             order by account, source",
        )?;
        let rows = statement.query_map([], |row| {
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
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Those of `descriptors` for which a vehicle never sent a value: absent in every answer, or null.
    pub fn silent(&self, vin: &str, descriptors: &[String]) -> Result<Vec<String>, JournalError> {
        let mut statement = self.connection.prepare(
            "select exists (select 1 from series join vehicle on vehicle.id = vehicle_id
                 where vin = ?1 and descriptor = ?2
                     and (absent = 0 or exists (select 1 from seen where series_id = series.id)))",
        )?;
        let mut silent = Vec::new();
        for descriptor in descriptors {
            let delivers: bool = statement.query_row([vin, descriptor], |row| row.get(0))?;
            if !delivers {
                silent.push(descriptor.clone());
            }
        }
        Ok(silent)
    }
}

fn container(
    connection: &Connection,
    account: &str,
    fingerprint: &str,
) -> Result<Option<String>, JournalError> {
    Ok(connection
        .prepare_cached("select container_id from container where account = ?1 and fingerprint = ?2")?
        .query_row(params![account, fingerprint], |row| row.get(0))
        .optional()?)
}

fn forget(connection: &Connection, account: &str, id: &str) -> Result<(), JournalError> {
    for table in ["created_container", "container"] {
        connection.execute(
            &format!("delete from {table} where account = ?1 and container_id = ?2"),
            params![account, id],
        )?;
    }
    Ok(())
}

#[cfg(test)]
impl Journal {
    /// All that version 1 knew of a container of the account `home`.
    pub(crate) async fn remember_as_version_1(&self, fingerprint: &str, id: &str) {
        let row = (fingerprint.to_owned(), id.to_owned());
        let done = self.transact(move |connection, _| {
            let insert = "insert into container (account, fingerprint, container_id) values ('home', ?1, ?2)";
            Ok(connection.execute(insert, params![row.0, row.1])?)
        });
        done.await.unwrap();
    }
}
