//! The view of the battery: the rows that are kept, and what follows from the readings behind them.

use std::fmt::Write;

use super::cells::{CELLS, Cell, Told, has_ended, names, read, told};
use crate::views::time;

/// Makes the view. SQLite puts the order of a question into both arms only where their columns have the same types.
pub fn script() -> String {
    let (mut kept, mut late) = (String::new(), String::new());
    for Cell { name, told, .. } in &CELLS {
        let (stored, kind) = match told {
            Told::Text => (word(&format!("row.{name}")), "TEXT"),
            Told::Plug => (format!("row.{name}"), "INTEGER"),
            Told::Number | Told::Power => (format!("row.{name}"), "REAL"),
        };
        let _ = write!(kept, "CAST({stored} AS {kind}) AS {name}, ");
        let _ = write!(late, "CAST(row.{name} AS {kind}) AS {name}, ");
    }
    let arm = |cells: &str, moment: &str, from: &str| {
        format!(
            "SELECT vehicle.vin, vehicle.name AS vehicle, {} AS measured_at, {cells}{moment} AS measured_ms
             FROM {from} AS row CROSS JOIN vehicle ON vehicle.id = row.vehicle_id",
            time("row.measured_at")
        )
    };
    format!(
        "CREATE VIEW battery AS {} UNION ALL {}",
        arm(&kept, "row.measured_at", "battery_row"),
        arm(
            &late,
            "CAST(row.measured_at AS INTEGER)",
            &format!("({})", computed())
        )
    )
}

fn word(id: &str) -> String {
    format!("(SELECT text.value FROM text WHERE text.id = {id})")
}

/// The rows of the moments from the border on, each from the one before it. They are so few that this takes milliseconds.
fn computed() -> String {
    let rows = read(
        "recent AS row CROSS JOIN series ON series.id = row.series_id AND series.battery IS NOT NULL
         CROSS JOIN descriptor ON descriptor.id = series.descriptor_id
         WHERE row.measured_at >= (SELECT battery FROM folded)",
    );
    let (mut before, mut carried) = (String::new(), String::new());
    for (place, cell) in CELLS.iter().enumerate() {
        let name = cell.name;
        let _ = match cell.told {
            Told::Text => write!(before, ", {}", word(&format!("last.{name}"))),
            _ => write!(before, ", last.{name}"),
        };
        let _ = write!(
            carried,
            ", CASE WHEN told.{name} IS NOT NULL OR {} THEN told.{name} ELSE known.{name} END",
            has_ended("told.ended", place)
        );
    }
    let cells = names("");
    format!(
        "WITH RECURSIVE told AS (
           SELECT row_number() OVER (PARTITION BY vehicle_id ORDER BY measured_at) AS number, *
           FROM ({})
         ),
         known (vehicle_id, number, measured_at, {cells}) AS (
           SELECT vehicle.id, 0, NULL{before}
           FROM vehicle LEFT JOIN battery_row AS last ON last.vehicle_id = vehicle.id AND last.measured_at = (
             SELECT measured_at FROM battery_row WHERE vehicle_id = vehicle.id ORDER BY measured_at DESC LIMIT 1
           )
           WHERE vehicle.id IN (SELECT vehicle_id FROM told)
           UNION ALL
           SELECT told.vehicle_id, told.number, told.measured_at{carried}
           FROM known CROSS JOIN told ON told.vehicle_id = known.vehicle_id AND told.number = known.number + 1
         )
         SELECT * FROM known WHERE number > 0",
        told(&rows, "vehicle_id, measured_at")
    )
}
