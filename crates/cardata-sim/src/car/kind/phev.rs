//! A plug-in hybrid: a battery for the town and a tank for the rest. It takes no direct current.

use super::{Group, Key, Manner, Said, Supply, Telemetry};

#[derive(Debug)]
pub(super) struct Phev;

const TANK_LITRES: f64 = 52.0;
/// Litres per 100 km with the battery's help, and without it.
const MIXED: f64 = 3.1;
const ON_FUEL: f64 = 6.4;
/// The tank is filled up after so many kilometres.
const FILLED_AFTER_KM: f64 = 1_300.0;

/// The temperature of the coolant is told in a unit that was encoded twice.
const ENCODED_TWICE: &str = "Â°C";

impl Manner for Phev {
    fn group(&self, key: &Key) -> Group {
        match short(key) {
            "level" | "remainingFuel" | "ect" if key.group == Group::Absent => Group::Odometer,
            "overall.fuel" => Group::Stale,
            _ => key.group,
        }
    }

    fn takes(&self, supply: Supply) -> bool {
        supply == Supply::Ac
    }

    fn say(&self, key: &Key, car: &Telemetry<'_>, said: Said) -> Said {
        let litres = TANK_LITRES - car.odometer_km() % FILLED_AFTER_KM / 100.0 * MIXED;
        let number = match short(key) {
            "level" if key.group == Group::Absent => litres / TANK_LITRES * 100.0,
            "remainingFuel" => litres,
            "ect" if car.is_driving() => 92.0,
            "ect" => 61.0,
            "overall.fuel" => car.odometer_km() / 100.0 * MIXED,
            "totalRemainingRange" | "lastRemainingRange" | "remainingRange" => {
                car.range_km() + litres / ON_FUEL * 100.0
            }
            "fractionDriveElectric" => 62.0,
            _ => return said,
        };
        let unit = if short(key) == "ect" {
            Some(ENCODED_TWICE)
        } else {
            key.unit
        };
        Said {
            unit,
            ..said.with(format!("{number:.0}"))
        }
    }
}

/// The last name of a key. There are several of `fuel`.
fn short(key: &Key) -> &'static str {
    match key.descriptor {
        "vehicle.drivetrain.fuelSystem.consumptionOverLifeTime.overall.fuel" => "overall.fuel",
        descriptor => descriptor.rsplit('.').next().unwrap_or_default(),
    }
}
