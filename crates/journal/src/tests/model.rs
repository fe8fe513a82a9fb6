//! Random sequences of everything that happens to a journal, against a model in memory.

use std::collections::BTreeSet;

use collector_core::Rejection;
use proptest::prelude::*;

use super::oracle::{Content, DESCRIPTORS, Held, Model, SINKS, Sent, Sink, Stamped};
use super::*;
use crate::log::deliver::{Acknowledgement, Rejected};
use crate::testing::MemoryLog;

#[derive(Debug, Clone)]
enum Step {
    Append {
        vehicle: usize,
        polled: bool,
        minutes: i64,
        sent: Vec<Sent>,
    },
    /// Messages that share a transaction: vehicle and content of each.
    Burst(Vec<(usize, Vec<Sent>)>),
    Deliver {
        sink: usize,
        size: usize,
        rejected: usize,
        acknowledged: bool,
    },
    Flush,
    /// Closed in peace, and opened again.
    Reopen,
    /// What was on disk at this moment is opened, and nothing else.
    Kill,
}

fn step() -> impl Strategy<Value = Step> {
    let content = prop_oneof![
        4 => (0_u8..3).prop_map(Content::Number),
        1 => Just(Content::Word),
        1 => Just(Content::Nothing),
    ];
    let stamped = prop_oneof![
        4 => (0_u8..3).prop_map(Stamped::Minute),
        1 => (0_u8..3).prop_map(Stamped::Fraction),
        3 => (0_u8..3).prop_map(Stamped::Second),
        1 => Just(Stamped::Call),
        1 => Just(Stamped::Missing),
    ];
    let sent = prop::collection::vec((0..DESCRIPTORS.len(), content, stamped), 0..6);
    let burst = prop::collection::vec((0..2_usize, sent.clone()), 0..5);
    prop_oneof![
        3 => burst.prop_map(Step::Burst),
        6 => (0..2_usize, any::<bool>(), 0_i64..3, sent).prop_map(|(vehicle, polled, minutes, sent)| {
            Step::Append { vehicle, polled, minutes, sent }
        }),
        3 => (0..2_usize, 1_usize..6, 0_usize..3, any::<bool>()).prop_map(|(sink, size, rejected, acknowledged)| {
            Step::Deliver { sink, size, rejected, acknowledged }
        }),
        1 => Just(Step::Flush),
        1 => Just(Step::Reopen),
        1 => Just(Step::Kill),
    ]
}

fn as_seen(entries: &[Entry]) -> Vec<(u64, usize, Held)> {
    let entry = |entry: &Entry| {
        let snapshot = entry.snapshot().unwrap();
        let vehicle = VINS
            .iter()
            .position(|vin| *vin == snapshot.vehicle.vin.as_str())
            .unwrap();
        let readings = snapshot.readings.iter().map(|reading| {
            (
                reading.descriptor.to_string(),
                reading.value.to_string(),
                reading.measured_at.as_millisecond(),
                reading.stamp,
                reading.occurrence,
            )
        });
        let ended = snapshot
            .ended
            .iter()
            .map(|ended| (ended.descriptor.to_string(), ended.at.as_millisecond()))
            .filter(|(descriptor, _)| DESCRIPTORS[..2].contains(&&**descriptor));
        let held = Held {
            readings: readings.collect(),
            ended: ended.collect(),
        };
        (entry.seq, vehicle, held)
    };
    entries.iter().map(entry).collect()
}

/// Does to a log and to the model what the steps say, but for what is done to files.
async fn drive(steps: &[Step], log: &dyn Log, batches: &dyn Read, model: &mut Model) {
    for step in steps {
        match step {
            Step::Append {
                vehicle,
                polled,
                minutes,
                sent,
            } => {
                model.now += minutes;
                let snapshot = model.snapshot(*vehicle, *polled, sent);
                let appended = log.append("home".into(), "telematics".into(), [snapshot].into());
                assert_eq!(appended.await.unwrap(), [model.append(*vehicle, *polled, sent)]);
            }
            Step::Burst(messages) => {
                let snapshots = messages
                    .iter()
                    .map(|(vehicle, sent)| model.snapshot(*vehicle, false, sent));
                let appended = log
                    .append("home".into(), "telematics".into(), snapshots.collect())
                    .await
                    .unwrap();
                for ((vehicle, sent), appended) in messages.iter().zip(appended) {
                    assert_eq!(appended, model.append(*vehicle, false, sent));
                }
            }
            &Step::Deliver {
                sink,
                size,
                rejected,
                acknowledged,
            } => deliver((sink, size, rejected, acknowledged), log, batches, model).await,
            Step::Flush | Step::Reopen | Step::Kill => {}
        }
    }
}

async fn deliver(
    (sink, size, rejected, acknowledged): (usize, usize, usize, bool),
    log: &dyn Log,
    batches: &dyn Read,
    model: &mut Model,
) {
    let after = model.sinks[sink].cursor;
    let Some(batch) = batches.read(&"model".into(), after, size).await.unwrap() else {
        assert!(model.log.last().is_none_or(|(seq, ..)| *seq <= after));
        return;
    };
    assert!(batch.last > after);
    assert_eq!(as_seen(&batch.entries), model.between(after, batch.last));
    let readings = batch.entries.iter().map(|entry| entry.readings().len());
    assert_eq!(batch.readings, readings.clone().sum::<usize>());
    let last = batch.entries.last().map_or(0, |entry| entry.readings().len());
    assert!(batch.readings - last < size, "no more than was asked for");
    if !acknowledged {
        return;
    }
    let filled = batch.entries.iter().filter(|entry| !entry.readings().is_empty());
    let refused = filled
        .take(rejected)
        .map(|entry| Rejection::reading(entry.seq, 0, "refused"));
    let refused = Rejected::all(refused.collect(), &batch.entries);
    let dead = refused.len() as u64;
    let stored = batch.readings - refused.len();
    let acknowledgement = Acknowledgement {
        last: batch.last,
        readings: stored,
        rejected: refused,
    };
    let now = time(model.received());
    log.acknowledge(SINKS[sink], now, acknowledgement).await.unwrap();
    if dead > 0 {
        // What waits goes with it.
        model.flushed();
    }
    let sink = &mut model.sinks[sink];
    *sink = Sink {
        cursor: batch.last,
        delivered: sink.delivered + stored as u64,
        dead: sink.dead + dead,
    };
    if dead > 0 {
        model.written = model.sinks.clone();
    }
}

/// The files of a journal that is open, as a kill would leave them.
pub fn copied(state: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for file in ["journal.db", "journal.db-wal"] {
        std::fs::copy(state.join(file), copy.path().join(file)).unwrap();
    }
    copy
}

/// The log on disk, closed, killed and opened in between.
async fn on_disk(steps: &[Step], last_size: usize) {
    let mut state = tempfile::tempdir().unwrap();
    let mut model = Model::default();
    let log_id = open(state.path()).log_id().clone();
    let mut is_first = true;
    for steps in steps.split_inclusive(|step| matches!(step, Step::Flush | Step::Reopen | Step::Kill)) {
        let journal = open(state.path());
        assert_eq!(journal.log_id(), &log_id);
        let newest = model.log.last().map_or(0, |(seq, ..)| *seq);
        assert_eq!(*journal.newest().borrow(), newest);
        for (name, sink) in SINKS.iter().zip(&model.sinks) {
            let start = if is_first { 0 } else { 99 };
            assert_eq!(journal.cursor(name, start).await.unwrap(), sink.cursor);
        }
        is_first = false;
        model.flushed();
        drive(steps, &journal, &reader(&journal), &mut model).await;
        compare_entries(&journal, &model, last_size).await;
        match steps.last() {
            Some(Step::Kill) => {
                state = copied(state.path());
                model.killed();
            }
            _ => {
                journal.flush().await.unwrap();
                model.flushed();
            }
        }
        if let Some(Step::Flush) = steps.last() {
            compare_entries(&journal, &model, last_size).await;
        }
    }
    compare(&open(state.path()), &model, last_size).await;
}

/// The log in memory.
async fn in_memory(steps: &[Step]) {
    let (log, mut model) = (MemoryLog::default(), Model::default());
    for sink in SINKS {
        assert_eq!(log.cursor(sink, 0).await.unwrap(), 0);
    }
    drive(steps, &log, &log, &mut model).await;
    assert_eq!(as_seen(&log.entries()), model.between(0, u64::MAX));
    for (name, sink) in SINKS.iter().zip(&model.sinks) {
        assert_eq!(log.cursor(name, 99).await.unwrap(), sink.cursor);
        assert_eq!(log.dead_letters(name).len() as u64, sink.dead);
    }
}

/// The newest of every series is the one that was measured last, whenever it came.
async fn compare_present(journal: &Journal, model: &Model) {
    let snapshots = reader(journal).latest().await.unwrap();
    let present = snapshots.iter().flat_map(|snapshot| {
        snapshot.readings.iter().map(|reading| {
            let at = reading.measured_at.as_millisecond();
            let value = reading.value.to_string();
            let vin = snapshot.vehicle.vin.to_string();
            (vin, reading.descriptor.to_string(), at, reading.occurrence, value)
        })
    });
    let present_in_model = || {
        let series = model.values.keys().copied();
        series.filter(|series| model.latest(*series).is_some() && !model.has_ended(*series, i64::MAX))
    };
    let wanted = present_in_model().map(|(vehicle, descriptor)| {
        let newest = model.latest((vehicle, descriptor)).unwrap();
        let (vin, descriptor) = (VINS[vehicle].to_owned(), DESCRIPTORS[descriptor].to_owned());
        (
            vin,
            descriptor,
            newest.at,
            newest.occurrence,
            newest.value.clone(),
        )
    });
    assert_eq!(present.collect::<BTreeSet<_>>(), wanted.collect::<BTreeSet<_>>());
    let readings = snapshots.iter().map(|snapshot| snapshot.readings.len());
    assert_eq!(readings.sum::<usize>(), present_in_model().count(), "each once");
}

/// What the entries say, be it written or not: the whole log for a newcomer, the sums, the present.
async fn compare_entries(journal: &Journal, model: &Model, size: usize) {
    let all = read_all(journal, 0, size).await;
    assert_eq!(as_seen(&all), model.between(0, u64::MAX));
    let overview = journal.overview().unwrap();
    let totals = overview.log().unwrap();
    let readings: usize = model.log.iter().map(|(.., held)| held.readings.len()).sum();
    assert_eq!(totals.snapshots, model.log.len() as u64);
    assert_eq!(totals.readings, readings as u64);
    let repeats = model.repeats - model.loose_repeats;
    assert_eq!((totals.repeats, totals.rejected), (repeats, model.rejected));
    let arrivals = overview.arrivals().unwrap();
    let arrived: u64 = arrivals.iter().map(|arrivals| arrivals.snapshots).sum();
    assert_eq!(arrived, model.snapshots - model.loose_snapshots);
    let described: u64 = overview
        .vehicles()
        .unwrap()
        .iter()
        .map(|totals| totals.descriptors)
        .sum();
    let series = model
        .values
        .keys()
        .filter(|series| model.latest(**series).is_some());
    assert_eq!(described, series.count() as u64);
    compare_present(journal, model).await;
}

/// At the end: what the entries say, and how far the sinks have got.
async fn compare(journal: &Journal, model: &Model, size: usize) {
    compare_entries(journal, model, size).await;
    let overview = journal.overview().unwrap();
    for (sink, found) in model.sinks.iter().zip(overview.sinks().unwrap()) {
        assert_eq!((found.cursor, found.dead_letters), (sink.cursor, sink.dead));
        assert_eq!(found.delivered_readings, sink.delivered);
        let behind = model.log.iter().filter(|(seq, ..)| *seq > sink.cursor);
        let waiting: usize = behind.map(|(.., held)| held.readings.len()).sum();
        assert_eq!(found.waiting_readings, waiting as u64);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn a_journal_does_what_the_model_does(steps in prop::collection::vec(step(), 1..24), size in 1_usize..9) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(on_disk(&steps, size));
    }

    #[test]
    fn a_log_in_memory_does_it_too(steps in prop::collection::vec(step(), 1..24)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(in_memory(&steps));
    }
}
