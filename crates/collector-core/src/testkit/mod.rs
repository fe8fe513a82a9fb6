//! The conformance suite: what every sink has to prove, and the entries to prove it with.
//!
//! A sink's package implements [`Harness`] for its store and calls [`conformance`] from one test.

#![expect(clippy::expect_used, reason = "a test suite speaks by panicking")]

mod entries;
pub mod lines;
mod present;
mod records;
mod rewrite;
mod torn;

use std::pin::pin;
use std::task::{Context, Waker};

use async_trait::async_trait;

pub use entries::{context, ended, entries, entry_with, reading, vehicle};
pub use records::{RecordRow, TRIP, record_rows, trip};

use crate::{Entry, Redelivery, Sink, SinkContext, SinkError, SinkPlugin, Written};

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
    /// Every record in the present store, each child as a row of its own kind; empty where the sink takes none. Where
    /// revisions stand side by side, all of them.
    async fn records(&mut self) -> Vec<RecordRow>;
    /// Vehicle and descriptor of everything that the store shows as the present; `None` where it shows no present.
    async fn present(&mut self) -> Option<Vec<(String, String)>> {
        None
    }
    /// Leaves the store as a power cut in the middle of its last write would: cuts some bytes off the end of what was
    /// written last. `false` where the store itself sees to it that this cannot be.
    async fn tear(&mut self) -> bool {
        false
    }
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
    a_reopened_sink_goes_on(harness).await;
    rewrite::conformance(harness).await;
    records::conformance(harness).await;
    present::conformance(harness).await;
    torn::conformance(harness).await;
    for way in [Way::Write, Way::Rewrite] {
        a_refused_reading_is_rejected_alone(harness, way).await;
        a_dropped_delivery_harms_nothing(harness, way).await;
    }
}

/// How a sink is given entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Write,
    Rewrite,
}

impl Way {
    async fn deliver(self, sink: &mut dyn Sink, batch: &[Entry]) -> Result<Written, SinkError> {
        match self {
            Self::Write => sink.write(batch).await,
            Self::Rewrite => sink.rewrite(batch).await,
        }
    }
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
    let batch = entries(1, 20);
    let written = delivered(harness, Way::Write, &batch).await;
    assert_eq!(written.rejected, [], "nothing of a sound batch is rejected");
    assert_eq!(
        stored(harness).await,
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
    let longer = entries(1, 12);
    delivered(harness, Way::Write, &longer).await;
    let mut want = expected(&longer);
    if harness.plugin().redelivery == Redelivery::Duplicates {
        want.extend(expected(&batch));
        want.extend(expected(&batch));
        want.sort();
    }
    assert_eq!(stored(harness).await, want, "a repeat shows as declared");
}

async fn a_reopened_sink_goes_on(harness: &mut impl Harness) {
    harness.reset().await;
    let all = entries(1, 12);
    for part in all.chunks(4) {
        delivered(harness, Way::Write, part).await;
    }
    assert_eq!(
        stored(harness).await,
        expected(&all),
        "nothing is lost or doubled over restarts"
    );
}

async fn a_refused_reading_is_rejected_alone(harness: &mut impl Harness, way: Way) {
    let Some(refused) = harness.refused(5) else { return };
    harness.reset().await;
    let mut batch = entries(1, 9);
    let good: Vec<Entry> = batch.iter().filter(|entry| entry.seq != 5).cloned().collect();
    batch[4] = refused;
    let rejected = delivered(harness, way, &batch).await.rejected;
    let named: Vec<_> = rejected.iter().map(|one| (one.seq, one.reading)).collect();
    assert_eq!(named, [(5, Some(0))], "a {way:?} names the refused reading");
    assert!(!rejected[0].reason.is_empty(), "with a reason");
    let rows = stored(harness).await;
    assert_eq!(rows, expected(&good), "its neighbours are stored, once");
}

async fn a_dropped_delivery_harms_nothing(harness: &mut impl Harness, way: Way) {
    harness.reset().await;
    let batch = entries(1, 10);
    let mut sink = harness.open(context()).await;
    if way == Way::Rewrite {
        sink.write(&batch[6..]).await.expect("a write");
    }
    {
        let delivery = pin!(way.deliver(&mut *sink, &batch));
        // One step and no further, as when a time-out strikes.
        let _ = delivery.poll(&mut Context::from_waker(Waker::noop()));
    }
    way.deliver(&mut *sink, &batch)
        .await
        .expect("the delivery after a dropped one succeeds");
    close_twice(sink).await;
    assert_eq!(
        stored_once(harness).await,
        expected(&batch),
        "a dropped {way:?} leaves no trace of its own"
    );
}

/// Gives a batch to a new sink, as after a restart, and closes it.
async fn delivered(harness: &mut impl Harness, way: Way, batch: &[Entry]) -> Written {
    let mut sink = harness.open(context()).await;
    let written = way.deliver(&mut *sink, batch).await;
    let written = written.expect("a sound store accepts a batch, whatever single readings it refuses");
    close_twice(sink).await;
    written
}

async fn close_twice(mut sink: Box<dyn Sink>) {
    sink.close().await.expect("close succeeds");
    sink.close().await.expect("a second close succeeds");
}

/// The rows that a batch must leave behind, sorted.
pub fn expected(batch: &[Entry]) -> Vec<Row> {
    let rows = batch.iter().flat_map(|entry| {
        let vin = entry.snapshot().map(|snapshot| snapshot.vehicle.vin.to_string());
        entry.readings().iter().map(move |reading| Row {
            vin: vin.clone().unwrap_or_default(),
            descriptor: reading.descriptor.to_string(),
            measured_at: reading.measured_at.as_millisecond(),
            value: reading.value.to_string(),
        })
    });
    let mut rows: Vec<_> = rows.collect();
    rows.sort();
    rows
}

/// What stands in the store, sorted.
async fn stored(harness: &mut impl Harness) -> Vec<Row> {
    let mut rows = harness.rows().await;
    rows.sort();
    rows
}

/// What stands in the store, sorted; where repeats stand side by side, each row once.
async fn stored_once(harness: &mut impl Harness) -> Vec<Row> {
    let mut rows = stored(harness).await;
    if harness.plugin().redelivery == Redelivery::Duplicates {
        rows.dedup();
    }
    rows
}
