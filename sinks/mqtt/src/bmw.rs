//! BMW's own form: what its broker sends for one value of one vehicle.

use std::collections::BTreeMap;

use collector_core::{Reading, Snapshot, Unit, Value};
use jiff::Timestamp;
use serde::Serialize;

use crate::message::{Message, json};

#[derive(Serialize)]
struct Payload<'a> {
    vin: &'a str,
    #[serde(rename = "entityId")]
    entity_id: &'a str,
    /// BMW repeats the VIN here.
    topic: &'a str,
    timestamp: String,
    data: BTreeMap<&'a str, Datum<'a>>,
}

#[derive(Serialize)]
struct Datum<'a> {
    timestamp: String,
    value: serde_json::Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<&'a str>,
}

/// The message for one reading: topic `{gcid}/{vin}` behind the prefix, one descriptor.
pub fn message(prefix: &str, gcid: &str, snapshot: &Snapshot, reading: &Reading) -> Message {
    let vin = snapshot.vehicle.vin.as_str();
    let datum = Datum {
        timestamp: measured(reading.measured_at),
        value: plain(&reading.value),
        unit: reading.unit.as_ref().map(spelling),
    };
    let payload = Payload {
        vin,
        entity_id: gcid,
        topic: vin,
        timestamp: format!("{:.3}", snapshot.received_at),
        data: [(reading.descriptor.as_str(), datum)].into(),
    };
    Message {
        topic: format!("{prefix}{gcid}/{vin}"),
        payload: json(&payload),
        retain: false,
    }
}

/// A number as a number, whole ones without a point, a truth value as itself, all else as text.
pub fn plain(value: &Value) -> serde_json::Value {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match value {
        Value::Bool(value) => (*value).into(),
        #[expect(clippy::cast_possible_truncation, reason = "a whole number of at most 2^53")]
        Value::Number(value) if value.fract() == 0.0 && value.abs() <= EXACT => (*value as i64).into(),
        Value::Number(value) => (*value).into(),
        Value::Text(text) => text.as_ref().into(),
        Value::Timestamp(_) => value.to_string().into(),
    }
}

/// BMW stamps with whole seconds; milliseconds are shown where there are some.
fn measured(at: Timestamp) -> String {
    if at.subsec_nanosecond() == 0 {
        format!("{at:.0}")
    } else {
        format!("{at:.3}")
    }
}

/// The unit as BMW's stream spells it.
fn spelling(unit: &Unit) -> &str {
    match unit.as_str() {
        "%" => "percent",
        "°" => "degrees",
        "°C" => "celsius",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use collector_core::testkit::{entry_with, reading};

    use super::*;

    const LATITUDE: &str = "vehicle.cabin.infotainment.navigation.currentLocation.latitude";

    fn payload(readings: Reading) -> String {
        let entry = entry_with(1, vec![readings]);
        let message = message("", "gcid", entry.snapshot().unwrap(), &entry.readings()[0]);
        assert_eq!(message.topic, "gcid/WBY8P210X07A12345");
        assert!(!message.retain);
        String::from_utf8(message.payload).unwrap()
    }

    #[test]
    fn a_message_reads_as_one_of_bmw() {
        let at = 1_785_155_878_000;
        let latitude = reading(
            LATITUDE,
            "latitude",
            Value::Number(50.766_438_055_6),
            Some("°"),
            at,
        );
        assert_eq!(
            payload(latitude),
            "{\"vin\":\"WBY8P210X07A12345\",\"entityId\":\"gcid\",\"topic\":\"WBY8P210X07A12345\",\
             \"timestamp\":\"2026-03-01T12:01:01.000Z\",\"data\":{\
             \"vehicle.cabin.infotainment.navigation.currentLocation.latitude\":\
             {\"timestamp\":\"2026-07-27T12:37:58Z\",\"value\":50.7664380556,\"unit\":\"degrees\"}}}"
        );
    }

    #[test]
    fn values_keep_their_type() {
        for (value, text) in [
            (Value::Bool(true), "\"value\":true}"),
            (Value::Number(74.0), "\"value\":74}"),
            (Value::Number(-0.5), "\"value\":-0.5}"),
            (Value::Number(1e300), "\"value\":1e+300}"),
            (
                Value::Text(Arc::from("a \"b\"\nç")),
                "\"value\":\"a \\\"b\\\"\\nç\"}",
            ),
            (
                Value::Timestamp(Timestamp::UNIX_EPOCH),
                "\"value\":\"1970-01-01T00:00:00.000Z\"}",
            ),
        ] {
            let shown = payload(reading("a.b", "b", value, None, 1));
            assert!(shown.contains(text), "{shown}");
            assert!(
                shown.contains("\"timestamp\":\"1970-01-01T00:00:00.001Z\""),
                "{shown}"
            );
        }
    }
}
