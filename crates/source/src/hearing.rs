//! What the stream tells the poller: which vehicles speak by themselves, and what they do.
//!
//! A stream calls it for every message, so nothing here waits or writes; the poller is woken only by what changes
//! its plan. What polls tell of the vehicles is kept here too: both are evidence of the same.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use collector_core::{Name, RawReading, RawSnapshot, Vin};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;

use normalise::body::Body;
use normalise::known::{KnownDescriptor, KnownDescriptors};
use normalise::{Meaning, Window, interpret};
use planner::activity::Turns;
use planner::{Activity, Event, Evidence, Observation, Streamed};
use runtime::contain;

use crate::coverage::{Brings, Coverage};
use crate::line::Line;

/// A vehicle that was not heard for so long is polled as if it had no stream: its owner, or BMW, may have reset what
/// is streamed.
const FORGOTTEN: SignedDuration = SignedDuration::from_hours(48);

type Interpret = fn(&Body<'_>, &KnownDescriptor, Window) -> Meaning;

/// Shared between the streams of an account and its poller.
///
/// A snapshot on which reading panics tells nothing and harms nobody: whoever brings it has to store it still, or has
/// others to bring.
#[derive(Debug)]
pub struct Hearing {
    known: KnownDescriptors,
    interpret: Interpret,
    heard: Mutex<Heard>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Heard {
    lines: HashMap<Name, Line>,
    vehicles: HashMap<Vin, Vehicle>,
}

#[derive(Debug, Default)]
struct Vehicle {
    evidence: Evidence,
    coverage: Coverage,
}

/// What the plan depends on, of what messages change.
type Outline = (bool, Activity, Turns);

impl Default for Hearing {
    fn default() -> Self {
        Self {
            known: KnownDescriptors::default(),
            interpret,
            heard: Mutex::default(),
            changed: Notify::default(),
        }
    }
}

impl Hearing {
    /// For tests of what happens where a value cannot even be read without a panic.
    #[cfg(any(test, feature = "testing"))]
    pub fn interpreting(interpret: Interpret) -> Self {
        Self {
            interpret,
            ..Self::default()
        }
    }

    /// A stream is logged in and subscribed since `at`.
    pub fn connected(&self, source: &Name, at: Timestamp) {
        self.change(source, |line| line.connect(at));
    }

    /// A stream is not any more.
    pub fn disconnected(&self, source: &Name, at: Timestamp) {
        self.change(source, |line| line.disconnect(at));
    }

    /// What another run left of a stream: the end of the last gap that is worth a poll, which is made unless one was made
    /// since, and since when nobody is connected.
    pub fn recall_gaps(&self, source: &Name, missed: Option<Timestamp>, since: Option<Timestamp>) {
        let mut heard = self.lock();
        let line = heard.lines.entry(source.clone()).or_default();
        line.recall_gaps(missed, since);
    }

    fn change(&self, source: &Name, change: impl FnOnce(&mut Line) -> bool) {
        let changed = change(self.lock().lines.entry(source.clone()).or_default());
        if changed {
            self.changed.notify_one();
        }
    }

    /// A message of a stream is in the journal. Messages may come in any order, and more than once.
    pub fn heard(&self, snapshot: &RawSnapshot) {
        let now = snapshot.received_at;
        let changed = self.learn(snapshot, |heard| {
            let vehicle = heard.vehicle(&snapshot.vin);
            let before = outline(&vehicle.evidence, now);
            vehicle
                .evidence
                .observe(snapshot, |reading| self.read(reading, snapshot));
            vehicle.coverage.heard(snapshot);
            before != outline(&vehicle.evidence, now)
        });
        if changed == Some(true) {
            self.changed.notify_one();
        }
    }

    /// Takes in what a poll brought.
    pub fn polled(&self, snapshot: &RawSnapshot) {
        self.learn(snapshot, |heard| {
            let carries_since = heard.carries_since(snapshot.received_at);
            let vehicle = heard.vehicle(&snapshot.vin);
            vehicle
                .evidence
                .observe(snapshot, |reading| self.read(reading, snapshot));
            vehicle.coverage.polled(snapshot, carries_since);
        });
    }

    /// `None` after a panic. Each note of [`Heard`] stands alone, so that what was taken in until then is sound.
    fn learn<T>(&self, snapshot: &RawSnapshot, learn: impl FnOnce(&mut Heard) -> T) -> Option<T> {
        let learned = contain(|| learn(&mut self.lock()));
        let told = learned.inspect_err(|panic| {
            tracing::error!(vehicle = %snapshot.vin.key_name(), error = panic, "what a snapshot tells of the vehicle made the program panic, which is a bug; polls are planned without it");
        });
        told.ok()
    }

    /// What one reading says to those who ask what a vehicle does.
    fn read(&self, reading: &RawReading, snapshot: &RawSnapshot) -> Option<Observation> {
        let window = Window::of(snapshot);
        let body = Body::parse(reading.body.get())?;
        match (self.interpret)(&body, self.known.get(&reading.descriptor)?, window) {
            Meaning::Reading {
                value,
                measured_at,
                stamp,
                ..
            } => Some(Observation {
                value,
                measured_at,
                stamp,
            }),
            _ => None,
        }
    }

    /// Takes in what another run wrote down.
    pub fn recall(&self, vin: &Vin, remembered: Evidence) {
        let mut heard = self.lock();
        let evidence = &mut heard.vehicle(vin).evidence;
        *evidence = std::mem::take(evidence).latest(remembered);
    }

    /// What must survive a restart of what a vehicle does.
    pub fn remembered(&self, vin: &Vin) -> Option<String> {
        serde_json::to_string(&self.lock().vehicles.get(vin)?.evidence).ok()
    }

    pub fn activity(&self, vin: &Vin, now: Timestamp, last_poll: Option<Timestamp>) -> Activity {
        let heard = self.lock();
        let vehicle = heard.vehicles.get(vin);
        vehicle.map_or_else(Activity::default, |vehicle| {
            vehicle.evidence.activity(now, last_poll)
        })
    }

    /// What the stream tells of a vehicle; `None` where it is not heard, or not of drives and charges. `streamable`:
    /// everything that is asked for by polls could come by a stream.
    pub fn streamed(&self, vin: &Vin, streamable: bool, now: Timestamp) -> Option<Streamed> {
        let heard = self.lock();
        let since = heard.carries_since(now)?;
        let Vehicle { evidence, coverage } = heard.vehicles.get(vin)?;
        let brings = coverage.brings();
        if brings == Brings::Little {
            return None;
        }
        let spoke = evidence.spoke().filter(|spoke| speaks(*spoke, now))?;
        let missed = heard.lines.values().filter_map(Line::missed).max();
        let reconnected = missed.filter(|at| *at <= now).map(|at| (at, Event::Reconnected));
        Some(Streamed {
            whole: streamable && brings == Brings::All,
            heard: spoke.max(since),
            event: evidence.happened(now).max(reconnected),
        })
    }

    /// Whether a stream of the account runs, short breaks forgiven.
    pub fn is_carried(&self, now: Timestamp) -> bool {
        self.lock().carries_since(now).is_some()
    }

    /// When the plan changes although nothing comes: a stream is down for so long that it is not counted on.
    pub fn gives_up_at(&self, now: Timestamp) -> Option<Timestamp> {
        let heard = self.lock();
        let lines = heard.lines.values();
        lines.filter_map(|line| line.gives_up_at(now)).min()
    }

    /// Waits for something that changes the plan; returns at once where it happened since the last time.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }

    /// The clock was set: what is noted keeps its age.
    pub fn move_with_the_clock(&self, by: SignedDuration) {
        let mut heard = self.lock();
        heard
            .lines
            .values_mut()
            .for_each(|line| line.move_with_the_clock(by));
        for Vehicle { evidence, coverage } in heard.vehicles.values_mut() {
            evidence.move_with_the_clock(by);
            *coverage = Coverage::default();
        }
    }

    /// A panic while it was held leaves nothing half-done that matters.
    fn lock(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Heard {
    fn vehicle(&mut self, vin: &Vin) -> &mut Vehicle {
        self.vehicles.entry(vin.clone()).or_default()
    }

    /// Since when nothing was missed; `None` while no stream can be counted on.
    fn carries_since(&self, now: Timestamp) -> Option<Timestamp> {
        let lines = self.lines.values();
        lines.filter_map(|line| line.carries_since(now)).max()
    }
}

fn outline(evidence: &Evidence, now: Timestamp) -> Outline {
    let spoke = evidence.spoke().is_some_and(|spoke| speaks(spoke, now));
    (spoke, evidence.as_observed(), evidence.turns())
}

fn speaks(spoke: Timestamp, now: Timestamp) -> bool {
    now.duration_since(spoke) < FORGOTTEN
}

#[cfg(test)]
#[path = "tests/hearing.rs"]
mod tests;
