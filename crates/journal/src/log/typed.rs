//! A stored payload as typed readings.

use collector_core::{Descriptor, Reading, ValueType};

use super::payload;
use normalise::known::KnownDescriptors;
use normalise::{Meaning, Window, interpret};

/// What a payload holds for sinks.
pub struct Decoded {
    pub readings: Vec<Reading>,
    /// Values that are no readings, with the reason.
    pub misfits: Vec<(Descriptor, String)>,
    /// Whether every descriptor with a value is known. One that is not was learned after `known` was read.
    pub complete: bool,
}

/// The readings of a payload. Absent ones yield nothing.
pub fn readings(
    payload: &str,
    expected: usize,
    window: Window,
    known: &KnownDescriptors,
) -> Result<Decoded, serde_json::Error> {
    let mut decoded = Decoded {
        readings: Vec::with_capacity(expected),
        misfits: Vec::new(),
        complete: true,
    };
    payload::for_each(payload, |descriptor, body, occurrence| {
        let Some(known) = known.get(descriptor) else {
            if normalise::known::infer(body, descriptor).is_some() {
                let descriptor = Descriptor::new(descriptor, descriptor, ValueType::Text, None);
                let reason = "the journal does not know its type".to_owned();
                decoded.misfits.push((descriptor, reason));
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
            } => decoded.readings.push(Reading {
                descriptor: known.descriptor.clone(),
                value,
                unit,
                measured_at,
                stamp,
                occurrence,
            }),
            Meaning::Rejected(reason) => decoded.misfits.push((known.descriptor.clone(), reason)),
            Meaning::Absent => {}
        }
    })?;
    Ok(decoded)
}
