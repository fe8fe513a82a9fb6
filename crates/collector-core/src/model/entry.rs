//! A snapshot with its place in the journal.

use std::fmt;
use std::sync::Arc;

use super::Snapshot;

/// What a sink is given: a snapshot and its number in the journal.
///
/// A number is never used twice within one journal, and a sink sees numbers in ascending order, except when
/// entries are delivered again.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub seq: u64,
    /// Shared with the other sinks; never empty.
    pub snapshot: Arc<Snapshot>,
}

/// The random name of one journal. Entry numbers of different journals have nothing to do with each other.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LogId(Arc<str>);

impl LogId {
    pub fn new(id: impl Into<Arc<str>>) -> Self {
        Self(id.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for LogId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
