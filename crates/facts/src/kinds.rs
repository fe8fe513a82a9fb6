//! The records, each with its key and its columns. Columns are added at the end only: stores of owners hold them.

use collector_core::{Column, RecordKind, Unit, ValueType, register_record_kind};

const fn time(name: &'static str) -> Column {
    Column::new(name, ValueType::Timestamp, None)
}

const fn text(name: &'static str) -> Column {
    Column::new(name, ValueType::Text, None)
}

const fn number(name: &'static str) -> Column {
    Column::new(name, ValueType::Number, None)
}

const fn measured(name: &'static str, unit: &'static str) -> Column {
    Column::new(name, ValueType::Number, Some(Unit::new(unit)))
}

const fn truth(name: &'static str) -> Column {
    Column::new(name, ValueType::Bool, None)
}

/// One plug-in, with the charging in it.
pub static CHARGING_SESSION: RecordKind = RecordKind {
    name: "charging_session",
    plural: "charging_sessions",
    short: "session",
    version: 1,
    title: "Charging session",
    // When charging began; of a plug-in without any, when it was plugged in; where BMW lists it, BMW's start.
    key: &[time("start_at")],
    columns: &[
        // When charging ended for the last time; of a plug-in without any, when it was unplugged.
        time("end_at"),
        time("plugged_at"),
        time("unplugged_at"),
        measured("soc_start", "%"),
        measured("soc_end", "%"),
        measured("energy_grid_kwh", "kWh"),
        measured("energy_battery_kwh", "kWh"),
        measured("energy_from_soc_low_kwh", "kWh"),
        measured("energy_from_soc_high_kwh", "kWh"),
        measured("energy_from_power_kwh", "kWh"),
        // The preferred one of these, which `energy_basis` names: grid, battery, power or soc.
        measured("energy_kwh", "kWh"),
        text("energy_basis"),
        measured("mean_power_kw", "kW"),
        measured("peak_power_kw", "kW"),
        // AC, DC or nothing.
        text("current_type"),
        number("cost"),
        text("currency"),
        // known; partial where a price is missing or the energy is less than the grid gave; or unknown.
        text("cost_state"),
        // Of the energy, from 0 to 1; unknown where it is not what the grid gave.
        number("unpriced_share"),
        measured("odometer_km", "km"),
        measured("latitude", "°"),
        measured("longitude", "°"),
        text("place"),
        // bmw where BMW lists it, else stream or poll.
        text("basis"),
        measured("charging_minutes", "min"),
        // What was given back to the grid or the house.
        measured("energy_returned_kwh", "kWh"),
        // BMW's own.
        number("bmw_cost"),
        text("bmw_currency"),
        // no_energy, no_end, split, failed, discharging: why it is kept and marked; several with commas.
        text("mark"),
        truth("preconditioning"),
        // Loss between grid and battery where both are measured, from 0 to 1.
        number("loss_share"),
        // Of a charge to 99 % and more: the highest charge below that is known well, and what the battery took up to it.
        measured("soc_below_full", "%"),
        measured("energy_below_full_kwh", "kWh"),
    ],
    children: &[&CHARGING_BLOCK],
};

/// A stretch of charging with one mean power.
pub static CHARGING_BLOCK: RecordKind = RecordKind {
    name: "charging_block",
    plural: "charging_blocks",
    short: "block",
    version: 1,
    title: "Charging block",
    key: &[time("start_at")],
    columns: &[
        time("end_at"),
        measured("mean_power_kw", "kW"),
        measured("energy_kwh", "kWh"),
        number("cost"),
    ],
    children: &[],
};

pub static TRIP: RecordKind = RecordKind {
    name: "trip",
    plural: "trips",
    short: "trip",
    version: 1,
    title: "Trip",
    key: &[time("start_at")],
    columns: &[
        time("end_at"),
        measured("distance_km", "km"),
        // odometer, segment or positions.
        text("distance_basis"),
        measured("soc_start", "%"),
        measured("soc_end", "%"),
        measured("energy_kwh", "kWh"),
        measured("fuel_l", "l"),
        measured("start_latitude", "°"),
        measured("start_longitude", "°"),
        measured("end_latitude", "°"),
        measured("end_longitude", "°"),
        text("start_place"),
        text("end_place"),
        // both_ends, one_end or odometer.
        text("confidence"),
        // trip or manoeuvre.
        text("kind"),
        // Of the owner: business, private.
        text("tag"),
    ],
    children: &[],
};

pub static STANDSTILL: RecordKind = RecordKind {
    name: "standstill",
    plural: "standstills",
    short: "standstill",
    version: 1,
    title: "Standstill",
    key: &[time("start_at")],
    columns: &[
        time("end_at"),
        measured("soc_start", "%"),
        measured("soc_end", "%"),
        measured("drain_percent_per_day", "%"),
        measured("drain_low", "%"),
        measured("drain_high", "%"),
        truth("plugged"),
    ],
    children: &[],
};

pub static BATTERY_HEALTH: RecordKind = RecordKind {
    name: "battery_health",
    plural: "battery_health",
    short: "battery_health",
    version: 1,
    title: "Battery health",
    // 2026-03, by the pipeline's time zone.
    key: &[text("month")],
    columns: &[
        measured("capacity_kwh", "kWh"),
        measured("capacity_low_kwh", "kWh"),
        measured("capacity_high_kwh", "kWh"),
        measured("health_percent", "%"),
        number("sessions"),
        // BMW's own, beside ours.
        measured("bmw_max_energy_kwh", "kWh"),
        measured("bmw_health_percent", "%"),
        // learning, 3 of 10; or shown.
        text("note"),
    ],
    children: &[],
};

/// What is driven with, over a window of days.
pub static CONSUMPTION: RecordKind = RecordKind {
    name: "consumption",
    plural: "consumption",
    short: "consumption",
    version: 1,
    title: "Consumption",
    // 2026-03, by the pipeline's time zone, and the window in days that ends with its last charge: 30, 90
    // or 365.
    key: &[text("month"), measured("days", "d")],
    columns: &[
        // From the end of the first charge in the window to the beginning of the last.
        time("start_at"),
        time("end_at"),
        measured("distance_km", "km"),
        // Out of the battery, standstills included.
        measured("energy_kwh", "kWh"),
        measured("kwh_per_100_km", "kWh/100 km"),
        measured("kwh_per_100_km_low", "kWh/100 km"),
        measured("kwh_per_100_km_high", "kWh/100 km"),
        // How many stretches between two charges it is of.
        number("legs"),
    ],
    children: &[],
};

/// What BMW says of the vehicle itself.
pub static VEHICLE: RecordKind = RecordKind {
    name: "vehicle",
    plural: "vehicles",
    short: "vehicle",
    version: 1,
    title: "Vehicle",
    // When BMW first told it as it is now.
    key: &[time("since")],
    columns: &[
        text("brand"),
        text("model"),
        text("model_key"),
        text("model_range"),
        text("series"),
        text("body"),
        text("engine"),
        text("drive_train"),
        text("propulsion"),
        text("steering"),
        text("country"),
        text("colour"),
        text("colour_code"),
        // A day: 2022-11-24.
        text("built_on"),
        number("doors"),
        text("head_unit"),
        text("software"),
        text("sim_status"),
        // As BMW writes them, with commas.
        text("charging_modes"),
        text("options"),
        measured("battery_max_energy_kwh", "kWh"),
        measured("battery_nominal_capacity_ah", "Ah"),
        truth("telematics"),
        truth("navigation"),
        truth("sun_roof"),
    ],
    children: &[],
};

/// One tyre, as BMW's diagnosis knows it.
pub static TYRE: RecordKind = RecordKind {
    name: "tyre",
    plural: "tyres",
    short: "tyre",
    version: 1,
    title: "Tyre",
    // mounted or stored; front_left, front_right, rear_left or rear_right.
    key: &[text("mounting"), text("position")],
    columns: &[
        // 245/45 R18 100Y, and its parts.
        text("dimension"),
        measured("width_mm", "mm"),
        measured("aspect_ratio", "%"),
        measured("rim_inch", "in"),
        number("load_index"),
        text("speed_rating"),
        text("season"),
        truth("run_flat"),
        text("manufacturer"),
        text("tread"),
        text("part_number"),
        text("optimized_for"),
        // As BMW writes them: week and year, a day.
        text("produced"),
        text("mounted_on"),
        text("quality"),
        text("wear"),
        // How far it is expected to last.
        measured("due_in_km", "km"),
        text("defect"),
    ],
    children: &[],
};

/// How the vehicle charges at one place.
pub static CHARGING_SETTING: RecordKind = RecordKind {
    name: "charging_setting",
    plural: "charging_settings",
    short: "setting",
    version: 1,
    title: "Charging setting",
    // BMW's name of the place, or its number in the list.
    key: &[text("location")],
    columns: &[
        measured("latitude", "°"),
        measured("longitude", "°"),
        text("place"),
        text("mode"),
        text("preference"),
        // 22:00-06:00, several with commas.
        text("hours"),
        text("current_limit"),
        measured("current_limit_a", "A"),
        text("acoustic_limit"),
        text("flap_lock"),
        text("charging_plug"),
        number("visits"),
        time("last_visit"),
        time("updated"),
    ],
    children: &[],
};

register_record_kind!(CHARGING_SESSION);
register_record_kind!(TRIP);
register_record_kind!(STANDSTILL);
register_record_kind!(BATTERY_HEALTH);
register_record_kind!(CONSUMPTION);
register_record_kind!(VEHICLE);
register_record_kind!(TYRE);
register_record_kind!(CHARGING_SETTING);

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use collector_core::record_kind;

    use super::*;

    /// What each store puts before the columns of a kind.
    const RESERVED: [&str; 6] = ["vin", "vehicle", "at", "at_ms", "revision", "state"];

    #[test]
    fn every_kind_can_be_a_table() {
        let roots = [
            &CHARGING_SESSION,
            &TRIP,
            &STANDSTILL,
            &BATTERY_HEALTH,
            &CONSUMPTION,
            &VEHICLE,
            &TYRE,
            &CHARGING_SETTING,
        ];
        let mut plurals = BTreeSet::new();
        for root in roots {
            assert_eq!(record_kind(root.name), Some(root));
            for kind in root.children.iter().copied().chain([root]) {
                assert!(plurals.insert(kind.plural), "{}", kind.plural);
                let mut names = BTreeSet::from(RESERVED);
                for column in kind.key.iter().chain(kind.columns) {
                    assert!(names.insert(column.name), "{}.{}", kind.name, column.name);
                }
            }
        }
    }
}
