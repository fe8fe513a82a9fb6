//! What the writing thread keeps in memory of the journal's tables.
//!
//! What is derived from entries waits here until it is *folded* into its tables: all of it at once, with the number of the
//! entry up to which they are then right. So a commit of a message changes the page that the entry stands in, and no other.
//! Whatever ends before that, a kill or a transaction that fails, the entries behind that number tell all of it again.

use std::collections::HashMap;

use collector_core::{Origin, Vin};
use normalise::known::KnownDescriptors;
use normalise::odometer::Odometers;
use rusqlite::{Connection, params};
use store::sql::Access;

use super::append::{Contexts, Counts, Derived, SeenTable, SeriesCache, fold, newest, newest_behind};
use super::learned;
use super::loose::Loose;
use crate::Result;

/// Dropped whenever something of a transaction failed.
#[derive(Default)]
pub(crate) struct Memory {
    /// Of the transaction that it was read in; `None` where nothing was read.
    epoch: Option<u64>,
    pub(crate) descriptors: KnownDescriptors,
    /// These wait to be folded.
    pub(super) series: SeriesCache,
    pub(super) seen: SeenTable,
    pub(crate) counts: Counts,
    pub(crate) contexts: Contexts,
    pub(super) odometers: Odometers,
    pub(super) vehicles: HashMap<Vin, i64>,
    /// Account, source, origin and number of each feed.
    pub(super) feeds: Vec<(Box<str>, Box<str>, Origin, i64)>,
    /// The newest entry that is folded.
    folded: u64,
    /// The newest number that was ever given.
    pub(crate) last_number: u64,
    /// The newest entry of the job at hand.
    pub(crate) appended: Option<u64>,
    /// What came in the job at hand and left no entry.
    pub(crate) loose: Loose,
}

impl Memory {
    /// Begins a job. What was noted in another epoch may never have happened: it is read anew, out of what the
    /// transaction holds.
    pub(crate) fn enter(&mut self, epoch: u64, connection: &Connection) -> Result<()> {
        self.appended = None;
        self.loose = Loose::default();
        if self.epoch == Some(epoch) {
            return Ok(());
        }
        self.epoch = None;
        self.read(connection)?;
        self.epoch = Some(epoch);
        Ok(())
    }

    /// Everything as the tables and the log have it.
    fn read(&mut self, connection: &Connection) -> Result<()> {
        self.forget();
        learned::load(connection, &mut self.descriptors)?;
        let beside = fold::beside(connection)?;
        let before = beside.as_ref().map_or(connection, |scan| scan.connection());
        let committed = newest(before)?;
        let told = fold::told(connection)?;
        self.last_number = newest_behind(connection, committed.max(told.unwrap_or(0)))?;
        match told {
            Some(seq) => self.folded = seq,
            // All there is counts as folded, for what is folded twice is counted twice.
            None => _ = self.move_folded(connection)?,
        }
        fold::fold(connection, before, self, self.folded, Derived::Waiting)?;
        // What jobs before this one have added to the transaction.
        let behind = committed.max(self.folded);
        if self.last_number > behind {
            fold::fold(connection, connection, self, behind, Derived::Waiting)?;
        }
        Ok(())
    }

    fn forget(&mut self) {
        self.descriptors.forget();
        self.series.clear();
        self.seen.clear();
        self.counts.clear();
        self.contexts.clear();
        self.odometers.clear();
        self.vehicles.clear();
        self.feeds.clear();
    }

    /// Entry `seq` was stored.
    pub(super) fn appended(&mut self, seq: u64) {
        self.last_number = self.last_number.max(seq);
        self.appended = Some(self.last_number);
    }

    /// Whether no entry waits to be folded, as far as anybody knows.
    pub(crate) fn is_folded(&self) -> bool {
        self.epoch.is_some() && self.last_number <= self.folded
    }

    /// What is known here may not be so: the next job reads it anew.
    pub(crate) fn distrust(&mut self) {
        self.epoch = None;
    }

    /// How many readings wait to be folded.
    pub(crate) fn waiting(&self) -> usize {
        self.seen.waiting()
    }

    /// Folds what waits into its tables.
    pub(crate) fn write(&mut self, connection: &Connection) -> Result<()> {
        if self.last_number > self.folded && !self.move_folded(connection)? {
            // Another program has folded some of it, and would be counted twice.
            self.read(connection)?;
            if !self.move_folded(connection)? {
                // It was read in this transaction, and is not found again.
                return Err(rusqlite::Error::QueryReturnedNoRows.into());
            }
        }
        self.write_derived(connection)
    }

    /// Whether the number in the table was the one that is known here, or none.
    fn move_folded(&mut self, connection: &Connection) -> Result<bool> {
        let moved = connection.run(
            "insert into meta (key, value) values ('folded', cast(?2 as text))
             on conflict do update set value = excluded.value
             where value = cast(?1 as text) or value <> cast(max(cast(value as integer), 0) as text)",
            params![self.folded, self.last_number],
        )?;
        if moved > 0 {
            self.folded = self.last_number;
        }
        Ok(moved > 0)
    }

    pub(super) fn write_derived(&mut self, connection: &Connection) -> Result<()> {
        self.seen.write(connection)?;
        self.series.write(connection)?;
        self.counts.write(connection)
    }
}

impl std::fmt::Debug for Memory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Memory({} series)", self.series.len())
    }
}
