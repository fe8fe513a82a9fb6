//! What every sink promises about entries that are delivered again.

use super::entries::{BEGIN, time};
use super::{Harness, close_twice, context, entries, expected, stored, stored_once};
use crate::{Entry, Redelivery, Scope, Value};

pub(super) async fn conformance(harness: &mut impl Harness) {
    what_is_there_stays_once(harness).await;
    what_is_missing_is_added(harness).await;
    the_rest_of_an_entry_is_added(harness).await;
    if harness.plugin().redelivery != Redelivery::Duplicates {
        what_is_read_in_another_way_takes_its_place(harness).await;
        only_what_is_meant_is_erased(harness).await;
    }
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

/// As after a rule has changed: other values, other moments, and readings that are none any more.
async fn what_is_read_in_another_way_takes_its_place(harness: &mut impl Harness) {
    harness.reset().await;
    let before = entries(1, 12);
    let after: Vec<Entry> = before.iter().map(read_anew).collect();
    let mut sink = harness.open(context()).await;
    sink.write(&before).await.expect("a write");
    close_twice(sink).await;
    let mut sink = harness.open(context()).await;
    sink.erase(&Scope::default()).await.expect("everything is erased");
    sink.erase(&Scope::default()).await.expect("and once more");
    assert_eq!(harness.rows().await, [], "nothing is left");
    sink.rewrite(&after[..5]).await.expect("the first part");
    close_twice(sink).await;
    let mut sink = harness.open(context()).await;
    sink.rewrite(&after[5..])
        .await
        .expect("the rest, after a restart");
    sink.write(&entries(13, 2))
        .await
        .expect("a write goes on behind it");
    close_twice(sink).await;
    let mut want = expected(&after);
    want.extend(expected(&entries(13, 2)));
    want.sort();
    assert_eq!(
        stored(harness).await,
        want,
        "the store holds what a fresh one would"
    );
}

async fn only_what_is_meant_is_erased(harness: &mut impl Harness) {
    harness.reset().await;
    let all = entries(1, 12);
    let mut sink = harness.open(context()).await;
    sink.write(&all).await.expect("a write");
    let (since, until) = (time(BEGIN + 4 * 60_000), time(BEGIN + 8 * 60_000));
    let scope = Scope::new(Vec::new(), Some(since), Some(until));
    sink.erase(&scope).await.expect("some minutes are erased");
    let kept: Vec<Entry> = all
        .iter()
        .map(|entry| {
            let is_outside = |at: usize| !(since..=until).contains(&entry.readings()[at].measured_at);
            part(entry, is_outside)
        })
        .collect();
    close_twice(sink).await;
    assert_eq!(stored(harness).await, expected(&kept), "both bounds are included");
    let mut sink = harness.open(context()).await;
    sink.rewrite(&all).await.expect("a rewrite");
    close_twice(sink).await;
    assert_eq!(
        stored(harness).await,
        expected(&all),
        "what was erased is back, once"
    );
}

fn read_anew(entry: &Entry) -> Entry {
    let mut kept = part(entry, |at| at != 1);
    if let crate::Body::Snapshot(snapshot) = &mut kept.body {
        let snapshot = std::sync::Arc::make_mut(snapshot);
        for (at, reading) in snapshot.readings.iter_mut().enumerate() {
            match &mut reading.value {
                Value::Number(number) => *number = *number * 1.609_344 + 1.0,
                _ if at.is_multiple_of(2) => reading.measured_at += jiff::SignedDuration::from_millis(7),
                _ => {}
            }
        }
    }
    kept
}

/// An entry with the readings whose positions are wanted.
fn part(entry: &Entry, wanted: impl Fn(usize) -> bool) -> Entry {
    let readings = entry.readings().iter().enumerate();
    let readings = readings
        .filter(|(position, _)| wanted(*position))
        .map(|(_, reading)| reading.clone());
    let snapshot = entry.snapshot().expect("the suite's entries are snapshots");
    Entry::snapshot_of(entry.seq, snapshot.with(readings.collect(), Vec::new()))
}
