//! The state of the battery at each moment at which something about it was measured, for charts.
//!
//! A car tells one thing at a time. `battery_row` keeps what is known at each moment: what was told then, and of
//! everything else the last value before, until it ends. A row follows from the one before it and the readings of its
//! moment, so after a change rows are made anew from there on, until one comes out as it stands.

use std::fmt::Write;
use std::sync::LazyLock;

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Result, params, params_from_iter};

use crate::views::time;

/// A column of the view, with what it is told by.
struct Cell {
    name: &'static str,
    descriptors: &'static [&'static str],
    told: Told,
}

enum Told {
    Number,
    /// In kW, whatever unit it comes in.
    Power,
    Text,
    /// A truth value, or words that stand for one.
    Plug,
}

const CELLS: [Cell; 15] = [
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

static MOMENTS: LazyLock<String> = LazyLock::new(moments);
static BEFORE: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {} FROM battery_row WHERE measured_at < ?1 AND vehicle_id = ?2 ORDER BY measured_at DESC LIMIT 1",
        names()
    )
});
static INSERT: LazyLock<String> = LazyLock::new(|| {
    let marks = marks();
    format!(
        "INSERT INTO battery_row (measured_at, vehicle_id, {}) VALUES (?1, ?2, {marks}) ON CONFLICT DO NOTHING",
        names()
    )
});
static UPDATE: LazyLock<String> = LazyLock::new(|| {
    let (names, marks) = (names(), marks());
    format!(
        "UPDATE battery_row SET ({names}) = ({marks})
         WHERE measured_at = ?1 AND vehicle_id = ?2 AND ({names}) IS NOT ({marks})"
    )
});

/// How long a time is read at first behind what has changed, in milliseconds: a day.
const SPAN: i64 = 86_400_000;

/// Whether the battery is told by a descriptor.
pub fn is_told_by(descriptor: &str) -> bool {
    CELLS.iter().any(|cell| cell.descriptors.contains(&descriptor))
}

/// Makes the table. Texts are numbers of the table `text`.
pub fn table() -> String {
    format!(
        "CREATE TABLE battery_row (measured_at INTEGER NOT NULL, vehicle_id INTEGER NOT NULL REFERENCES vehicle, {},
         PRIMARY KEY (measured_at, vehicle_id)) WITHOUT ROWID;",
        names()
    )
}

/// Makes the view.
pub fn view() -> String {
    let mut cells = String::new();
    for Cell { name, told, .. } in &CELLS {
        let _ = match told {
            Told::Text => write!(
                cells,
                "(SELECT text.value FROM text WHERE text.id = row.{name}) AS {name}, "
            ),
            _ => write!(cells, "row.{name}, "),
        };
    }
    format!(
        "CREATE VIEW battery AS SELECT vehicle.vin, vehicle.name AS vehicle, {} AS measured_at, {cells}
         row.measured_at AS measured_ms
         FROM battery_row AS row CROSS JOIN vehicle ON vehicle.id = row.vehicle_id",
        time("row.measured_at")
    )
}

fn names() -> String {
    CELLS.map(|cell| cell.name).join(", ")
}

/// Of the cells, behind those of the key.
fn marks() -> String {
    let marks = (3..3 + CELLS.len()).map(|mark| format!("?{mark}"));
    marks.collect::<Vec<_>>().join(", ")
}

/// What the readings of one moment say of a cell. Of two values of one descriptor the greater counts.
fn told(cell: &Cell) -> String {
    let each = cell.descriptors.iter();
    match cell.told {
        Told::Number | Told::Power => {
            let by = each.map(|id| format!("max(CASE WHEN descriptor = '{id}' THEN number END)"));
            let values = by.collect::<Vec<_>>().join(", ");
            let factor = match cell.told {
                Told::Power => "max(CASE unit WHEN 'W' THEN 1000.0 ELSE 1.0 END)",
                _ => "1.0",
            };
            format!("coalesce({values}, NULL) / {factor}")
        }
        Told::Text => format!(
            "max(CASE WHEN descriptor = '{}' THEN word END)",
            cell.descriptors[0]
        ),
        Told::Plug => {
            let by = each.map(|id| {
                format!(
                    "max(CASE WHEN descriptor = '{id}' THEN coalesce(truth, CASE upper(word)
                       WHEN 'CONNECTED' THEN 1 WHEN 'DISCONNECTED' THEN 0 END) END)"
                )
            });
            format!("coalesce({})", by.collect::<Vec<_>>().join(", "))
        }
    }
}

/// What readings of a vehicle (`?1`) from a moment (`?2`) to before another (`?3`) say: a row a moment, of each cell the
/// value and whether it has ended.
fn moments() -> String {
    let ids = CELLS.iter().flat_map(|cell| cell.descriptors);
    let ids = ids.map(|id| format!("'{id}'")).collect::<Vec<_>>().join(", ");
    let rows = |from: &str, also: &str| {
        format!(
            "SELECT row.measured_at, descriptor.descriptor, row.occurrence,
               CASE descriptor.type WHEN 'number' THEN CAST(row.value AS REAL) END AS number,
               CASE descriptor.type WHEN 'bool' THEN row.value END AS truth,
               CASE descriptor.type WHEN 'text' THEN (SELECT value FROM text WHERE id = row.value) END AS word,
               coalesce((SELECT unit FROM unit WHERE id = row.unit_id), descriptor.unit) AS unit
             FROM {from}
             WHERE series.vehicle_id = ?1 AND descriptor.descriptor IN ({ids})
               AND row.measured_at >= ?2 AND row.measured_at < ?3{also}"
        )
    };
    let ordered = rows(
        "descriptor CROSS JOIN series ON series.descriptor_id = descriptor.id
         CROSS JOIN history AS row ON row.series_id = series.id",
        "",
    );
    // The few series are found once: most rows are of others.
    let only = format!(
        " AND +row.series_id IN (SELECT series.id FROM series JOIN descriptor ON descriptor.id = series.descriptor_id
             WHERE series.vehicle_id = ?1 AND descriptor.descriptor IN ({ids}))"
    );
    let recent = rows(
        "recent AS row CROSS JOIN series ON series.id = row.series_id
         CROSS JOIN descriptor ON descriptor.id = series.descriptor_id",
        &only,
    );
    let (mut values, mut cells) = (String::new(), String::new());
    for cell in &CELLS {
        let name = cell.name;
        let by = cell.descriptors.iter().map(|id| format!("'{id}'"));
        let by = by.collect::<Vec<_>>().join(", ");
        let value = told(cell);
        let _ = write!(
            values,
            ", {value} AS {name}, max(occurrence < 0 AND descriptor IN ({by})) AS {name}_ended"
        );
        let _ = match cell.told {
            Told::Text => write!(
                cells,
                ", (SELECT id FROM text WHERE value = {name}), {name}_ended"
            ),
            _ => write!(cells, ", {name}, {name}_ended"),
        };
    }
    format!(
        "SELECT measured_at{cells} FROM (SELECT measured_at{values} FROM ({ordered} UNION ALL {recent})
         GROUP BY measured_at) ORDER BY measured_at"
    )
}

/// What is known at a moment, in the order of [`CELLS`].
type Known = Vec<Value>;

/// Makes the rows of a vehicle right after readings from `first` to `last`, in milliseconds, have changed. The moment
/// before which all of them are right.
pub fn refresh(connection: &Connection, vehicle: i64, first: i64, last: i64) -> Result<i64> {
    let mut known = before(connection, vehicle, first)?;
    let mut from = first;
    let mut moments = connection.prepare_cached(&MOMENTS)?;
    let mut span = SPAN;
    loop {
        let to = from.max(last).saturating_add(span);
        let mut rows = moments.query(params![vehicle, from, to])?;
        while let Some(row) = rows.next()? {
            let at: i64 = row.get(0)?;
            for (cell, value) in known.iter_mut().enumerate() {
                let told: Value = row.get(1 + 2 * cell)?;
                let has_ended: bool = row.get(2 + 2 * cell)?;
                if told != Value::Null || has_ended {
                    *value = told;
                }
            }
            if !put(connection, vehicle, at, &known)? && at > last {
                return Ok(at);
            }
        }
        let is_last = !connection
            .prepare_cached("SELECT 1 FROM battery_row WHERE measured_at >= ?1 AND vehicle_id = ?2 LIMIT 1")?
            .exists([to, vehicle])?;
        if is_last {
            return Ok(to);
        }
        // Moments that have no row yet may lie in between.
        (from, span) = (to, span.saturating_mul(2));
    }
}

fn before(connection: &Connection, vehicle: i64, moment: i64) -> Result<Known> {
    let known = connection
        .prepare_cached(&BEFORE)?
        .query_row([moment, vehicle], |row| {
            (0..CELLS.len()).map(|cell| row.get(cell)).collect()
        });
    let nothing = || vec![Value::Null; CELLS.len()];
    Ok(known.optional()?.unwrap_or_else(nothing))
}

/// Whether the row was not there, or another.
fn put(connection: &Connection, vehicle: i64, at: i64, known: &Known) -> Result<bool> {
    let key = [Value::Integer(at), Value::Integer(vehicle)];
    let values = || params_from_iter(key.iter().chain(known));
    let mut altered = connection.prepare_cached(&INSERT)?.execute(values())?;
    if altered == 0 {
        altered = connection.prepare_cached(&UPDATE)?.execute(values())?;
    }
    Ok(altered > 0)
}

/// Makes the rows of a vehicle between two moments anew, after readings were removed.
pub fn remake(connection: &Connection, vehicle: i64, first: i64, last: i64) -> Result<()> {
    connection
        .prepare_cached("DELETE FROM battery_row WHERE measured_at BETWEEN ?1 AND ?2 AND vehicle_id = ?3")?
        .execute([first, last, vehicle])?;
    refresh(connection, vehicle, first, last).map(drop)
}
