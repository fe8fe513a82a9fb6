//! What of one snapshot is new.

use collector_core::{RawReading, RawSnapshot, Stamp, Value};
use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::repeats::{self, Moment, hash, identity, misfit_identity};
use super::series::{Latest, Place};
use super::{Appended, Past};
use crate::JournalError;
use crate::log::memory::Memory;
use crate::log::{decode, payload};
use normalise::body::Body;
use normalise::known;
use normalise::{Meaning, Window, interpret};

/// One snapshot on its way into the log.
pub(super) struct Round<'a> {
    connection: &'a Connection,
    memory: &'a mut Memory,
    vehicle_id: i64,
    /// The number of its entry.
    seq: u64,
    window: Window,
    past: Option<Past<'a>>,
    payload: payload::Builder,
    appended: Appended,
    misfits: Vec<Misfit>,
}

/// A reading that fits no sink.
pub(super) struct Misfit {
    descriptor: String,
    /// Among the readings of the payload.
    position: usize,
    reason: String,
}

impl Misfit {
    /// Puts it among the dead letters.
    pub(crate) fn tell(self, connection: &Connection, seq: u64, at: Timestamp) -> Result<(), JournalError> {
        connection
            .prepare_cached(
                "insert into dead_letter (at, sink, seq, descriptor, position, reason)
                 values (?1, '', ?2, ?3, ?4, ?5)",
            )?
            .execute(params![
                at.as_millisecond(),
                seq,
                self.descriptor,
                self.position,
                self.reason
            ])?;
        Ok(())
    }
}

impl<'a> Round<'a> {
    pub(crate) fn new(
        connection: &'a Connection,
        memory: &'a mut Memory,
        vehicle_id: i64,
        seq: u64,
        snapshot: &RawSnapshot,
        past: Option<Past<'a>>,
    ) -> Self {
        Self {
            connection,
            memory,
            vehicle_id,
            seq,
            window: Window {
                requested_at: snapshot.requested_at,
                received_at: snapshot.received_at,
            },
            past,
            payload: payload::Builder::new(snapshot.sent_at.as_deref()),
            appended: Appended::default(),
            misfits: Vec::new(),
        }
    }

    pub fn finish(self) -> (payload::Builder, Appended, Vec<Misfit>) {
        (self.payload, self.appended, self.misfits)
    }

    pub fn take(&mut self, reading: &RawReading) -> Result<(), JournalError> {
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
                let moment = body.map_or(Moment::exact(at), |body| Moment::of(&body, at));
                self.value(series, reading, &value, moment, stamp)
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
        series: Place,
        reading: &RawReading,
        value: &Value,
        moment: Moment,
        stamp: Stamp,
    ) -> Result<(), JournalError> {
        let hash = hash(&identity(value));
        if self.past.is_none_or(|past| past.latest) {
            self.memory.series.end_misfits(series);
        }
        let known = self.memory.series.get(series);
        let is_news = stamp == Stamp::Measured
            || self.past.is_some()
            || repeats::differs(self.connection, known, moment.at, hash)?;
        let occurrence = match is_news {
            true => repeats::remember(self.connection, known, moment, hash)?,
            false => None,
        };
        let Some(occurrence) = occurrence else {
            self.appended.repeats += 1;
            return Ok(());
        };
        let latest = Latest {
            at: moment.at,
            occurrence,
            seq: Some(self.seq),
        };
        self.memory.series.advance(series, latest, hash);
        self.payload.push(&reading.descriptor, &reading.body, occurrence);
        self.appended.new += 1;
        Ok(())
    }

    /// The first of several equal absences is kept as it was sent: that a value went away is news.
    fn absent(&mut self, series: Place, reading: &RawReading) {
        let received_at = self.window.received_at.as_millisecond();
        self.memory.series.absent(series, received_at);
        self.appended.absent += 1;
        if self.is_new_misfit(series, hash("absent")) {
            self.payload.push(&reading.descriptor, &reading.body, 0);
        }
    }

    fn reject(&mut self, series: Place, reading: &RawReading, reason: String) {
        let known = self.memory.descriptors.get(&reading.descriptor);
        let request_stamped = known.is_some_and(|known| known.request_stamped);
        if !self.is_new_misfit(series, hash(&misfit_identity(reading, request_stamped))) {
            self.appended.repeats += 1;
            return;
        }
        self.misfits.push(Misfit {
            descriptor: reading.descriptor.clone(),
            position: self.payload.readings(),
            reason,
        });
        self.payload.push(&reading.descriptor, &reading.body, 0);
        self.appended.rejected += 1;
    }

    fn is_new_misfit(&mut self, series: Place, hash: i64) -> bool {
        if let Some(past) = self.past.filter(|past| past.known || !past.latest) {
            return !past.known;
        }
        self.memory.series.misfit(series, hash) || self.past.is_some()
    }
}
