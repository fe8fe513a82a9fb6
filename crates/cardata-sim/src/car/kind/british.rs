//! A car set to miles: every number is in what its display shows. Some cars say so at every number, others only in
//! `displayUnit.distance`, and leave the unit of distances and speeds out.

use super::{Key, Manner, Said, Telemetry};

#[derive(Debug)]
pub(super) struct British {
    /// Whether distances and speeds have their unit.
    pub labels: bool,
}

const KM_PER_MILE: f64 = 1.609_344;
const KPA_PER_PSI: f64 = 6.894_757;

/// Distances that an i4 tells without a unit, in kilometres.
const BARE_DISTANCES: [&str; 9] = [
    "vehicle.cabin.infotainment.navigation.destinationSet.distance",
    "vehicle.cabin.infotainment.navigation.remainingRange",
    "vehicle.drivetrain.electricEngine.kombiRemainingElectricRange",
    "vehicle.status.serviceDistance.next",
    "vehicle.status.serviceDistance.yellow",
    "vehicle.trip.segment.end.travelledDistance",
    "vehicle.vehicle.averageWeeklyDistanceLongTerm",
    "vehicle.vehicle.averageWeeklyDistanceShortTerm",
    "vehicle.vehicle.travelledDistance",
];

impl Manner for British {
    fn is_in_miles(&self) -> bool {
        true
    }

    fn say(&self, key: &Key, _car: &Telemetry<'_>, said: Said) -> Said {
        match key.descriptor {
            "vehicle.cabin.infotainment.displayUnit.distance" => return said.with("miles"),
            "vehicle.cabin.infotainment.hmi.distanceUnit" => return said.with("MILES"),
            "vehicle.drivetrain.avgElectricRangeConsumption" => return consumption(said),
            _ => {}
        }
        match key.unit {
            Some("km") => miles(said, self.label("mi")),
            Some("km/h") => miles(said, self.label("mph")),
            Some("kPa") => shown(said, |kpa| kpa / KPA_PER_PSI, Some("psi")),
            Some("Celsius" | "celsius") => shown(said, |celsius| celsius * 1.8 + 32.0, Some("°F")),
            None if BARE_DISTANCES.contains(&key.descriptor) => miles(said, self.label("miles")),
            _ => said,
        }
    }
}

impl British {
    fn label(&self, unit: &'static str) -> Option<&'static str> {
        Some(unit).filter(|_| self.labels)
    }
}

/// Kilometres, or those of an hour, in miles.
pub(super) fn miles(said: Said, unit: Option<&'static str>) -> Said {
    shown(said, |km| km / KM_PER_MILE, unit)
}

/// A number of an i4 as this car shows it, with as many decimals; words stay.
fn shown(said: Said, convert: impl Fn(f64) -> f64, unit: Option<&'static str>) -> Said {
    let unit = unit.filter(|_| said.value.is_some() || said.unit.is_some());
    let number = said
        .value
        .as_deref()
        .and_then(|text| text.parse().ok())
        .map(convert);
    let Some(number) = number else {
        return Said { unit, ..said };
    };
    let text = said.value.as_deref().unwrap_or_default();
    let decimals = text.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    Said {
        unit,
        ..said.with(format!("{number:.decimals$}"))
    }
}

/// Miles with a kilowatt-hour, instead of kilowatt-hours for 100 km.
fn consumption(said: Said) -> Said {
    let number = said.value.as_deref().and_then(|text| text.parse::<f64>().ok());
    let Some(number) = number.filter(|number| *number > 0.0) else {
        return said;
    };
    let text = format!("{:.2}", 100.0 / number / KM_PER_MILE);
    Said {
        unit: Some("mi/kWh"),
        ..said.with(text)
    }
}
