//! What makes a database ours, and which version it has.

use std::cmp::Ordering;
use std::path::Path;

use collector_core::SinkError;
use rusqlite::{Connection, TransactionBehavior};

use crate::failure::sink_error;
use crate::{battery, convert, kinds, views};

/// Marks a database as ours in its header: the letters `CaDa`, shown by `file` and `PRAGMA application_id`.
const APPLICATION_ID: i32 = 0x4361_4461;

const VERSION: i32 = 5;
const SCHEMA: &str = include_str!("../schema.sql");

/// The oldest version that is brought up to this one.
const OLDEST: i32 = 2;
/// What comes before the tables of this version are made, and what comes behind.
const FROM_2: [&str; 2] = [
    include_str!("from_version_2_before.sql"),
    include_str!("from_version_2_behind.sql"),
];
const FROM_3: [&str; 2] = [include_str!("from_version_3.sql"), ""];
const FROM_4: [&str; 2] = [
    include_str!("from_version_4_before.sql"),
    include_str!("from_version_4_behind.sql"),
];

/// What a database is to this program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Nothing was ever stored in it.
    Empty,
    /// Of this version, which [`create`] brings up to ours.
    Older(i32),
    Ours,
}

/// Looks without touching: a database of another program, of a newer version, or of one that is too old, is refused.
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
    let advice = match version.cmp(&VERSION) {
        Ordering::Equal => return Ok(Kind::Ours),
        Ordering::Less if version >= OLDEST => return Ok(Kind::Older(version)),
        Ordering::Less => {
            "an older version of this program: move the file away, and `cardata replay` fills a new one from the journal"
        }
        Ordering::Greater => {
            "a newer version of this program: use that one again, or give this sink another path"
        }
    };
    Err(SinkError::misconfigured(format!(
        "{} has schema {version} instead of {VERSION} and is of {advice}",
        path.display()
    )))
}

/// Makes an empty database ours, and one of an older version one of this version, in one transaction. The readings of
/// an older one are left for [`convert::finish`].
pub fn create(connection: &mut Connection, path: &Path) -> Result<(), SinkError> {
    let failed = |error| sink_error("cannot make the tables of", path, &error);
    // A table that gives its name to its successor takes neither the references nor the views along.
    connection
        .execute_batch("PRAGMA foreign_keys = OFF; PRAGMA legacy_alter_table = ON")
        .map_err(failed)?;
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(failed)?;
    // Looked at under the lock: another process may have been first.
    let kind = inspect(&transaction, path)?;
    let [before, behind] = match kind {
        Kind::Ours => return Ok(()),
        Kind::Empty => [""; 2],
        Kind::Older(OLDEST) => FROM_2,
        Kind::Older(3) => FROM_3,
        Kind::Older(_) => FROM_4,
    };
    let made = [SCHEMA, &battery::table(), &views::script()].concat();
    transaction
        .execute_batch(&[before, &made, behind, &battery::number_series()].concat())
        .and_then(|()| convert::begin(&transaction))
        .and_then(|()| kinds::remake_views(&transaction))
        .and_then(|()| transaction.pragma_update(None, "application_id", APPLICATION_ID))
        .and_then(|()| transaction.pragma_update(None, "user_version", VERSION))
        .and_then(|()| transaction.commit())
        .and_then(|()| connection.pragma_update(None, "legacy_alter_table", false))
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
        create(&mut connection, Path::new(PATH)).unwrap();
        assert_eq!(inspect(&connection, Path::new(PATH)).unwrap(), Kind::Ours);
        create(&mut connection, Path::new(PATH)).unwrap();
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
            let error = create(&mut connection, Path::new(PATH)).unwrap_err();
            assert!(matches!(error, SinkError::Misconfigured { .. }), "{sql}: {error}");
            assert!(error.to_string().contains("another program"), "{error}");
        }
    }

    #[test]
    fn a_version_that_is_too_old_or_too_new_is_refused_with_what_to_do() {
        let mut connection = memory();
        create(&mut connection, Path::new(PATH)).unwrap();
        for (version, advice) in [(1, "move the file away"), (6, "use that one again")] {
            connection.pragma_update(None, "user_version", version).unwrap();
            let error = inspect(&connection, Path::new(PATH)).unwrap_err().to_string();
            assert!(error.contains(&format!("has schema {version}")), "{error}");
            assert!(error.contains(advice), "{error}");
        }
    }
}
