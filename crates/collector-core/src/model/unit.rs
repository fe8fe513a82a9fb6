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
    /// The units that a vehicle shows to its driver.
    #[derive(Serialize, Deserialize, JsonSchema)]
    #[serde(rename_all = "lowercase")]
    UnitSystem {
        /// Kilometres.
        Metric = "metric",
        /// Miles.
        Imperial = "imperial",
    }
}
