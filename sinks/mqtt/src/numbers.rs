//! Numbers as Home Assistant's sensors: classes and spellings by unit, with the exceptions that names ask for.

use collector_core::{Descriptor, Unit};

use crate::traits::Traits;

const MEASUREMENT: Option<&str> = Some("measurement");
const GROWING: Option<&str> = Some("total_increasing");

pub fn traits(descriptor: &Descriptor) -> Traits {
    let Some(unit) = descriptor.unit().map(Unit::as_str) else {
        return without_unit(descriptor.name());
    };
    let (class, state, precision) = classes(unit, descriptor);
    Traits {
        device_class: class,
        state_class: state,
        unit: Some(spelling(unit).to_owned()),
        precision,
        ..Traits::default()
    }
}

type Classes = (Option<&'static str>, Option<&'static str>, Option<u8>);

/// Device class, state class and decimal places.
fn classes(unit: &str, descriptor: &Descriptor) -> Classes {
    let (id, name) = (descriptor.as_str(), descriptor.name());
    match unit {
        "%" => percent(name),
        "km" if grows(id, name) => (Some("distance"), GROWING, Some(0)),
        "km" | "m" => (Some("distance"), MEASUREMENT, Some(0)),
        "km/h" => (Some("speed"), MEASUREMENT, Some(0)),
        "kWh" if grows(id, name) => (Some("energy"), GROWING, Some(1)),
        // The energy of one trip: neither a sum that grows nor what is stored.
        "kWh" if id.contains(".trip.") => (Some("energy"), None, Some(1)),
        "kWh" => (Some("energy_storage"), MEASUREMENT, Some(1)),
        // Older versions of Home Assistant have no class for it, and refuse what they do not know.
        "kWh/100 km" => (None, MEASUREMENT, Some(1)),
        "kW" => (Some("power"), MEASUREMENT, Some(1)),
        "W" => (Some("power"), MEASUREMENT, Some(0)),
        "V" => (Some("voltage"), MEASUREMENT, Some(1)),
        "A" => (Some("current"), MEASUREMENT, Some(1)),
        "kPa" => (Some("pressure"), MEASUREMENT, Some(0)),
        "°C" => (Some("temperature"), MEASUREMENT, Some(1)),
        "l" if grows(id, name) => (Some("volume"), GROWING, Some(1)),
        "l" => (Some("volume_storage"), MEASUREMENT, Some(1)),
        // The time of a day that a timer is set to, in hours and minutes.
        "h" | "min" if id.contains(".timers.") => (None, None, Some(0)),
        "h" | "min" | "s" => (Some("duration"), MEASUREMENT, Some(0)),
        // No mean of directions or coordinates says anything.
        "°" => (None, None, None),
        "weeks" | "months" => (None, MEASUREMENT, Some(0)),
        "stars" => (None, MEASUREMENT, Some(1)),
        // Of a descriptor that no catalogue has; its unit is whatever BMW said.
        _ => (None, MEASUREMENT, None),
    }
}

fn percent(name: &str) -> Classes {
    match name {
        // Home Assistant's battery is the charge that is there, not one that is aimed at.
        "soc" | "soc_predicted" | "battery_12v_soc" => (Some("battery"), MEASUREMENT, Some(0)),
        _ => (None, MEASUREMENT, Some(0)),
    }
}

/// What counts since the vehicle was built.
fn grows(id: &str, name: &str) -> bool {
    id.contains(".consumptionOverLifeTime.") || matches!(name, "mileage" | "trip_end_mileage")
}

fn without_unit(name: &str) -> Traits {
    // A number that only tells one event from another.
    let counted = name != "plug_event_id";
    Traits {
        state_class: MEASUREMENT.filter(|_| counted),
        ..Traits::default()
    }
}

/// Home Assistant's spelling of our units.
fn spelling(unit: &str) -> &str {
    match unit {
        "l" => "L",
        "kWh/100 km" => "kWh/100km",
        other => other,
    }
}
