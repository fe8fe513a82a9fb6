//! Random sequences of everything that happens to a journal, against a model in memory.

use std::collections::{HashMap, HashSet};

use collector_core::{Rejection, Stamp};
use proptest::prelude::*;

use super::*;
use crate::journal::deliver::{Acknowledgement, Rejected};

/// Two of the catalogue, one of them stamped by the call, and two that the catalogue does not have.
const DESCRIPTORS: [&str; 4] = [SOC, HV_STATUS, "vehicle.new.\"alpha\"", "vehicle.new.beta"];
const SINKS: [&str; 2] = ["one", "two"];

#[derive(Debug, Clone, Copy)]
enum Content {
    Number(u8),
    Word,
    Nothing,
}

#[derive(Debug, Clone, Copy)]
enum Stamped {
    Minute(u8),
    Call,
    Missing,
}

type Sent = (usize, Content, Stamped);

#[derive(Debug, Clone)]
enum Step {
    Append {
        vehicle: usize,
        polled: bool,
        minutes: i64,
        sent: Vec<Sent>,
    },
    Deliver {
        sink: usize,
        size: usize,
        rejected: usize,
        acknowledged: bool,
    },
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    let content = prop_oneof![
        4 => (0_u8..3).prop_map(Content::Number),
        1 => Just(Content::Word),
        1 => Just(Content::Nothing),
    ];
    let stamped = prop_oneof![
        4 => (0_u8..3).prop_map(Stamped::Minute),
        1 => Just(Stamped::Call),
        1 => Just(Stamped::Missing),
    ];
    let sent = prop::collection::vec((0..DESCRIPTORS.len(), content, stamped), 0..6);
    prop_oneof![
        6 => (0..2_usize, any::<bool>(), 0_i64..3, sent).prop_map(|(vehicle, polled, minutes, sent)| {
            Step::Append { vehicle, polled, minutes, sent }
        }),
        3 => (0..2_usize, 1_usize..6, 0_usize..3, any::<bool>()).prop_map(|(sink, size, rejected, acknowledged)| {
            Step::Deliver { sink, size, rejected, acknowledged }
        }),
        1 => Just(Step::Reopen),
    ]
}

/// A reading as a sink should see it: descriptor, value, time, stamp, occurrence.
type Seen = (String, String, i64, Stamp, u32);

#[derive(Debug, Default)]
struct Sink {
    cursor: u64,
    delivered: u64,
    dead: u64,
}

#[derive(Debug, Default)]
struct Model {
    now: i64,
    /// Entry numbers with what they hold; also those that hold nothing for a sink.
    log: Vec<(u64, usize, Vec<Seen>)>,
    /// The last value, by vehicle and descriptor.
    values: HashMap<(usize, usize), String>,
    /// What came behind it that is no value.
    misfits: HashMap<(usize, usize), String>,
    seen: HashSet<(usize, usize, i64, String)>,
    occurrences: HashMap<(usize, usize, i64), u32>,
    /// Whether a new descriptor holds numbers.
    learned: HashMap<usize, bool>,
    repeats: u64,
    rejected: u64,
    sinks: [Sink; 2],
}

impl Model {
    fn request(&self) -> i64 {
        NOON + 86_400_000 + self.now * 60_000
    }

    fn received(&self) -> i64 {
        self.request() + 1_000
    }

    fn body(&self, (_, content, stamped): Sent) -> String {
        let value = match content {
            Content::Number(number) => format!("\"{number}\""),
            Content::Word => "\"odd\"".to_owned(),
            Content::Nothing => "null".to_owned(),
        };
        match self.stamp_sent(stamped) {
            Some(at) => format!(r#"{{"value":{value},"timestamp":"{:.3}"}}"#, time(at)),
            None => format!(r#"{{"value":{value},"timestamp":null}}"#),
        }
    }

    fn stamp_sent(&self, stamped: Stamped) -> Option<i64> {
        match stamped {
            Stamped::Minute(minute) => Some(NOON + i64::from(minute) * 60_000),
            Stamped::Call => Some(self.request() + 400),
            Stamped::Missing => None,
        }
    }

    fn changed(&mut self, series: (usize, usize), value: &str) -> bool {
        self.misfits.remove(&series);
        self.values.insert(series, value.to_owned()).as_deref() != Some(value)
    }

    fn misfit(&mut self, series: (usize, usize), what: String) -> bool {
        self.misfits.insert(series, what.clone()) != Some(what)
    }

    fn append(&mut self, vehicle: usize, polled: bool, sent: &[Sent]) -> Appended {
        let mut appended = Appended::default();
        let (mut kept, mut readings) = (0, Vec::new());
        for &sent in sent {
            let (descriptor, content, stamped) = sent;
            let series = (vehicle, descriptor);
            let numeric = match (descriptor, content) {
                (0, _) => true,
                (1, _) => false,
                (_, Content::Nothing) => true,
                (_, content) => *self
                    .learned
                    .entry(descriptor)
                    .or_insert(matches!(content, Content::Number(_))),
            };
            let value = match content {
                Content::Nothing => {
                    appended.absent += 1;
                    kept += usize::from(self.misfit(series, "nothing".to_owned()));
                    continue;
                }
                Content::Word if numeric => {
                    let body = self.body(sent);
                    if self.misfit(series, body) {
                        appended.rejected += 1;
                        kept += 1;
                    } else {
                        appended.repeats += 1;
                    }
                    continue;
                }
                Content::Word => "odd".to_owned(),
                Content::Number(number) => number.to_string(),
            };
            let at = self.stamp_sent(stamped);
            let stamp = match at {
                None => Stamp::Requested,
                Some(_) if descriptor == 1 => Stamp::Requested,
                Some(_) => Stamp::Measured,
            };
            let at = at.unwrap_or(self.received());
            let changed = self.changed(series, &value);
            let new = (changed || stamp == Stamp::Measured)
                && self.seen.insert((vehicle, descriptor, at, value.clone()));
            if !new {
                appended.repeats += 1;
                continue;
            }
            let next = self.occurrences.entry((vehicle, descriptor, at)).or_default();
            readings.push((DESCRIPTORS[descriptor].to_owned(), value, at, stamp, *next));
            *next += 1;
            appended.new += 1;
            kept += 1;
        }
        if kept > 0 || polled {
            let seq = self.log.last().map_or(0, |(seq, ..)| *seq) + 1;
            appended.seq = Some(seq);
            self.log.push((seq, vehicle, readings));
            self.repeats += appended.repeats as u64;
        }
        self.rejected += appended.rejected as u64;
        appended
    }

    /// What a sink should be given after `after`, up to `last`.
    fn between(&self, after: u64, last: u64) -> Vec<(u64, usize, Vec<Seen>)> {
        let within = |entry: &&(u64, usize, Vec<Seen>)| entry.0 > after && entry.0 <= last;
        let entries = self.log.iter().filter(within);
        entries
            .filter(|(.., readings)| !readings.is_empty())
            .cloned()
            .collect()
    }
}

fn as_seen(entries: &[Entry]) -> Vec<(u64, usize, Vec<Seen>)> {
    let entry = |entry: &Entry| {
        let snapshot = &entry.snapshot;
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
        (entry.seq, vehicle, readings.collect())
    };
    entries.iter().map(entry).collect()
}

async fn run(steps: Vec<Step>, last_size: usize) {
    let state = tempfile::tempdir().unwrap();
    let mut journal = open(state.path());
    let mut batches = reader(&journal);
    let log_id = journal.log_id().clone();
    let mut model = Model::default();
    for sink in SINKS {
        assert_eq!(journal.cursor(sink, 0).await.unwrap(), 0);
    }
    for step in steps {
        match step {
            Step::Append {
                vehicle,
                polled,
                minutes,
                sent,
            } => {
                model.now += minutes;
                let origin = if polled { Origin::Poll } else { Origin::Stream };
                let readings = sent
                    .iter()
                    .map(|&sent| raw(DESCRIPTORS[sent.0], &model.body(sent)));
                let snapshot = RawSnapshot {
                    vin: vin(vehicle),
                    origin,
                    requested_at: Some(time(model.request())),
                    sent_at: None,
                    received_at: time(model.received()),
                    readings: readings.collect(),
                };
                let appended = append(&journal, snapshot).await;
                assert_eq!(appended, model.append(vehicle, polled, &sent));
            }
            Step::Deliver {
                sink,
                size,
                rejected,
                acknowledged,
            } => {
                let after = model.sinks[sink].cursor;
                let Some(batch) = batches.read(&"model".into(), after, size).await.unwrap() else {
                    assert!(model.log.last().is_none_or(|(seq, ..)| *seq <= after));
                    continue;
                };
                assert!(batch.last > after);
                assert_eq!(as_seen(&batch.entries), model.between(after, batch.last));
                let readings = batch.entries.iter().map(|entry| entry.snapshot.readings.len());
                assert_eq!(batch.readings, readings.clone().sum::<usize>());
                let last = batch
                    .entries
                    .last()
                    .map_or(0, |entry| entry.snapshot.readings.len());
                assert!(batch.readings - last < size, "no more than was asked for");
                if !acknowledged {
                    continue;
                }
                let refused = batch.entries.iter().take(rejected).map(|entry| Rejection {
                    seq: entry.seq,
                    reading: 0,
                    reason: "refused".to_owned(),
                });
                let refused = Rejected::all(refused.collect(), &batch.entries);
                let dead = refused.len() as u64;
                let stored = batch.readings - refused.len();
                let acknowledgement = Acknowledgement {
                    last: batch.last,
                    readings: stored,
                    rejected: refused,
                };
                let now = time(model.received());
                journal
                    .acknowledge(SINKS[sink], now, acknowledgement)
                    .await
                    .unwrap();
                let sink = &mut model.sinks[sink];
                *sink = Sink {
                    cursor: batch.last,
                    delivered: sink.delivered + stored as u64,
                    dead: sink.dead + dead,
                };
            }
            Step::Reopen => {
                drop((journal, batches));
                journal = open(state.path());
                batches = reader(&journal);
                assert_eq!(journal.log_id(), &log_id);
                let newest = model.log.last().map_or(0, |(seq, ..)| *seq);
                assert_eq!(*journal.newest().borrow(), newest);
                for (name, sink) in SINKS.iter().zip(&model.sinks) {
                    assert_eq!(journal.cursor(name, 99).await.unwrap(), sink.cursor);
                }
            }
        }
    }
    compare(&journal, &model, last_size).await;
}

/// At the end: the whole log for a newcomer, and the sums.
async fn compare(journal: &Journal, model: &Model, size: usize) {
    let all = read_all(journal, 0, size).await;
    assert_eq!(as_seen(&all), model.between(0, u64::MAX));
    let overview = journal.overview().unwrap();
    let totals = overview.log().unwrap();
    let readings: usize = model.log.iter().map(|(.., readings)| readings.len()).sum();
    assert_eq!(totals.snapshots, model.log.len() as u64);
    assert_eq!(totals.readings, readings as u64);
    assert_eq!((totals.repeats, totals.rejected), (model.repeats, model.rejected));
    for (sink, found) in model.sinks.iter().zip(overview.sinks().unwrap()) {
        assert_eq!((found.cursor, found.dead_letters), (sink.cursor, sink.dead));
        assert_eq!(found.delivered_readings, sink.delivered);
        let behind = model.log.iter().filter(|(seq, ..)| *seq > sink.cursor);
        let waiting: usize = behind.map(|(.., readings)| readings.len()).sum();
        assert_eq!(found.waiting_readings, waiting as u64);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn a_journal_does_what_the_model_does(steps in prop::collection::vec(step(), 1..24), size in 1_usize..9) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(run(steps, size));
    }
}
