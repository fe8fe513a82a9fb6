//! A car that cannot decide: its odometer comes in kilometres, then in miles, with a unit and without, within minutes.

use super::british::miles;
use super::{Key, Manner, Said, Telemetry};

#[derive(Debug)]
pub(super) struct Undecided;

impl Manner for Undecided {
    fn say(&self, key: &Key, car: &Telemetry<'_>, said: Said) -> Said {
        if !key.descriptor.ends_with(".travelledDistance") {
            return said;
        }
        // Twins decide the same at every kilometre.
        match car.odometer_km() as i64 % 4 {
            2 => Said {
                unit: Some("km"),
                ..said
            },
            3 => miles(said, Some("miles")),
            0 => said,
            _ => miles(said, None),
        }
    }
}
