//! A log in memory: for tests of what stands on one, and held against the same model as the one on disk.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use collector_core::{
    Ended, Entry, Name, Origin, RawReading, RawSnapshot, Reading, Snapshot, Stamp, Vehicle, Vin,
};
use entry_form::observe::{MeasuredAt, Observed, What};
use jiff::Timestamp;
use normalise::body::Body;
use normalise::known::{KnownDescriptors, infer};
use normalise::{Meaning, Window, interpret};
use tokio::sync::watch;

use crate::log::deliver::{Acknowledgement, Rejected};
use crate::{Appended, Batch, JournalError, Log, Read};

/// Forgets everything at its end. Fails never.
#[derive(Debug)]
pub struct MemoryLog {
    tables: Mutex<Tables>,
    newest: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Tables {
    /// Entries by number, which is the place counted from 1.
    entries: Vec<Entry>,
    known: KnownDescriptors,
    series: HashMap<(Vin, String), Series>,
    cursors: HashMap<String, u64>,
    dead: Vec<(String, Rejected)>,
}

#[derive(Debug, Default)]
struct Series {
    kept: Vec<Kept>,
    is_absent: bool,
    ended_at: Option<i64>,
}

/// A value that is in the log, also one that fits no type.
#[derive(Debug)]
struct Kept {
    measured: MeasuredAt,
    occurrence: u32,
    hash: i64,
    stamp: Stamp,
    is_reading: bool,
}

/// What of a reading is for sinks.
enum New {
    Reading(Reading),
    Ended(Ended),
    Nothing,
}

impl Default for MemoryLog {
    fn default() -> Self {
        Self {
            tables: Mutex::default(),
            newest: watch::Sender::new(0),
        }
    }
}

impl MemoryLog {
    fn lock(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Every entry, in order.
    pub fn entries(&self) -> Vec<Entry> {
        self.lock().entries.clone()
    }

    /// What a sink refused.
    pub fn dead_letters(&self, sink: &str) -> Vec<Rejected> {
        let tables = self.lock();
        let ours = tables.dead.iter().filter(|(name, _)| name == sink);
        ours.map(|(_, rejected)| rejected.clone()).collect()
    }
}

impl Series {
    /// When the newest reading was measured.
    fn latest(&self) -> Option<i64> {
        let readings = self.kept.iter().filter(|kept| kept.is_reading);
        readings.map(|kept| kept.measured.at).max()
    }

    fn has_ended_by(&self, at: i64) -> bool {
        self.ended_at
            .is_some_and(|ended| ended <= at && self.latest().is_some_and(|latest| latest < ended))
    }

    /// Whether a value that was stamped by the call is another than the newest that was.
    fn differs(&self, at: i64, hash: i64) -> bool {
        let called = self.kept.iter().filter(|kept| kept.stamp == Stamp::Requested);
        let newest = called.max_by_key(|kept| (kept.measured.at, kept.occurrence));
        newest.is_none_or(|newest| newest.hash != hash) || self.has_ended_by(at)
    }

    /// The occurrence of a value that is not there yet; it is kept.
    fn keep(&mut self, observed: &Observed) -> Option<u32> {
        let (measured, hash) = (observed.measured, observed.hash);
        let is_one = |kept: &Kept| {
            kept.hash == hash
                && (kept.measured.at == measured.at
                    || (kept.measured.second() == measured.second()
                        && (kept.measured.whole_second || measured.whole_second)))
        };
        if self.kept.iter().any(is_one) {
            return None;
        }
        let same = self.kept.iter().filter(|kept| kept.measured.at == measured.at);
        let occurrence = u32::try_from(same.count()).unwrap_or(u32::MAX);
        self.is_absent = false;
        self.kept.push(Kept {
            measured,
            occurrence,
            hash,
            stamp: observed.stamp,
            is_reading: matches!(observed.what, What::Value),
        });
        Some(occurrence)
    }

    /// Whether an absence is news.
    fn end(&mut self, at: Option<i64>) -> bool {
        let ends = at.is_some_and(|at| self.latest().is_some_and(|latest| latest < at));
        let is_news = !self.is_absent || (ends && !self.has_ended_by(i64::MAX));
        if is_news {
            self.is_absent = true;
            self.ended_at = self.ended_at.max(at);
        }
        is_news
    }
}

impl Tables {
    fn learn(&mut self, descriptor: &str, body: &Body<'_>) {
        if self.known.get(descriptor).is_none()
            && let Some((value_type, unit)) = infer(body, descriptor)
        {
            self.known.learn(descriptor, value_type, unit);
        }
    }

    /// Whether a reading stays in the log, and what of it is for sinks.
    fn take(&mut self, snapshot: &RawSnapshot, sent: &RawReading, appended: &mut Appended) -> (bool, New) {
        let window = Window::of(snapshot);
        let body = Body::parse(sent.body.get());
        if let Some(body) = &body {
            self.learn(&sent.descriptor, body);
        }
        let observe = |known: &KnownDescriptors| {
            let known = known.get(&sent.descriptor);
            Observed::of(sent.body.get(), body.as_ref(), known, window)
        };
        let mut observed = observe(&self.known);
        let is_misfit = matches!(observed.what, What::Misfit(_)) && body.is_some();
        if is_misfit && self.known.widen(&sent.descriptor) {
            observed = observe(&self.known);
        }
        let known = self.known.get(&sent.descriptor);
        let key = (snapshot.vin.clone(), sent.descriptor.clone());
        let series = self.series.entry(key).or_default();
        if matches!(observed.what, What::Absent) {
            appended.absent += 1;
            let at = observed.ended_at;
            let is_news = series.end(at);
            return match (known, at) {
                (Some(known), Some(at)) if is_news => {
                    let (descriptor, at) = (known.descriptor.clone(), store::timestamp(at));
                    (true, New::Ended(Ended { descriptor, at }))
                }
                _ => (is_news, New::Nothing),
            };
        }
        let at = observed.measured.at;
        let is_news = observed.stamp == Stamp::Measured || series.differs(at, observed.hash);
        let kept = is_news.then(|| series.keep(&observed));
        let Some(occurrence) = kept.flatten() else {
            appended.repeats += 1;
            return (false, New::Nothing);
        };
        let meaning = body.zip(known).map(|(body, known)| {
            let meaning = interpret(&body, known, window);
            (known.descriptor.clone(), meaning)
        });
        let Some((
            descriptor,
            Meaning::Reading {
                value,
                unit,
                measured_at,
                stamp,
            },
        )) = meaning
        else {
            appended.rejected += 1;
            return (true, New::Nothing);
        };
        appended.new += 1;
        let mut reading = Reading::new(descriptor, value, unit, measured_at);
        (reading.stamp, reading.occurrence) = (stamp, occurrence);
        (true, New::Reading(reading))
    }

    fn append(&mut self, account: &Name, source: &Name, snapshot: &RawSnapshot) -> Appended {
        let mut appended = Appended::default();
        let mut stays = snapshot.origin == Origin::Poll;
        let (mut readings, mut ended) = (Vec::new(), Vec::new());
        for reading in &snapshot.readings {
            let (kept, new) = self.take(snapshot, reading, &mut appended);
            stays |= kept;
            match new {
                New::Reading(reading) => readings.push(reading),
                New::Ended(end) => ended.push(end),
                New::Nothing => {}
            }
        }
        if !stays {
            return appended;
        }
        let seq = self.entries.len() as u64 + 1;
        appended.seq = Some(seq);
        let content = Snapshot::new(
            Vehicle::named(snapshot.vin.clone(), None),
            account.clone(),
            source.clone(),
            snapshot.origin,
            snapshot.received_at,
        )
        .with(readings, ended);
        self.entries.push(Entry::snapshot_of(seq, content));
        appended
    }
}

#[async_trait]
impl Log for MemoryLog {
    async fn append(
        &self,
        account: Name,
        source: Name,
        snapshots: Arc<[RawSnapshot]>,
    ) -> Result<Vec<Appended>, JournalError> {
        let mut tables = self.lock();
        let appended = snapshots
            .iter()
            .map(|snapshot| tables.append(&account, &source, snapshot))
            .collect();
        self.newest.send_replace(tables.entries.len() as u64);
        Ok(appended)
    }

    fn newest(&self) -> watch::Receiver<u64> {
        self.newest.subscribe()
    }

    async fn cursor(&self, sink: &str, start: u64) -> Result<u64, JournalError> {
        Ok(*self.lock().cursors.entry(sink.to_owned()).or_insert(start))
    }

    async fn acknowledge(
        &self,
        sink: &str,
        _: Timestamp,
        acknowledgement: Acknowledgement,
    ) -> Result<(), JournalError> {
        let mut tables = self.lock();
        let cursor = tables.cursors.entry(sink.to_owned()).or_default();
        *cursor = acknowledgement.last.max(*cursor);
        let rejected = acknowledgement.rejected.into_iter();
        tables
            .dead
            .extend(rejected.map(|rejected| (sink.to_owned(), rejected)));
        Ok(())
    }
}

#[async_trait]
impl Read for MemoryLog {
    async fn read(&self, _: &Name, after: u64, readings: usize) -> Result<Option<Batch>, JournalError> {
        let tables = self.lock();
        let (mut entries, mut held, mut last) = (Vec::new(), 0, after);
        let behind = usize::try_from(after).unwrap_or(usize::MAX);
        for (place, entry) in tables.entries.iter().enumerate().skip(behind) {
            if held >= readings || entries.len() >= readings {
                break;
            }
            last = place as u64 + 1;
            held += entry.readings().len();
            entries.push(entry.clone());
        }
        Ok((last > after).then(|| Batch {
            entries: entries.into(),
            outgrown: Arc::default(),
            readings: held,
            last,
            damaged: Arc::default(),
        }))
    }
}
