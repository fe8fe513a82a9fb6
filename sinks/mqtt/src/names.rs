//! What an entity is called in Home Assistant, and how far in front it stands.
//!
//! BMW's titles are no names: "Status of doors" and "Door status", "Charging status" and "Charging status of battery"
//! stand side by side, and two of them are swapped. So a name is the short name in words, which is that of the entity's
//! id too; what people look at every day has a plain one.

use collector_core::Descriptor;

/// How far in front an entity stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rank {
    /// What people look at.
    Primary,
    /// The rest: Home Assistant's "diagnostic".
    Secondary,
    /// As that, and to be turned on by whoever wants it.
    Rare,
}

/// Short names of what people look at, with their plain names.
const PRIMARY: [(&str, &str); 28] = [
    ("state_of_charge", "State of charge"),
    ("plugged", "Plugged"),
    ("charging_status", "Charging"),
    ("charging_power", "Charging power"),
    ("time_to_full", "Time to full"),
    ("target_soc", "Charging target"),
    ("cluster_electric_range", "Electric range"),
    ("range_last_sent", "Range"),
    ("mileage", "Odometer"),
    ("position", "Position"),
    ("moving", "Moving"),
    ("doors_status", "Doors"),
    ("door_lock", "Doors locked"),
    ("trunk_open", "Trunk"),
    ("hood_open", "Hood"),
    ("sunroof", "Sunroof"),
    ("window_front_driver", "Window front driver"),
    ("window_front_passenger", "Window front passenger"),
    ("window_rear_driver", "Window rear driver"),
    ("window_rear_passenger", "Window rear passenger"),
    ("tyre_pressure_front_left", "Tyre pressure front left"),
    ("tyre_pressure_front_right", "Tyre pressure front right"),
    ("tyre_pressure_rear_left", "Tyre pressure rear left"),
    ("tyre_pressure_rear_right", "Tyre pressure rear right"),
    ("preconditioning_activity", "Climate"),
    ("fuel_level", "Fuel"),
    ("battery_12v_soc", "12 V battery"),
    ("service_distance", "Next service"),
];

/// What would be called as one of them.
const TOLD_APART: [(&str, &str); 2] = [
    ("soc", "State of charge measured"),
    ("electric_range", "Electric range estimated"),
];

/// Words of short names that are no words.
const SPELLED: [(&str, &str); 14] = [
    ("12v", "12 V"),
    ("48v", "48 V"),
    ("ac", "AC"),
    ("dc", "DC"),
    ("gps", "GPS"),
    ("hv", "HV"),
    ("id", "ID"),
    ("max", "maximum"),
    ("min", "minimum"),
    ("obfcm", "OBFCM"),
    ("poi", "POI"),
    ("sim", "SIM"),
    ("soc", "state of charge"),
    ("v2x", "V2X"),
];

/// The name of an entity. That of a descriptor which no catalogue has is its identifier.
pub fn name(descriptor: &Descriptor) -> String {
    let short = descriptor.name();
    if let Some((_, plain)) = PRIMARY.iter().chain(&TOLD_APART).find(|(name, _)| *name == short) {
        return (*plain).to_owned();
    }
    let spelled = |word| {
        SPELLED
            .iter()
            .find(|(it, _)| *it == word)
            .map_or(word, |(_, it)| *it)
    };
    let words: Vec<&str> = short.split('_').map(spelled).collect();
    let mut name = words.join(" ");
    if let Some(first) = name.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    name
}

pub fn rank(descriptor: &Descriptor) -> Rank {
    if PRIMARY.iter().any(|(name, _)| *name == descriptor.name()) {
        return Rank::Primary;
    }
    match is_rare(descriptor.as_str()) {
        true => Rank::Rare,
        false => Rank::Secondary,
    }
}

/// Settings, consents, what a workshop asks for, what another entity says better.
fn is_rare(id: &str) -> bool {
    const PARTS: [&str; 47] = [
        ".acRestriction.",
        ".batteryCarePersisted.",
        ".combinedStatus",
        ".conditionBasedServicesCount",
        ".configuration.",
        ".currentLocation.",
        ".defect.",
        ".diagnosticTroubleCodes.",
        ".displayUnit.",
        ".driver.position",
        ".hmi.",
        ".inCharge",
        ".ista.",
        ".ngtp.",
        ".numberOfSatellites",
        ".optionalEquipment.",
        ".passenger.position",
        ".pointsOfInterests.",
        ".port.front",
        ".port.rear",
        ".privacySettings.",
        ".referenceDistance",
        ".row3.",
        ".speedRange.",
        ".teleservice.",
        ".timers.",
        ".trunk.left.",
        ".trunk.lower.",
        ".trunk.right.",
        ".trunk.upper.",
        "Yellow",
        ".yellow",
        "asicVehicleData",
        "cableCheckVoltage",
        "connectedDriveContractList",
        "destinationSet.l",
        "isoSessionId",
        "isplayControl",
        "learningNavigation",
        "plugEventId",
        "preferredSevicePartner",
        "sessionsList",
        "settingsList",
        "statusClearText",
        "timeSetting",
        "vehicle.look.",
        "vehicle.sim.",
    ];
    PARTS.iter().any(|part| id.contains(part))
}

#[cfg(test)]
mod tests {
    use collector_core::{Unit, ValueType};

    use super::*;

    fn called(name: &str) -> String {
        super::name(&Descriptor::new(name, name, ValueType::Number, None::<Unit>))
    }

    #[test]
    fn a_name_is_plain_or_the_short_name_in_words() {
        for (short, name) in [
            ("mileage", "Odometer"),
            ("soc", "State of charge measured"),
            ("soc_predicted", "State of charge predicted"),
            ("battery_12v_voltage", "Battery 12 V voltage"),
            ("ac_limit_max", "AC limit maximum"),
            ("charging_port_lock", "Charging port lock"),
            ("vehicle.new.thing", "Vehicle.new.thing"),
            ("übrig", "übrig"),
        ] {
            assert_eq!(called(short), name);
        }
    }
}
