//! What of one snapshot is new.

use collector_core::{RawReading, RawSnapshot, Stamp, Value};
use rusqlite::{Connection, params};
use store::sql::Access;

use super::Appended;
use super::repeats::{self, MeasuredAt, hash, identity, misfit_identity};
use super::series::{Latest, SeriesIndex};
use crate::Result;
use crate::log::checksum::Content;
use crate::log::memory::Memory;
use crate::log::{learned, payload};
use normalise::body::Body;
use normalise::known;
use normalise::{Meaning, Window, interpret};

/// What is known of an entry of the past before it is taken in. It was news in another journal, and may be older than
/// what is known here. Of a value, the log has the last word: none is in it twice.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Past {
    /// An entry with its feed and its times is here already.
    pub known: bool,
    /// It was received after everything that is known of the vehicle.
    pub latest: bool,
}

/// What is left of a snapshot.
pub(crate) struct Taken {
    pub payload: payload::Builder,
    pub appended: Appended,
    pub misfits: Vec<Misfit>,
}

/// A value that fits no type: it is stored, and no sink is given it.
pub(crate) struct Misfit {
    descriptor: String,
    /// Among the readings of the payload.
    position: usize,
    reason: String,
}

impl Misfit {
    /// Puts it among the dead letters.
    pub(crate) fn tell(self, connection: &Connection, entry: &Content<'_>) -> Result<()> {
        connection.run(
            "insert into dead_letter (at, sink, seq, descriptor, position, reason)
             values (?1, '', ?2, ?3, ?4, ?5)",
            params![
                entry.received_at,
                entry.seq,
                self.descriptor,
                self.position,
                self.reason
            ],
        )?;
        Ok(())
    }
}

/// Takes what is new out of a snapshot that is to be entry `seq`, and remembers it. `past` is that of one that does not
/// arrive now.
pub(crate) fn take(
    connection: &Connection,
    memory: &mut Memory,
    vehicle_id: i64,
    seq: u64,
    snapshot: &RawSnapshot,
    past: Option<Past>,
) -> Result<Taken> {
    if !memory.learned {
        learned::load(connection, &mut memory.descriptors)?;
        memory.learned = true;
    }
    let mut round = Round {
        connection,
        memory,
        vehicle_id,
        seq,
        window: Window {
            requested_at: snapshot.requested_at,
            received_at: snapshot.received_at,
        },
        past,
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
struct Round<'a> {
    connection: &'a Connection,
    memory: &'a mut Memory,
    vehicle_id: i64,
    /// The number of its entry.
    seq: u64,
    window: Window,
    past: Option<Past>,
    taken: Taken,
}

impl Round<'_> {
    fn take(&mut self, reading: &RawReading) -> Result<()> {
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
            Meaning::Absent => self.absent(series, reading),
            Meaning::Rejected(reason) => self.reject(series, reading, reason),
            Meaning::Reading {
                value,
                measured_at,
                stamp,
                ..
            } => {
                let at = measured_at.as_millisecond();
                let measured = body.map_or(MeasuredAt::exact(at), |body| MeasuredAt::of(&body, at));
                self.value(series, reading, &value, measured, stamp)?;
            }
        }
        Ok(())
    }

    /// Reads the object with what is known of the descriptor, learning its type from a first value.
    fn meaning(&mut self, descriptor: &str, body: &Body<'_>) -> Result<Meaning> {
        if self.memory.descriptors.get(descriptor).is_none() {
            let Some((value_type, unit)) = known::infer(body, descriptor) else {
                return Ok(Meaning::Absent);
            };
            learned::learn(self.connection, descriptor, value_type, unit.as_ref())?;
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
    ) -> Result<()> {
        let hash = hash(identity(value).as_bytes());
        let occurrence = match self.is_news(series, stamp, measured.at, hash)? {
            true => repeats::remember(self.connection, self.memory.series.get(series), measured, hash)?,
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

    /// Whether a value with this stamp may be news: its kind, and milliseconds since the epoch.
    fn is_news(&mut self, series: SeriesIndex, stamp: Stamp, at: i64, hash: i64) -> Result<bool> {
        let cache = &mut self.memory.series;
        if self.past.is_none_or(|past| past.latest) {
            cache.end_misfits(series);
        }
        if stamp == Stamp::Measured || self.past.is_some() {
            return Ok(true);
        }
        repeats::differs(self.connection, cache.get(series), at, hash)
    }

    /// Whether what came is news that is no value.
    fn is_new_misfit(&mut self, series: SeriesIndex, hash: i64) -> bool {
        match self.past {
            Some(Past { known: true, .. }) => false,
            Some(Past { latest: false, .. }) => true,
            past => self.memory.series.misfit(series, hash) || past.is_some(),
        }
    }

    /// The first of several equal absences is kept as it was sent: that a value went away is news.
    fn absent(&mut self, series: SeriesIndex, reading: &RawReading) {
        let received_at = self.window.received_at.as_millisecond();
        self.memory.series.absent(series, received_at);
        self.taken.appended.absent += 1;
        if self.is_new_misfit(series, hash(b"absent")) {
            self.taken.payload.push(&reading.descriptor, &reading.body, 0);
        }
    }

    fn reject(&mut self, series: SeriesIndex, reading: &RawReading, reason: String) {
        let known = self.memory.descriptors.get(&reading.descriptor);
        let request_stamped = known.is_some_and(|known| known.request_stamped);
        let hash = hash(misfit_identity(reading, request_stamped).as_bytes());
        if !self.is_new_misfit(series, hash) {
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
