//! Would a write be accepted?

use std::fs::OpenOptions;
use std::path::Path;

use collector_core::SinkError;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use crate::failure::sink_error;
use crate::{schema, store};

/// Proves as well as can be that a write would be accepted, and leaves everything as it was.
pub fn check(path: &Path) -> Result<(), SinkError> {
    if !path.exists() {
        return check_folder(path);
    }
    let mut connection = store::connect(path, OpenFlags::empty())?;
    schema::inspect(&connection, path)?;
    try_to_write(&mut connection).map_err(|error| sink_error("cannot write to", path, &error))
}

/// Without a write, SQLite begins the transaction also in a file that it can only read.
fn try_to_write(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let version: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    transaction.pragma_update(None, "user_version", version)?;
    transaction.rollback()
}

/// The database does not exist yet: could it be made? A file is made in the nearest folder that exists, and
/// removed at once.
fn check_folder(path: &Path) -> Result<(), SinkError> {
    let Some(folder) = path.ancestors().skip(1).find(|folder| folder.exists()) else {
        return Err(SinkError::misconfigured(format!(
            "cannot make {}: no part of its path exists",
            path.display()
        )));
    };
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let probe = folder.join(format!(".{name}.check-{}", std::process::id()));
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&probe)
        .and_then(|_| std::fs::remove_file(&probe))
        .map_err(|error| SinkError::from_io("cannot make a file in", folder, &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_file_is_told() {
        let folder = tempfile::tempdir().unwrap();
        for path in [folder.path(), Path::new("/dev/null")] {
            let told = check(path);
            assert!(matches!(told, Err(SinkError::Misconfigured { .. })), "{told:?}");
        }
    }

    /// What SQLite opens for reading alone, as it does with somebody else's file or on a disk that became so.
    #[test]
    fn a_database_that_can_only_be_read_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cardata.db");
        drop(Connection::open(&path).unwrap());
        let open = |flags| Connection::open_with_flags(&path, flags).unwrap();
        try_to_write(&mut open(OpenFlags::SQLITE_OPEN_READ_WRITE)).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().len(), 0, "nothing stays");
        try_to_write(&mut open(OpenFlags::SQLITE_OPEN_READ_ONLY)).unwrap_err();
    }
}
