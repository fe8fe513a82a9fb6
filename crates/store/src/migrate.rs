//! The tables of the database, as their owners hand them in, and the way from one format to the next.

use std::path::Path;

use rusqlite::Connection;

use crate::sql::Access;
use crate::{Database, StoreError};

/// "CDAT": tells our database from others.
const APPLICATION_ID: i64 = 0x4344_4154;
/// The format of the file as a whole, in `user_version`.
pub(crate) const FORMAT: i64 = 4;
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

/// Brings the database to the newest format, in one transaction; the owners in their order.
pub(crate) fn migrate(database: &mut Database, path: &Path, owners: &[Schema]) -> Result<(), StoreError> {
    let open = |error| StoreError::open(path, error);
    let found = recognised(database.connection(), path)?;
    let connection = database.connection_mut();
    connection
        .pragma_update(None, "journal_mode", "wal")
        .map_err(open)?;
    connection
        .pragma_update(None, "synchronous", "full")
        .map_err(open)?;
    if found == FORMAT {
        return Ok(());
    }
    let transaction = connection.transaction().map_err(open)?;
    let mut reached = found;
    if found == UNDIVIDED {
        for owner in owners {
            transaction.execute_batch(owner.from_undivided).map_err(open)?;
        }
        reached = UNDIVIDED + 1;
    }
    for format in reached + 1..=FORMAT {
        let steps = owners.iter().flat_map(|owner| owner.steps);
        for (_, step) in steps.filter(|(leads_to, _)| *leads_to == format) {
            transaction.execute_batch(step).map_err(open)?;
        }
    }
    mark(&transaction).map_err(open)?;
    transaction
        .pragma_update(None, "user_version", FORMAT)
        .map_err(open)?;
    transaction.commit().map_err(open)
}

/// The format of a database that is ours, 0 for an empty one.
fn recognised(connection: &Connection, path: &Path) -> Result<i64, StoreError> {
    let open = |error| StoreError::open(path, error);
    let application: i64 = connection
        .pragma_query_value(None, "application_id", |row| row.get(0))
        .map_err(open)?;
    let found = format(connection).map_err(open)?;
    let tables: i64 = connection
        .query_row("select count(*) from sqlite_schema", [], |row| row.get(0))
        .map_err(open)?;
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

/// Says in the header that the file is ours.
pub(crate) fn mark(connection: &Connection) -> Result<(), rusqlite::Error> {
    connection.pragma_update(None, "application_id", APPLICATION_ID)
}

pub(crate) fn format(connection: &Connection) -> Result<i64, rusqlite::Error> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}
