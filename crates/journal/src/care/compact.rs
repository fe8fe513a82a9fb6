//! Gives the space of forgotten entries back to the disk.

use std::path::Path;

use store::sql::Access;
use store::{Database, FILE, Schema};

use super::stats::bytes_on_disk;
use crate::Result;

/// The bytes of the journal on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compacted {
    pub before: u64,
    pub after: u64,
}

/// Writes the database anew without its free pages; no entry is touched. Needs as much free space as the
/// journal takes, and nobody else who writes: the caller holds the lock of the state directory.
///
/// # Errors
/// It cannot be brought up to date as its `owners` want, or written.
pub fn compact(state: &Path, owners: &[Schema]) -> Result<Compacted> {
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
