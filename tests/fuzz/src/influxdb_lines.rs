//! The lines that are sent to InfluxDB, read back with InfluxData's own parser.

use std::collections::BTreeMap;

use collector_core::{Reading, SinkConfig, Value};
use influxdb_line_protocol::{FieldValue, parse_lines};
use sink_influxdb::fuzzing::encode;
use sink_influxdb::{FieldKey, InfluxdbConfig, Tag};

use crate::sheet::Sheet;
use crate::{Reached, Target};

pub static TARGET: Target = Target {
    name: "influxdb_lines",
    places: &[
        "boolean",
        "fixed tag",
        "number",
        "refused reading",
        "second value",
        "text",
        "time",
    ],
    run,
};

/// A field at a time in nanoseconds.
type Place = (String, i64);

fn run(input: &[u8], reached: &mut Reached) {
    let Some(sheet) = Sheet::of(input) else { return };
    let Some(config) = config(&sheet) else { return };
    let (lines, rejected) = encode(&config, std::slice::from_ref(&sheet.entry));
    let mut stored: BTreeMap<Place, String> = BTreeMap::new();
    for request in &lines {
        let text = std::str::from_utf8(&request.text).expect("lines are UTF-8");
        for line in parse_lines(text) {
            let line = line.unwrap_or_else(|error| panic!("{error}: {text:?}"));
            assert_eq!(line.series.measurement.as_str(), config.measurement);
            for (key, value) in &config.fixed_tags {
                assert_eq!(
                    line.tag_value(key).map(|value| value.as_str()),
                    Some(value.as_str()),
                    "{text:?}"
                );
                reached.reach("fixed tag");
            }
            let time = line.timestamp.expect("every line has its time") * request.nanoseconds;
            for (key, value) in &line.field_set {
                let before = stored.insert((key.as_str().to_owned(), time), shown(value));
                assert_eq!(before, None, "a field twice: {text:?}");
            }
        }
    }
    for (position, reading) in sheet.readings().iter().enumerate() {
        if rejected
            .iter()
            .any(|rejection| rejection.reading == Some(position))
        {
            reached.reach("refused reading");
            continue;
        }
        reached.reach(match &reading.value {
            _ if reading.occurrence > 0 => "second value",
            Value::Bool(_) => "boolean",
            Value::Number(_) => "number",
            Value::Text(_) => "text",
            Value::Timestamp(_) => "time",
        });
        let mut key = match config.fields {
            FieldKey::Descriptor => reading.descriptor.as_str(),
            FieldKey::Name => reading.descriptor.name(),
        }
        .to_owned();
        let is_text = matches!(reading.value, Value::Text(_) | Value::Timestamp(_));
        let end = match (reading.descriptor.is_catalogued(), is_text) {
            (true, _) => "",
            (false, true) => "_text",
            (false, false) if key.trim_end_matches('_').ends_with("_text") => "_",
            (false, false) => "",
        };
        key += end;
        let time = reading.measured_at.as_millisecond() * 1_000_000 + i64::from(reading.occurrence);
        assert_eq!(stored.remove(&(key, time)), Some(expected(reading)), "{stored:?}");
    }
    assert!(stored.is_empty(), "nobody sent {stored:?}");
}

fn config(sheet: &Sheet<'_>) -> Option<InfluxdbConfig> {
    let options = serde_json::json!({ "url": "http://localhost:8086", "database": "cardata" });
    let mut config: InfluxdbConfig = serde_json::from_value(options).expect("options");
    if !sheet.option(0).is_empty() {
        config.measurement = sheet.option(0).to_owned();
    }
    if sheet.option(1) == "name" {
        config.fields = FieldKey::Name;
    }
    if !sheet.option(2).is_empty() {
        config.fixed_tags = [(sheet.option(2).to_owned(), sheet.option(3).to_owned())].into();
    }
    if sheet.option(4) == "all" {
        config.tags = [Tag::Vin, Tag::Vehicle, Tag::Account, Tag::Source, Tag::Origin].into();
    }
    config.validate().is_ok().then_some(config)
}

fn shown(value: &FieldValue<'_>) -> String {
    match value {
        FieldValue::F64(number) => format!("n{:x}", number.to_bits()),
        FieldValue::String(text) => format!("t{}", text.as_str()),
        FieldValue::Boolean(truth) => format!("b{truth}"),
        other => panic!("never an integer: {other:?}"),
    }
}

fn expected(reading: &Reading) -> String {
    match &reading.value {
        Value::Number(number) => format!("n{:x}", number.to_bits()),
        Value::Bool(truth) => format!("b{truth}"),
        Value::Text(_) | Value::Timestamp(_) => format!("t{}", reading.value),
    }
}
