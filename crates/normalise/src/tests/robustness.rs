//! Whatever is sent, reading it is repeatable and never panics.

use proptest::prelude::*;

use super::*;
use crate::body::Scalar;
use crate::known::infer;

fn json() -> impl Strategy<Value = serde_json::Value> {
    let words = prop::sample::select(vec![
        "74",
        "INVALID",
        "-NA-",
        " 5 ",
        "inf",
        "1e400",
        "true",
        "OPEN",
        "FLAP_LOCKED",
        "null",
        "percent",
        "mi",
        "2026-03-01T12:00:00Z",
        "2026-03-01T12:00:00.000Z",
        "-9223372036854775808",
        "31.02.2026 12:00 UTC",
        "",
    ]);
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        words.prop_map(Into::into),
        "\\PC{0,12}".prop_map(Into::into),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Into::into),
            prop::collection::btree_map("[a-z\"\\\\]{0,4}", inner, 0..3)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

fn body() -> impl Strategy<Value = String> {
    let part = || prop::option::of(json());
    (part(), part(), part()).prop_map(|(value, unit, timestamp)| {
        let mut map = serde_json::Map::new();
        for (key, part) in [("value", value), ("unit", unit), ("timestamp", timestamp)] {
            map.extend(part.map(|part| (key.to_owned(), part)));
        }
        serde_json::Value::Object(map).to_string()
    })
}

proptest! {
    #[test]
    fn any_object_means_one_thing(body in body()) {
        let parsed = Body::parse(&body).unwrap();
        let inferred = infer(&parsed, "vehicle.made.up").map(|(value_type, _)| learned(value_type));
        let descriptors = [SOC, MILEAGE, STATUS, IS_MOVING, HV_STATUS, TRIP_END].map(known);
        for known in descriptors.iter().chain(&inferred) {
            let meaning = interpret(&parsed, known, window());
            prop_assert_eq!(&meaning, &meaning_of(known, &body));
            let Meaning::Reading { value, measured_at, .. } = meaning else { continue };
            prop_assert_eq!(value.value_type(), known.descriptor.value_type());
            prop_assert_eq!(measured_at.as_nanosecond() % 1_000_000, 0);
            match value {
                Value::Number(number) => prop_assert!(number.is_finite()),
                Value::Text(text) => prop_assert!(!text.is_empty()),
                _ => {}
            }
        }
    }

    /// A first value that gave a descriptor its type is a value of that type.
    #[test]
    fn a_first_value_fits_the_type_that_it_gave(body in body()) {
        let parsed = Body::parse(&body).unwrap();
        if let Some((value_type, unit)) = infer(&parsed, "vehicle.made.up") {
            let mut descriptors = KnownDescriptors::default();
            descriptors.learn("vehicle.new", value_type, unit);
            let meaning = interpret(&parsed, descriptors.get("vehicle.new").unwrap(), window());
            prop_assert!(matches!(meaning, Meaning::Reading { .. }), "{:?}: {:?}", value_type, meaning);
        }
    }

    #[test]
    fn any_text_parses_or_does_not(text in "\\PC{0,60}") {
        if let Some(body) = Body::parse(&text) {
            let _ = infer(&body, "vehicle.made.up");
            let _ = interpret(&body, &known(SOC), window());
        }
    }
}

#[test]
fn only_an_object_is_a_body() {
    for json in ["17", "null", r#""74""#, "true", "[]", r#"["74","%"]"#, "", "{"] {
        assert!(Body::parse(json).is_none(), "{json}");
    }
    assert!(Body::parse(r#" {"value":"74","more":{"a":[]}} "#).is_some());
    assert_eq!(
        Body::parse(r#"{"value":1,"value":2}"#).unwrap().value(),
        Scalar::Number("2")
    );
}

#[test]
fn the_first_value_of_a_new_descriptor_gives_it_its_type() {
    for (json, want) in [
        (r#""74""#, Some(ValueType::Number)),
        (r#"" 74 ""#, Some(ValueType::Number)),
        ("74.5", Some(ValueType::Number)),
        ("true", Some(ValueType::Bool)),
        (r#""False""#, Some(ValueType::Bool)),
        (r#""OPEN""#, Some(ValueType::Text)),
        (r#""inf""#, Some(ValueType::Text)),
        (r#"{"a":1}"#, Some(ValueType::Text)),
        (r#"" ""#, None),
        (r#"" INVALID ""#, None),
        ("null", None),
    ] {
        let body = format!(r#"{{"value":{json},"unit":"percent"}}"#);
        let inferred = infer(&Body::parse(&body).unwrap(), "vehicle.made.up");
        assert_eq!(
            inferred.as_ref().map(|(value_type, _)| *value_type),
            want,
            "{json}"
        );
        let unit = inferred.and_then(|(_, unit)| unit).map(|unit| unit.to_string());
        assert_eq!(unit.is_some(), want == Some(ValueType::Number), "{json}");
    }
}
