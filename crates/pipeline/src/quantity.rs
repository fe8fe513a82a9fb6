//! Numbers of the pipeline file that are amounts, degrees, or stand before a unit.

use std::borrow::Cow;

use collector_core::scalar::{self, Wrong};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};

/// Of money; 0 is free, and below 0 money is given.
#[derive(Clone, Copy, Serialize)]
#[serde(transparent)]
pub(super) struct Amount(pub(super) f64);

#[derive(Serialize)]
#[serde(transparent)]
pub(super) struct Latitude(pub(super) f64);

#[derive(Serialize)]
#[serde(transparent)]
pub(super) struct Longitude(pub(super) f64);

/// More than this is a slip.
const DEAREST: f64 = 1_000_000.0;

/// Gives a number its range, and the words of its mistakes.
macro_rules! number_within {
    ($type:ident, $largest:expr, $what:literal, $help:literal) => {
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                scalar::read(deserializer, |text| {
                    let number = number(text).filter(|number| number.abs() <= $largest);
                    let wrong = || Wrong::new(format!("`{}` is no {}", text.trim(), $what)).help($help);
                    number.map(Self).ok_or_else(wrong)
                })
            }
        }

        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                stringify!($type).into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": ["number", "string"] })
            }
        }
    };
}

number_within!(
    Amount,
    DEAREST,
    "amount of money",
    "write a number with a point, such as `0.31`; `0` is free"
);
number_within!(
    Latitude,
    90.0,
    "latitude",
    "write degrees from -90 to 90 with a point, such as `48.1371`"
);
number_within!(
    Longitude,
    180.0,
    "longitude",
    "write degrees from -180 to 180 with a point, such as `11.5754`"
);

/// A number in digits: neither infinite nor none.
fn number(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|number: &f64| number.is_finite())
}

/// A number before one of `units`, in the unit of factor 1. `what` it is and an `example` are for the mistake.
pub(super) fn with_unit(text: &str, what: &str, example: &str, units: &[(&str, f64)]) -> Result<f64, Wrong> {
    let text = text.trim();
    let mut found = units
        .iter()
        .filter_map(|(unit, factor)| Some(number(text.strip_suffix(unit)?)? * factor));
    found.next().ok_or_else(|| {
        let message = match number(text) {
            Some(_) => format!("`{text}` has no unit"),
            None => format!("`{text}` is no {what}"),
        };
        Wrong::new(message).help(format!("write for example `{example}`"))
    })
}
