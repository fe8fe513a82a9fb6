//! How roll-ups stay right when rows of `history` come late, alter or go.

use std::collections::{BTreeSet, HashMap};

use rusqlite::{Connection, Result, params};

use super::gather::{ADD, Parts};
use super::part::Width;

/// What of a batch has come into `history` directly.
#[derive(Default)]
pub struct Late {
    /// Series of numbers and the days, by their number, in which rows came or altered.
    days: BTreeSet<(i64, i64)>,
    /// New readings of each series: how many, the moments of the first and the last.
    more: HashMap<i64, (i64, i64, i64)>,
}

impl Late {
    pub fn altered(&mut self, series: i64, measured_at: i64) {
        self.days.insert((series, day(measured_at)));
    }

    pub fn came(&mut self, series: i64, measured_at: i64) {
        let more = self.more.entry(series).or_insert((0, measured_at, measured_at));
        *more = (more.0 + 1, more.1.min(measured_at), more.2.max(measured_at));
    }

    pub fn apply(self, connection: &Connection) -> Result<()> {
        for (series, day) in self.days {
            days(connection, series, day, day)?;
        }
        let sql = format!("INSERT INTO rollup_total VALUES (?1, ?2, ?3, ?4) {ADD}");
        for (series, (count, first, last)) in self.more {
            let mut add = connection.prepare_cached(&sql)?;
            add.execute([series, count, first, last])?;
        }
        Ok(())
    }
}

/// So many readings of a series were removed between two moments, both included.
pub fn removed(connection: &Connection, series: i64, from: i64, to: i64, readings: i64) -> Result<()> {
    days(connection, series, day(from), day(to))?;
    if readings == 0 {
        return Ok(());
    }
    let end = |order: &str| {
        format!(
            "(SELECT measured_at FROM history WHERE series_id = ?1 AND occurrence >= 0
              ORDER BY measured_at {order} LIMIT 1)"
        )
    };
    let (first, last) = (end("ASC"), end("DESC"));
    connection
        .prepare_cached("DELETE FROM rollup_total WHERE series_id = ?1 AND count <= ?2")?
        .execute([series, readings])?;
    let less = format!(
        "UPDATE rollup_total SET count = count - ?2, first = {first}, last = {last} WHERE series_id = ?1"
    );
    connection.prepare_cached(&less)?.execute([series, readings])?;
    Ok(())
}

/// The values of a descriptor are numbers no more.
pub fn widened(connection: &Connection, descriptor: &str) -> Result<()> {
    for width in Width::ALL {
        let sql = format!(
            "DELETE FROM {} WHERE series_id IN (
                SELECT series.id FROM series JOIN descriptor ON descriptor.id = descriptor_id WHERE descriptor = ?1)",
            width.table()
        );
        connection.execute(&sql, [descriptor])?;
    }
    Ok(())
}

fn day(measured_at: i64) -> i64 {
    measured_at.div_euclid(Width::Day.milliseconds())
}

/// Makes the days of a series from one to another anew, with their hours.
fn days(connection: &Connection, series: i64, first: i64, last: i64) -> Result<()> {
    let is_number = "SELECT 1 FROM series JOIN descriptor ON descriptor.id = descriptor_id
         WHERE series.id = ?1 AND type = 'number'";
    if !connection.prepare_cached(is_number)?.exists([series])? {
        return Ok(());
    }
    let from = first.saturating_mul(Width::Day.milliseconds());
    let to = last.saturating_add(1).saturating_mul(Width::Day.milliseconds());
    for width in Width::ALL {
        let spans = [from, to - 1].map(|moment| moment.div_euclid(width.milliseconds()));
        let sql = format!(
            "DELETE FROM {} WHERE series_id = ?1 AND at BETWEEN ?2 AND ?3",
            width.table()
        );
        connection
            .prepare_cached(&sql)?
            .execute([series, spans[0], spans[1]])?;
    }
    let mut rows = connection.prepare_cached(
        "SELECT measured_at, iif(occurrence < 0, NULL, value) FROM history
         WHERE series_id = ?1 AND measured_at >= ?2 AND measured_at < ?3 ORDER BY measured_at, occurrence",
    )?;
    let mut rows = rows.query(params![series, from, to])?;
    let mut parts = Parts::new(connection);
    while let Some(row) = rows.next()? {
        parts.tell(series, row.get(0)?, row.get(1)?)?;
    }
    parts.finish()
}
