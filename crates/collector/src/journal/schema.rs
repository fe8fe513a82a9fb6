//! The tables of the state database and the way from one version to the next.

use std::path::Path;

use rusqlite::Connection;

use super::{JournalError, checksum, fill};

/// "CDAT": tells our database from others.
pub const APPLICATION_ID: i64 = 0x4344_4154;

/// Each step leads from its index to the next version. Steps that were released never change.
const MIGRATIONS: &[&str] = &[
    include_str!("schema/version_1.sql"),
    include_str!("schema/version_2.sql"),
    include_str!("schema/version_3.sql"),
];

/// Brings the database to the newest version.
pub fn migrate(connection: &mut Connection, path: &Path) -> Result<(), JournalError> {
    let open = |error| JournalError::open(path, error);
    let application: i64 = connection
        .pragma_query_value(None, "application_id", |row| row.get(0))
        .map_err(open)?;
    let found: i64 = connection
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .map_err(open)?;
    let tables: i64 = connection
        .query_row("select count(*) from sqlite_schema", [], |row| row.get(0))
        .map_err(open)?;
    if application != APPLICATION_ID && (tables > 0 || found > 0) {
        return Err(JournalError::Foreign { path: path.into() });
    }
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    if found > known {
        return Err(JournalError::Newer {
            path: path.into(),
            found,
            known,
        });
    }
    connection
        .pragma_update(None, "journal_mode", "wal")
        .map_err(open)?;
    connection
        .pragma_update(None, "synchronous", "full")
        .map_err(open)?;
    let pending = usize::try_from(found).unwrap_or(0);
    for (index, step) in MIGRATIONS.iter().enumerate().skip(pending) {
        let transaction = connection.transaction().map_err(open)?;
        transaction.execute_batch(step).map_err(open)?;
        if index == 1 {
            checksum::seal_all(&transaction).map_err(open)?;
        }
        if index == 2 {
            fill::fill(&transaction, path)?;
        }
        transaction
            .pragma_update(None, "application_id", APPLICATION_ID)
            .map_err(open)?;
        transaction
            .pragma_update(None, "user_version", index + 1)
            .map_err(open)?;
        transaction.commit().map_err(open)?;
    }
    Ok(())
}

/// Whether the tables are those that this program knows.
pub fn is_newest(connection: &Connection) -> Result<bool, JournalError> {
    Ok(version(connection)? == MIGRATIONS.len())
}

/// Whether an earlier program made the tables, and this one has not been at them yet.
pub fn is_older(connection: &Connection) -> Result<bool, JournalError> {
    Ok((1..MIGRATIONS.len()).contains(&version(connection)?))
}

/// Whether a later program made the tables.
pub fn is_newer(connection: &Connection) -> Result<bool, JournalError> {
    Ok(version(connection)? > MIGRATIONS.len())
}

fn version(connection: &Connection) -> Result<usize, JournalError> {
    Ok(connection.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

/// The journal's random name, made when it is first asked for.
pub fn log_id(connection: &Connection) -> Result<String, JournalError> {
    connection.execute(
        "insert into meta (key, value) values ('log_id', lower(hex(randomblob(16)))) on conflict do nothing",
        [],
    )?;
    read_log_id(connection)
}

/// The journal's random name.
pub fn read_log_id(connection: &Connection) -> Result<String, JournalError> {
    Ok(
        connection.query_row("select value from meta where key = 'log_id'", [], |row| {
            row.get(0)
        })?,
    )
}
