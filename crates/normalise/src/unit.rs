//! Units: many spellings to one, and numbers converted with them.

use collector_core::{Unit, Value};

/// The units that we write, each with the other spellings that were seen from BMW (REST, stream, archive, catalogue),
/// lower-cased.
const SPELLINGS: &[(&str, &[&str])] = &[
    ("%", &["percent"]),
    ("km", &["kilometer", "kilometers", "kilometres"]),
    ("mi", &["mile", "miles"]),
    ("m", &["meter", "meters"]),
    ("ft", &["feet"]),
    ("km/h", &["kmh", "kph"]),
    ("mph", &[]),
    ("kWh", &[]),
    ("Wh", &[]),
    ("kW", &[]),
    ("W", &[]),
    ("V", &[]),
    ("mV", &[]),
    ("A", &[]),
    ("Ah", &[]),
    ("°C", &["c", "celsius"]),
    ("°F", &["f", "fahrenheit"]),
    ("°", &["deg", "degree", "degrees"]),
    ("kPa", &[]),
    ("bar", &[]),
    ("psi", &[]),
    ("l", &["liter", "liters", "litres"]),
    ("gal", &["gallon", "gallons"]),
    ("s", &["sec", "seconds"]),
    ("min", &["minute", "minutes"]),
    ("h", &["hour", "hours"]),
    ("days", &[]),
    ("weeks", &[]),
    ("months", &[]),
    ("stars", &[]),
    ("kWh/100 km", &["kwh/100km", "kwh/62mi", "kwh/62 mi"]),
    ("mi/kWh", &[]),
];

/// `to = from * factor + offset`. Gallons are US gallons: the catalogue equates 100 l with 26.5 gal.
const CONVERSIONS: &[(&str, &str, f64, f64)] = &[
    ("mi", "km", 1.609_344, 0.0),
    ("m", "km", 0.001, 0.0),
    ("km", "m", 1_000.0, 0.0),
    ("ft", "m", 0.304_8, 0.0),
    ("mph", "km/h", 1.609_344, 0.0),
    ("Wh", "kWh", 0.001, 0.0),
    ("kWh", "Wh", 1_000.0, 0.0),
    ("W", "kW", 0.001, 0.0),
    ("kW", "W", 1_000.0, 0.0),
    ("mV", "V", 0.001, 0.0),
    ("°F", "°C", 5.0 / 9.0, -160.0 / 9.0),
    ("bar", "kPa", 100.0, 0.0),
    ("psi", "kPa", 6.894_757_293_168, 0.0),
    ("gal", "l", 3.785_411_784, 0.0),
    ("s", "min", 1.0 / 60.0, 0.0),
    ("h", "min", 60.0, 0.0),
    ("min", "s", 60.0, 0.0),
    ("h", "s", 3_600.0, 0.0),
    ("min", "h", 1.0 / 60.0, 0.0),
    ("s", "h", 1.0 / 3_600.0, 0.0),
];

/// A unit in our spelling; `None` where the text names no unit (`-`, `null`, nothing).
pub fn spelled(text: &str) -> Option<Unit> {
    let text = text.trim();
    if matches!(text, "" | "-" | "null" | "NULL") {
        return None;
    }
    // The usual case first: it is spelled as we do, and nothing has to be lower-cased.
    if let Some((ours, _)) = SPELLINGS.iter().find(|(ours, _)| *ours == text) {
        return Some(Unit::new(ours));
    }
    let lower = text.to_lowercase();
    let is_meant =
        |(ours, others): &&(&str, &[&str])| ours.to_lowercase() == lower || others.contains(&&*lower);
    let found = SPELLINGS.iter().find(is_meant);
    Some(found.map_or_else(|| Unit::other(text), |(ours, _)| Unit::new(ours)))
}

/// A value in its descriptor's canonical unit. A number that came without a unit is taken to be in it; a
/// descriptor without one keeps what BMW said.
pub fn convert(
    value: Value,
    sent: Option<&str>,
    canonical: Option<&Unit>,
) -> Result<(Value, Option<Unit>), String> {
    let Value::Number(number) = value else {
        return Ok((value, None));
    };
    let Some(canonical) = canonical else {
        return Ok((value, sent.and_then(spelled)));
    };
    if sent == Some(canonical.as_str()) {
        return Ok((value, Some(canonical.clone())));
    }
    let Some(unit) = sent.and_then(spelled).filter(|unit| unit != canonical) else {
        return Ok((value, Some(canonical.clone())));
    };
    let converted = linear(number, &unit, canonical).or_else(|| reciprocal(number, &unit, canonical));
    match converted.filter(|number| number.is_finite()) {
        Some(number) => Ok((Value::Number(number), Some(canonical.clone()))),
        None => Err(format!("the unit {unit} cannot be converted to {canonical}")),
    }
}

fn linear(number: f64, from: &Unit, to: &Unit) -> Option<f64> {
    let rule = CONVERSIONS
        .iter()
        .find(|(f, t, ..)| *f == from.as_str() && *t == to.as_str());
    rule.map(|(_, _, factor, offset)| number * factor + offset)
}

/// Miles per kWh are the inverse of a consumption; 62.1371 mi are 100 km.
fn reciprocal(number: f64, from: &Unit, to: &Unit) -> Option<f64> {
    let inverse = from.as_str() == "mi/kWh" && to.as_str() == "kWh/100 km";
    inverse.then(|| 100.0 / 1.609_344 / number)
}
