//! Gives the space of forgotten entries back to the disk.

use std::path::Path;

use rusqlite::OpenFlags;

use super::stats::bytes_on_disk;
use super::{FILE, JournalError, connect, schema};

/// The bytes of the journal on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compacted {
    pub before: u64,
    pub after: u64,
}

/// Writes the database anew without its free pages; no entry is touched. Needs as much free space as the
/// journal takes, and nobody else who writes: the caller holds the lock of the state directory.
pub fn compact(state: &Path) -> Result<Compacted, JournalError> {
    let path = state.join(FILE);
    let before = bytes_on_disk(state);
    let mut connection = connect(&path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    schema::migrate(&mut connection, &path)?;
    connection.execute_batch("vacuum")?;
    connection.query_row("pragma wal_checkpoint(truncate)", [], |_| Ok(()))?;
    drop(connection);
    Ok(Compacted {
        before,
        after: bytes_on_disk(state),
    })
}
