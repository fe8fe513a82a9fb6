//! What of one snapshot is new.

use collector_core::document::is_own;
use collector_core::{RawReading, RawSnapshot, Stamp};
use entry_form::observe::{Misfit, Observed, What};
use entry_form::{Content, context, payload, typed};
use normalise::body::Body;
use normalise::known::KnownDescriptors;
use normalise::odometer::{Stood, Told, is_odometer};
use normalise::{Window, known};
use rusqlite::{Connection, params};
use store::sql::Access;

use super::Appended;
use super::fold::beside;
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

/// Puts the misfits of an entry among the dead letters.
pub(crate) fn tell(connection: &Connection, entry: &Content<'_>, misfits: Vec<Misfit>) -> Result<()> {
    for misfit in misfits {
        connection.run(
            "insert into dead_letter (at, sink, seq, descriptor, position, reason)
             values (?1, '', ?2, ?3, ?4, ?5)",
            params![
                entry.received_at,
                entry.seq,
                misfit.descriptor,
                misfit.position,
                misfit.reason
            ],
        )?;
    }
    Ok(())
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
        window: Window::of(snapshot),
        past,
        taken: Taken {
            payload: payload::Builder::new(snapshot.sent_at.as_deref()),
            appended: Appended::default(),
            misfits: Vec::new(),
        },
        odometers: Vec::new(),
    };
    for reading in &snapshot.readings {
        round.take(reading)?;
    }
    round.note_odometers()?;
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
    /// Newer ones, each with the entry of the one before.
    odometers: Vec<(Told, Option<u64>)>,
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
        let observe = |memory: &Memory| {
            let known = memory.descriptors.get(descriptor);
            Observed::of(json, body.as_ref(), known, self.window)
        };
        let mut observed = observe(self.memory);
        let is_misfit = matches!(observed.what, What::Misfit(_)) && body.is_some();
        if is_misfit && self.memory.descriptors.widen(descriptor) {
            learned::widen(self.connection, descriptor)?;
            observed = observe(self.memory);
        }
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
        let is_news =
            observed.stamp == Stamp::Measured || self.past.is_some() || known.is_called_anew(at, hash);
        let occurrence = match is_news {
            true => seen.remember(self.connection, known, observed.measured, hash)?,
            false => None,
        };
        // A document or a record is no reading, and counts as none.
        let counts = usize::from(!is_own(&reading.descriptor));
        let Some(occurrence) = occurrence else {
            self.taken.appended.repeats += counts;
            return Ok(());
        };
        let is_late = self.past.is_some_and(|past| !past.latest);
        let before = cache.get(series).latest.and_then(|latest| latest.seq);
        if cache.stored(series, &observed, occurrence, self.seq, is_late) {
            self.note_unit(reading, &observed, before)?;
        }
        match observed.what {
            What::Misfit(reason) => {
                self.taken.misfits.push(Misfit {
                    descriptor: reading.descriptor.clone(),
                    position: self.taken.payload.readings(),
                    reason,
                });
                self.taken.appended.rejected += 1;
            }
            What::Value | What::Absent => self.taken.appended.new += counts,
        }
        self.taken
            .payload
            .push(&reading.descriptor, &reading.body, occurrence);
        Ok(())
    }

    /// What the newest value of a descriptor tells of units; `before` is the entry of the one before it.
    fn note_unit(&mut self, reading: &RawReading, observed: &Observed, before: Option<u64>) -> Result<()> {
        let descriptor = &*reading.descriptor;
        if let Some(told) = context::told(descriptor, observed) {
            let contexts = &mut self.memory.contexts;
            contexts.note(self.connection, self.vehicle_id, descriptor, told)?;
        }
        let known = self.memory.descriptors.get(descriptor);
        if let (Some(number), Some(known), true) = (observed.number(), known, is_odometer(descriptor)) {
            let told = Told {
                vehicle_id: self.vehicle_id,
                descriptor: known.descriptor.clone(),
                number,
                label: observed.label.clone(),
            };
            self.odometers.push((told, before));
        }
        Ok(())
    }

    /// Where the odometers stand, when all is known that the snapshot tells of units.
    fn note_odometers(&mut self) -> Result<()> {
        let (connection, memory) = (self.connection, &mut *self.memory);
        // Those that say their unit first: the others go by them.
        self.odometers.sort_by_key(|(told, _)| told.label.is_none());
        for (told, before) in &self.odometers {
            let context = memory.contexts.of(connection, self.vehicle_id)?;
            let units = context::unlabelled(context.as_ref().map(|context| &*context.text), None);
            let id = told.descriptor.as_str();
            let stood = |of: &str| {
                let seq = match of == id {
                    true => *before,
                    false => memory.series.newest(connection, self.vehicle_id, of)?,
                };
                seq.map_or(Ok(None), |seq| stood(connection, &memory.descriptors, seq, of))
            };
            if let Some(unit) = memory.odometers.told(told, &units, stood)? {
                memory.contexts.note(connection, self.vehicle_id, id, unit)?;
            }
        }
        Ok(())
    }

    /// The first of several absences is kept as it was sent: that a value went away is news.
    fn absent(&mut self, series: SeriesIndex, reading: &RawReading, observed: &Observed) {
        self.taken.appended.absent += 1;
        let cache = &mut self.memory.series;
        let is_news = match self.past {
            Some(past) => !past.known,
            None => cache.get(series).absence_is_news(observed.ended_at),
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

/// Where an odometer stood by a committed entry.
fn stood(from: &Connection, known: &KnownDescriptors, seq: u64, id: &str) -> Result<Option<Stood>> {
    let Some(mut scan) = beside(from)? else {
        return Ok(None);
    };
    // What cannot be believed says nothing.
    let entry = scan.entry(seq).ok().flatten();
    Ok(entry.and_then(|entry| typed::stood(&entry, known, id)))
}
