//! Units: many spellings to one, and numbers converted with them.

use collector_core::{Unit, Value};

/// Spellings seen from BMW (REST, stream, archive, catalogue), lower-cased, and the one we write.
const SPELLINGS: &[(&str, &str)] = &[
    ("%", "%"),
    ("percent", "%"),
    ("km", "km"),
    ("kilometer", "km"),
    ("kilometers", "km"),
    ("kilometres", "km"),
    ("mi", "mi"),
    ("mile", "mi"),
    ("miles", "mi"),
    ("m", "m"),
    ("meter", "m"),
    ("meters", "m"),
    ("ft", "ft"),
    ("feet", "ft"),
    ("km/h", "km/h"),
    ("kmh", "km/h"),
    ("kph", "km/h"),
    ("mph", "mph"),
    ("kwh", "kWh"),
    ("wh", "Wh"),
    ("kw", "kW"),
    ("w", "W"),
    ("v", "V"),
    ("mv", "mV"),
    ("a", "A"),
    ("ah", "Ah"),
    ("°c", "°C"),
    ("c", "°C"),
    ("celsius", "°C"),
    ("°f", "°F"),
    ("f", "°F"),
    ("fahrenheit", "°F"),
    ("°", "°"),
    ("deg", "°"),
    ("degree", "°"),
    ("degrees", "°"),
    ("kpa", "kPa"),
    ("bar", "bar"),
    ("psi", "psi"),
    ("l", "l"),
    ("liter", "l"),
    ("liters", "l"),
    ("litres", "l"),
    ("gal", "gal"),
    ("gallon", "gal"),
    ("gallons", "gal"),
    ("s", "s"),
    ("sec", "s"),
    ("seconds", "s"),
    ("min", "min"),
    ("minute", "min"),
    ("minutes", "min"),
    ("h", "h"),
    ("hour", "h"),
    ("hours", "h"),
    ("days", "days"),
    ("weeks", "weeks"),
    ("months", "months"),
    ("stars", "stars"),
    ("kwh/100km", "kWh/100 km"),
    ("kwh/100 km", "kWh/100 km"),
    ("kwh/62mi", "kWh/100 km"),
    ("kwh/62 mi", "kWh/100 km"),
    ("mi/kwh", "mi/kWh"),
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
    if let Some((_, ours)) = SPELLINGS.iter().find(|(_, ours)| *ours == text) {
        return Some(Unit::new(ours));
    }
    let lower = text.to_lowercase();
    let found = SPELLINGS.iter().find(|(theirs, _)| *theirs == lower);
    Some(found.map_or_else(|| Unit::other(text), |(_, ours)| Unit::new(ours)))
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
