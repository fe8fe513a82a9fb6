//! What of one snapshot is new.

use collector_core::{RawReading, RawSnapshot, Stamp, Value};
use rusqlite::{Connection, params};

use super::Appended;
use super::repeats::{self, MeasuredAt, hash, identity, misfit_identity};
use super::series::{Latest, SeriesCache, SeriesIndex};
use crate::JournalError;
use crate::log::checksum::Content;
use crate::log::memory::Memory;
use crate::log::{decode, payload};
use normalise::body::Body;
use normalise::known;
use normalise::{Meaning, Window, interpret};

/// Decides what may be news. Of a value, the log has the last word: none is in it twice.
pub(crate) trait News {
    /// A value came with this stamp: its kind, and milliseconds since the epoch.
    fn value(
        &self,
        connection: &Connection,
        cache: &mut SeriesCache,
        series: SeriesIndex,
        stamp: (Stamp, i64),
        hash: i64,
    ) -> Result<bool, JournalError>;

    /// Something came that is no value.
    fn misfit(&self, cache: &mut SeriesCache, series: SeriesIndex, hash: i64) -> bool;
}

/// Snapshots in the order in which they arrive.
pub(super) struct Arriving;

impl News for Arriving {
    fn value(
        &self,
        connection: &Connection,
        cache: &mut SeriesCache,
        series: SeriesIndex,
        (stamp, at): (Stamp, i64),
        hash: i64,
    ) -> Result<bool, JournalError> {
        cache.end_misfits(series);
        Ok(stamp == Stamp::Measured || repeats::differs(connection, cache.get(series), at, hash)?)
    }

    fn misfit(&self, cache: &mut SeriesCache, series: SeriesIndex, hash: i64) -> bool {
        cache.misfit(series, hash)
    }
}

/// What is left of a snapshot.
pub(crate) struct Taken {
    pub payload: payload::Builder,
    pub appended: Appended,
    pub misfits: Vec<Misfit>,
}

/// A reading that fits no sink.
pub(crate) struct Misfit {
    descriptor: String,
    /// Among the readings of the payload.
    position: usize,
    reason: String,
}

impl Misfit {
    /// Puts it among the dead letters.
    pub(crate) fn tell(self, connection: &Connection, entry: &Content<'_>) -> Result<(), JournalError> {
        connection
            .prepare_cached(
                "insert into dead_letter (at, sink, seq, descriptor, position, reason)
                 values (?1, '', ?2, ?3, ?4, ?5)",
            )?
            .execute(params![
                entry.received_at,
                entry.seq,
                self.descriptor,
                self.position,
                self.reason
            ])?;
        Ok(())
    }
}

/// Takes what is new out of a snapshot that is to be entry `seq`, and remembers it.
pub(crate) fn take<N: News>(
    connection: &Connection,
    memory: &mut Memory,
    vehicle_id: i64,
    seq: u64,
    snapshot: &RawSnapshot,
    news: &N,
) -> Result<Taken, JournalError> {
    decode::learn_all(connection, memory)?;
    let mut round = Round {
        connection,
        memory,
        vehicle_id,
        seq,
        window: Window {
            requested_at: snapshot.requested_at,
            received_at: snapshot.received_at,
        },
        news,
        taken: Taken {
            payload: payload::Builder::new(snapshot.sent_at.as_deref()),
            appended: Appended::default(),
            misfits: Vec::new(),
        },
    };
    for reading in &snapshot.readings {
        round.take(reading)?;
    }
    Ok(round.taken)
}

/// One snapshot on its way into the log.
struct Round<'a, N> {
    connection: &'a Connection,
    memory: &'a mut Memory,
    vehicle_id: i64,
    /// The number of its entry.
    seq: u64,
    window: Window,
    news: &'a N,
    taken: Taken,
}

impl<N: News> Round<'_, N> {
    fn take(&mut self, reading: &RawReading) -> Result<(), JournalError> {
        let series = self
            .memory
            .series
            .find(self.connection, self.vehicle_id, &reading.descriptor)?;
        let body = Body::parse(reading.body.get());
        let meaning = match &body {
            Some(body) => self.meaning(&reading.descriptor, body)?,
            None => Meaning::Rejected("not a JSON object".to_owned()),
        };
        match meaning {
            Meaning::Absent => {
                self.absent(series, reading);
                Ok(())
            }
            Meaning::Rejected(reason) => {
                self.reject(series, reading, reason);
                Ok(())
            }
            Meaning::Reading {
                value,
                measured_at,
                stamp,
                ..
            } => {
                let at = measured_at.as_millisecond();
                let measured = body.map_or(MeasuredAt::exact(at), |body| MeasuredAt::of(&body, at));
                self.value(series, reading, &value, measured, stamp)
            }
        }
    }

    /// Reads the object with what is known of the descriptor, learning its type from a first value.
    fn meaning(&mut self, descriptor: &str, body: &Body<'_>) -> Result<Meaning, JournalError> {
        if self.memory.descriptors.get(descriptor).is_none() {
            let Some((value_type, unit)) = known::infer(body, descriptor) else {
                return Ok(Meaning::Absent);
            };
            decode::learn(self.connection, descriptor, value_type, unit.as_ref())?;
            self.memory.descriptors.learn(descriptor, value_type, unit);
        }
        match self.memory.descriptors.get(descriptor) {
            Some(known) => Ok(interpret(body, known, self.window)),
            None => Ok(Meaning::Absent),
        }
    }

    fn value(
        &mut self,
        series: SeriesIndex,
        reading: &RawReading,
        value: &Value,
        measured: MeasuredAt,
        stamp: Stamp,
    ) -> Result<(), JournalError> {
        let hash = hash(&identity(value));
        let cache = &mut self.memory.series;
        let told = (stamp, measured.at);
        let occurrence = match self.news.value(self.connection, cache, series, told, hash)? {
            true => repeats::remember(self.connection, cache.get(series), measured, hash)?,
            false => None,
        };
        let Some(occurrence) = occurrence else {
            self.taken.appended.repeats += 1;
            return Ok(());
        };
        let latest = Latest {
            at: measured.at,
            occurrence,
            seq: Some(self.seq),
        };
        self.memory.series.advance(series, latest, hash);
        self.taken
            .payload
            .push(&reading.descriptor, &reading.body, occurrence);
        self.taken.appended.new += 1;
        Ok(())
    }

    /// The first of several equal absences is kept as it was sent: that a value went away is news.
    fn absent(&mut self, series: SeriesIndex, reading: &RawReading) {
        let received_at = self.window.received_at.as_millisecond();
        self.memory.series.absent(series, received_at);
        self.taken.appended.absent += 1;
        let hash = hash("absent");
        if self.news.misfit(&mut self.memory.series, series, hash) {
            self.taken.payload.push(&reading.descriptor, &reading.body, 0);
        }
    }

    fn reject(&mut self, series: SeriesIndex, reading: &RawReading, reason: String) {
        let known = self.memory.descriptors.get(&reading.descriptor);
        let request_stamped = known.is_some_and(|known| known.request_stamped);
        let hash = hash(&misfit_identity(reading, request_stamped));
        if !self.news.misfit(&mut self.memory.series, series, hash) {
            self.taken.appended.repeats += 1;
            return;
        }
        self.taken.misfits.push(Misfit {
            descriptor: reading.descriptor.clone(),
            position: self.taken.payload.readings(),
            reason,
        });
        self.taken.payload.push(&reading.descriptor, &reading.body, 0);
        self.taken.appended.rejected += 1;
    }
}
