//! Types and values as real servers keep them.

use std::collections::BTreeMap;

use collector_core::Value;
use collector_core::testkit::{entries, entry_with, reading};
use serde_json::json;
use tests::servers::{FieldValue, InfluxDb1, VictoriaMetrics};

use crate::{database, sink};

const NOON: i64 = 1_772_366_400_000;

/// What is in no catalogue may begin as a number and go on as a text.
#[tokio::test]
async fn a_descriptor_that_turns_out_to_be_text_has_a_field_for_each_type() {
    let Some(server) = InfluxDb1::start().await else {
        return;
    };
    let name = server.create_database().await;
    let told = |seq: u64, value: Value| {
        let at = NOON + seq.cast_signed();
        entry_with(seq, vec![reading("a.new", "a.new", value, None, at)])
    };
    let number = told(1, Value::Number(7.0));
    let text = told(2, Value::Text("seven".into()));
    for entry in [number, text] {
        let written = sink(database(&server.url(), &name))
            .write(&[entry])
            .await
            .unwrap();
        assert_eq!(written.rejected, []);
    }
    let points = server.points(&name).await;
    let fields: BTreeMap<_, _> = points
        .into_iter()
        .map(|point| (point.field, point.value))
        .collect();
    let want = [
        ("a.new".to_owned(), FieldValue::Number(7.0)),
        ("a.new_text".to_owned(), FieldValue::Text("seven".to_owned())),
    ];
    assert_eq!(fields, BTreeMap::from(want));
}

#[tokio::test]
async fn each_value_keeps_its_type_its_time_and_its_place() {
    let Some(server) = InfluxDb1::start().await else {
        return;
    };
    let name = server.create_database().await;
    let mut further = reading("a.number", "b", Value::Number(-0.5), None, NOON + 1);
    further.occurrence = 2;
    let readings = vec![
        reading("a.bool", "a", Value::Bool(false), None, NOON),
        reading("a.number", "b", Value::Number(74.0), None, NOON + 1),
        reading("a.text", "c", Value::Text("74".into()), None, NOON + 2),
        reading(
            "a.time",
            "d",
            Value::Timestamp("2026-01-02T03:04:05.6Z".parse().unwrap()),
            None,
            NOON + 3,
        ),
        further,
    ];
    let mut options = database(&server.url(), &name);
    options["tags"] = json!(["vin", "origin"]);
    options["fixed_tags"] = json!({ "site": "at, home" });
    let written = sink(options).write(&[entry_with(1, readings)]).await.unwrap();
    assert_eq!(written.rejected, []);
    let mut points = server.points(&name).await;
    points.sort_by_key(|point| point.timestamp);
    let tags = [
        ("origin", "poll"),
        ("site", "at, home"),
        ("vin", "WBY8P210X07A12345"),
    ];
    let tags: BTreeMap<_, _> = tags
        .into_iter()
        .map(|(k, v)| (k.to_owned(), v.to_owned()))
        .collect();
    assert!(
        points
            .iter()
            .all(|point| point.measurement == "cardata" && point.tags == tags),
        "{points:?}"
    );
    let kept: Vec<_> = points
        .iter()
        .map(|point| {
            (
                point.field.as_str(),
                point.timestamp - NOON * 1_000_000,
                point.value.clone(),
            )
        })
        .collect();
    assert_eq!(
        kept,
        [
            ("a.bool", 0, FieldValue::Bool(false)),
            ("a.number", 1_000_000, FieldValue::Number(74.0)),
            ("a.number", 1_000_002, FieldValue::Number(-0.5)),
            ("a.text", 2_000_000, FieldValue::Text("74".to_owned())),
            (
                "a.time",
                3_000_000,
                FieldValue::Text("2026-01-02T03:04:05.600Z".to_owned())
            ),
        ]
    );
}

#[tokio::test]
async fn victoria_metrics_keeps_numbers_and_truth_values() {
    let Some(server) = VictoriaMetrics::start().await else {
        return;
    };
    let batch = entries(1, 20);
    let mut sink = sink(database(&server.url(), "cars"));
    for _ in 0..2 {
        assert_eq!(sink.write(&batch).await.unwrap().rejected, []);
    }
    let mut kept = Vec::new();
    for series in server.series().await {
        let vin = &series.labels["vin"];
        let rows = series
            .samples
            .iter()
            .map(|(at, value)| sample(vin, &series.name, *at, *value));
        kept.extend(rows.filter(|_| is_kept(&series.name)));
    }
    let mut expected = Vec::new();
    for entry in &batch {
        let vin = entry.snapshot().unwrap().vehicle.vin.as_str();
        for reading in entry.readings() {
            let value = match reading.value {
                Value::Bool(value) => f64::from(u8::from(value)),
                Value::Number(value) => value,
                _ => continue,
            };
            let name = format!("cardata_{}", reading.descriptor);
            let row = sample(vin, &name, reading.measured_at.as_millisecond(), value);
            expected.extend(is_kept(&name).then_some(row));
        }
    }
    kept.sort();
    expected.sort();
    assert_eq!(kept, expected);
}

/// To nine places: VictoriaMetrics may round the last digits of a number.
fn sample(vin: &str, name: &str, at: i64, value: f64) -> (String, String, i64, String) {
    (vin.to_owned(), name.to_owned(), at, format!("{value:.9}"))
}

/// Texts stand there as 0, and of two values under one time the server is told to keep one.
fn is_kept(name: &str) -> bool {
    let kept = [
        "batteryManagement.header",
        "Location.latitude",
        "travelledDistance",
        "isMoving",
    ];
    kept.iter().any(|end| name.ends_with(end))
}
