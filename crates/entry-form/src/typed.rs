//! A stored payload as typed readings.

use collector_core::{Descriptor, Ended, Reading, ValueType};
use jiff::Timestamp;
use normalise::body::Body;
use normalise::known::{KnownDescriptor, KnownDescriptors};
use normalise::{Meaning, Window, interpret, time};

use crate::payload;

/// What a payload holds for sinks.
pub struct Decoded {
    /// In the order of the payload.
    pub readings: Vec<Reading>,
    /// Values that are none any more.
    pub ended: Vec<Ended>,
    /// Values that are no readings, with the time that they would have, and the reason.
    pub misfits: Vec<(Descriptor, Timestamp, String)>,
    /// Whether every descriptor with a value is known. One that is not was learned after `known` was read.
    pub complete: bool,
}

/// The readings of a payload that came in `window`, about `expected` of them, and what ended. What is absent without a
/// stamp of its own yields nothing.
///
/// # Errors
/// It is no payload.
pub fn readings(
    payload: &str,
    expected: usize,
    window: Window,
    known: &KnownDescriptors,
) -> Result<Decoded, serde_json::Error> {
    let mut decoded = Decoded {
        readings: Vec::with_capacity(expected),
        ended: Vec::new(),
        misfits: Vec::new(),
        complete: true,
    };
    payload::for_each(payload, |descriptor, body, occurrence| {
        let Some(known) = known.get(descriptor) else {
            if normalise::known::infer(body, descriptor).is_some() {
                let descriptor = Descriptor::new(descriptor, descriptor, ValueType::Text, None);
                let reason = "the journal does not know its type".to_owned();
                decoded.misfits.push((descriptor, moment(body, window), reason));
                decoded.complete = false;
            }
            return;
        };
        match interpret(body, known, window) {
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
                let misfit = (known.descriptor.clone(), moment(body, window), reason);
                decoded.misfits.push(misfit);
            }
            Meaning::Absent => decoded.ended.extend(end(body, known, window)),
        }
    })?;
    Ok(decoded)
}

/// When a value was measured, as far as its stamp can be read.
fn moment(body: &Body<'_>, window: Window) -> Timestamp {
    let stamp = body.timestamp().and_then(|text| time::parse(&text));
    stamp.unwrap_or(window.received_at)
}

/// When a value ended: as the vehicle stamped its absence. A stamp of the call says nothing about when.
fn end(body: &Body<'_>, known: &KnownDescriptor, window: Window) -> Option<Ended> {
    if known.request_stamped && window.requested_at.is_some() {
        return None;
    }
    let at: Timestamp = body.timestamp().and_then(|text| time::parse(&text))?;
    Some(Ended {
        descriptor: known.descriptor.clone(),
        at,
    })
}
