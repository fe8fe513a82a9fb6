//! The conformance suite: what every sink has to prove, and the entries to prove it with.
//!
//! A sink's package implements [`Harness`] for its store and calls [`conformance`] from one test.

#![expect(clippy::expect_used, reason = "a test suite speaks by panicking")]

mod entries;
mod rewrite;

use std::sync::Arc;
use std::task::{Context, Waker};

use async_trait::async_trait;

pub use entries::{context, entries, entry_with, reading, vehicle};

use crate::{Entry, Redelivery, Sink, SinkContext, SinkPlugin};

/// One reading as it stands in a store.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Row {
    pub vin: String,
    pub descriptor: String,
    /// Milliseconds since the epoch.
    pub measured_at: i64,
    /// As [`crate::Value`] displays it; a number as `f64` displays it.
    pub value: String,
}

/// A store under test.
#[async_trait]
pub trait Harness: Send {
    fn plugin(&self) -> &'static SinkPlugin;
    /// Throws the store away and makes an empty one.
    async fn reset(&mut self);
    /// A new sink on the present store, as after a restart.
    async fn open(&mut self, context: SinkContext) -> Box<dyn Sink>;
    /// Every reading in the present store; empty where the store has never been written to.
    async fn rows(&mut self) -> Vec<Row>;
    /// An entry whose only reading the store refuses; `None` where it refuses nothing.
    fn refused(&self, seq: u64) -> Option<Entry>;
}

/// Runs the whole suite. Panics with the promise that was broken.
pub async fn conformance(harness: &mut impl Harness) {
    let plugin = harness.plugin();
    assert!(
        plugin.sample.contains(&format!("type: {}", plugin.type_name)),
        "the sample names its type"
    );
    check_writes_nothing(harness).await;
    what_is_written_can_be_read(harness).await;
    redelivery_is_as_declared(harness).await;
    a_refused_reading_is_rejected_alone(harness).await;
    a_dropped_write_harms_nothing(harness).await;
    a_reopened_sink_goes_on(harness).await;
    rewrite::conformance(harness).await;
}

async fn check_writes_nothing(harness: &mut impl Harness) {
    harness.reset().await;
    let mut sink = harness.open(context()).await;
    sink.check().await.expect("check of a sound store succeeds");
    assert_eq!(harness.rows().await, [], "check writes nothing");
    close_twice(sink).await;
}

async fn what_is_written_can_be_read(harness: &mut impl Harness) {
    harness.reset().await;
    let mut sink = harness.open(context()).await;
    let batch = entries(1, 20);
    let written = sink.write(&batch).await.expect("a sound store accepts a write");
    assert_eq!(written.rejected, [], "nothing of a sound batch is rejected");
    close_twice(sink).await;
    assert_eq!(
        sorted(harness.rows().await),
        expected(&batch),
        "each reading stands in the store once"
    );
}

async fn redelivery_is_as_declared(harness: &mut impl Harness) {
    harness.reset().await;
    let batch = entries(1, 10);
    let mut sink = harness.open(context()).await;
    sink.write(&batch).await.expect("first delivery");
    sink.write(&batch)
        .await
        .expect("second delivery to the same sink");
    close_twice(sink).await;
    // A crash before the acknowledgement: the same entries come to a new sink, with newer ones behind them.
    let mut sink = harness.open(context()).await;
    let longer = entries(1, 12);
    sink.write(&longer).await.expect("third delivery after a restart");
    close_twice(sink).await;
    let mut want = expected(&longer);
    if harness.plugin().redelivery == Redelivery::Duplicates {
        want.extend(expected(&batch));
        want.extend(expected(&batch));
        want.sort();
    }
    assert_eq!(sorted(harness.rows().await), want, "a repeat shows as declared");
}

async fn a_refused_reading_is_rejected_alone(harness: &mut impl Harness) {
    let Some(refused) = harness.refused(5) else { return };
    harness.reset().await;
    let mut batch = entries(1, 9);
    let good: Vec<Entry> = batch.iter().filter(|entry| entry.seq != 5).cloned().collect();
    batch[4] = refused;
    let mut sink = harness.open(context()).await;
    let written = sink
        .write(&batch)
        .await
        .expect("one refused reading does not fail the batch");
    close_twice(sink).await;
    let rejected: Vec<_> = written
        .rejected
        .iter()
        .map(|rejection| (rejection.seq, rejection.reading))
        .collect();
    assert_eq!(rejected, [(5, 0)], "the refused reading is named");
    assert!(!written.rejected[0].reason.is_empty(), "with a reason");
    assert_eq!(
        sorted(harness.rows().await),
        expected(&good),
        "its neighbours are stored"
    );
}

async fn a_dropped_write_harms_nothing(harness: &mut impl Harness) {
    harness.reset().await;
    let batch = entries(1, 10);
    let mut sink = harness.open(context()).await;
    {
        let mut write = sink.write(&batch);
        // One step and no further, as when a time-out strikes.
        let _ = write.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    }
    sink.write(&batch)
        .await
        .expect("the write after a dropped one succeeds");
    close_twice(sink).await;
    let mut rows = sorted(harness.rows().await);
    if harness.plugin().redelivery == Redelivery::Duplicates {
        rows.dedup();
    }
    assert_eq!(
        rows,
        expected(&batch),
        "a dropped write leaves no trace of its own"
    );
}

async fn a_reopened_sink_goes_on(harness: &mut impl Harness) {
    harness.reset().await;
    let all = entries(1, 12);
    for part in all.chunks(4) {
        let mut sink = harness.open(context()).await;
        sink.write(part).await.expect("each restart goes on");
        close_twice(sink).await;
    }
    assert_eq!(
        sorted(harness.rows().await),
        expected(&all),
        "nothing is lost or doubled over restarts"
    );
}

async fn close_twice(mut sink: Box<dyn Sink>) {
    sink.close().await.expect("close succeeds");
    sink.close().await.expect("a second close succeeds");
}

/// The rows that a batch must leave behind, sorted.
pub fn expected(batch: &[Entry]) -> Vec<Row> {
    let rows = batch.iter().flat_map(|entry| {
        entry.snapshot.readings.iter().map(|reading| Row {
            vin: entry.snapshot.vehicle.vin.to_string(),
            descriptor: reading.descriptor.to_string(),
            measured_at: reading.measured_at.as_millisecond(),
            value: reading.value.to_string(),
        })
    });
    sorted(rows.collect())
}

fn sorted(mut rows: Vec<Row>) -> Vec<Row> {
    rows.sort();
    rows
}

/// The name that a text is shared under in the suite's entries.
pub(crate) fn name(text: &str) -> Arc<str> {
    text.into()
}
