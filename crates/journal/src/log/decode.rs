//! Rows of the log as typed snapshots.

use collector_core::{Descriptor, Reading, Unit, ValueType};
use rusqlite::{Connection, params};

use super::memory::Memory;
use super::payload;
use crate::JournalError;
use normalise::known::KnownDescriptors;
use normalise::{Meaning, Window, interpret};

/// What a payload holds for sinks.
pub struct Decoded {
    pub readings: Vec<Reading>,
    /// Whether every descriptor with a value is known. One that is not was learned after `known` was read.
    pub complete: bool,
}

/// Values of a payload that are no readings, with the reason.
pub fn misfits(
    payload: &str,
    window: Window,
    known: &KnownDescriptors,
) -> Result<Vec<(Descriptor, String)>, serde_json::Error> {
    let mut misfits = Vec::new();
    payload::for_each(payload, |descriptor, body, _| match known.get(descriptor) {
        Some(known) => {
            if let Meaning::Rejected(reason) = interpret(body, known, window) {
                misfits.push((known.descriptor.clone(), reason));
            }
        }
        None => {
            if normalise::known::infer(body, descriptor).is_some() {
                let descriptor = Descriptor::new(descriptor, descriptor, ValueType::Text, None);
                misfits.push((descriptor, "the journal does not know its type".to_owned()));
            }
        }
    })?;
    Ok(misfits)
}

/// The readings of a payload. Absent and rejected ones yield none, nor do those of unknown descriptors.
pub fn readings(
    payload: &str,
    expected: usize,
    window: Window,
    known: &KnownDescriptors,
) -> Result<Decoded, serde_json::Error> {
    let mut readings = Vec::with_capacity(expected);
    let mut complete = true;
    payload::for_each(payload, |descriptor, body, occurrence| {
        let Some(known) = known.get(descriptor) else {
            complete &= normalise::known::infer(body, descriptor).is_none();
            return;
        };
        if let Meaning::Reading {
            value,
            unit,
            measured_at,
            stamp,
        } = interpret(body, known, window)
        {
            let descriptor = known.descriptor.clone();
            readings.push(Reading {
                descriptor,
                value,
                unit,
                measured_at,
                stamp,
                occurrence,
            });
        }
    })?;
    Ok(Decoded { readings, complete })
}

/// Reads what was learned of descriptors outside the catalogue, once.
pub(crate) fn learn_all(connection: &Connection, memory: &mut Memory) -> Result<(), JournalError> {
    if !memory.learned {
        load_learned(connection, &mut memory.descriptors)?;
        memory.learned = true;
    }
    Ok(())
}

pub(crate) fn load_learned(
    connection: &Connection,
    known: &mut KnownDescriptors,
) -> Result<(), JournalError> {
    let mut statement = connection.prepare_cached("select descriptor, type, unit from descriptor_type")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let descriptor: String = row.get(0)?;
        let value_type = value_type(row.get_ref(1)?.as_str().unwrap_or_default());
        let unit: Option<String> = row.get(2)?;
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
) -> Result<(), JournalError> {
    connection
        .prepare_cached(
            "insert into descriptor_type (descriptor, type, unit) values (?1, ?2, ?3) on conflict do nothing",
        )?
        .execute(params![descriptor, value_type.as_str(), unit.map(Unit::as_str)])?;
    Ok(())
}

fn value_type(text: &str) -> ValueType {
    match text {
        "bool" => ValueType::Bool,
        "number" => ValueType::Number,
        "timestamp" => ValueType::Timestamp,
        _ => ValueType::Text,
    }
}
