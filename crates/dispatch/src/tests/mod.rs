//! A worker between a real journal and a sink that does as it is told.

mod dead_letters;
mod failures;
mod flow;
mod mended;
mod outgrown;
mod pacing;
mod property;
mod replays;
mod rewrites;
mod selection;
mod stores;

use std::collections::VecDeque;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use collector_core::{
    Entry, Origin, RawReading, RawSnapshot, Rejection, Scope, Sink, SinkError, VehicleSettings, Written,
};
use jiff::{SignedDuration, Timestamp};
use runtime::testing::ManualClock;
use serde_json::value::RawValue;
use tokio::sync::{Semaphore, mpsc};

use super::*;
use collector_core::state::Published;
use journal::log::overview::SinkTotals;
use ledger::testing::MemoryLedger;
use store::Store as Database;

const SOC: &str = "vehicle.drivetrain.batteryManagement.header";
const MILEAGE: &str = "vehicle.vehicle.travelledDistance";
const VINS: [&str; 2] = ["WBY8P210X07A12345", "WBA11AA0001234567"];

fn noon() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

/// What a poll brings for a vehicle: two readings of this value and time.
fn snapshot(vehicle: usize, number: u64) -> RawSnapshot {
    let reading = |descriptor: &str| RawReading {
        descriptor: descriptor.to_owned(),
        body: RawValue::from_string(format!(r#"{{"value":{number},"timestamp":{number}}}"#)).unwrap(),
    };
    RawSnapshot {
        vin: VINS[vehicle].parse().unwrap(),
        origin: Origin::Poll,
        requested_at: Some(noon()),
        sent_at: None,
        received_at: noon(),
        readings: vec![reading(SOC), reading(MILEAGE)],
    }
}

/// What the sink does with one write. When the script is over, it stores.
enum Reply {
    Store,
    Transient(Option<Duration>),
    Misconfigured,
    Panic,
    Hang,
    /// Positions of readings in the batch's first entry.
    Reject(Vec<usize>),
    /// Stores, and all of the store is lost.
    Lose,
    /// Stores, and is replaced by a copy that holds all up to this entry.
    GoBack(u64),
    /// Drops so many readings as too old.
    Outlive(usize),
}

struct Scripted {
    script: VecDeque<Reply>,
    /// What the store says that it holds.
    held: Arc<Mutex<Held>>,
    writes: mpsc::Sender<Vec<Entry>>,
    started: Arc<AtomicUsize>,
    closed: Arc<AtomicUsize>,
}

/// The test's end of a sink.
struct Store {
    held: Arc<Mutex<Held>>,
    writes: mpsc::Receiver<Vec<Entry>>,
    started: Arc<AtomicUsize>,
    closed: Arc<AtomicUsize>,
}

fn scripted(script: impl IntoIterator<Item = Reply>) -> (Box<dyn Sink>, Store) {
    let (sender, writes) = mpsc::channel(64);
    let held = Arc::new(Mutex::new(Held::UpTo(0)));
    let (started, closed) = <(Arc<AtomicUsize>, Arc<AtomicUsize>)>::default();
    let sink = Scripted {
        script: script.into_iter().collect(),
        held: Arc::clone(&held),
        writes: sender,
        started: started.clone(),
        closed: closed.clone(),
    };
    let store = Store {
        held,
        writes,
        started,
        closed,
    };
    (Box::new(sink), store)
}

#[async_trait]
impl Sink for Scripted {
    fn start(&mut self) {
        self.started.fetch_add(1, Ordering::SeqCst);
    }

    async fn check(&mut self) -> Result<(), SinkError> {
        Ok(())
    }

    async fn held(&mut self) -> Result<Held, SinkError> {
        Ok(*self.held.lock().unwrap())
    }

    async fn write(&mut self, batch: &[Entry]) -> Result<Written, SinkError> {
        self.writes.try_send(batch.to_vec()).unwrap();
        *self.held.lock().unwrap() = Held::UpTo(batch.last().map_or(0, |entry| entry.seq));
        match self.script.pop_front().unwrap_or(Reply::Store) {
            Reply::Store => Ok(Written::default()),
            Reply::Transient(retry_after) => {
                let reason = "connection refused".to_owned();
                Err(SinkError::Transient { reason, retry_after })
            }
            Reply::Misconfigured => Err(SinkError::misconfigured(
                "there is no bucket `cardata`: create it",
            )),
            Reply::Panic => panic!("a sink's bug"),
            Reply::Hang => std::future::pending().await,
            Reply::Lose => {
                *self.held.lock().unwrap() = Held::Nothing;
                Ok(Written::default())
            }
            Reply::GoBack(seq) => {
                *self.held.lock().unwrap() = Held::UpTo(seq);
                Ok(Written::default())
            }
            Reply::Outlive(outlived) => {
                let mut written = Written::default();
                written.outlived = outlived;
                Ok(written)
            }
            Reply::Reject(readings) => {
                let rejection = |reading| Rejection::reading(batch[0].seq, reading, "field type conflict");
                Ok(Written::without(readings.into_iter().map(rejection).collect()))
            }
        }
    }

    async fn erase(&mut self, _: &Scope) -> Result<(), SinkError> {
        Ok(())
    }

    async fn close(&mut self) -> Result<(), SinkError> {
        self.closed.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

impl Store {
    fn holds(&self, held: Held) {
        *self.held.lock().unwrap() = held;
    }

    /// The numbers of the entries of each write so far.
    fn seqs(&mut self) -> Vec<Vec<u64>> {
        let batches = std::iter::from_fn(|| self.writes.try_recv().ok());
        batches
            .map(|batch| batch.iter().map(|entry| entry.seq).collect())
            .collect()
    }
}

/// A clock whose sleepers tell the test and wait for its leave.
#[derive(Debug)]
struct HeldClock {
    now: Mutex<Timestamp>,
    sleeping: mpsc::Sender<Duration>,
    leave: Semaphore,
}

fn held_clock() -> (Arc<HeldClock>, mpsc::Receiver<Duration>) {
    let (sleeping, sleeps) = mpsc::channel(64);
    let now = Mutex::new(noon());
    let leave = Semaphore::new(0);
    (Arc::new(HeldClock { now, sleeping, leave }), sleeps)
}

#[async_trait]
impl Clock for HeldClock {
    fn now(&self) -> Timestamp {
        *self.now.lock().unwrap()
    }

    async fn sleep(&self, duration: Duration) {
        self.sleeping.try_send(duration).unwrap();
        self.leave.acquire().await.unwrap().forget();
        *self.now.lock().unwrap() += SignedDuration::try_from(duration).unwrap();
    }
}

fn journal(state: &Path) -> Journal {
    Journal::new(&Database::open(state, &[journal::SCHEMA]).unwrap()).unwrap()
}

struct Rig {
    _state: tempfile::TempDir,
    journal: Journal,
    ledger: Arc<MemoryLedger>,
    reader: Reader,
    clock: Arc<ManualClock>,
    draining: CancellationToken,
    aborted: CancellationToken,
}

impl Rig {
    fn new() -> Self {
        let state = tempfile::tempdir().unwrap();
        let journal = journal(state.path());
        let settings = VehicleSettings {
            name: Some("i3".into()),
            units: None,
        };
        let reader = journal
            .reader([(VINS[0].parse().unwrap(), settings)].into())
            .unwrap();
        Self {
            _state: state,
            journal,
            ledger: Arc::default(),
            reader,
            clock: Arc::new(ManualClock::jumping(noon())),
            draining: CancellationToken::new(),
            aborted: CancellationToken::new(),
        }
    }

    /// A worker that is patient enough for any machine.
    async fn worker(&self, name: &str) -> Worker {
        Worker {
            name: name.into(),
            select: Select::default(),
            records: Records::Replaces,
            batch: BatchOptions::default(),
            retry: Retry {
                timeout: Duration::from_secs(3_600),
                ..Retry::default()
            },
            journal: self.journal.clone(),
            publisher: Publisher::new(name.into(), self.ledger.clone(), self.clock.clone()),
            reader: self.reader.clone(),
            clock: self.clock.clone(),
            remarks: self.remarks(0, name),
            cursor: self.journal.cursor(name, 0).await.unwrap(),
            draining: self.draining.clone(),
            aborted: self.aborted.clone(),
        }
    }

    /// What a sink of this name is known by that was given so many readings.
    fn remarks(&self, given: u64, name: &str) -> Remarks {
        let published = self.ledger.published();
        Remarks::of(given, published.iter().filter(|said| *said.name == *name))
    }

    /// Delivers what is there and ends.
    async fn drain(&self, worker: Worker, sink: Box<dyn Sink>) {
        self.draining.cancel();
        worker.run(sink).await;
    }

    /// Runs a worker until its sink was asked to write so many times, then drains. Returns the entries of each
    /// write.
    async fn writes(
        &self,
        count: usize,
        worker: Worker,
        (sink, mut store): (Box<dyn Sink>, Store),
    ) -> Vec<Vec<u64>> {
        let running = tokio::spawn(worker.run(sink));
        let mut writes = Vec::new();
        for _ in 0..count {
            let batch = store.writes.recv().await.unwrap();
            writes.push(batch.iter().map(|entry| entry.seq).collect());
        }
        self.draining.cancel();
        running.await.unwrap();
        assert_eq!(store.seqs(), Vec::<Vec<u64>>::new(), "no write beyond those");
        assert_eq!(store.closed.load(Ordering::SeqCst), 1);
        writes
    }

    /// `count` polls of the first vehicle, each with a new state of charge and mileage.
    async fn polls(&self, count: u64) {
        let newest = *self.journal.newest().borrow();
        for number in newest + 1..=newest + count {
            self.poll(0, number).await;
        }
    }

    async fn poll(&self, vehicle: usize, number: u64) {
        assert_eq!(self.append(snapshot(vehicle, number)).await, 2);
    }

    /// How much of it was new.
    async fn append(&self, snapshot: RawSnapshot) -> usize {
        let appended = self
            .journal
            .append("home".into(), "telematics".into(), [snapshot].into());
        appended.await.unwrap()[0].new
    }

    async fn totals(&self, sink: &str) -> SinkTotals {
        self.journal.flush().await.unwrap();
        let sinks = self.journal.overview().unwrap().sinks().unwrap();
        sinks.into_iter().find(|totals| totals.sink == sink).unwrap()
    }

    fn published(&self, sink: &str) -> Published {
        let mut components = self.ledger.published().into_iter();
        let is_its = |said: &Published| *said.name == *sink && matches!(said.state, State::Sink(_));
        components.find(is_its).unwrap()
    }

    /// How far this rig's clock has come.
    fn passed(&self) -> SignedDuration {
        self.clock.now().duration_since(noon())
    }
}
