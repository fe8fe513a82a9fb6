//! What every sink promises about entries that are delivered again.

use std::sync::Arc;

use super::{Harness, close_twice, context, entries, expected, stored_once};
use crate::{Entry, Snapshot};

pub(super) async fn conformance(harness: &mut impl Harness) {
    what_is_there_stays_once(harness).await;
    what_is_missing_is_added(harness).await;
    the_rest_of_an_entry_is_added(harness).await;
}

async fn what_is_there_stays_once(harness: &mut impl Harness) {
    harness.reset().await;
    let batch = entries(1, 10);
    let mut sink = harness.open(context()).await;
    sink.write(&batch).await.expect("first delivery");
    sink.rewrite(&batch).await.expect("a rewrite by the same sink");
    close_twice(sink).await;
    let mut sink = harness.open(context()).await;
    sink.rewrite(&batch[2..5])
        .await
        .expect("a rewrite of a part after a restart");
    sink.write(&entries(11, 2))
        .await
        .expect("a write goes on behind a rewrite");
    close_twice(sink).await;
    assert_eq!(
        stored_once(harness).await,
        expected(&entries(1, 12)),
        "a rewrite of what is there changes nothing"
    );
}

/// The first entries, as after somebody emptied the store, and some behind those that are there.
async fn what_is_missing_is_added(harness: &mut impl Harness) {
    harness.reset().await;
    let all = entries(1, 12);
    let mut sink = harness.open(context()).await;
    sink.write(&all[4..6]).await.expect("a write");
    sink.write(&all[9..]).await.expect("a write");
    // In an order of its own: late ones first.
    sink.rewrite(&all[5..]).await.expect("a rewrite");
    sink.rewrite(&all[..7])
        .await
        .expect("a rewrite of numbers from before");
    close_twice(sink).await;
    assert_eq!(
        stored_once(harness).await,
        expected(&all),
        "a rewrite adds what is missing, once"
    );
}

async fn the_rest_of_an_entry_is_added(harness: &mut impl Harness) {
    harness.reset().await;
    let all = entries(1, 4);
    let mut sink = harness.open(context()).await;
    let first: Vec<Entry> = all.iter().map(|entry| part(entry, |at| at % 3 == 0)).collect();
    sink.write(&first).await.expect("a write of parts");
    let second: Vec<Entry> = all.iter().map(|entry| part(entry, |at| at % 3 != 2)).collect();
    sink.rewrite(&second).await.expect("a rewrite of parts");
    let both = expected(&second);
    sink.rewrite(&all).await.expect("a rewrite of whole entries");
    sink.rewrite(&first)
        .await
        .expect("a rewrite of parts that are there");
    close_twice(sink).await;
    let rows = stored_once(harness).await;
    assert!(both.iter().all(|row| rows.contains(row)));
    assert_eq!(
        rows,
        expected(&all),
        "the readings of an entry that are missing are added, once"
    );
}

/// An entry with the readings whose positions are wanted.
fn part(entry: &Entry, wanted: impl Fn(usize) -> bool) -> Entry {
    let readings = entry.snapshot.readings.iter().enumerate();
    let readings = readings
        .filter(|(position, _)| wanted(*position))
        .map(|(_, reading)| reading.clone());
    let snapshot = Snapshot {
        readings: readings.collect(),
        ..Snapshot::clone(&entry.snapshot)
    };
    Entry {
        seq: entry.seq,
        snapshot: Arc::new(snapshot),
    }
}
