//! The rows of the battery that are kept.

use std::sync::LazyLock;

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Result, params, params_from_iter};

use super::cells::{CELLS, Told, has_ended, names, read, told};
use crate::fold::ORDERED;

static MOMENTS: LazyLock<String> = LazyLock::new(moments);
static BEFORE: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {} FROM battery_row WHERE measured_at < ?1 AND vehicle_id = ?2 ORDER BY measured_at DESC LIMIT 1",
        names("")
    )
});
static INSERT: LazyLock<String> = LazyLock::new(|| {
    let marks = marks();
    format!(
        "INSERT INTO battery_row (measured_at, vehicle_id, {}) VALUES (?1, ?2, {marks}) ON CONFLICT DO NOTHING",
        names("")
    )
});
static UPDATE: LazyLock<String> = LazyLock::new(|| {
    let (names, marks) = (names(""), marks());
    format!(
        "UPDATE battery_row SET ({names}) = ({marks})
         WHERE measured_at = ?1 AND vehicle_id = ?2 AND ({names}) IS NOT ({marks})"
    )
});

/// How long a time is read at first behind what has changed, in milliseconds: ten minutes.
const SPAN: i64 = 600_000;

/// Makes the table. Texts are numbers of the table `text`.
pub fn table() -> String {
    format!(
        "CREATE TABLE IF NOT EXISTS battery_row \
         (measured_at INTEGER NOT NULL, vehicle_id INTEGER NOT NULL REFERENCES vehicle, {},
         PRIMARY KEY (measured_at, vehicle_id)) WITHOUT ROWID;",
        names("")
    )
}

/// Of the cells, behind those of the key.
fn marks() -> String {
    let marks = (3..3 + CELLS.len()).map(|mark| format!("?{mark}"));
    marks.collect::<Vec<_>>().join(", ")
}

/// What readings of a vehicle (`?1`) from a moment (`?2`) to before another (`?3`) say: a row a moment, of each cell the
/// value and whether it has ended.
fn moments() -> String {
    let within = "series.vehicle_id = ?1 AND series.battery IS NOT NULL
                  AND row.measured_at >= ?2 AND row.measured_at < ?3";
    let descriptor = "CROSS JOIN descriptor ON descriptor.id = series.descriptor_id";
    let ordered = ORDERED.iter().map(|table| {
        read(&format!(
            "series {descriptor} CROSS JOIN {table} AS row ON row.series_id = series.id WHERE {within}"
        ))
    });
    let recent = read(&format!(
        "recent AS row CROSS JOIN series ON series.id = row.series_id {descriptor} WHERE {within}"
    ));
    let rows = ordered.chain([recent]).collect::<Vec<_>>().join(" UNION ALL ");
    let cells = CELLS.iter().enumerate().map(|(place, cell)| {
        let (name, has_ended) = (cell.name, has_ended("ended", place));
        match cell.told {
            Told::Text => format!(", (SELECT id FROM text WHERE value = {name}), {has_ended}"),
            _ => format!(", {name}, {has_ended}"),
        }
    });
    format!(
        "SELECT measured_at{} FROM ({}) ORDER BY measured_at",
        cells.collect::<String>(),
        told(&rows, "measured_at")
    )
}

/// What is known at a moment, in the order of [`CELLS`].
type Known = Vec<Value>;

/// Makes the rows of a vehicle right after readings from `first` to `last`, in milliseconds, have changed, as far as rows
/// are kept. The moment before which all of them are right.
pub fn refresh(connection: &Connection, vehicle: i64, first: i64, last: i64) -> Result<i64> {
    let border: i64 = connection
        .prepare_cached("SELECT battery FROM folded")?
        .query_row([], |row| row.get(0))?;
    let mut known = before(connection, vehicle, first)?;
    let mut from = first;
    let mut moments = connection.prepare_cached(&MOMENTS)?;
    let mut span = SPAN;
    loop {
        let to = from.max(last).saturating_add(span).min(border);
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

/// Keeps the rows of all moments before a border. Those before `kept` are there.
pub fn keep(connection: &Connection, kept: i64, border: i64) -> Result<()> {
    connection.execute("UPDATE folded SET battery = ?1", [border])?;
    let mut vehicles = connection.prepare_cached("SELECT id FROM vehicle")?;
    let mut vehicles = vehicles.query([])?;
    while let Some(vehicle) = vehicles.next()? {
        refresh(connection, vehicle.get(0)?, kept, border - 1)?;
    }
    Ok(())
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
