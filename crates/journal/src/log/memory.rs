//! What the writing thread keeps in memory of the journal's tables.

use std::collections::HashMap;

use collector_core::{Origin, Vin};
use normalise::known::KnownDescriptors;
use rusqlite::Connection;

use super::append::{Counts, SeriesCache};
use crate::Result;

/// Dropped whenever something of a transaction failed.
#[derive(Default)]
pub(crate) struct Memory {
    epoch: u64,
    pub(super) descriptors: KnownDescriptors,
    pub(super) learned: bool,
    /// Changes of series and sums wait here until the job ends.
    pub(super) series: SeriesCache,
    pub(crate) counts: Counts,
    pub(super) vehicles: HashMap<Vin, i64>,
    /// Account, source, origin and number of each feed.
    pub(super) feeds: Vec<(Box<str>, Box<str>, Origin, i64)>,
    /// The newest number that was ever given.
    pub(super) last_number: Option<u64>,
    /// The newest entry of the job at hand.
    pub(crate) appended: Option<u64>,
}

impl Memory {
    /// Forgets what was noted in another epoch.
    pub(crate) fn enter(&mut self, epoch: u64) {
        self.appended = None;
        if self.epoch == epoch {
            return;
        }
        self.epoch = epoch;
        self.descriptors.forget();
        self.learned = false;
        self.series.clear();
        self.counts.clear();
        self.vehicles.clear();
        self.feeds.clear();
        self.last_number = None;
    }

    /// Entry `seq` was stored.
    pub(super) fn appended(&mut self, seq: u64) {
        self.last_number = self.last_number.max(Some(seq));
        self.appended = self.last_number;
    }

    /// Writes what waits. A job that appends ends with this: what it leaves is lost when another one fails.
    pub(crate) fn write(&mut self, connection: &Connection) -> Result<()> {
        self.series.write(connection)?;
        self.counts.write(connection)
    }
}

impl std::fmt::Debug for Memory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Memory({} series)", self.series.len())
    }
}
