//! Every entry as it lies, in the order of their numbers: for who reads all of the journal and wants little of it; or one.

use std::path::Path;

use entry_form::Stored;

use crate::log::scan::{READINGS_AT_ONCE, Scan};
use crate::{JournalError, Result};

/// Reads the journal at `path` through, beside a process that may be writing to it. What cannot be believed is passed over.
pub fn through(path: &Path, mut each: impl FnMut(Stored)) -> Result<()> {
    let (mut scan, mut after) = (Scan::open(path)?, 0);
    while let Some(stretch) = scan.stretch(after, READINGS_AT_ONCE)? {
        after = stretch.last;
        stretch.entries.into_iter().for_each(&mut each);
    }
    Ok(())
}

/// The entry of this number in the journal at `path`, found by it; `None` where there is none that can be believed.
pub fn entry(path: &Path, seq: u64) -> Result<Option<Stored>> {
    match Scan::open(path)?.entry(seq) {
        Err(JournalError::DamagedEntry { .. }) => Ok(None),
        found => found,
    }
}
