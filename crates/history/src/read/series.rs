//! One descriptor over time, in as many points as a chart has room for.

use collector_core::{Value, ValueType, Vin};
use jiff::Timestamp;
use rusqlite::{Connection, Result};

use super::reader::{ReadError, Reader};
use super::row::find_last;
use super::vehicles::{Key, keys};
use super::words::{ReadingRow, Words};
use super::{changes, numbers};
use crate::fold::TABLES;

/// The points that can be asked for.
const POINTS: std::ops::RangeInclusive<usize> = 2..=2_000;

/// A time, the end left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    pub from: Timestamp,
    pub to: Timestamp,
}

impl Range {
    pub(super) fn milliseconds(self) -> [i64; 2] {
        [self.from, self.to].map(Timestamp::as_millisecond)
    }
}

/// What a vehicle told by one descriptor within a [`Range`].
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// BMW's identifier.
    pub descriptor: String,
    /// The short name.
    pub name: String,
    pub value_type: ValueType,
    /// Of the values that name no other. Values that were told in another one stand here as they were told.
    pub unit: Option<String>,
    /// What was true when the range began; `None` where nothing was known, or the value had ended.
    pub before: Option<ReadingRow>,
    pub told: Told,
}

/// By how much was told, and of what type. Moments are in milliseconds since 1970, and rise.
#[derive(Debug, Clone, PartialEq)]
pub enum Told {
    /// Numbers, each as it was told.
    Readings {
        points: Vec<(i64, f64)>,
        /// From here on there was no value, until the next point. A point of the same moment comes behind it.
        ends: Vec<i64>,
    },
    /// More numbers than points: what was told in each span of so many milliseconds, where something was.
    Parts { width_ms: i64, points: Vec<Part> },
    /// Texts, truths and times, wherever they changed.
    Changes {
        changes: Vec<Change>,
        /// Of several changes in one span the last one stands for all.
        is_thinned: bool,
    },
}

/// What was told in a span. The first and the last span are whole too, so they may reach beyond the range.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Part {
    /// When it begins: a multiple of its width since 1970.
    pub at_ms: i64,
    pub min: f64,
    pub max: f64,
    pub last: f64,
    /// The value ended behind the last one, before the next part.
    pub is_ended: bool,
}

/// From a moment on, until the next one.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    pub at_ms: i64,
    /// `None`: there was no value.
    pub value: Option<Value>,
}

impl Reader {
    /// At most `points` (2 to 2,000) of them, the smallest and the largest of many kept; `None` where the vehicle does not
    /// tell by that descriptor, which is BMW's identifier.
    ///
    /// # Errors
    /// See [`Reader`].
    pub fn series(
        &self,
        vin: &Vin,
        descriptor: &str,
        range: Range,
        points: usize,
    ) -> std::result::Result<Option<Series>, ReadError> {
        let points = points.clamp(*POINTS.start(), *POINTS.end());
        self.read(|connection| {
            let mut keys = keys(connection, vin, Some(descriptor))?;
            let key = keys.pop();
            key.map(|key| series(connection, key, range.milliseconds(), points, self.has_rollups()))
                .transpose()
        })
    }
}

fn series(
    connection: &Connection,
    key: Key,
    [from, to]: [i64; 2],
    points: usize,
    has_rollups: bool,
) -> Result<Series> {
    let to = to.max(from);
    let told = match key.value_type {
        ValueType::Number => numbers::told(connection, key.series, [from, to], points, has_rollups)?,
        _ => changes::told(connection, &key, [from, to], points)?,
    };
    let before = match find_last(connection, &TABLES, key.series, from, "")? {
        Some(row) if !row.is_end() => Words::of(connection)?.reading(&key, &row)?,
        _ => None,
    };
    Ok(Series {
        descriptor: key.descriptor,
        name: key.name,
        value_type: key.value_type,
        unit: key.unit,
        before,
        told,
    })
}
