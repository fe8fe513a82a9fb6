//! The form in which other programs are given readings and records: objects of JSON.
//!
//! One form for all, documented in sinks/stdout/README.md. Keys may be added at the end, never renamed.

mod record;

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use crate::{Reading, Snapshot, Value};

pub use record::RecordLine;

/// One reading, with what it shares with the others of its snapshot.
#[derive(Serialize)]
pub struct ReadingLine<'a> {
    measured_at: Arc<str>,
    vehicle: &'a str,
    vin: &'a str,
    descriptor: &'a str,
    name: &'a str,
    #[serde(serialize_with = "typed")]
    value: &'a Value,
    unit: Option<&'a str>,
    source: &'a str,
    origin: &'a str,
    received_at: Arc<str>,
    stamp: &'a str,
    occurrence: u32,
}

/// The end of a value; see [`crate::Ended`].
#[derive(Serialize)]
pub struct EndedLine<'a> {
    at: String,
    vehicle: &'a str,
    vin: &'a str,
    descriptor: &'a str,
    name: &'a str,
    source: &'a str,
}

/// The readings of a snapshot, in its order.
pub fn readings(snapshot: &Snapshot) -> impl Iterator<Item = ReadingLine<'_>> {
    let received_at: Arc<str> = rfc3339(snapshot.received_at).into();
    // Readings of a group share their time.
    let mut measured_at = (snapshot.received_at, Arc::clone(&received_at));
    snapshot.readings.iter().map(move |reading: &Reading| {
        if reading.measured_at != measured_at.0 {
            measured_at = (reading.measured_at, rfc3339(reading.measured_at).into());
        }
        ReadingLine {
            measured_at: Arc::clone(&measured_at.1),
            vehicle: &snapshot.vehicle.name,
            vin: snapshot.vehicle.vin.as_str(),
            descriptor: reading.descriptor.as_str(),
            name: reading.descriptor.name(),
            value: &reading.value,
            unit: reading.unit.as_ref().map(|unit| unit.as_str()),
            source: &snapshot.source,
            origin: snapshot.origin.as_str(),
            received_at: Arc::clone(&received_at),
            stamp: reading.stamp.as_str(),
            occurrence: reading.occurrence,
        }
    })
}

/// The values that end in a snapshot, in its order.
pub fn ended(snapshot: &Snapshot) -> impl Iterator<Item = EndedLine<'_>> {
    snapshot.ended.iter().map(|ended| EndedLine {
        at: rfc3339(ended.at),
        vehicle: &snapshot.vehicle.name,
        vin: snapshot.vehicle.vin.as_str(),
        descriptor: ended.descriptor.as_str(),
        name: ended.descriptor.name(),
        source: &snapshot.source,
    })
}

/// A time as RFC 3339 in UTC with milliseconds, always of one length.
pub fn rfc3339(time: Timestamp) -> String {
    format!("{time:.3}")
}

/// In the JSON type of the value.
fn typed<S: Serializer>(value: &Value, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        Value::Bool(value) => serializer.serialize_bool(*value),
        Value::Number(value) => match whole(*value) {
            Some(whole) => serializer.serialize_i64(whole),
            None => serializer.serialize_f64(*value),
        },
        Value::Text(value) => serializer.serialize_str(value),
        Value::Timestamp(value) => serializer.serialize_str(&rfc3339(*value)),
    }
}

/// A number that is written without a fraction, `74` rather than `74.0`; within what JSON readers keep exact.
fn whole(value: f64) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let is_negative_zero = value == 0.0 && value.is_sign_negative();
    (value.fract() == 0.0 && value.abs() <= EXACT && !is_negative_zero).then_some(value as i64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::{ended as an_end, entry_with, reading};

    const NOON: i64 = 1_772_366_400_000;

    fn value_of(value: Value) -> String {
        let entry = entry_with(1, vec![reading("vehicle.x", "x", value, Some("km"), NOON)]);
        let line = readings(entry.snapshot().unwrap()).next().unwrap();
        serde_json::json!(line)["value"].to_string()
    }

    #[test]
    fn a_line_has_every_key_in_order() {
        let mut soc = reading("vehicle.header", "soc", Value::Number(74.0), Some("%"), NOON);
        soc.occurrence = 1;
        let entry = entry_with(1, vec![soc.clone()]);
        let line = readings(entry.snapshot().unwrap()).next().unwrap();
        assert_eq!(
            serde_json::to_string(&line).unwrap(),
            concat!(
                r#"{"measured_at":"2026-03-01T12:00:00.000Z","vehicle":"i4","vin":"WBY8P210X07A12345","#,
                r#""descriptor":"vehicle.header","name":"soc","value":74,"unit":"%","source":"telematics","#,
                r#""origin":"poll","received_at":"2026-03-01T12:01:01.000Z","stamp":"measured","occurrence":1}"#,
            )
        );
        let entry = an_end(2, &soc.descriptor, NOON);
        let line = ended(entry.snapshot().unwrap()).next().unwrap();
        assert_eq!(
            serde_json::to_string(&line).unwrap(),
            concat!(
                r#"{"at":"2026-03-01T12:00:00.000Z","vehicle":"4567, \"the other\"","vin":"WBA11AA0001234567","#,
                r#""descriptor":"vehicle.header","name":"soc","source":"telematics"}"#,
            )
        );
    }

    #[test]
    fn values_keep_their_type() {
        assert_eq!(value_of(Value::Bool(true)), "true");
        assert_eq!(value_of(Value::Number(-0.5)), "-0.5");
        assert_eq!(value_of(Value::Number(-0.0)), "-0.0");
        assert_eq!(
            value_of(Value::Number(9_007_199_254_740_992.0)),
            "9007199254740992"
        );
        assert_eq!(value_of(Value::Text("a\nb".into())), r#""a\nb""#);
        assert_eq!(
            value_of(Value::Timestamp(Timestamp::UNIX_EPOCH)),
            r#""1970-01-01T00:00:00.000Z""#
        );
    }
}
