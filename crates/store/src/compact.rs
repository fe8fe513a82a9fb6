//! Gives the space of forgotten entries back to the disk.

use std::path::Path;

use crate::sql::Access;
use crate::{Database, FILE, Schema, StoreError};

/// The bytes of the database on disk, before and after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compacted {
    pub before: u64,
    pub after: u64,
}

/// Writes the database anew without its free pages; no entry is touched. Needs as much free space as the
/// journal takes, and nobody else who writes: the caller holds the lock of the state directory.
///
/// # Errors
/// It cannot be brought up to date as its `owners` want, for which an older one needs [room](StoreError::NoRoom), or
/// written.
pub fn compact(state: &Path, owners: &[Schema]) -> Result<Compacted, StoreError> {
    let path = state.join(FILE);
    let before = bytes_on_disk(state);
    let database = Database::writable(&path)?;
    database.migrate(&path, owners)?;
    database.connection().execute_batch("vacuum")?;
    database.one("pragma wal_checkpoint(truncate)", [], |_| Ok(()))?;
    drop(database);
    Ok(Compacted {
        before,
        after: bytes_on_disk(state),
    })
}

/// The bytes of the database and its write-ahead log.
pub fn bytes_on_disk(state: &Path) -> u64 {
    [FILE.to_owned(), format!("{FILE}-wal")]
        .iter()
        .filter_map(|file| std::fs::metadata(state.join(file)).ok())
        .map(|metadata| metadata.len())
        .sum()
}
