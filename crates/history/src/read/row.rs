//! Rows of readings, found by series and time in the three tables. What lies in an earlier table was measured earlier.

use rusqlite::types::Value as Stored;
use rusqlite::{Connection, OptionalExtension, Result, Row as SqlRow};

use crate::fold::TABLES;

const COLUMNS: &str = "measured_at, occurrence, value, delay, source_id, unit_id";

/// A row as it is stored.
#[derive(Debug, Clone)]
pub struct Row {
    pub measured_at: i64,
    /// Below 0: an end.
    pub occurrence: i64,
    pub value: Stored,
    pub delay: i64,
    pub source: i64,
    pub unit: Option<i64>,
}

impl Row {
    pub fn is_end(&self) -> bool {
        self.occurrence < 0
    }

    /// From columns as in `COLUMNS`, behind so many others.
    fn read(row: &SqlRow<'_>, behind: usize) -> Result<Self> {
        Ok(Self {
            measured_at: row.get(behind)?,
            occurrence: row.get(behind + 1)?,
            value: row.get(behind + 2)?,
            delay: row.get(behind + 3)?,
            source: row.get(behind + 4)?,
            unit: row.get(behind + 5)?,
        })
    }
}

/// The last row of a series (`?1`) before a moment (`?2`) in a table; `also` narrows it down.
pub fn last(table: &str, also: &str) -> String {
    format!(
        "SELECT {COLUMNS} FROM {table} WHERE series_id = ?1 AND measured_at < ?2{also}
         ORDER BY measured_at DESC, occurrence DESC LIMIT 1"
    )
}

/// Rows of a series (`?1`) from a moment (`?2`) to before another (`?3`), at most so many (`?4`), in their order.
pub fn between(table: &str) -> String {
    format!(
        "SELECT {COLUMNS} FROM {table} WHERE series_id = ?1 AND measured_at >= ?2 AND measured_at < ?3
         ORDER BY measured_at, occurrence LIMIT ?4"
    )
}

/// The newest rows first, of all series.
pub fn recent() -> String {
    format!(
        "SELECT series_id, {COLUMNS} FROM recent ORDER BY measured_at DESC, series_id DESC, occurrence DESC"
    )
}

/// Only rows that are readings.
pub const READINGS: &str = " AND occurrence >= 0";

/// The last row of a series before a moment, in these tables.
pub fn find_last(
    connection: &Connection,
    tables: &[&str],
    series: i64,
    before: i64,
    also: &str,
) -> Result<Option<Row>> {
    for table in tables.iter().rev() {
        let mut find = connection.prepare_cached(&last(table, also))?;
        let found = find
            .query_row([series, before], |row| Row::read(row, 0))
            .optional()?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// The moments of readings of a series (`?1`) in a table, the newest first, at most so many (`?2`).
pub fn moments(table: &str) -> String {
    format!(
        "SELECT measured_at FROM {table} WHERE series_id = ?1 AND occurrence >= 0
         ORDER BY measured_at DESC, occurrence DESC LIMIT ?2"
    )
}

pub fn newest_moments(
    connection: &Connection,
    table: &str,
    series: i64,
    limit: usize,
    mut take: impl FnMut(i64),
) -> Result<()> {
    let mut find = connection.prepare_cached(&moments(table))?;
    let mut rows = find.query((series, i64::try_from(limit).unwrap_or(i64::MAX)))?;
    while let Some(row) = rows.next()? {
        take(row.get(0)?);
    }
    Ok(())
}

/// Goes through the rows of a series from a moment to before another in the order of time, in these tables, until `take`
/// wants no more.
pub fn each(
    connection: &Connection,
    tables: &[&str],
    series: i64,
    [from, to]: [i64; 2],
    mut take: impl FnMut(Row) -> bool,
) -> Result<()> {
    for table in tables {
        let mut find = connection.prepare_cached(&between(table))?;
        let mut rows = find.query([series, from, to, -1])?;
        while let Some(row) = rows.next()? {
            if !take(Row::read(row, 0)?) {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Goes through all of `recent`, the newest first, with the series of each.
pub fn each_recent(
    connection: &Connection,
    mut take: impl FnMut(i64, &dyn Fn() -> Result<Row>) -> Result<()>,
) -> Result<()> {
    let mut all = connection.prepare_cached(&recent())?;
    let mut rows = all.query([])?;
    while let Some(row) = rows.next()? {
        take(row.get(0)?, &|| Row::read(row, 1))?;
    }
    Ok(())
}

/// The tables before `recent`.
pub fn ordered() -> &'static [&'static str] {
    &TABLES[..2]
}
