//! Processor time of a reading while it comes, with and without deriving: bursts as a car sends them, stored as the stream
//! stores them, and delivered to SQLite as a run delivers. Time runs as fast as the machine bears; pauses are shortened.

use std::path::Path;
use std::sync::Arc;

use collector::state::OpenState;
use collector_core::{RawSnapshot, SinkContext};
use dispatch::{Remarks, Worker};
use jiff::SignedDuration;
use journal::{Log, Reader};
use ledger::Publisher;
use pipeline::ProcessEnvironment;
use runtime::{Clock, ScaledClock};
use tokio_util::sync::CancellationToken;

use crate::{VIN, append, car, deriving, line, meter};

/// The first is not measured: tables are made on it, and state grows.
const DAYS: i64 = 3;
const TIMES: usize = 3;
const SPEED: f64 = 1_000.0;
/// Messages that are less than this apart come in one burst.
const TOGETHER: SignedDuration = SignedDuration::from_secs(2);
/// A longer pause says no more than this one: everything that waits is done.
const PAUSE: SignedDuration = SignedDuration::from_secs(30);

pub async fn measure() {
    let (mut without, mut with) = (Vec::new(), Vec::new());
    for _ in 0..TIMES {
        without.push(cost(false).await);
        with.push(cost(true).await);
    }
    let median = |mut figures: Vec<f64>| {
        figures.sort_by(f64::total_cmp);
        figures[figures.len() / 2]
    };
    let (without, with) = (median(without), median(with));
    line(
        "processor time of a reading, journal and SQLite",
        &format!("{:.1} µs", without * 1e6),
        "",
    );
    line(
        "the same with deriving, and its records",
        &format!("{:.1} µs", with * 1e6),
        &format!("{:.2} of it; goal 1.10", with / without),
    );
}

/// Of one reading, in seconds.
async fn cost(derives: bool) -> f64 {
    let folder = tempfile::tempdir().unwrap();
    let (state, vin) = (OpenState::open(folder.path()).unwrap(), VIN.parse().unwrap());
    let first = car::day(&vin, 0);
    let messages: Vec<_> = (1..DAYS).flat_map(|day| car::day(&vin, day)).collect();
    let clock: Arc<dyn Clock> = Arc::new(ScaledClock::new(SPEED));
    // One reader, as a run has: deriving and the sinks share what it decodes.
    let reader = state.journal.reader(Default::default()).unwrap();
    let stop = CancellationToken::new();
    let delivered = tokio::spawn(sqlite(folder.path(), &state, &reader, &clock, &stop).await);
    let derived = derives.then(|| tokio::spawn(deriving(&state, &reader, clock.clone()).run(stop.clone())));
    come(&state, &first, clock.as_ref()).await;
    let before = meter::processor();
    come(&state, &messages, clock.as_ref()).await;
    stop.cancel();
    if let Some(derived) = derived {
        derived.await.unwrap();
    }
    delivered.await.unwrap();
    (meter::processor() - before) / messages.len() as f64
}

/// The first message of a burst is stored at once, and the others together, as the stream does.
async fn come(state: &OpenState, messages: &[RawSnapshot], clock: &dyn Clock) {
    let bursts = messages.chunk_by(|one, next| next.received_at.duration_since(one.received_at) < TOGETHER);
    let mut last = messages[0].received_at;
    for burst in bursts {
        let (first, rest) = burst.split_at(1);
        let pause = first[0].received_at.duration_since(last).min(PAUSE);
        clock.sleep(pause.unsigned_abs()).await;
        append(state, first).await;
        if !rest.is_empty() {
            append(state, rest).await;
        }
        last = burst[burst.len() - 1].received_at;
    }
    clock.sleep(PAUSE.unsigned_abs()).await;
}

/// A delivery to SQLite that ends when `stop` is cancelled and everything is delivered.
async fn sqlite(
    folder: &Path,
    state: &OpenState,
    reader: &Reader,
    clock: &Arc<dyn Clock>,
    stop: &CancellationToken,
) -> impl Future<Output = ()> + use<> {
    let text = "accounts: [{ name: home, client_id: 00000000-0000-4000-8000-000000000000 }]\n\
                sources: [{ type: stream }]\nsinks: [{ type: sqlite, path: cardata.db }]\n";
    let pipeline = pipeline::parse("bench", text, folder, &ProcessEnvironment);
    let spec = pipeline.unwrap().sinks.remove(0);
    let log_id = state.journal.log_id().clone();
    let sink = (spec.builder)(SinkContext::new(spec.name.clone(), folder.to_owned(), log_id)).unwrap();
    let worker = Worker {
        name: spec.name.clone(),
        select: spec.select,
        records: spec.plugin.records,
        batch: spec.batch,
        retry: spec.retry,
        journal: state.journal.clone(),
        publisher: Publisher::new(spec.name.clone(), state.ledger.clone(), clock.clone()),
        reader: reader.clone(),
        clock: clock.clone(),
        cursor: state.journal.cursor(&spec.name, 0).await.unwrap(),
        remarks: Remarks::of(0, std::iter::empty()),
        draining: stop.clone(),
        aborted: CancellationToken::new(),
    };
    worker.run(sink)
}
