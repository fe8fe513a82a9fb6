//! Every line is read back by InfluxData's own parser.

use collector_core::testkit::{entry_with, reading};
use collector_core::{SinkConfig, Snapshot};
use influxdb_line_protocol::{FieldValue as Parsed, ParsedLine, parse_lines};
use proptest::prelude::*;

use super::*;

fn config(fixed: &[(&str, &str)]) -> InfluxdbConfig {
    let mut config: InfluxdbConfig = serde_json::from_value(
        serde_json::json!({ "url": "http://localhost", "database": "d", "fields": "descriptor" }),
    )
    .unwrap();
    config.fixed_tags = fixed
        .iter()
        .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
        .collect();
    config
}

fn encode(config: &InfluxdbConfig, snapshot: &Snapshot) -> String {
    let encoder = Encoder(config.clone());
    let head = encoder.head(snapshot, snapshot.readings[0].stamp);
    let mut out = Vec::new();
    encoder.line(&head, &snapshot.readings, 1_772_366_400_000, &mut out);
    String::from_utf8(out).unwrap()
}

fn only_line(text: &str) -> ParsedLine<'_> {
    let lines: Vec<_> = parse_lines(text).collect();
    assert_eq!(lines.len(), 1, "{text:?}");
    lines.into_iter().next().unwrap().unwrap()
}

fn snapshot(name: &str, key: &str, value: Value) -> Snapshot {
    let entry = entry_with(1, vec![reading(key, "short", value, None, 0)]);
    let mut snapshot = entry.snapshot().unwrap().as_ref().clone();
    snapshot.vehicle.name = name.into();
    snapshot
}

fn text(text: &str) -> Value {
    Value::Text(text.into())
}

#[test]
fn no_two_descriptors_share_a_field_also_where_one_is_called_as_the_texts_of_another() {
    let encoder = Encoder(config(&[]));
    let key = |id: &str, value: Value| encoder.key(&reading(id, id, value, None, 0)).into_owned();
    let mut keys = Vec::new();
    for id in ["a.x", "a.x_text", "a.x_text_", "a.x_text_text", "a.x_"] {
        let own = [key(id, Value::Number(1.0)), key(id, Value::Text("b".into()))];
        let descriptor = reading(id, id, Value::Bool(true), None, 0).descriptor;
        assert_eq!(encoder.keys(&descriptor), own);
        keys.extend(own);
    }
    assert_eq!(keys[..4], ["a.x", "a.x_text", "a.x_text_", "a.x_text_text"]);
    let all = keys.len();
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), all, "{keys:?}");
    // The catalogue keeps its names.
    let catalogued = reading("vehicle.x", "charging_port_text", Value::Number(1.0), None, 0);
    assert_eq!(encoder.key(&catalogued), "vehicle.x");
}

#[test]
fn a_line_has_measurement_tags_fields_and_time() {
    let mut snapshot = snapshot("my i4", "vehicle.isMoving", Value::Bool(true));
    snapshot
        .readings
        .push(reading("a.soc", "soc", Value::Number(74.0), None, 0));
    snapshot.readings.push(reading(
        "a.end",
        "end",
        Value::Timestamp(Timestamp::UNIX_EPOCH),
        None,
        0,
    ));
    assert_eq!(
        encode(&config(&[("site", "at home")]), &snapshot),
        "cardata,site=at\\ home,vehicle=my\\ i4,vin=WBY8P210X07A12345 \
         a.end=\"1970-01-01T00:00:00.000Z\",a.soc=74,vehicle.isMoving=t 1772366400000\n"
    );
}

#[test]
fn tags_and_field_names_are_chosen() {
    let mut config = config(&[]);
    config.tags = [Tag::Vin, Tag::Account, Tag::Source, Tag::Origin, Tag::Stamp].into();
    config.fields = FieldKey::Name;
    assert_eq!(
        encode(&config, &snapshot("i4", "vehicle.isMoving", Value::Bool(false))),
        "cardata,account=home,origin=poll,source=telematics,stamp=measured,vin=WBY8P210X07A12345 short=f \
         1772366400000\n"
    );
}

#[test]
fn what_no_line_can_hold_is_refused_with_a_reason() {
    let encoder = Encoder(config(&[]));
    let refuse = |key: &str, value: Value| encoder.refuse(&reading(key, key, value, None, 0));
    assert!(refuse("k", Value::Number(f64::NAN)).unwrap().contains("NaN"));
    assert!(
        refuse("k", Value::Number(f64::NEG_INFINITY))
            .unwrap()
            .contains("-inf")
    );
    assert!(
        refuse("k", text(&"x".repeat(65_537)))
            .unwrap()
            .contains("65537 bytes")
    );
    assert_eq!(refuse("k", text(&"x".repeat(65_536))), None);
    for key in ["time", "", "a\nb", "a\\"] {
        assert!(
            refuse(key, Value::Number(1.0)).unwrap().contains("field called"),
            "{key:?}"
        );
    }
    let mut late = reading("k", "k", text("x"), None, 0);
    late.measured_at = "2300-01-01T00:00:00Z".parse().unwrap();
    assert!(encoder.refuse(&late).unwrap().contains("1677 to 2262"));
}

#[test]
fn further_values_of_a_time_stand_nanoseconds_later() {
    let mut further = reading("k", "k", text("x"), None, 1_772_366_400_123);
    further.occurrence = 2;
    assert_eq!(
        timestamp(&further, Precision::Nanoseconds),
        Some(1_772_366_400_123_000_002)
    );
    assert_eq!(
        timestamp(&further, Precision::Milliseconds),
        Some(1_772_366_400_123)
    );
}

/// What a tag is expected to be read back as.
fn readable(name: &str) -> String {
    let replaced: String = name
        .chars()
        .map(|c| match c {
            '\\' => '/',
            c if c.is_control() => ' ',
            c => c,
        })
        .collect();
    replaced.trim().to_owned()
}

fn any_text() -> impl Strategy<Value = String> {
    let hostile = proptest::collection::vec(
        prop_oneof![
            Just("\\"),
            Just("\""),
            Just(","),
            Just("="),
            Just(" "),
            Just("\n"),
            Just("\r"),
            Just("\t"),
            Just("#"),
            Just("\0"),
            Just("a"),
            Just("ü"),
            Just("⚡"),
            Just("1i"),
            Just("\u{2028}"),
        ],
        1..12,
    );
    prop_oneof![hostile.prop_map(|parts| parts.concat()), any::<String>()]
}

/// Odd names, most of which the options may have.
fn any_name() -> impl Strategy<Value = String> {
    let parts = prop_oneof![
        Just(","),
        Just("="),
        Just(" "),
        Just("\""),
        Just("'"),
        Just("#"),
        Just("a"),
        Just("ü"),
        Just("1i"),
        Just("\u{2028}"),
    ];
    proptest::collection::vec(parts, 1..10).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn any_text_reads_back_as_it_was(words in any_text(), name in any_text()) {
        prop_assume!(!words.is_empty());
        let line = encode(&config(&[]), &snapshot(&name, "vehicle.text", text(&words)));
        let parsed = only_line(&line);
        prop_assert_eq!(parsed.timestamp, Some(1_772_366_400_000));
        prop_assert_eq!(parsed.field_set.len(), 1);
        let Some(Parsed::String(read)) = parsed.field_value("vehicle.text") else { panic!("{line:?}") };
        prop_assert_eq!(read.as_str(), words);
        let read = parsed.tag_value("vehicle").map(|value| value.as_str().to_owned()).unwrap_or_default();
        prop_assert_eq!(read, readable(&name));
    }

    #[test]
    fn any_finite_number_reads_back_exactly(number in proptest::num::f64::NORMAL | proptest::num::f64::SUBNORMAL | proptest::num::f64::ZERO) {
        let line = encode(&config(&[]), &snapshot("i4", "vehicle.number", Value::Number(number)));
        let parsed = only_line(&line);
        let Some(Parsed::F64(read)) = parsed.field_value("vehicle.number") else { panic!("{line:?}") };
        prop_assert_eq!(read.to_bits(), number.to_bits());
    }

    #[test]
    fn any_name_that_is_let_through_reads_back_as_it_was(key in any_name(), measurement in any_name(), fixed in any_name()) {
        let mut config = config(&[]);
        config.measurement = measurement.clone();
        config.fixed_tags = [(fixed.clone(), fixed.clone())].into();
        prop_assume!(config.validate().is_ok());
        let snapshot = snapshot("i4", &key, Value::Bool(true));
        prop_assume!(Encoder(config.clone()).refuse(&snapshot.readings[0]).is_none());
        let line = encode(&config, &snapshot);
        let parsed = only_line(&line);
        prop_assert_eq!(parsed.series.measurement.as_str(), measurement);
        prop_assert!(matches!(parsed.field_value(&key), Some(Parsed::Boolean(true))), "{line:?}");
        prop_assert_eq!(parsed.tag_value(&fixed).map(|value| value.as_str()), Some(fixed.as_str()));
    }
}
