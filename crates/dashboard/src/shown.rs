//! Values as people read them: in their units, with their words, by their clock.

use collector_core::mask::readable;
use collector_core::{Origin, Stamp, Unit, Value, rounded};
use jiff::Timestamp;

use crate::site::Options;

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
        (Value::Number(number), Some(unit)) => {
            let (number, unit) = options.units.read_as(*number, unit.as_str());
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

/// A moment where the owner lives: `2026-03-01 17:05`.
pub fn moment(at: Timestamp, options: &Options) -> String {
    at.to_zoned(options.timezone.clone())
        .strftime("%Y-%m-%d %H:%M")
        .to_string()
}

/// Who brought a value, and whether the car measured it then.
pub fn origin(origin: Origin, stamp: Stamp) -> String {
    match stamp {
        Stamp::Measured => origin.to_string(),
        Stamp::Requested => format!("{origin}*"),
    }
}
