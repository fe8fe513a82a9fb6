//! How many readings a series has in `history` and `middle`, and when the first and the last of them were measured.
//!
//! There is one short row a series, so this can grow with each piece that is moved out of `recent`.

use rusqlite::{Connection, Result};

const ADD: &str = "ON CONFLICT DO UPDATE SET count = count + excluded.count,
    first = min(first, excluded.first), last = max(last, excluded.last)";

/// Takes in the readings of a table that were measured before a moment.
pub fn add_all(connection: &Connection, table: &str, before: i64) -> Result<()> {
    let add = format!(
        "INSERT INTO rollup_total SELECT series_id, count(*), min(measured_at), max(measured_at) FROM {table}
         WHERE occurrence >= 0 AND measured_at < ?1 GROUP BY series_id {ADD}"
    );
    connection.execute(&add, [before]).map(drop)
}

/// Takes in so many readings of a series.
pub fn add(connection: &Connection, series: i64, readings: i64, first: i64, last: i64) -> Result<()> {
    let add = format!("INSERT INTO rollup_total VALUES (?1, ?2, ?3, ?4) {ADD}");
    connection
        .prepare_cached(&add)?
        .execute([series, readings, first, last])?;
    Ok(())
}

/// So many readings of a series were removed.
pub fn take(connection: &Connection, series: i64, readings: i64) -> Result<()> {
    if readings == 0 {
        return Ok(());
    }
    connection
        .prepare_cached("DELETE FROM rollup_total WHERE series_id = ?1 AND count <= ?2")?
        .execute([series, readings])?;
    let end = |table: &str, order: &str| {
        format!(
            "(SELECT measured_at FROM {table} WHERE series_id = ?1 AND occurrence >= 0
              ORDER BY measured_at {order} LIMIT 1)"
        )
    };
    let less = format!(
        "UPDATE rollup_total SET count = count - ?2, first = coalesce({}, {}), last = coalesce({}, {})
         WHERE series_id = ?1",
        end("history", "ASC"),
        end("middle", "ASC"),
        end("middle", "DESC"),
        end("history", "DESC")
    );
    connection.prepare_cached(&less)?.execute([series, readings])?;
    Ok(())
}
