//! The payloads of the journal, and the readings that sinks are given of them.

use collector_core::{Reading, Unit, Value, ValueType};
use entry_form::{payload, typed};
use jiff::Timestamp;
use normalise::Window;
use normalise::known::KnownDescriptors;
use serde_json::value::RawValue;

use crate::{Reached, Target};

pub static TARGET: Target = Target {
    name: "journal_payload",
    places: &[
        "boolean",
        "number",
        "occurrence",
        "text",
        "time",
        "unknown descriptor",
    ],
    run,
};

/// 2026-03-01T12:00:00Z
const NOON: i64 = 1_772_366_400_000;

/// A poll that left at noon and was answered a second later.
pub(crate) fn window() -> Window {
    let at = |milliseconds| Timestamp::from_millisecond(milliseconds).expect("a time");
    Window {
        requested_at: Some(at(NOON)),
        sent_at: None,
        received_at: at(NOON + 1_000),
    }
}

fn run(input: &[u8], reached: &mut Reached) {
    let Ok(payload) = std::str::from_utf8(input) else {
        return;
    };
    let mut known = KnownDescriptors::default();
    known.learn("vehicle.new.number", ValueType::Number, Some(Unit::new("km")));
    known.learn("vehicle.new.text", ValueType::Text, None);
    known.learn("vehicle.new.boolean", ValueType::Bool, None);
    known.learn("vehicle.new.time", ValueType::Timestamp, None);
    let Ok(read) = readings(payload, &known) else {
        assert!(descriptors(payload).is_err());
        return;
    };
    let named = descriptors(payload).expect("it was read once");
    assert!(read.len() <= named.len());
    if named.iter().any(|descriptor| known.get(descriptor).is_none()) {
        reached.reach("unknown descriptor");
    }
    for reading in &read {
        sound(reading);
        reached.reach(match reading.value {
            Value::Bool(_) => "boolean",
            Value::Number(_) => "number",
            Value::Text(_) => "text",
            Value::Timestamp(_) => "time",
        });
        if reading.occurrence > 0 {
            reached.reach("occurrence");
        }
    }
    if let Some(again) = written_again(payload) {
        assert_eq!(
            readings(&again, &known).expect("what was written is readable"),
            read
        );
    }
}

/// Writes a payload of descriptors, their objects, and the occurrences of these.
pub(crate) fn encode<'a>(readings: impl IntoIterator<Item = (&'a str, &'a RawValue, u32)>) -> String {
    let mut builder = payload::Builder::new(None);
    for (descriptor, body, occurrence) in readings {
        builder.push(descriptor, body, occurrence);
    }
    builder.finish()
}

/// What a sink is given of a payload, where `known` are the descriptors that have a type.
pub(crate) fn readings(payload: &str, known: &KnownDescriptors) -> Result<Vec<Reading>, serde_json::Error> {
    Ok(typed::readings(payload, 0, window(), &Default::default(), known)?.readings)
}

/// Every descriptor with an object in a payload.
fn descriptors(payload: &str) -> Result<Vec<String>, serde_json::Error> {
    let mut found = Vec::new();
    payload::for_each(payload, |descriptor, _, _| found.push(descriptor.to_owned()))?;
    Ok(found)
}

/// What holds of every reading.
pub(crate) fn sound(reading: &Reading) {
    assert_eq!(reading.value.value_type(), reading.descriptor.value_type());
    assert_eq!(
        reading.measured_at.as_nanosecond() % 1_000_000,
        0,
        "whole milliseconds"
    );
    match &reading.value {
        Value::Number(number) => assert!(number.is_finite()),
        Value::Text(text) => assert!(!text.is_empty()),
        Value::Timestamp(time) => assert_eq!(time.as_nanosecond() % 1_000_000, 0, "whole milliseconds"),
        Value::Bool(_) => {}
    }
}

/// The payload taken apart by serde and written by us; `None` for what the journal reads and never writes,
/// such as a list `readings` that comes twice.
fn written_again(payload: &str) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Plain {
        readings: Vec<Vec<Box<RawValue>>>,
    }
    let plain: Plain = serde_json::from_str(payload).ok()?;
    let mut parts = Vec::new();
    for reading in &plain.readings {
        let (descriptor, body) = (reading.first()?, reading.get(1)?);
        let descriptor: String = serde_json::from_str(descriptor.get()).ok()?;
        let occurrence = match reading.get(2) {
            Some(occurrence) => serde_json::from_str(occurrence.get()).ok()?,
            None => 0,
        };
        parts.push((descriptor, body, occurrence));
    }
    let parts = parts.iter();
    Some(encode(parts.map(|(descriptor, body, occurrence)| {
        (descriptor.as_str(), &***body, *occurrence)
    })))
}
