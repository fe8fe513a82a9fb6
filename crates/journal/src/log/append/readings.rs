//! What of one snapshot is new.

use collector_core::{RawReading, RawSnapshot, Stamp};
use entry_form::context::is_display_unit;
use entry_form::observe::{Observed, What};
use entry_form::{Content, payload};
use normalise::body::Body;
use normalise::{Window, known};
use rusqlite::{Connection, params};
use store::sql::Access;

use super::Appended;
use super::series::SeriesIndex;
use crate::Result;
use crate::log::learned;
use crate::log::memory::Memory;

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
    let mut round = Round {
        connection,
        memory,
        vehicle_id,
        seq,
        window: window(snapshot),
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

/// What of an entry fits no type, be it known already.
pub(crate) fn misfits(memory: &Memory, snapshot: &RawSnapshot) -> Vec<Misfit> {
    let misfit = |(position, reading): (usize, &RawReading)| {
        let (json, known) = (reading.body.get(), memory.descriptors.get(&reading.descriptor));
        match Observed::of(json, Body::parse(json).as_ref(), known, window(snapshot)).what {
            What::Misfit(reason) => Some(Misfit {
                descriptor: reading.descriptor.clone(),
                position,
                reason,
            }),
            What::Value | What::Absent => None,
        }
    };
    let readings = snapshot.readings.iter().enumerate();
    readings.filter_map(misfit).collect()
}

fn window(snapshot: &RawSnapshot) -> Window {
    Window {
        requested_at: snapshot.requested_at,
        received_at: snapshot.received_at,
    }
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
        let (descriptor, json) = (&*reading.descriptor, reading.body.get());
        let series = self
            .memory
            .series
            .find(self.connection, self.vehicle_id, descriptor)?;
        let body = Body::parse(json);
        if let Some(body) = &body {
            self.learn(descriptor, body)?;
        }
        let known = self.memory.descriptors.get(descriptor);
        let observed = Observed::of(json, body.as_ref(), known, self.window);
        match observed.what {
            What::Absent => self.absent(series, reading, &observed),
            What::Value | What::Misfit(_) => self.observation(series, reading, observed)?,
        }
        Ok(())
    }

    /// Fixes the type of a descriptor that nobody knows by its first value.
    fn learn(&mut self, descriptor: &str, body: &Body<'_>) -> Result<()> {
        if self.memory.descriptors.get(descriptor).is_some() {
            return Ok(());
        }
        if let Some((value_type, unit)) = known::infer(body, descriptor) {
            learned::learn(self.connection, descriptor, value_type, unit.as_ref())?;
            self.memory.descriptors.learn(descriptor, value_type, unit);
        }
        Ok(())
    }

    fn observation(&mut self, series: SeriesIndex, reading: &RawReading, observed: Observed) -> Result<()> {
        let Memory {
            seen, series: cache, ..
        } = &mut *self.memory;
        let (known, at, hash) = (cache.get(series), observed.measured.at, observed.hash);
        let is_news = observed.stamp == Stamp::Measured
            || self.past.is_some()
            || seen.differs(self.connection, known, at, hash)?;
        let occurrence = match is_news {
            true => seen.remember(self.connection, known, observed.measured, hash)?,
            false => None,
        };
        let Some(occurrence) = occurrence else {
            self.taken.appended.repeats += 1;
            return Ok(());
        };
        let is_late = self.past.is_some_and(|past| !past.latest);
        let is_newest = cache.stored(series, &observed, occurrence, self.seq, is_late);
        self.note_unit(reading, &observed, is_newest)?;
        match observed.what {
            What::Misfit(reason) => {
                self.taken.misfits.push(Misfit {
                    descriptor: reading.descriptor.clone(),
                    position: self.taken.payload.readings(),
                    reason,
                });
                self.taken.appended.rejected += 1;
            }
            What::Value | What::Absent => self.taken.appended.new += 1,
        }
        self.taken
            .payload
            .push(&reading.descriptor, &reading.body, occurrence);
        Ok(())
    }

    fn note_unit(&mut self, reading: &RawReading, observed: &Observed, is_newest: bool) -> Result<()> {
        let descriptor = &*reading.descriptor;
        match &observed.form {
            Some(form) if is_newest && is_display_unit(descriptor) => {
                let contexts = &mut self.memory.contexts;
                contexts.note(self.connection, self.vehicle_id, descriptor, form)
            }
            _ => Ok(()),
        }
    }

    /// The first of several absences is kept as it was sent: that a value went away is news.
    fn absent(&mut self, series: SeriesIndex, reading: &RawReading, observed: &Observed) {
        self.taken.appended.absent += 1;
        let cache = &mut self.memory.series;
        let is_news = match self.past {
            Some(past) => !past.known,
            None => cache.get(series).absence_is_news(observed.own_stamp()),
        };
        if !is_news {
            let series_id = cache.get(series).id;
            self.memory.loose.absent(series_id, 1, observed.received_at);
            return;
        }
        let is_late = self.past.is_some_and(|past| !past.latest);
        cache.stored(series, observed, 0, self.seq, is_late);
        self.taken.payload.push(&reading.descriptor, &reading.body, 0);
    }
}
