//! A reading as a line of JSON.

use std::io;

use collector_core::{Snapshot, Value};
use jiff::Timestamp;
use serde::{Serialize, Serializer};

/// The keys of a line, in this order. Programs read them: keys may be added, never renamed.
#[derive(Serialize)]
struct Line<'a> {
    measured_at: &'a str,
    vehicle: &'a str,
    vin: &'a str,
    descriptor: &'a str,
    name: &'a str,
    #[serde(serialize_with = "typed")]
    value: &'a Value,
    unit: Option<&'a str>,
    source: &'a str,
    origin: &'a str,
    received_at: &'a str,
    stamp: &'a str,
}

/// Appends one line per reading.
pub fn json(out: &mut Vec<u8>, snapshot: &Snapshot) -> io::Result<()> {
    let received_at = rfc3339(snapshot.received_at);
    // Readings of a group share their time.
    let mut measured_at = (snapshot.received_at, received_at.clone());
    for reading in &snapshot.readings {
        if reading.measured_at != measured_at.0 {
            measured_at = (reading.measured_at, rfc3339(reading.measured_at));
        }
        let line = Line {
            measured_at: &measured_at.1,
            vehicle: &snapshot.vehicle.name,
            vin: snapshot.vehicle.vin.as_str(),
            descriptor: reading.descriptor.as_str(),
            name: reading.descriptor.name(),
            value: &reading.value,
            unit: reading.unit.as_ref().map(|unit| unit.as_str()),
            source: &snapshot.source,
            origin: snapshot.origin.as_str(),
            received_at: &received_at,
            stamp: reading.stamp.as_str(),
        };
        serde_json::to_writer(&mut *out, &line)?;
        out.push(b'\n');
    }
    Ok(())
}

/// A time as RFC 3339 in UTC with milliseconds, always of one length.
pub fn rfc3339(time: Timestamp) -> String {
    format!("{time:.3}")
}

/// In the JSON type of the value.
pub fn typed<S: Serializer>(value: &Value, serializer: S) -> Result<S::Ok, S::Error> {
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
    use collector_core::testkit::{entry_with, reading};

    use super::*;

    fn value_of(value: Value) -> String {
        let entry = entry_with(
            1,
            vec![reading("vehicle.x", "x", value, Some("km"), 1_772_366_400_000)],
        );
        let mut out = Vec::new();
        json(&mut out, entry.snapshot().unwrap()).unwrap();
        let line: serde_json::Value = serde_json::from_slice(&out).unwrap();
        line["value"].to_string()
    }

    #[test]
    fn a_line_has_every_key_in_order() {
        let soc = reading(
            "vehicle.header",
            "soc",
            Value::Number(74.0),
            Some("%"),
            1_772_366_400_000,
        );
        let mut out = Vec::new();
        json(&mut out, entry_with(1, vec![soc]).snapshot().unwrap()).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            concat!(
                r#"{"measured_at":"2026-03-01T12:00:00.000Z","vehicle":"i4","vin":"WBY8P210X07A12345","#,
                r#""descriptor":"vehicle.header","name":"soc","value":74,"unit":"%","source":"telematics","#,
                r#""origin":"poll","received_at":"2026-03-01T12:01:01.000Z","stamp":"measured"}"#,
                "\n"
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
