//! A log in memory: for tests of what stands on one, and held against the same model as the one on disk.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use collector_core::{Entry, Name, Origin, RawReading, RawSnapshot, Reading, Snapshot, Stamp, Vehicle, Vin};
use jiff::Timestamp;
use normalise::body::Body;
use normalise::known::{KnownDescriptors, infer};
use normalise::{Meaning, Window, interpret};
use tokio::sync::watch;

use crate::log::append::repeats::{MeasuredAt, identity, misfit_identity};
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
    /// Entries by number, which is the place counted from 1; `None` where nothing in one is for a sink.
    entries: Vec<Option<Entry>>,
    known: KnownDescriptors,
    series: HashMap<(Vin, String), Series>,
    cursors: HashMap<String, u64>,
    dead: Vec<(String, Rejected)>,
}

#[derive(Debug, Default)]
struct Series {
    kept: Vec<Kept>,
    last_misfit: Option<String>,
}

/// A value that is in the log.
#[derive(Debug)]
struct Kept {
    measured: MeasuredAt,
    occurrence: u32,
    identity: String,
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

    /// Every entry with readings, in order.
    pub fn entries(&self) -> Vec<Entry> {
        self.lock().entries.iter().flatten().cloned().collect()
    }

    /// What a sink refused.
    pub fn dead_letters(&self, sink: &str) -> Vec<Rejected> {
        let tables = self.lock();
        let ours = tables.dead.iter().filter(|(name, _)| name == sink);
        ours.map(|(_, rejected)| rejected.clone()).collect()
    }
}

impl Series {
    fn newest(&self) -> Option<&Kept> {
        self.kept
            .iter()
            .max_by_key(|kept| (kept.measured.at, kept.occurrence))
    }

    /// Whether a value that was stamped by the call is another than the one before it.
    fn differs(&self, at: i64, identity: &str) -> bool {
        match self.newest() {
            None => true,
            Some(newest) if newest.measured.at <= at => newest.identity != identity,
            Some(_) => {
                let before = self.kept.iter().filter(|kept| kept.measured.at <= at);
                let last = before.clone().map(|kept| kept.measured.at).max();
                !before
                    .filter(|kept| Some(kept.measured.at) == last)
                    .any(|kept| kept.identity == identity)
            }
        }
    }

    /// The occurrence of a value that is not there yet; it is kept.
    fn keep(&mut self, measured: MeasuredAt, identity: String) -> Option<u32> {
        let is_one = |kept: &Kept| {
            kept.identity == identity
                && (kept.measured.at == measured.at
                    || (kept.measured.second() == measured.second()
                        && (kept.measured.whole_second || measured.whole_second)))
        };
        if self.kept.iter().any(is_one) {
            return None;
        }
        let same = self.kept.iter().filter(|kept| kept.measured.at == measured.at);
        let occurrence = u32::try_from(same.count()).unwrap_or(u32::MAX);
        self.kept.push(Kept {
            measured,
            occurrence,
            identity,
        });
        Some(occurrence)
    }

    fn is_new_misfit(&mut self, what: String) -> bool {
        let is_new = self.last_misfit.as_ref() != Some(&what);
        self.last_misfit = Some(what);
        is_new
    }
}

impl Tables {
    fn meaning(&mut self, reading: &RawReading, window: Window) -> Meaning {
        let Some(body) = Body::parse(reading.body.get()) else {
            return Meaning::Rejected("not a JSON object".to_owned());
        };
        if self.known.get(&reading.descriptor).is_none() {
            let Some((value_type, unit)) = infer(&body, &reading.descriptor) else {
                return Meaning::Absent;
            };
            self.known.learn(&reading.descriptor, value_type, unit);
        }
        match self.known.get(&reading.descriptor) {
            Some(known) => interpret(&body, known, window),
            None => Meaning::Absent,
        }
    }

    /// Whether a reading stays in the log, and what of it is for sinks.
    fn take(
        &mut self,
        snapshot: &RawSnapshot,
        reading: &RawReading,
        appended: &mut Appended,
    ) -> (bool, Option<Reading>) {
        let window = Window {
            requested_at: snapshot.requested_at,
            received_at: snapshot.received_at,
        };
        let meaning = self.meaning(reading, window);
        let known = self.known.get(&reading.descriptor).cloned();
        let key = (snapshot.vin.clone(), reading.descriptor.clone());
        let series = self.series.entry(key).or_default();
        let (value, unit, measured_at, stamp) = match meaning {
            Meaning::Absent => {
                appended.absent += 1;
                return (series.is_new_misfit("absent".to_owned()), None);
            }
            Meaning::Rejected(_) => {
                let stamped = known.is_some_and(|known| known.request_stamped);
                let is_new = series.is_new_misfit(misfit_identity(reading, stamped));
                appended.rejected += usize::from(is_new);
                appended.repeats += usize::from(!is_new);
                return (is_new, None);
            }
            Meaning::Reading {
                value,
                unit,
                measured_at,
                stamp,
            } => (value, unit, measured_at, stamp),
        };
        series.last_misfit = None;
        let at = measured_at.as_millisecond();
        let measured =
            Body::parse(reading.body.get()).map_or(MeasuredAt::exact(at), |body| MeasuredAt::of(&body, at));
        let identity = identity(&value);
        let is_news = stamp == Stamp::Measured || series.differs(at, &identity);
        let occurrence = is_news.then(|| series.keep(measured, identity)).flatten();
        let (Some(occurrence), Some(known)) = (occurrence, known) else {
            appended.repeats += 1;
            return (false, None);
        };
        appended.new += 1;
        let reading = Reading {
            descriptor: known.descriptor,
            value,
            unit,
            measured_at,
            stamp,
            occurrence,
        };
        (true, Some(reading))
    }

    fn append(&mut self, account: &Name, source: &Name, snapshot: &RawSnapshot) -> Appended {
        let mut appended = Appended::default();
        let (mut stays, mut readings) = (snapshot.origin == Origin::Poll, Vec::new());
        for reading in &snapshot.readings {
            let (kept, new) = self.take(snapshot, reading, &mut appended);
            stays |= kept;
            readings.extend(new);
        }
        if !stays {
            return appended;
        }
        let seq = self.entries.len() as u64 + 1;
        appended.seq = Some(seq);
        let entry = (!readings.is_empty()).then(|| Entry {
            seq,
            snapshot: Arc::new(Snapshot {
                vehicle: Vehicle {
                    name: snapshot.vin.production_number().into(),
                    vin: snapshot.vin.clone(),
                },
                account: account.clone(),
                source: source.clone(),
                origin: snapshot.origin,
                received_at: snapshot.received_at,
                readings,
            }),
        });
        self.entries.push(entry);
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
            held += entry.as_ref().map_or(0, |entry| entry.snapshot.readings.len());
            entries.extend(entry.clone());
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
