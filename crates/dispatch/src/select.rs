//! What of a batch is for one sink. No sink is given documents, or a snapshot with nothing in it.

use std::sync::Arc;

use collector_core::{Body, Descriptor, Ended, Entry, Reading, Record, Records, Select, Snapshot};
use jiff::Timestamp;
use journal::Batch;
use journal::log::deliver::Rejected;
use journal::log::read::Outgrown;

/// What a sink is given: what all of these let through, and records only where it takes them.
pub struct Choice<'a> {
    pub selects: Vec<&'a Select>,
    pub records: Records,
}

/// The least that is let through or not.
#[derive(Clone, Copy)]
pub enum Part<'a> {
    Reading(&'a Reading),
    Ended(&'a Ended),
    Record(&'a Record),
}

impl Part<'_> {
    /// When it was measured, or what a time series is keyed by.
    pub fn at(self) -> Timestamp {
        match self {
            Self::Reading(reading) => reading.measured_at,
            Self::Ended(ended) => ended.at,
            Self::Record(record) => record.at,
        }
    }
}

impl Choice<'_> {
    /// The entries that are let through, with only that of them that is. A sink that wants everything shares the
    /// batch.
    pub fn of(&self, batch: &Batch) -> Arc<[Entry]> {
        let is_taken = |entry: &Entry| match entry.snapshot() {
            Some(snapshot) => snapshot.documents.is_empty() && !snapshot.is_empty(),
            None => self.takes_records(),
        };
        if self.selects.iter().all(|select| select.is_all()) && batch.entries.iter().all(is_taken) {
            return batch.entries.clone();
        }
        let entries = batch.entries.iter();
        entries.filter_map(|entry| self.part(entry, |_| true)).collect()
    }

    /// What is let through of an entry, as far as `wanted` wants it; `None` where nothing is left.
    pub fn part(&self, entry: &Entry, wanted: impl Fn(Part<'_>) -> bool) -> Option<Entry> {
        match &entry.body {
            Body::Snapshot(snapshot) => self.part_of(entry, snapshot, wanted),
            Body::Record(record) => {
                let is_meant = self.takes_records()
                    && self.all(|select| select.matches_vehicle(&record.vehicle))
                    && wanted(Part::Record(record));
                is_meant.then(|| entry.clone())
            }
            // Of a kind that nobody here knows how to select.
            _ => None,
        }
    }

    fn part_of(
        &self,
        entry: &Entry,
        snapshot: &Snapshot,
        wanted: impl Fn(Part<'_>) -> bool,
    ) -> Option<Entry> {
        let comes_from = |select: &Select| {
            select.matches_vehicle(&snapshot.vehicle) && select.matches_source(&snapshot.source)
        };
        if !self.all(comes_from) {
            return None;
        }
        let is_meant = |descriptor: &Descriptor| self.all(|select| select.matches_descriptor(descriptor));
        let readings = snapshot.readings.iter();
        let readings: Vec<_> = readings
            .filter(|reading| is_meant(&reading.descriptor) && wanted(Part::Reading(reading)))
            .cloned()
            .collect();
        let ended = snapshot.ended.iter();
        let ended: Vec<_> = ended
            .filter(|ended| is_meant(&ended.descriptor) && wanted(Part::Ended(ended)))
            .cloned()
            .collect();
        if readings.is_empty() && ended.is_empty() {
            return None;
        }
        let is_whole = readings.len() == snapshot.readings.len() && ended.len() == snapshot.ended.len();
        if is_whole && snapshot.documents.is_empty() {
            return Some(entry.clone());
        }
        Some(Entry::snapshot_of(entry.seq, snapshot.with(readings, ended)))
    }

    /// What a sink misses of a batch because it is no reading any more.
    pub fn missed(&self, batch: &Batch) -> Vec<Rejected> {
        let is_wanted = |outgrown: &&Outgrown| {
            self.all(|select| {
                select.matches_vehicle(&outgrown.vehicle)
                    && select.matches_source(&outgrown.source)
                    && select.matches_descriptor(&outgrown.descriptor)
            })
        };
        let missed = batch.outgrown.iter().filter(is_wanted);
        missed
            .map(|outgrown| Rejected {
                seq: outgrown.seq,
                descriptor: outgrown.descriptor.to_string(),
                reading: None,
                reason: outgrown.reason.clone(),
            })
            .collect()
    }

    fn takes_records(&self) -> bool {
        self.records != Records::NotTaken
    }

    fn all(&self, lets_through: impl Fn(&Select) -> bool) -> bool {
        self.selects.iter().all(|select| lets_through(select))
    }
}
