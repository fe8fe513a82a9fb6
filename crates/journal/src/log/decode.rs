//! Rows of the log as typed snapshots.

use collector_core::{Descriptor, Reading, Unit, ValueType};
use rusqlite::{Connection, params};
use store::sql::Access;

use super::payload;
use crate::Result;
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

/// Reads what was learned of descriptors outside the catalogue.
pub(crate) fn load_learned(connection: &Connection, known: &mut KnownDescriptors) -> Result<()> {
    let query = "select descriptor, type, unit from descriptor_type";
    let learned: Vec<(String, String, Option<String>)> = connection.all(query, [], |row| row.try_into())?;
    for (descriptor, value_type, unit) in learned {
        let value_type = match value_type.as_str() {
            "bool" => ValueType::Bool,
            "number" => ValueType::Number,
            "timestamp" => ValueType::Timestamp,
            _ => ValueType::Text,
        };
        known.learn(&descriptor, value_type, unit.map(Unit::other));
    }
    Ok(())
}

/// Fixes the type of a descriptor that the catalogue does not have.
pub(crate) fn learn(
    connection: &Connection,
    descriptor: &str,
    value_type: ValueType,
    unit: Option<&Unit>,
) -> Result<()> {
    connection.run(
        "insert into descriptor_type (descriptor, type, unit) values (?1, ?2, ?3) on conflict do nothing",
        params![descriptor, value_type.as_str(), unit.map(Unit::as_str)],
    )?;
    Ok(())
}
