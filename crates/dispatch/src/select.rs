//! What of a batch is for one sink.

use std::sync::Arc;

use collector_core::{Entry, Reading, Select, Snapshot};
use journal::Batch;
use journal::log::deliver::Rejected;
use journal::log::read::Outgrown;

/// The entries that `select` lets through, with only the readings that it lets through. A sink that wants
/// everything shares the batch.
pub fn selected(select: &Select, batch: &Batch) -> Arc<[Entry]> {
    if select.is_all() {
        return batch.entries.clone();
    }
    let entries = batch.entries.iter();
    entries
        .filter_map(|entry| part_of_all(&[select], entry, |_| true))
        .collect()
}

/// What a sink misses of a batch because it is no reading any more.
pub fn missed(selects: &[&Select], batch: &Batch) -> Vec<Rejected> {
    let is_wanted = |outgrown: &&Outgrown| {
        selects.iter().all(|select| {
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

/// What all of `selects` let through of an entry, as far as `wanted` wants it; `None` where that is no reading.
pub fn part_of_all(selects: &[&Select], entry: &Entry, wanted: impl Fn(&Reading) -> bool) -> Option<Entry> {
    let snapshot = &entry.snapshot;
    let mut each = selects.iter();
    if !each.all(|one| one.matches_vehicle(&snapshot.vehicle) && one.matches_source(&snapshot.source)) {
        return None;
    }
    let is_meant = |reading: &&Reading| {
        let mut each = selects.iter();
        each.all(|one| one.matches_descriptor(&reading.descriptor)) && wanted(reading)
    };
    let readings: Vec<_> = snapshot.readings.iter().filter(is_meant).cloned().collect();
    if readings.is_empty() {
        return None;
    }
    if readings.len() == snapshot.readings.len() {
        return Some(entry.clone());
    }
    let snapshot = Snapshot {
        vehicle: snapshot.vehicle.clone(),
        account: snapshot.account.clone(),
        source: snapshot.source.clone(),
        readings,
        ..**snapshot
    };
    Some(Entry {
        seq: entry.seq,
        snapshot: Arc::new(snapshot),
    })
}
