//! Values as people read them: in their units, with their words, by their clock.

use collector_core::mask::readable;
use collector_core::{Origin, Stamp, Unit, UnitSystem, Value, rounded};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::view::texts;

/// How its reader has it.
#[derive(Debug, Clone)]
pub struct Options {
    /// In which units. What programs get is metric always.
    pub units: UnitSystem,
    /// Where the owner lives.
    pub timezone: TimeZone,
}

/// A value and its unit, apart so that the unit can stand smaller.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Shown {
    pub text: String,
    /// Empty where there is none.
    pub unit: String,
}

/// A value in the units of its reader, on one line and without what could command anything.
pub fn value(value: &Value, unit: Option<&Unit>, options: &Options) -> Shown {
    let (text, unit) = match (value, unit) {
        (Value::Number(minutes), Some(unit)) if unit.as_str() == "min" && *minutes >= 0.0 => {
            (self::minutes(*minutes), String::new())
        }
        (Value::Number(number), Some(unit)) => {
            let (number, unit) = options.units.read_as(*number, unit.as_str());
            let (number, unit) = customary(number, unit);
            (rounded(number), unit.to_owned())
        }
        (Value::Timestamp(at), _) => (moment(*at, options), String::new()),
        (value, unit) => (
            value.to_string(),
            unit.map(ToString::to_string).unwrap_or_default(),
        ),
    };
    Shown {
        text: readable(&text),
        unit: readable(&unit),
    }
}

/// A number of a unit that devices have and people do not, to two decimals in theirs.
pub fn customary(number: f64, unit: &str) -> (f64, &str) {
    let (number, unit) = match unit {
        "W" => (number / 1_000.0, "kW"),
        "kPa" => (number / 100.0, "bar"),
        _ => return (number, unit),
    };
    ((number * 100.0).round() / 100.0, unit)
}

/// `1 h 25 min`.
fn minutes(minutes: f64) -> String {
    match minutes.round() as u64 {
        minutes @ 0..60 => format!("{minutes} min"),
        minutes => format!("{} h {:02} min", minutes / 60, minutes % 60),
    }
}

/// The same of a key, by its short name or that of a quantity: in the words that people have for what it says.
pub fn named(key: &str, value: &Value, unit: Option<&Unit>, options: &Options) -> Shown {
    match words(key, value) {
        Some(text) => Shown {
            text: texts::t(text).to_owned(),
            unit: String::new(),
        },
        None => self::value(value, unit, options),
    }
}

/// The key of the text for it; `None` where it is shown as it is.
fn words(key: &str, value: &Value) -> Option<&'static str> {
    if let Value::Bool(truth) = value {
        let [yes, no] = match key {
            "plugged" => ["word.plugged", "word.unplugged"],
            _ if key.ends_with("_open") => ["word.open", "word.closed"],
            _ => ["word.yes", "word.no"],
        };
        return Some(if *truth { yes } else { no });
    }
    let Value::Text(word) = value else {
        return None;
    };
    // The case of letters is lost on some ways, and some cars say `ASN_secured`.
    let word = word.to_ascii_uppercase();
    let word = word.strip_prefix("ASN_").unwrap_or(&word);
    Some(match (key, word) {
        ("door_lock" | "doors_status", "SECURED" | "LOCKED") => "word.locked",
        ("door_lock" | "doors_status", "UNLOCKED") => "word.unlocked",
        ("door_lock" | "doors_status", "SELECTIVELOCKED" | "SELECTIVE_LOCKED") => "word.partly_locked",
        ("doors_status", "OPEN") => "word.open",
        ("doors_status", "CLOSED") => "word.closed",
        ("charging_status", "CHARGINGACTIVE") => "word.charging",
        ("charging_status", "NOCHARGING") => "word.not_charging",
        ("charging_status", "CHARGINGENDED") => "word.charged",
        ("charging_status", "CHARGINGPAUSED") => "word.paused",
        ("charging_status", "INITIALIZATION") => "word.starting",
        ("charging_status", "CHARGINGERROR") => "word.failed",
        _ if key.starts_with("window_") || key.starts_with("sunroof") => match word {
            "CLOSED" => "word.closed",
            "OPEN" => "word.open",
            "INTERMEDIATE" => "word.partly_open",
            "OPEN_TILT" | "INTERMEDIATE_TILT" => "word.tilted",
            _ => return None,
        },
        _ => return None,
    })
}

/// Whether a door, a window or the like is `open` or `closed`; `None` where it does not say, or is none.
pub fn state(key: &str, value: &Value) -> Option<&'static str> {
    match words(key, value)? {
        "word.closed" => Some("closed"),
        "word.open" | "word.partly_open" | "word.tilted" => Some("open"),
        _ => None,
    }
}

/// How a value came: `measured, stream`, and from which key where it is of a quantity.
pub fn whence(origin: Origin, stamp: Stamp, from: Option<&str>) -> String {
    let stamp = match stamp {
        Stamp::Measured => texts::t("origin.measured"),
        Stamp::Requested => texts::t("origin.requested"),
    };
    match from {
        Some(key) => {
            let from = texts::t("origin.from").replace("{key}", &readable(key));
            format!("{stamp}, {origin}, {from}")
        }
        None => format!("{stamp}, {origin}"),
    }
}

/// A moment where the owner lives: `2026-03-01 17:05`.
pub fn moment(at: Timestamp, options: &Options) -> String {
    at.to_zoned(options.timezone.clone())
        .strftime("%Y-%m-%d %H:%M")
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(key: &str, value: Value, unit: &'static str, units: UnitSystem) -> String {
        let options = Options {
            units,
            timezone: TimeZone::UTC,
        };
        let shown = named(key, &value, Some(&Unit::new(unit)), &options);
        format!("{} {}", shown.text, shown.unit).trim_end().to_owned()
    }

    #[test]
    fn units_are_those_of_people() {
        use UnitSystem::{Imperial, Metric};
        for (number, unit, units, text) in [
            (10_844.0, "W", Metric, "10.84 kW"),
            (-50.0, "W", Metric, "-0.05 kW"),
            (240.0, "kPa", Metric, "2.4 bar"),
            (240.0, "kPa", Imperial, "34.81 psi"),
            (59.0, "min", Metric, "59 min"),
            (125.0, "min", Metric, "2 h 05 min"),
            (-3.0, "min", Metric, "-3 min"),
        ] {
            assert_eq!(read("x", Value::Number(number), unit, units), text);
        }
    }

    #[test]
    fn what_is_open_says_so_in_words_and_as_a_state() {
        let text = |text: &str| Value::Text(text.into());
        for (key, value, words, is) in [
            ("trunk_open", Value::Bool(true), "open", Some("open")),
            ("trunk_open", Value::Bool(false), "closed", Some("closed")),
            (
                "window_rear_driver",
                text("INTERMEDIATE"),
                "partly open",
                Some("open"),
            ),
            ("sunroof", text("CLOSED"), "closed", Some("closed")),
            ("sunroof", text("SOMETHING"), "SOMETHING", None),
            ("plugged", Value::Bool(true), "plugged in", None),
            ("moving", Value::Bool(false), "no", None),
            ("door_lock", text("SECURED"), "locked", None),
            ("doors_status", text("ASN_secured"), "locked", None),
            ("doors_status", text("selectivelocked"), "partly locked", None),
            ("other", text("CLOSED"), "CLOSED", None),
        ] {
            assert_eq!(state(key, &value), is, "{key}");
            assert_eq!(read(key, value, "", UnitSystem::Metric), words, "{key}");
        }
    }
}
