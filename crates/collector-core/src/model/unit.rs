//! Units as they are shown and stored: one spelling each. A new one goes into `normalise/src/unit_table.rs` (what BMW
//! sends), `catalogue/data/names.csv` and `UNITS` of `xtask/src/codegen/catalogue.rs` (ours), `sinks/mqtt/src/traits.rs`
//! (Home Assistant).

use std::borrow::Cow;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::words::words;

/// A unit in its canonical spelling, such as `%`, `km`, `kWh`, `°C`.
///
/// Known units are static, so a clone costs nothing.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Unit(Cow<'static, str>);

impl Unit {
    pub const fn new(unit: &'static str) -> Self {
        Self(Cow::Borrowed(unit))
    }

    /// A unit that is known only at run time, of a descriptor that is not in the catalogue.
    pub fn other(unit: impl Into<String>) -> Self {
        Self(Cow::Owned(unit.into()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

words! {
    /// The units that a vehicle shows to its driver, and those in which a person reads. Stores have neither: theirs are
    /// canonical.
    #[derive(Serialize, Deserialize, JsonSchema)]
    #[serde(rename_all = "lowercase")]
    #[derive(Default)]
    UnitSystem {
        /// Kilometres.
        #[default]
        Metric = "metric",
        /// Miles.
        Imperial = "imperial",
    }
}

impl UnitSystem {
    /// A number of a canonical unit for a reader of this system, to two decimals, with the unit that it is in then. Imperial is
    /// what a British driver reads: miles, feet and psi, but degrees Celsius and litres.
    pub fn read_as(self, number: f64, unit: &str) -> (f64, &str) {
        let (number, unit) = match (self, unit) {
            (Self::Imperial, "km") => (number / KM_PER_MILE, "mi"),
            (Self::Imperial, "km/h") => (number / KM_PER_MILE, "mph"),
            (Self::Imperial, "m") => (number / 0.3048, "ft"),
            (Self::Imperial, "kPa") => (number / 6.894_757_293_168_36, "psi"),
            (Self::Imperial, "kWh/100 km") if number != 0.0 => (100.0 / KM_PER_MILE / number, "mi/kWh"),
            _ => return (number, unit),
        };
        ((number * 100.0).round() / 100.0, unit)
    }
}

const KM_PER_MILE: f64 = 1.609_344;

#[cfg(test)]
mod tests {
    use super::UnitSystem::{Imperial, Metric};

    #[test]
    fn a_british_driver_reads_miles() {
        for (number, unit, read) in [
            (29_296.5, "km", (18_204.0, "mi")),
            (80.0, "km/h", (49.71, "mph")),
            (100.0, "m", (328.08, "ft")),
            (248.2, "kPa", (36.0, "psi")),
            (17.8, "kWh/100 km", (3.49, "mi/kWh")),
            (0.0, "kWh/100 km", (0.0, "kWh/100 km")),
            (21.5, "°C", (21.5, "°C")),
            (48.123_456, "°", (48.123_456, "°")),
        ] {
            assert_eq!(Imperial.read_as(number, unit), read);
            assert_eq!(Metric.read_as(number, unit), (number, unit));
        }
    }
}
