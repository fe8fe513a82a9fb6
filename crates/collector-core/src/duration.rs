//! Durations as people write them: `30m`, `1h30m`, `90s`, `7d`, `1500ms`.

use std::time::Duration;

use serde::{Deserializer, Serializer};

use crate::scalar::{self, Wrong};

/// Units from the longest to the shortest, in milliseconds.
const UNITS: [(&str, u64); 6] = [
    ("w", 7 * 86_400_000),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// A thousand years, in milliseconds.
const LONGEST: u64 = 1_000 * 366 * 86_400_000;

/// What a duration looks like in the JSON Schema; a `${…}` may stand for it.
pub const PATTERN: &str = r"^([0-9]+ *(w|d|h|m|s|ms) *)+$|^0$|\$\{.+\}";

/// A duration that may be `0s`.
pub fn parse(text: &str) -> Result<Duration, Wrong> {
    let text = text.trim();
    let refused =
        |message: String| Err(Wrong::new(message).help("write for example `30m`, `1h30m`, `90s` or `7d`"));
    if text.is_empty() {
        return refused("a duration is missing".to_owned());
    }
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    if text.starts_with('-') {
        return Err(Wrong::new(format!("`{text}` is negative")).help("write a duration such as `30m`"));
    }
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Wrong::new(format!("`{text}` has no unit")).help(format!("write `{text}m` or `{text}s`")));
    }
    match milliseconds(text) {
        None => refused(format!("`{text}` is not a duration")),
        Some(total) if total > LONGEST => refused(format!("`{text}` is more than a thousand years")),
        Some(total) => Ok(Duration::from_millis(total)),
    }
}

/// The sum of numbers with their units, the longest unit first; `None` for any other text.
fn milliseconds(mut text: &str) -> Option<u64> {
    let mut total: u64 = 0;
    let mut units = UNITS.as_slice();
    while !text.is_empty() {
        let (number, behind) = text.split_at(text.find(|c: char| !c.is_ascii_digit())?);
        let letters = behind.find(|c: char| !c.is_alphabetic()).unwrap_or(behind.len());
        let (unit, behind) = behind.split_at(letters);
        let position = units.iter().position(|(name, _)| *name == unit)?;
        let part = number.parse::<u64>().ok()?.checked_mul(units[position].1)?;
        total = total.checked_add(part)?;
        units = &units[position + 1..];
        text = behind.trim_start();
    }
    Some(total)
}

/// A duration longer than nothing.
pub fn parse_positive(text: &str) -> Result<Duration, Wrong> {
    match parse(text)? {
        Duration::ZERO => Err(Wrong::new(format!("`{}` is no time at all", text.trim()))
            .help("write a duration such as `30m` or `30s`")),
        duration => Ok(duration),
    }
}

/// The shortest way to write a duration in whole milliseconds.
pub fn format(duration: Duration) -> String {
    let mut rest = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let mut text = String::new();
    for (unit, milliseconds) in UNITS.iter().skip(1) {
        if rest >= *milliseconds {
            text.push_str(&std::format!("{}{unit}", rest / milliseconds));
            rest %= milliseconds;
        }
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}

/// For `#[serde(with = "…")]`: may be `0s`.
pub mod any {
    use super::{Deserializer, Duration, Serializer, scalar};

    pub fn serialize<S: Serializer>(value: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&super::format(*value))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(value: D) -> Result<Duration, D::Error> {
        scalar::read(value, super::parse)
    }
}

/// For `#[serde(with = "…")]`: longer than nothing.
pub mod positive {
    pub use super::any::serialize;
    use super::{Deserializer, Duration, scalar};

    pub fn deserialize<'de, D: Deserializer<'de>>(value: D) -> Result<Duration, D::Error> {
        scalar::read(value, super::parse_positive)
    }
}

/// For `#[schemars(schema_with = "…")]`.
pub fn schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({ "type": "string", "pattern": PATTERN })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn people_write_durations_in_many_ways() {
        for (text, seconds) in [
            ("30m", 1_800.0),
            ("1h30m", 5_400.0),
            ("1h 30m", 5_400.0),
            ("90s", 90.0),
            ("7d", 604_800.0),
            ("2w", 1_209_600.0),
            ("1500ms", 1.5),
            ("1s500ms", 1.5),
            ("0s", 0.0),
            ("0", 0.0),
        ] {
            assert_eq!(
                parse(text).map(|duration| duration.as_secs_f64()),
                Ok(seconds),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for text in [
            "",
            " ",
            "m",
            "30",
            "-30m",
            "1.5h",
            "30x",
            "30 minutes",
            "30m1h",
            "1m1m",
            "1m30",
            "99999999999999999999s",
            "40000000d",
            "١m",
            "0s0",
            "30M",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert_eq!(
            parse("30"),
            Err(Wrong::new("`30` has no unit").help("write `30m` or `30s`"))
        );
        assert!(parse_positive("0s").is_err());
        assert!(parse_positive("1ms").is_ok());
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(milliseconds in 0_u64..10_000_000_000) {
            let duration = Duration::from_millis(milliseconds);
            prop_assert_eq!(parse(&format(duration)), Ok(duration));
        }

        #[test]
        fn no_text_panics(text in ".*") {
            let _ = parse(&text);
        }
    }
}
