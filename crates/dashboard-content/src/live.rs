//! What changed between two looks, as an open page takes it.

use collector_core::Value;
use jiff::Timestamp;
use serde_json::{Value as Json, json};
use status::values::changes::{What, changes};
use status::values::{Told, Values};

use crate::Options;
use crate::position;
use crate::shown;

/// The names of the vehicles that tell something else than before, and what: `{ now, told: [{ vehicle, key, text, unit,
/// number, at, time, origin, state }] }`, times in milliseconds; a value that has ended has the text `–` and no number. `None`
/// where nothing changed. Where a car is is none of it.
pub fn news(before: &Values, now: &Values, at: Timestamp, options: &Options) -> Option<(Vec<String>, Json)> {
    let mut changes = changes(before, now);
    changes.retain(|change| !is_position(&change.now));
    let mut vehicles: Vec<String> = changes
        .iter()
        .map(|change| change.vehicle.name.to_string())
        .collect();
    vehicles.dedup();
    let values = changes.iter().map(|change| {
        let mut value = match change.now {
            What::Quantity(told) | What::Value(told) => self::told(told, options),
            What::Ended(gone) => json!({
                "key": gone.descriptor.name(),
                "text": "–",
                "unit": "",
                "at": gone.since.as_millisecond(),
                "time": shown::moment(gone.since, options),
                "origin": gone.origin.to_string(),
            }),
        };
        value["vehicle"] = json!(&*change.vehicle.name);
        value
    });
    let values: Vec<Json> = values.collect();
    let now = now.now(at).as_millisecond();
    (!values.is_empty()).then(|| (vehicles, json!({ "now": now, "told": values })))
}

fn is_position(what: &What<'_>) -> bool {
    let descriptor = match what {
        What::Quantity(told) | What::Value(told) => &told.reading.descriptor,
        What::Ended(gone) => &gone.descriptor,
    };
    position::is(descriptor.name()) || position::is(descriptor.as_str())
}

fn told(told: &Told, options: &Options) -> Json {
    let reading = &told.reading;
    let shown = shown::named(told.name(), &reading.value, reading.unit.as_ref(), options);
    let number = match reading.value {
        Value::Number(number) => Some(number),
        _ => None,
    };
    json!({
        "key": told.name(),
        "text": shown.text,
        "unit": shown.unit,
        "number": number,
        "at": reading.measured_at.as_millisecond(),
        "time": shown::moment(reading.measured_at, options),
        "origin": shown::whence(told.origin, reading.stamp, told.from.as_ref().map(|from| from.name())),
        "state": shown::state(told.name(), &reading.value),
    })
}
