//! The tables of the database, as their owners hand them in, and the way from one format to the next.

use std::path::Path;

use rusqlite::Connection;

use crate::sql::Access;
use crate::{Database, StoreError};

/// "CDAT": tells our database from others.
const APPLICATION_ID: i64 = 0x4344_4154;
/// The format of the file as a whole, in `user_version`.
pub const FORMAT: i64 = 8;
/// The oldest format that is brought up to date.
const OLDEST: i64 = 3;
/// Small pages: what a commit changes is written page by page, and most change a few hundred bytes.
const PAGE_SIZE: i64 = 1_024;
/// The write-ahead log is moved into the database when it holds so many pages: 4 MiB. The longer it waits, the more
/// changes of one page are written there once.
const CHECKPOINT: i64 = 4_096;

/// The tables of one owner.
#[derive(Debug, Clone, Copy)]
pub struct Schema {
    /// Makes those of the newest format.
    pub tables: &'static str,
    /// Each step leads to a format of the file from the one before it, in their order.
    pub steps: &'static [(i64, Step)],
}

/// What changes the tables of one owner, within the transaction of the whole migration.
#[derive(Debug, Clone, Copy)]
pub enum Step {
    Sql(&'static str),
    Code(fn(&Connection) -> Result<(), rusqlite::Error>),
}

impl Database {
    /// Brings the tables to the newest format, in one transaction; the owners in their order.
    ///
    /// # Errors
    /// As [`Store::open`](crate::Store::open). The file is as it was then.
    pub fn migrate(&self, path: &Path, owners: &[Schema]) -> Result<(), StoreError> {
        let found = recognised(self.connection(), path)?;
        self.refuse_triggers(path)?;
        bring_up(self.connection(), found, owners).map_err(|error| match StoreError::open(path, error) {
            StoreError::Full(source) if found > 0 => StoreError::NoRoom {
                path: path.into(),
                needed: needed(self.connection()),
                source,
            },
            error => error,
        })
    }

    /// The format of the tables: [`FORMAT`] where they are those that this program knows, 0 where there are none.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn format(&self) -> Result<i64, StoreError> {
        Ok(pragma(self.connection(), "user_version")?)
    }

    /// Refuses the file at `path` if it would do something of its own when it is written to: none of our versions has triggers.
    ///
    /// # Errors
    /// [`StoreError::Triggers`], or it cannot be read.
    pub fn refuse_triggers(&self, path: &Path) -> Result<(), StoreError> {
        let query = "select exists (select 1 from sqlite_schema where type = 'trigger')";
        match self.one(query, [], |row| row.get(0))? {
            true => Err(StoreError::Triggers { path: path.into() }),
            false => Ok(()),
        }
    }

    /// Says in the file's header that it is ours, of whatever format: what [`Store::open`](crate::Store::open) takes.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn mark(&self) -> Result<(), StoreError> {
        Ok(mark(self.connection())?)
    }
}

fn bring_up(connection: &Connection, found: i64, owners: &[Schema]) -> Result<(), rusqlite::Error> {
    if found == 0 {
        connection.pragma_update(None, "page_size", PAGE_SIZE)?;
    }
    durable(connection)?;
    if found == FORMAT {
        return Ok(());
    }
    let transaction = connection.unchecked_transaction()?;
    if found == 0 {
        for owner in owners {
            transaction.execute_batch(owner.tables)?;
        }
    }
    for format in (found + 1..=FORMAT).filter(|_| found > 0) {
        let steps = owners.iter().flat_map(|owner| owner.steps);
        for (_, step) in steps.filter(|(leads_to, _)| *leads_to == format) {
            match step {
                Step::Sql(statements) => transaction.execute_batch(statements)?,
                Step::Code(change) => change(&transaction)?,
            }
        }
    }
    mark(&transaction)?;
    transaction.pragma_update(None, "user_version", FORMAT)?;
    transaction.commit()?;
    if found > 0 {
        // One that cannot be written anew, for want of space or because somebody reads it, keeps the pages that it has.
        let _ = write_anew(connection);
        durable(connection)?;
    }
    Ok(())
}

/// How many bytes it takes to write every table anew: in the write-ahead log, and in the file behind its free pages.
fn needed(connection: &Connection) -> u64 {
    let look = |name| pragma(connection, name).unwrap_or(0);
    let free = look("freelist_count");
    let used = look("page_count") - free;
    u64::try_from((used + (used - free).max(0)) * look("page_size")).unwrap_or(0)
}

/// How the file is written.
fn durable(connection: &Connection) -> Result<(), rusqlite::Error> {
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT)
}

/// With small pages, which SQLite changes only where there is no write-ahead log.
fn write_anew(connection: &Connection) -> Result<(), rusqlite::Error> {
    connection.pragma_update(None, "journal_mode", "delete")?;
    connection.pragma_update(None, "page_size", PAGE_SIZE)?;
    connection.execute_batch("vacuum")
}

/// The format of a database that is ours, 0 for an empty one.
pub(crate) fn recognised(connection: &Connection, path: &Path) -> Result<i64, StoreError> {
    let look = || -> Result<(i64, i64, i64), rusqlite::Error> {
        let tables = connection.query_row("select count(*) from sqlite_schema", [], |row| row.get(0))?;
        Ok((
            pragma(connection, "application_id")?,
            pragma(connection, "user_version")?,
            tables,
        ))
    };
    let (application, found, tables) = look().map_err(|error| StoreError::open(path, error))?;
    if application != APPLICATION_ID && (tables > 0 || found > 0) {
        return Err(StoreError::Foreign { path: path.into() });
    }
    match found {
        0 | OLDEST..=FORMAT => Ok(found),
        1..OLDEST => Err(StoreError::Unreleased { path: path.into() }),
        _ => Err(StoreError::Newer {
            path: path.into(),
            found,
            known: FORMAT,
        }),
    }
}

fn mark(connection: &Connection) -> Result<(), rusqlite::Error> {
    connection.pragma_update(None, "application_id", APPLICATION_ID)
}

fn pragma(connection: &Connection, name: &str) -> Result<i64, rusqlite::Error> {
    connection.pragma_query_value(None, name, |row| row.get(0))
}
