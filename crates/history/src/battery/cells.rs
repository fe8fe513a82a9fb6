//! The columns of what is known of the battery, and the descriptors that tell each of them.

use std::fmt::Write;

/// How many descriptors may tell one cell, and how many bits that takes.
const KEYS: usize = 1 << KEY_BITS;
const KEY_BITS: usize = 3;

/// A column of the view, with what it is told by.
pub struct Cell {
    pub name: &'static str,
    descriptors: &'static [&'static str],
    pub told: Told,
}

#[derive(Clone, Copy)]
pub enum Told {
    Number,
    /// In kW, whatever unit it comes in.
    Power,
    Text,
    /// A truth value, or words that stand for one.
    Plug,
}

pub const CELLS: [Cell; 15] = [
    // Some cars tell their state of charge by one descriptor, some by another.
    Cell {
        name: "soc",
        descriptors: &[
            "vehicle.drivetrain.batteryManagement.header",
            "vehicle.powertrain.electric.battery.stateOfCharge.displayed",
        ],
        told: Told::Number,
    },
    number(
        "target_soc",
        &["vehicle.powertrain.electric.battery.stateOfCharge.target"],
    ),
    number(
        "predicted_soc",
        &["vehicle.drivetrain.electricEngine.charging.level"],
    ),
    number(
        "trip_end_soc",
        &["vehicle.trip.segment.end.drivetrain.batteryManagement.hvSoc"],
    ),
    number(
        "range_km",
        &[
            "vehicle.drivetrain.electricEngine.remainingElectricRange",
            "vehicle.drivetrain.electricEngine.kombiRemainingElectricRange",
        ],
    ),
    Cell {
        name: "charging_status",
        descriptors: &["vehicle.drivetrain.electricEngine.charging.status"],
        told: Told::Text,
    },
    Cell {
        name: "hv_status",
        descriptors: &["vehicle.drivetrain.electricEngine.charging.hvStatus"],
        told: Told::Text,
    },
    Cell {
        name: "plugged",
        descriptors: &[
            "vehicle.body.chargingPort.status",
            "vehicle.body.chargingPort.combinedStatus",
            "vehicle.powertrain.tractionBattery.charging.port.anyPosition.isPlugged",
            "vehicle.drivetrain.electricEngine.charging.connectorStatus",
            "vehicle.body.chargingPort.statusClearText",
        ],
        told: Told::Plug,
    },
    Cell {
        name: "power_kw",
        descriptors: &["vehicle.powertrain.electric.battery.charging.power"],
        told: Told::Power,
    },
    Cell {
        name: "auxiliary_power_kw",
        descriptors: &["vehicle.vehicle.avgAuxPower"],
        told: Told::Power,
    },
    number(
        "ac_voltage",
        &["vehicle.drivetrain.electricEngine.charging.acVoltage"],
    ),
    number(
        "ac_current",
        &["vehicle.drivetrain.electricEngine.charging.acAmpere"],
    ),
    number(
        "minutes_to_full",
        &["vehicle.drivetrain.electricEngine.charging.timeToFullyCharged"],
    ),
    number(
        "max_energy_kwh",
        &["vehicle.drivetrain.batteryManagement.maxEnergy"],
    ),
    number(
        "health",
        &["vehicle.powertrain.electric.battery.stateOfHealth.displayed"],
    ),
];

const fn number(name: &'static str, descriptors: &'static [&'static str]) -> Cell {
    Cell {
        name,
        descriptors,
        told: Told::Number,
    }
}

/// The number of a descriptor among those that tell of the battery: the place of its cell times [`KEYS`], and its own
/// in the cell. `None` for others.
pub fn key(descriptor: &str) -> Option<i64> {
    keys().find(|(_, id)| *id == descriptor).map(|(key, _)| key)
}

fn keys() -> impl Iterator<Item = (i64, &'static str)> {
    let of_cell = |(place, cell): (usize, &'static Cell)| {
        let ids = cell.descriptors.iter().enumerate();
        ids.map(move |(own, id)| ((place * KEYS + own) as i64, *id))
    };
    CELLS.iter().enumerate().flat_map(of_cell)
}

/// The statement that numbers the series of databases in which they have no number yet.
pub fn number_series() -> String {
    let mut cases = String::new();
    for (key, id) in keys() {
        let _ = write!(cases, " WHEN '{id}' THEN {key}");
    }
    format!(
        "UPDATE series SET battery =
           CASE (SELECT descriptor FROM descriptor WHERE descriptor.id = series.descriptor_id){cases} END
         WHERE battery IS NULL;"
    )
}

/// The names of all cells, with what stands before each.
pub fn names(before: &str) -> String {
    CELLS.map(|cell| format!("{before}{}", cell.name)).join(", ")
}

/// A row a moment of readings (`rows`, as [`read`] gives them), grouped by `by`: what they say of each cell, and in
/// `ended` which cells have ended, as [`has_ended`] reads it. Of two values of one descriptor the greater counts.
pub fn told(rows: &str, by: &str) -> String {
    let mut cells = String::new();
    for (place, cell) in CELLS.iter().enumerate() {
        let each = (0..cell.descriptors.len()).map(|own| {
            let value = cell.told.value();
            format!("max(CASE WHEN battery = {} THEN {value} END)", place * KEYS + own)
        });
        let each = each.collect::<Vec<_>>().join(", ");
        let _ = match cell.descriptors.len() {
            1 => write!(cells, ", {each} AS {}", cell.name),
            _ => write!(cells, ", coalesce({each}) AS {}", cell.name),
        };
    }
    format!(
        "SELECT {by}{cells},
           sum(CASE WHEN occurrence < 0 THEN 1 << (battery >> {KEY_BITS}) * {KEY_BITS} ELSE 0 END) AS ended
         FROM ({rows}) GROUP BY {by}"
    )
}

/// Whether a cell has ended, in SQL: as many of its descriptors as `ended` counts at its place.
pub fn has_ended(ended: &str, place: usize) -> String {
    format!("({ended} >> {} & {})", place * KEY_BITS, KEYS - 1)
}

/// What the readings of the battery's in a table say, one by one. `from` joins its rows (`row`) with `series` and
/// `descriptor`.
pub fn read(from: &str) -> String {
    format!(
        "SELECT series.vehicle_id, row.measured_at, series.battery, row.occurrence,
           CASE descriptor.type WHEN 'number' THEN CAST(row.value AS REAL) END AS number,
           CASE descriptor.type WHEN 'bool' THEN row.value END AS truth,
           CASE descriptor.type WHEN 'text' THEN (SELECT value FROM text WHERE id = row.value) END AS word,
           coalesce((SELECT unit FROM unit WHERE id = row.unit_id), descriptor.unit) AS unit
         FROM {from}"
    )
}

impl Told {
    fn value(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::Power => "number / CASE unit WHEN 'W' THEN 1000.0 ELSE 1.0 END",
            Self::Text => "word",
            Self::Plug => {
                "coalesce(truth, CASE upper(word) WHEN 'CONNECTED' THEN 1 WHEN 'DISCONNECTED' THEN 0 END)"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_descriptor_has_a_number_of_its_own_that_leaves_room_for_the_ends() {
        let numbers: std::collections::BTreeSet<_> = keys().map(|(key, _)| key).collect();
        assert_eq!(numbers.len(), keys().count());
        // A sum of SQLite has 63 bits, and each count of ends has to fit into its own.
        assert!(CELLS.len() * KEY_BITS < 63);
        assert!(CELLS.iter().all(|cell| cell.descriptors.len() < KEYS));
        assert_eq!(key(CELLS[1].descriptors[0]), Some(8));
        assert_eq!(key("vehicle.isMoving"), None);
    }

    /// The rows of its tables have `<short name>`<br>`<identifier>` in front.
    #[test]
    fn the_data_dictionary_tells_each_column() {
        let page = include_str!("../../../catalogue/DICTIONARY.md");
        let short = |id: &&str| {
            let (before, _) = page.split_once(&format!("<br>`{id}` |")).unwrap();
            let row = before.rsplit_once("| ").unwrap().1;
            row.trim_end_matches(|c| c != '`').to_owned()
        };
        for cell in &CELLS {
            let names: Vec<String> = cell.descriptors.iter().map(short).collect();
            let row = format!("| `{}` | {} |\n", cell.name, names.join(", "));
            assert!(page.contains(&row), "{row}");
        }
    }
}
