//! The tables of the database, as their owners hand them in, and the way from one format to the next.

use std::path::Path;

use rusqlite::Connection;

use crate::sql::Access;
use crate::{Database, StoreError};

/// "CDAT": tells our database from others.
const APPLICATION_ID: i64 = 0x4344_4154;
/// The format of the file as a whole, in `user_version`.
pub const FORMAT: i64 = 4;
/// The format in which one owner had all tables. Its journals are read until the first release.
const UNDIVIDED: i64 = 3;

/// The tables of one owner.
#[derive(Debug, Clone, Copy)]
pub struct Schema {
    /// Each step leads to a format of the file, in their order. Steps that were released never change.
    pub steps: &'static [(i64, &'static str)],
    /// Makes the tables of the first step out of those of the undivided format.
    pub from_undivided: &'static str,
}

impl Database {
    /// Brings the tables to the newest format, in one transaction; the owners in their order.
    ///
    /// # Errors
    /// As [`Store::open`](crate::Store::open).
    pub fn migrate(&self, path: &Path, owners: &[Schema]) -> Result<(), StoreError> {
        let found = recognised(self.connection(), path)?;
        bring_up(self.connection(), found, owners).map_err(|error| StoreError::open(path, error))
    }

    /// The format of the tables: [`FORMAT`] where they are those that this program knows, 0 where there are none.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn format(&self) -> Result<i64, StoreError> {
        Ok(pragma(self.connection(), "user_version")?)
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
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "full")?;
    if found == FORMAT {
        return Ok(());
    }
    let transaction = connection.unchecked_transaction()?;
    let mut reached = found;
    if found == UNDIVIDED {
        for owner in owners {
            transaction.execute_batch(owner.from_undivided)?;
        }
        reached = UNDIVIDED + 1;
    }
    for format in reached + 1..=FORMAT {
        let steps = owners.iter().flat_map(|owner| owner.steps);
        for (_, step) in steps.filter(|(leads_to, _)| *leads_to == format) {
            transaction.execute_batch(step)?;
        }
    }
    mark(&transaction)?;
    transaction.pragma_update(None, "user_version", FORMAT)?;
    transaction.commit()
}

/// The format of a database that is ours, 0 for an empty one.
fn recognised(connection: &Connection, path: &Path) -> Result<i64, StoreError> {
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
        0 | UNDIVIDED..=FORMAT => Ok(found),
        1..UNDIVIDED => Err(StoreError::Unreleased { path: path.into() }),
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
