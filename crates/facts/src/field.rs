//! Fields of BMW's documents, each for itself: one that is absent, undocumented or of another type loses no other.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::fmt::strtime;
use serde_json::Value;

/// What BMW writes where there is nothing.
const NOTHING: [&str; 7] = ["", "-", "null", "NULL", "INVALID", "UNKNOWN", "-NA-"];

/// A text, number or truth value as a text; of a list, those in it with commas.
pub fn text(of: &Value, key: &str) -> Option<String> {
    words(of.get(key)?)
}

fn words(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Bool(truth) => truth.to_string(),
        Value::Array(items) => items.iter().filter_map(words).collect::<Vec<_>>().join(", "),
        Value::Null | Value::Object(_) => return None,
    };
    (!NOTHING.contains(&text.as_str())).then_some(text)
}

/// A number, or a text that is one; finite.
pub fn number(of: &Value, key: &str) -> Option<f64> {
    let number = match of.get(key)? {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    number.filter(|number| number.is_finite())
}

/// A number of something that there cannot be none of.
pub fn positive(of: &Value, key: &str) -> Option<f64> {
    number(of, key).filter(|number| *number > 0.0)
}

/// A truth value, or a text that is one.
pub fn truth(of: &Value, key: &str) -> Option<collector_core::Value> {
    let truth = match of.get(key)? {
        Value::Bool(truth) => *truth,
        Value::String(text) if text.eq_ignore_ascii_case("true") => true,
        Value::String(text) if text.eq_ignore_ascii_case("false") => false,
        _ => return None,
    };
    Some(collector_core::Value::Bool(truth))
}

/// The day of a time such as `2022-11-24T00:00:00.000+0000`, else the text.
pub fn day(of: &Value, key: &str) -> Option<String> {
    let text = text(of, key)?;
    let day = text.get(..10).and_then(|day| day.parse::<Date>().ok());
    Some(day.map_or(text, |day| day.to_string()))
}

/// A time with an offset in any spelling, or seconds or milliseconds since the epoch; in milliseconds.
pub fn time(of: &Value, key: &str) -> Option<collector_core::Value> {
    let seconds_at_most = 100_000_000_000.0;
    let time = match number(of, key) {
        Some(seconds) if seconds < seconds_at_most => Timestamp::from_second(seconds as i64).ok(),
        Some(milliseconds) => Timestamp::from_millisecond(milliseconds as i64).ok(),
        None => written_time(&text(of, key)?),
    };
    time.map(collector_core::Value::Timestamp)
}

fn written_time(text: &str) -> Option<Timestamp> {
    let without_colon = || {
        strtime::parse("%Y-%m-%dT%H:%M:%S%.f%z", text)
            .ok()?
            .to_timestamp()
            .ok()
    };
    let time = text.parse::<Timestamp>().ok().or_else(without_colon)?;
    Timestamp::from_millisecond(time.as_millisecond()).ok()
}
