//! Looks at everything in the journal: what `cardata journal verify` tells.

use std::path::Path;

use store::FILE;
use store::sql::Access;

use crate::Result;
use crate::log::scan::{Damage, Scan};

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verified {
    /// Entries that are as they were written.
    pub entries: u64,
    pub damaged: Vec<Damage>,
    /// What SQLite finds wrong with its own tables and indexes.
    pub database: Vec<String>,
}

impl Verified {
    pub fn is_sound(&self) -> bool {
        self.damaged.is_empty() && self.database.is_empty()
    }
}

/// Reads the journal in `state` through, beside a process that may be writing to it. `progress` is told how many
/// entries were looked at.
pub fn verify(state: &Path, progress: impl FnMut(u64)) -> Result<Verified> {
    verify_file(&state.join(FILE), progress)
}

pub(super) fn verify_file(path: &Path, mut progress: impl FnMut(u64)) -> Result<Verified> {
    let mut scan = Scan::open(path)?;
    let mut verified = Verified::default();
    verified.damaged = scan.damage(u64::MAX, |read, sound| {
        verified.entries += sound;
        progress(read);
    })?;
    verified.database = integrity(&scan);
    Ok(verified)
}

fn integrity(scan: &Scan) -> Vec<String> {
    let check = "pragma integrity_check(20)";
    match scan.connection().all(check, [], |row| row.get::<_, String>(0)) {
        Ok(lines) if lines == ["ok"] => Vec::new(),
        Ok(lines) => lines,
        Err(error) => vec![error.to_string()],
    }
}
