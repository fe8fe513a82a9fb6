//! What a sink is given, with its place in the journal.

use std::fmt;
use std::sync::Arc;

use super::{Reading, Record, Snapshot};

/// A snapshot or a record, and its number in the journal.
///
/// A number is never used twice within one journal, and a sink sees numbers in ascending order, except when
/// entries are delivered again.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub seq: u64,
    pub body: Body,
}

/// What stands in an entry; shared with the other sinks.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Body {
    /// As a sink is given it, it holds at least one reading or one end.
    Snapshot(Arc<Snapshot>),
    Record(Arc<Record>),
}

impl Entry {
    pub fn snapshot_of(seq: u64, snapshot: impl Into<Arc<Snapshot>>) -> Self {
        Self {
            seq,
            body: Body::Snapshot(snapshot.into()),
        }
    }

    pub fn record_of(seq: u64, record: impl Into<Arc<Record>>) -> Self {
        Self {
            seq,
            body: Body::Record(record.into()),
        }
    }

    pub fn snapshot(&self) -> Option<&Arc<Snapshot>> {
        match &self.body {
            Body::Snapshot(snapshot) => Some(snapshot),
            Body::Record(_) => None,
        }
    }

    pub fn record(&self) -> Option<&Arc<Record>> {
        match &self.body {
            Body::Record(record) => Some(record),
            Body::Snapshot(_) => None,
        }
    }

    /// The readings of a snapshot; a record has none.
    pub fn readings(&self) -> &[Reading] {
        self.snapshot().map_or(&[], |snapshot| &snapshot.readings)
    }
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
