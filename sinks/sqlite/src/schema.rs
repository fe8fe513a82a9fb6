//! What makes a database ours, which version it has, and how it comes to the present one.

use std::path::Path;

use collector_core::SinkError;
use rusqlite::{Connection, TransactionBehavior};

use crate::failure::sink_error;

/// Marks a database as ours in its header: the letters `CaDa`, shown by `file` and `PRAGMA application_id`.
const APPLICATION_ID: i32 = 0x4361_4461;

/// `MIGRATIONS[n]` leads from schema `n` to `n + 1`. What was released is never edited or taken out.
const MIGRATIONS: [&str; 2] = [
    include_str!("../migrations/1.sql"),
    include_str!("../migrations/2.sql"),
];

/// What a database is to this sink.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Nothing was ever stored in it.
    Empty,
    /// Ours, with this schema version.
    Ours(usize),
}

/// Looks without touching: a database of another program, or of a newer schema, is refused.
pub fn inspect(connection: &Connection, path: &Path) -> Result<Kind, SinkError> {
    let failed = |error| sink_error("cannot read", path, &error);
    let number = |pragma| connection.pragma_query_value(None, pragma, |row| row.get::<_, i32>(0));
    let application = number("application_id").map_err(failed)?;
    let version = number("user_version").map_err(failed)?;
    let tables: i64 = connection
        .query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get(0))
        .map_err(failed)?;
    if application == 0 && version == 0 && tables == 0 {
        return Ok(Kind::Empty);
    }
    if application != APPLICATION_ID {
        return Err(SinkError::misconfigured(format!(
            "{} is a database of another program and was left as it is: give this sink a path of its own",
            path.display()
        )));
    }
    match usize::try_from(version) {
        Ok(version) if (1..=MIGRATIONS.len()).contains(&version) => Ok(Kind::Ours(version)),
        _ => Err(SinkError::misconfigured(format!(
            "{} has schema {version}, and this program knows no schema beyond {}: it was written by a newer \
             version, so use that one again, or give this sink another path",
            path.display(),
            MIGRATIONS.len()
        ))),
    }
}

/// Brings an empty or older database to the present schema, in one transaction.
pub fn migrate(connection: &mut Connection, path: &Path) -> Result<(), SinkError> {
    if inspect(connection, path)? == Kind::Ours(MIGRATIONS.len()) {
        return Ok(());
    }
    let failed = |error| sink_error("cannot bring to the present schema", path, &error);
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(failed)?;
    // Looked at again under the lock: another process may have been first.
    let from = match inspect(&transaction, path)? {
        Kind::Empty => 0,
        Kind::Ours(version) => version,
    };
    for migration in &MIGRATIONS[from..] {
        transaction.execute_batch(migration).map_err(failed)?;
    }
    transaction
        .pragma_update(None, "application_id", APPLICATION_ID)
        .and_then(|()| transaction.pragma_update(None, "user_version", MIGRATIONS.len() as i64))
        .and_then(|()| transaction.commit())
        .map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATH: &str = "data/cardata.db";

    fn memory() -> Connection {
        Connection::open_in_memory().unwrap()
    }

    #[test]
    fn an_empty_database_becomes_ours_and_stays_so() {
        let mut connection = memory();
        assert_eq!(inspect(&connection, Path::new(PATH)).unwrap(), Kind::Empty);
        migrate(&mut connection, Path::new(PATH)).unwrap();
        assert_eq!(inspect(&connection, Path::new(PATH)).unwrap(), Kind::Ours(2));
        migrate(&mut connection, Path::new(PATH)).unwrap();
    }

    #[test]
    fn an_older_database_keeps_its_readings_and_gets_the_new_views() {
        let mut connection = memory();
        connection.execute_batch(MIGRATIONS[0]).unwrap();
        connection
            .pragma_update(None, "application_id", APPLICATION_ID)
            .unwrap();
        connection.pragma_update(None, "user_version", 1).unwrap();
        connection
            .execute_batch(
                "INSERT INTO vehicle VALUES (1, 'WBY8P210X07A12345', 'i4');
                 INSERT INTO descriptor VALUES (1, 'vehicle.header', 'soc', 'number', '%');
                 INSERT INTO source VALUES (1, 'telematics', 'poll', 'home');
                 INSERT INTO reading VALUES (1, 5, 1, 74, 0, 0, 1, NULL);
                 INSERT INTO newest VALUES (1, 1, 5, 0, 74);
                 CREATE VIEW of_the_owner AS SELECT value FROM latest;",
            )
            .unwrap();
        migrate(&mut connection, Path::new(PATH)).unwrap();
        let row = |sql| {
            let pair = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
            connection
                .query_row::<(i64, String), _, _>(sql, [], pair)
                .unwrap()
        };
        let expected = (74, "poll".to_owned());
        assert_eq!(row("SELECT value, origin FROM readings"), expected);
        assert_eq!(row("SELECT value, origin FROM latest"), expected);
        assert_eq!(row("SELECT value, 'poll' FROM of_the_owner"), expected);
        assert_eq!(row("SELECT count(*), '' FROM position"), (0, String::new()));
    }

    #[test]
    fn a_database_of_another_program_is_refused() {
        for sql in [
            "CREATE TABLE theirs (x)",
            "PRAGMA user_version = 1",
            "PRAGMA application_id = 7",
        ] {
            let mut connection = memory();
            connection.execute_batch(sql).unwrap();
            let error = migrate(&mut connection, Path::new(PATH)).unwrap_err();
            assert!(matches!(error, SinkError::Misconfigured { .. }), "{sql}: {error}");
            assert!(error.to_string().contains("another program"), "{error}");
        }
    }

    #[test]
    fn a_newer_schema_is_refused() {
        let mut connection = memory();
        migrate(&mut connection, Path::new(PATH)).unwrap();
        connection.pragma_update(None, "user_version", 3).unwrap();
        let error = migrate(&mut connection, Path::new(PATH)).unwrap_err();
        assert!(error.to_string().contains("has schema 3"), "{error}");
        assert!(error.to_string().contains("newer version"), "{error}");
    }
}
