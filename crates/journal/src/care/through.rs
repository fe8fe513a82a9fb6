//! Every entry as it lies, in the order of their numbers: for who reads all of the journal and wants little of it.

use std::path::Path;

use entry_form::Stored;

use crate::Result;
use crate::log::scan::{READINGS_AT_ONCE, Scan};

/// Reads the journal at `path` through, beside a process that may be writing to it. What cannot be believed is passed over.
pub fn through(path: &Path, mut each: impl FnMut(Stored)) -> Result<()> {
    let (mut scan, mut after) = (Scan::open(path)?, 0);
    while let Some(stretch) = scan.stretch(after, READINGS_AT_ONCE)? {
        after = stretch.last;
        stretch.entries.into_iter().for_each(&mut each);
    }
    Ok(())
}
