//! What a vehicle says now.

use std::collections::HashMap;

use collector_core::{ValueType, Vin};
use jiff::Timestamp;
use rusqlite::{Connection, Result};

use super::reader::{ReadError, Reader};
use super::row::{READINGS, Row, each_recent, find_last, ordered};
use super::vehicles::keys;
use super::words::{ReadingRow, Words, moment};

/// The newest reading of one descriptor.
#[derive(Debug, Clone, PartialEq)]
pub struct Latest {
    /// BMW's identifier.
    pub descriptor: String,
    /// The short name.
    pub name: String,
    pub value_type: ValueType,
    pub reading: ReadingRow,
    /// When its value ended, where nothing was measured since: the vehicle has none now.
    pub ended_at: Option<Timestamp>,
}

/// The newest rows of a series.
#[derive(Default)]
struct Newest {
    reading: Option<Row>,
    /// The moment of an end behind it.
    ended_at: Option<i64>,
}

impl Newest {
    fn take(&mut self, row: Row) {
        if !row.is_end() {
            self.reading = Some(row);
        } else if self.ended_at.is_none() {
            self.ended_at = Some(row.measured_at);
        }
    }
}

impl Reader {
    /// One for each descriptor that has ever had a value, by identifier.
    ///
    /// # Errors
    /// See [`Reader`].
    pub fn latest(&self, vin: &Vin) -> std::result::Result<Vec<Latest>, ReadError> {
        self.read(|connection| latest(connection, vin))
    }
}

fn latest(connection: &Connection, vin: &Vin) -> Result<Vec<Latest>> {
    let keys = keys(connection, vin, None)?;
    let mut newest: HashMap<i64, Newest> = keys.iter().map(|key| (key.series, Newest::default())).collect();
    each_recent(connection, |series, row| {
        if let Some(newest) = newest.get_mut(&series)
            && newest.reading.is_none()
        {
            newest.take(row()?);
        }
        Ok(())
    })?;
    let words = Words::of(connection)?;
    let mut all = Vec::new();
    for key in keys {
        let mut newest = newest.remove(&key.series).unwrap_or_default();
        if newest.reading.is_none() && newest.ended_at.is_none() {
            let last = find_last(connection, ordered(), key.series, i64::MAX, "")?;
            last.into_iter().for_each(|row| newest.take(row));
        }
        if newest.reading.is_none() {
            newest.reading = find_last(connection, ordered(), key.series, i64::MAX, READINGS)?;
        }
        let Some(row) = newest.reading else {
            continue;
        };
        if let Some(reading) = words.reading(&key, &row)? {
            all.push(Latest {
                descriptor: key.descriptor,
                name: key.name,
                value_type: key.value_type,
                reading,
                ended_at: newest.ended_at.map(moment).transpose()?,
            });
        }
    }
    Ok(all)
}
