//! A car that cannot decide: while it drives, its odometer comes in kilometres, then in miles, with a unit and without,
//! within minutes. Where it stands it says that it means kilometres: nobody could read a first value in miles that does not
//! say so.

use super::british::miles;
use super::{Key, Manner, Said, Telemetry};

#[derive(Debug)]
pub(super) struct Undecided;

impl Manner for Undecided {
    fn say(&self, key: &Key, car: &Telemetry<'_>, said: Said) -> Said {
        if !key.descriptor.ends_with(".travelledDistance") {
            return said;
        }
        if !car.is_driving() {
            return Said {
                unit: Some("km"),
                ..said
            };
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
