//! How often a vehicle tells each descriptor.

use std::collections::HashMap;

use collector_core::{ValueType, Vin};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Result};

use super::reader::{ReadError, Reader};
use super::row::{each_recent, newest_moments, ordered};
use super::vehicles::{Key, keys};
use super::words::moment;

/// What is known of all readings of one descriptor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRow {
    /// BMW's identifier.
    pub descriptor: String,
    /// The short name.
    pub name: String,
    pub value_type: ValueType,
    /// Of readings that name no other.
    pub unit: Option<String>,
    /// At least one.
    pub readings: u64,
    /// When the first and the last of them were measured.
    pub first: Timestamp,
    pub last: Timestamp,
    /// The time between two moments of measurement, in milliseconds: the median of the last 16. `None` where there are
    /// fewer than two.
    pub gap_ms: Option<i64>,
}

/// Gaps whose median is told.
const GAPS: usize = 16;

#[derive(Default)]
struct Gathered {
    readings: i64,
    first: Option<i64>,
    last: Option<i64>,
    /// The newest first, no two the same.
    moments: Vec<i64>,
}

impl Gathered {
    fn add(&mut self, readings: i64, first: i64, last: i64) {
        self.readings += readings;
        self.first = Some(self.first.map_or(first, |known| known.min(first)));
        self.last = Some(self.last.map_or(last, |known| known.max(last)));
    }

    fn moment(&mut self, at: i64) {
        if self.moments.len() <= GAPS && self.moments.last() != Some(&at) {
            self.moments.push(at);
        }
    }

    fn gap(&self) -> Option<i64> {
        let mut gaps: Vec<i64> = self.moments.windows(2).map(|two| two[0] - two[1]).collect();
        gaps.sort_unstable();
        gaps.get(gaps.len() / 2).copied()
    }
}

impl Reader {
    /// One for each descriptor that has ever had a value, by identifier.
    ///
    /// # Errors
    /// See [`Reader`].
    pub fn keys(&self, vin: &Vin) -> std::result::Result<Vec<KeyRow>, ReadError> {
        self.read(|connection| {
            let keys = keys(connection, vin, None)?;
            let mut gathered = of_recent(connection, &keys)?;
            let all = keys.into_iter().map(|key| {
                let mut its = gathered.remove(&key.series).unwrap_or_default();
                of_ordered(connection, key.series, self.has_rollups(), &mut its)?;
                row(key, &its)
            });
            all.filter_map(Result::transpose).collect()
        })
    }
}

fn of_recent(connection: &Connection, keys: &[Key]) -> Result<HashMap<i64, Gathered>> {
    let mut gathered: HashMap<i64, Gathered> =
        keys.iter().map(|key| (key.series, Gathered::default())).collect();
    each_recent(connection, |series, row| {
        if let Some(its) = gathered.get_mut(&series) {
            let row = row()?;
            if !row.is_end() {
                its.add(1, row.measured_at, row.measured_at);
                its.moment(row.measured_at);
            }
        }
        Ok(())
    })?;
    Ok(gathered)
}

/// How many readings of a series are in a table whose rows lie by series, and when the first and the last were measured.
pub fn count(table: &str) -> String {
    format!(
        "SELECT count(*), min(measured_at), max(measured_at) FROM {table} WHERE series_id = ?1 AND occurrence >= 0
         HAVING count(*) > 0"
    )
}

pub const TOTAL: &str = "SELECT count, first, last FROM rollup_total WHERE series_id = ?1";

fn of_ordered(connection: &Connection, series: i64, has_rollups: bool, its: &mut Gathered) -> Result<()> {
    let counts = match has_rollups {
        true => vec![TOTAL.to_owned()],
        false => ordered().iter().map(|table| count(table)).collect(),
    };
    for sql in counts {
        let mut find = connection.prepare_cached(&sql)?;
        let found = find.query_row([series], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
        if let Some((readings, first, last)) = found.optional()? {
            its.add(readings, first, last);
        }
    }
    for table in ordered().iter().rev() {
        if its.moments.len() <= GAPS {
            newest_moments(connection, table, series, GAPS + 1, |at| its.moment(at))?;
        }
    }
    Ok(())
}

fn row(key: Key, its: &Gathered) -> Result<Option<KeyRow>> {
    let (Some(first), Some(last)) = (its.first, its.last) else {
        return Ok(None);
    };
    Ok(Some(KeyRow {
        descriptor: key.descriptor,
        name: key.name,
        value_type: key.value_type,
        unit: key.unit,
        readings: its.readings.unsigned_abs(),
        first: moment(first)?,
        last: moment(last)?,
        gap_ms: its.gap(),
    }))
}
