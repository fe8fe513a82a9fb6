//! How roll-ups stay right when rows of `history` come late, alter or go.

use std::collections::{BTreeMap, HashMap};

use rusqlite::{Connection, Result};

use super::gather::Spans;
use super::part::{Part, Width};
use super::totals;

/// What of a batch has come into `history` or `middle` directly.
#[derive(Default)]
pub struct Late {
    /// Of series and days in `history` the moments of the first and the last row that came or altered.
    days: BTreeMap<(i64, i64), [i64; 2]>,
    /// New readings of each series: how many, the moments of the first and the last.
    more: HashMap<i64, (i64, i64, i64)>,
}

impl Late {
    /// In `history`.
    pub fn altered(&mut self, series: i64, measured_at: i64) {
        let day = (series, Width::Day.number(measured_at));
        let [first, last] = self.days.entry(day).or_insert([measured_at; 2]);
        (*first, *last) = (measured_at.min(*first), measured_at.max(*last));
    }

    /// A reading into one of them.
    pub fn came(&mut self, series: i64, measured_at: i64) {
        let more = self.more.entry(series).or_insert((0, measured_at, measured_at));
        *more = (more.0 + 1, more.1.min(measured_at), more.2.max(measured_at));
    }

    pub fn apply(self, connection: &Connection) -> Result<()> {
        for ((series, _), [first, last]) in self.days {
            remake(connection, series, first, last)?;
        }
        for (series, (readings, first, last)) in self.more {
            totals::add(connection, series, readings, first, last)?;
        }
        Ok(())
    }
}

/// So many readings of a series were removed from `history`, between two moments, both included.
pub fn removed(connection: &Connection, series: i64, from: i64, to: i64, readings: i64) -> Result<()> {
    remake(connection, series, from, to)?;
    totals::take(connection, series, readings)
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

/// Makes the hours of a series from one moment to another anew, out of their rows, and the days out of their hours.
fn remake(connection: &Connection, series: i64, from: i64, to: i64) -> Result<()> {
    let is_number = "SELECT 1 FROM series JOIN descriptor ON descriptor.id = descriptor_id
         WHERE series.id = ?1 AND type = 'number'";
    if !connection.prepare_cached(is_number)?.exists([series])? {
        return Ok(());
    }
    let [begin, end] = clear(connection, Width::Hour, series, from, to)?;
    let mut rows = connection.prepare_cached(
        "SELECT measured_at, iif(occurrence < 0, NULL, value) FROM history
         WHERE series_id = ?1 AND measured_at >= ?2 AND measured_at < ?3 ORDER BY measured_at, occurrence",
    )?;
    let mut rows = rows.query([series, begin, end])?;
    let mut hours = Spans::new(connection, Width::Hour);
    while let Some(row) = rows.next()? {
        hours.at(series, row.get(0)?)?.tell(row.get(1)?);
    }
    hours.keep()?;

    let within = clear(connection, Width::Day, series, from, to)?.map(|moment| Width::Hour.number(moment));
    let mut kept = connection.prepare_cached(
        "SELECT at, count, min, max, last, ended FROM rollup_hour
         WHERE series_id = ?1 AND at >= ?2 AND at < ?3 ORDER BY at",
    )?;
    let mut kept = kept.query([series, within[0], within[1]])?;
    let mut days = Spans::new(connection, Width::Day);
    while let Some(row) = kept.next()? {
        let hour = Part::read(row)?;
        days.at(series, Width::Hour.begin(hour.at))?.follow(&hour);
    }
    days.keep()
}

/// Removes the spans in which the moments from one to another lie; when the first of them begins, and the last ends.
fn clear(connection: &Connection, width: Width, series: i64, from: i64, to: i64) -> Result<[i64; 2]> {
    let [first, last] = [from, to].map(|moment| width.number(moment));
    let sql = format!(
        "DELETE FROM {} WHERE series_id = ?1 AND at BETWEEN ?2 AND ?3",
        width.table()
    );
    connection.prepare_cached(&sql)?.execute([series, first, last])?;
    Ok([width.begin(first), width.begin(last.saturating_add(1))])
}
