//! BMW's catalogue of descriptors with a short name, one type and one unit for each.
//!
//! Data alone, in a crate of its own: whoever types a reading, asks for one or shows one needs it, and none of them
//! the client. `cargo xtask codegen` generates it from BMW's `data/catalogue.csv` and from what is ours, each row with its
//! reason or source: `supplement.csv`, descriptors that BMW sends before its catalogue has them; `names.csv`, the short
//! names and each correction of BMW's types and units; `limits.csv`, `truths.csv` and `words.csv`, what values can be. It
//! writes DICTIONARY.md too, the same for people.

#![cfg_attr(not(test), warn(unused_crate_dependencies))]

mod generated;
mod limits;
mod truths;

use collector_core::{Descriptor, Unit, ValueType};

pub use generated::CATALOGUE;
pub use limits::Limits;
pub use truths::Truths;

/// What is known for ever about one descriptor.
#[derive(Debug, Clone, PartialEq)]
pub struct CatalogueEntry {
    /// BMW's identifier: `vehicle.drivetrain.batteryManagement.header`.
    pub descriptor: &'static str,
    /// The short name of ours, for people and column headers: `soc`. Unique, `[a-z][a-z0-9_]*`.
    pub name: &'static str,
    /// BMW's English title. Empty where BMW gives none.
    pub title: &'static str,
    pub value_type: ValueType,
    /// The canonical unit of a number; `None` where there is none, and for every other type.
    pub unit: Option<Unit>,
    /// The words that BMW lists for a text, and those that were seen from cars, without those that mean "no value". Not
    /// surely all of them; empty for other types and where there is no list.
    pub options: &'static [&'static str],
    /// What a number can be.
    pub limits: Limits,
    /// The words of a truth value beside the usual ones.
    pub truths: Truths,
    /// Whether the MQTT stream can carry it.
    pub streamable: bool,
    /// Returned by an endpoint of its own, never by `telematicData`. A container may name it in vain.
    pub endpoint_bound: bool,
    /// BMW stamps it with the time of the call instead of the time of the measurement.
    pub request_stamped: bool,
}

impl CatalogueEntry {
    pub fn to_descriptor(&self) -> Descriptor {
        Descriptor::new(self.descriptor, self.name, self.value_type, self.unit.clone())
            .described(self.title, self.options)
    }
}

const STREAMABLE: u8 = 1;
const ENDPOINT_BOUND: u8 = 2;
const REQUEST_STAMPED: u8 = 4;

/// What every line of the generated table has: an empty `unit` is none, `flags` are the constants above.
const fn entry(
    descriptor: &'static str,
    name: &'static str,
    title: &'static str,
    value_type: ValueType,
    unit: &'static str,
    flags: u8,
) -> CatalogueEntry {
    CatalogueEntry {
        descriptor,
        name,
        title,
        value_type,
        unit: if unit.is_empty() {
            None
        } else {
            Some(Unit::new(unit))
        },
        options: &[],
        limits: Limits::NONE,
        truths: Truths::NONE,
        streamable: flags & STREAMABLE != 0,
        endpoint_bound: flags & ENDPOINT_BOUND != 0,
        request_stamped: flags & REQUEST_STAMPED != 0,
    }
}

/// The lines, by type.
const fn text(
    descriptor: &'static str,
    name: &'static str,
    title: &'static str,
    options: &'static [&'static str],
    flags: u8,
) -> CatalogueEntry {
    let mut entry = entry(descriptor, name, title, ValueType::Text, "", flags);
    entry.options = options;
    entry
}

const fn number(
    descriptor: &'static str,
    name: &'static str,
    title: &'static str,
    unit: &'static str,
    limits: Limits,
    flags: u8,
) -> CatalogueEntry {
    let mut entry = entry(descriptor, name, title, ValueType::Number, unit, flags);
    entry.limits = limits;
    entry
}

const fn truth(
    descriptor: &'static str,
    name: &'static str,
    title: &'static str,
    truths: Truths,
    flags: u8,
) -> CatalogueEntry {
    let mut entry = entry(descriptor, name, title, ValueType::Bool, "", flags);
    entry.truths = truths;
    entry
}

const fn time(
    descriptor: &'static str,
    name: &'static str,
    title: &'static str,
    flags: u8,
) -> CatalogueEntry {
    let mut entry = entry(descriptor, name, title, ValueType::Timestamp, "", flags);
    entry.limits = Limits::TIME;
    entry
}

/// The entry of one descriptor, by BMW's identifier.
pub fn find(descriptor: &str) -> Option<&'static CatalogueEntry> {
    let position = CATALOGUE.binary_search_by_key(&descriptor, |entry| entry.descriptor);
    CATALOGUE.get(position.ok()?)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_catalogue_is_whole_and_sorted() {
        assert_eq!(CATALOGUE.len(), 295);
        assert!(CATALOGUE.is_sorted_by(|a, b| a.descriptor < b.descriptor));
        assert_eq!(CATALOGUE.iter().filter(|entry| entry.streamable).count(), 245);
        assert!(
            CATALOGUE
                .iter()
                .all(|entry| find(entry.descriptor) == Some(entry))
        );
        assert_eq!(find("vehicle.drivetrain"), None);
    }

    #[test]
    fn names_are_unique_and_well_formed() {
        let names: HashSet<_> = CATALOGUE.iter().map(|entry| entry.name).collect();
        assert_eq!(names.len(), CATALOGUE.len());
        for name in names {
            assert!(name.starts_with(|c: char| c.is_ascii_lowercase()), "{name}");
            assert!(
                name.chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'),
                "{name}"
            );
        }
    }

    #[test]
    fn only_numbers_have_units_and_each_unit_has_one_spelling() {
        let mut units: Vec<_> = CATALOGUE
            .iter()
            .filter_map(|entry| entry.unit.as_ref())
            .map(Unit::as_str)
            .collect();
        units.sort_unstable();
        units.dedup();
        assert_eq!(
            units,
            [
                "%",
                "A",
                "V",
                "W",
                "h",
                "kPa",
                "kW",
                "kWh",
                "kWh/100 km",
                "km",
                "km/h",
                "l",
                "m",
                "min",
                "months",
                "s",
                "stars",
                "weeks",
                "°",
                "°C"
            ]
        );
        let numbers = |entry: &&CatalogueEntry| entry.value_type == ValueType::Number;
        assert!(
            CATALOGUE
                .iter()
                .filter(|entry| entry.unit.is_some())
                .all(|entry| numbers(&entry))
        );
    }

    #[test]
    fn the_only_timestamp_is_the_end_of_the_last_trip() {
        let timestamps: Vec<_> = CATALOGUE
            .iter()
            .filter(|entry| entry.value_type == ValueType::Timestamp)
            .map(|e| e.name)
            .collect();
        assert_eq!(timestamps, ["trip_end_time"]);
    }

    #[test]
    fn flags_name_what_the_live_service_showed() {
        let names = |flag: fn(&CatalogueEntry) -> bool| -> Vec<_> {
            let mut names: Vec<_> = CATALOGUE
                .iter()
                .filter(|entry| flag(entry))
                .map(|entry| entry.name)
                .collect();
            names.sort_unstable();
            names
        };
        assert_eq!(
            names(|entry| entry.request_stamped),
            [
                "battery_12v_recharge_demand",
                "battery_12v_replace_demand",
                "electric_range",
                "hv_status",
                "last_charging_reason",
                "last_charging_result",
                "soc_predicted"
            ]
        );
        assert_eq!(
            names(|entry| entry.endpoint_bound),
            [
                "basic_vehicle_data",
                "battery_energy_max_absolute",
                "charging_history",
                "charging_location_settings",
                "learning_navigation",
                "optional_equipment",
                "sim_active",
                "tyre_diagnosis",
                "vehicle_image"
            ]
        );
    }

    #[test]
    fn texts_have_the_options_that_bmw_lists_or_sends() {
        let options = |descriptor: &str| find(descriptor).unwrap().options;
        assert_eq!(
            options("vehicle.cabin.window.row1.driver.status"),
            ["CLOSED", "INTERMEDIATE", "OPEN"]
        );
        assert_eq!(
            options("vehicle.powertrain.electric.battery.charging.acousticLimit"),
            ["NO_ACTION", "AUTOMATIC", "UNLIMITED", "LIMITED"]
        );
        // A word for "no value" everywhere else.
        let availability = "vehicle.powertrain.electric.battery.biDirectionalCharging.availability";
        assert_eq!(options(availability)[..2], ["AVAILABLE", "NOT_AVAILABLE"]);
        // Not the words that the catalogue lists there, which are those of another descriptor.
        let status = options("vehicle.drivetrain.electricEngine.charging.status");
        assert!(status.contains(&"CHARGINGACTIVE") && !status.contains(&"MANUAL_SELECTION"));
        // Prose, formats and several lists in one are no options.
        for plain in [
            "vehicle.channel.ngtp.timeVehicle",
            "vehicle.look.image",
            "vehicle.drivetrain.electricEngine.charging.profile.mode",
        ] {
            assert_eq!(options(plain), [""; 0], "{plain}");
        }
        let with: Vec<_> = CATALOGUE
            .iter()
            .filter(|entry| !entry.options.is_empty())
            .collect();
        assert!(with.iter().all(|entry| entry.value_type == ValueType::Text));
        assert!(with.iter().all(|entry| entry.options.len() > 1));
        let missing = ["INVALID", "UNKNOWN", "SIGNAL_INVALID", "-NA-"];
        assert!(
            with.iter()
                .flat_map(|entry| entry.options)
                .all(|option| !missing.contains(option))
        );
    }

    #[test]
    fn an_entry_becomes_a_descriptor() {
        let soc = find("vehicle.drivetrain.batteryManagement.header")
            .unwrap()
            .to_descriptor();
        assert_eq!(soc.name(), "soc");
        assert_eq!(soc.value_type(), ValueType::Number);
        assert_eq!(soc.unit().map(Unit::as_str), Some("%"));
        let window = find("vehicle.cabin.window.row1.driver.status")
            .unwrap()
            .to_descriptor();
        assert_eq!(window.title(), "Status of front left window");
        assert_eq!(window.options(), ["CLOSED", "INTERMEDIATE", "OPEN"]);
    }
}
