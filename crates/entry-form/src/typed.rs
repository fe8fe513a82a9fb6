//! A stored payload as typed readings, documents, or a record.

use collector_core::document::{RECORD, is_own};
use collector_core::{Descriptor, Document, Ended, Reading, Value, ValueType};
use jiff::Timestamp;
use normalise::body::{Body, Scalar};
use normalise::known::{KnownDescriptor, KnownDescriptors};
use normalise::odometer::Stood;
use normalise::unlabelled::Unlabelled;
use normalise::{Meaning, Window, interpret_in_context, stamp};

use crate::{Stored, context, payload};

/// What a payload holds for sinks.
pub struct Decoded {
    /// In the order of the payload.
    pub readings: Vec<Reading>,
    /// Values that are none any more.
    pub ended: Vec<Ended>,
    pub documents: Vec<Document>,
    /// The JSON of a [record](crate::record).
    pub record: Option<String>,
    /// Values that are no readings, with the time that they would have, and the reason.
    pub misfits: Vec<(Descriptor, Timestamp, String)>,
    /// Whether every descriptor with a value is known. One that is not was learned after `known` was read.
    pub complete: bool,
}

/// The readings of a payload that came in `window` and in a context, about `expected` of them, and what ended. What is
/// absent without a stamp of its own yields nothing.
///
/// # Errors
/// It is no payload.
pub fn readings(
    payload: &str,
    expected: usize,
    window: Window,
    unlabelled: &Unlabelled,
    known: &KnownDescriptors,
) -> Result<Decoded, serde_json::Error> {
    let mut decoded = Decoded {
        readings: Vec::with_capacity(expected),
        ended: Vec::new(),
        documents: Vec::new(),
        record: None,
        misfits: Vec::new(),
        complete: true,
    };
    payload::for_each(payload, |descriptor, body, occurrence| {
        if is_own(descriptor) {
            return decoded.note(descriptor, body, window);
        }
        let Some(known) = known.get(descriptor) else {
            if normalise::known::infer(body, descriptor).is_some() {
                let descriptor = Descriptor::new(descriptor, descriptor, ValueType::Text, None);
                let reason = "the journal does not know its type".to_owned();
                let (at, _) = stamp::of(body, None, window);
                decoded.misfits.push((descriptor, at, reason));
                decoded.complete = false;
            }
            return;
        };
        match interpret_in_context(body, known, window, unlabelled) {
            Meaning::Reading {
                value,
                unit,
                measured_at,
                stamp,
            } => {
                let mut reading = Reading::new(known.descriptor.clone(), value, unit, measured_at);
                (reading.stamp, reading.occurrence) = (stamp, occurrence);
                decoded.readings.push(reading);
            }
            Meaning::Rejected(reason) => {
                let (at, _) = stamp::of(body, Some(known), window);
                decoded.misfits.push((known.descriptor.clone(), at, reason));
            }
            Meaning::Absent => decoded.ended.extend(end(body, known, window)),
        }
    })?;
    Ok(decoded)
}

impl Decoded {
    /// Takes in what stands under a name of our own.
    fn note(&mut self, name: &str, body: &Body<'_>, window: Window) {
        let Scalar::Nested(json) = body.value() else {
            return;
        };
        match name {
            RECORD => self.record = Some(json.to_owned()),
            _ => self.documents.push(Document {
                name: name.into(),
                at: stamp::of(body, None, window).0,
                json: json.into(),
            }),
        }
    }
}

/// Where an odometer stood by the newest number in an entry, in the entry's own context.
pub fn stood(entry: &Stored, known: &KnownDescriptors, descriptor: &str) -> Option<Stood> {
    let units = context::unlabelled(entry.context.as_deref(), None);
    let decoded = readings(&entry.payload, entry.readings, entry.window(), &units, known).ok()?;
    let of_it = decoded
        .readings
        .into_iter()
        .filter(|reading| reading.descriptor.as_str() == descriptor);
    let reading = of_it.max_by_key(|reading| reading.measured_at)?;
    match reading.value {
        Value::Number(kilometres) => Some(Stood {
            kilometres,
            is_known: units.of(&reading.descriptor).is_some(),
        }),
        _ => None,
    }
}

fn end(body: &Body<'_>, known: &KnownDescriptor, window: Window) -> Option<Ended> {
    let at = stamp::of_end(body, Some(known), window)?;
    Some(Ended {
        descriptor: known.descriptor.clone(),
        at,
    })
}
