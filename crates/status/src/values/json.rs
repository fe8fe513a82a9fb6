//! Values for programs: canonical units, whatever the owner reads.

use collector_core::{Unit, Value};
use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};

use super::{Car, Gone, Told, Values};

/// Everything that is told, also what has ended. `now` is the pipeline's time.
pub fn json(values: &Values, now: Timestamp) -> Json {
    let cars = values.cars.iter().map(|car| of_car(car, now));
    json!({ "now": time(now), "vehicles": cars.collect::<Json>() })
}

fn of_car(car: &Car, now: Timestamp) -> Json {
    let quantities = car.quantities.iter().map(|one| told(one, now));
    let values = car.values.iter().map(|one| told(one, now));
    json!({
        "vehicle": &*car.vehicle.name,
        "quantities": quantities.map(Json::Object).collect::<Json>(),
        "values": values.map(Json::Object).collect::<Json>(),
        "ended": car.ended.iter().map(ended).map(Json::Object).collect::<Json>(),
    })
}

pub(super) fn told(told: &Told, now: Timestamp) -> Map<String, Json> {
    let identifier = told.from.as_ref().unwrap_or(&told.reading.descriptor);
    object(json!({
        "name": told.name(),
        "descriptor": identifier.as_str(),
        "value": value(&told.reading.value),
        "unit": told.reading.unit.as_ref().map(Unit::as_str),
        "measured_at": time(told.reading.measured_at),
        "age_seconds": now.duration_since(told.reading.measured_at).as_secs().max(0),
        "stamp": told.reading.stamp.as_str(),
        "origin": told.origin.as_str(),
        "source": &*told.source,
    }))
}

pub(super) fn ended(gone: &Gone) -> Map<String, Json> {
    object(json!({
        "name": gone.descriptor.name(),
        "descriptor": gone.descriptor.as_str(),
        "since": time(gone.since),
        "origin": gone.origin.as_str(),
        "source": &*gone.source,
    }))
}

/// RFC 3339 in UTC, always of one length.
fn time(at: Timestamp) -> String {
    format!("{at:.3}")
}

fn object(json: Json) -> Map<String, Json> {
    match json {
        Json::Object(object) => object,
        _ => Map::new(),
    }
}

/// In the type of the value: a time is a string, a whole number has no fraction.
fn value(value: &Value) -> Json {
    /// Up to here every whole number is exact.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match value {
        Value::Bool(value) => json!(value),
        Value::Number(value) if value.fract() == 0.0 && value.abs() <= EXACT => json!(*value as i64),
        Value::Number(value) => json!(value),
        value => json!(value.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use collector_core::Origin;
    use collector_core::testkit::reading;

    use super::super::tests::{NOON, car};
    use super::*;

    #[test]
    fn a_program_reads_the_type_of_the_value() {
        for (of, wanted) in [
            (Value::Number(74.0), json!(74)),
            (Value::Number(7.25), json!(7.25)),
            (Value::Number(1e300), json!(1e300)),
            (Value::Bool(true), json!(true)),
            (Value::Text("a\u{1b}".into()), json!("a\u{1b}")),
            (
                Value::Timestamp(Timestamp::UNIX_EPOCH),
                json!("1970-01-01T00:00:00.000Z"),
            ),
        ] {
            assert_eq!(value(&of), wanted);
        }
    }

    #[test]
    fn an_age_is_never_negative() {
        let values = Values {
            cars: vec![car(
                Origin::Archive,
                vec![reading("a", "a", Value::Bool(true), None, NOON)],
            )],
            newest: None,
        };
        let at = |seconds: i64| Timestamp::from_millisecond(NOON + seconds * 1_000).unwrap();
        for (now, age) in [(at(61), 61), (at(-5), 0)] {
            let told = json(&values, now);
            assert_eq!(told["vehicles"][0]["values"][0]["age_seconds"], age);
            assert_eq!(told["vehicles"][0]["values"][0]["origin"], "archive");
        }
    }
}
