//! What of a batch is for one sink.

use std::sync::Arc;

use collector_core::{Entry, Snapshot};

use crate::config::Select;
use crate::journal::Batch;

/// The entries that `select` lets through, with only the readings that it lets through. A sink that wants
/// everything shares the batch.
pub fn selected(select: &Select, batch: &Batch) -> Arc<[Entry]> {
    if select.is_all() {
        return batch.entries.clone();
    }
    batch
        .entries
        .iter()
        .filter_map(|entry| part(select, entry))
        .collect()
}

fn part(select: &Select, entry: &Entry) -> Option<Entry> {
    let snapshot = &entry.snapshot;
    if !select.matches_vehicle(&snapshot.vehicle) || !select.matches_source(&snapshot.source) {
        return None;
    }
    let wanted = |reading: &&collector_core::Reading| select.matches_descriptor(&reading.descriptor);
    let readings: Vec<_> = snapshot.readings.iter().filter(wanted).cloned().collect();
    if readings.is_empty() {
        return None;
    }
    if readings.len() == snapshot.readings.len() {
        return Some(entry.clone());
    }
    let Snapshot {
        vehicle,
        account,
        source,
        origin,
        received_at,
        ..
    } = snapshot.as_ref().clone();
    let snapshot = Snapshot {
        vehicle,
        account,
        source,
        origin,
        received_at,
        readings,
    };
    Some(Entry {
        seq: entry.seq,
        snapshot: Arc::new(snapshot),
    })
}
