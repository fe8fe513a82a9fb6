//! How the readings, ends and records of a batch become rows.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use collector_core::{Ended, Entry, Reading, Rejection, Snapshot, Stamp, Value, ValueType};
use rusqlite::types::Value as Stored;
use rusqlite::{CachedStatement, Connection, Result, params};

use crate::battery;
use crate::dictionary::Dictionary;
use crate::fold::{self, Fold, ORDERED};
use crate::kinds::Kinds;
use crate::records;
use crate::rollup::{self, Late};

/// Integers up to this are exact as `f64`, and are stored as integers: smaller, and `74` is shown as `74`.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// The occurrence of an end. A value of the same moment comes behind it: an end counts for what was measured before.
const END: i64 = -1;

/// Changes of one battery that lie no further apart than this, in milliseconds, are one: an hour.
const TOGETHER: i64 = 3_600_000;

/// The statements for each of [`fold::TABLES`]. For a row that is there `update` follows: an `INSERT … DO UPDATE` costs a
/// third more also where nothing is there. With the same in the same columns no page is altered.
static STATEMENTS: LazyLock<[Statements; 3]> = LazyLock::new(|| {
    fold::TABLES.map(|table| Statements {
        insert: format!(
            "INSERT INTO {table} (series_id, measured_at, occurrence, value, delay, source_id, unit_id)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING"
        ),
        update: format!(
            "UPDATE {table} SET value = ?4, delay = ?5, source_id = ?6, unit_id = ?7
             WHERE series_id = ?1 AND measured_at = ?2 AND occurrence = ?3
               AND (value, delay, source_id, unit_id) IS NOT (?4, ?5, ?6, ?7)"
        ),
    })
});

struct Statements {
    insert: String,
    update: String,
}

pub struct Writer<'a> {
    connection: &'a Connection,
    dictionary: &'a mut Dictionary,
    kinds: &'a mut Kinds,
    insert: [CachedStatement<'a>; 3],
    fold: &'a Fold,
    /// How many rows each table has got.
    gathered: [i64; 3],
    /// Vehicles and moments at which something about their batteries has changed, where rows of it are kept.
    battery: BTreeSet<(i64, i64)>,
    /// What has not come into `recent`, where there are roll-ups of it.
    late: Late,
    rejected: Vec<Rejection>,
}

/// What became of a batch.
pub struct Done {
    pub rejected: Vec<Rejection>,
    /// How many rows each of [`fold::TABLES`] has got.
    pub gathered: [i64; 3],
}

/// What the readings of a snapshot have in common.
struct Telling<'a> {
    snapshot: &'a Snapshot,
    vehicle: i64,
    /// Of readings that were measured, and of those that have the time of the call.
    sources: [Option<i64>; 2],
}

/// What makes a row, without its number in the key.
struct Row {
    series: i64,
    /// It tells of the battery.
    is_battery: bool,
    measured_at: i64,
    occurrence: i64,
    value: Stored,
    stamp: Stamp,
    unit: Option<i64>,
}

impl<'a> Writer<'a> {
    pub fn new(
        connection: &'a Connection,
        dictionary: &'a mut Dictionary,
        kinds: &'a mut Kinds,
        fold: &'a Fold,
    ) -> Result<Self> {
        let insert = |table: usize| connection.prepare_cached(&STATEMENTS[table].insert);
        Ok(Self {
            connection,
            dictionary,
            kinds,
            insert: [insert(0)?, insert(1)?, insert(2)?],
            fold,
            gathered: [0; 3],
            battery: BTreeSet::new(),
            late: Late::default(),
            rejected: Vec::new(),
        })
    }

    pub fn entry(&mut self, entry: &Entry) -> Result<()> {
        if let Some(snapshot) = entry.snapshot() {
            return self.snapshot(entry.seq, snapshot);
        }
        let Some(record) = entry.record() else {
            return Ok(());
        };
        let vehicle = self.dictionary.vehicle(self.connection, &record.vehicle)?;
        if let Some(reason) = records::write(self.connection, self.kinds, vehicle, record, entry.seq)? {
            self.rejected.push(Rejection::record(entry.seq, reason));
        }
        Ok(())
    }

    fn snapshot(&mut self, seq: u64, snapshot: &Snapshot) -> Result<()> {
        let mut telling = Telling {
            snapshot,
            vehicle: self.dictionary.vehicle(self.connection, &snapshot.vehicle)?,
            sources: [None; 2],
        };
        for (position, reading) in snapshot.readings.iter().enumerate() {
            if let Some(reason) = self.reading(&mut telling, reading)? {
                self.rejected.push(Rejection::reading(seq, position, reason));
            }
        }
        for ended in &snapshot.ended {
            self.ended(&mut telling, ended)?;
        }
        Ok(())
    }

    /// Stores one reading, or says why it never can be.
    fn reading(&mut self, telling: &mut Telling<'_>, reading: &Reading) -> Result<Option<String>> {
        let descriptor = &reading.descriptor;
        let find = |dictionary: &mut Dictionary| {
            dictionary.numbers(
                self.connection,
                telling.vehicle,
                descriptor,
                reading.unit.as_ref(),
            )
        };
        let mut numbers = find(&mut *self.dictionary)?;
        let value_type = reading.value.value_type();
        if value_type == ValueType::Text && numbers.value_type != ValueType::Text {
            self.dictionary.widen(self.connection, descriptor)?;
            if self.fold.has_rollups {
                rollup::widened(self.connection, descriptor.as_str())?;
            }
            numbers = find(&mut *self.dictionary)?;
        }
        if value_type != numbers.value_type {
            return Ok(Some(format!(
                "{descriptor} is stored with the type {}, this value is of type {value_type}",
                numbers.value_type
            )));
        }
        let Some(value) = self.stored(&reading.value)? else {
            return Ok(Some(format!(
                "{descriptor}: {} is not a number that can be stored",
                reading.value
            )));
        };
        let row = Row {
            series: numbers.series,
            is_battery: numbers.is_battery,
            measured_at: reading.measured_at.as_millisecond(),
            occurrence: reading.occurrence.into(),
            value,
            stamp: reading.stamp,
            unit: numbers.unit,
        };
        self.row(telling, row)?;
        Ok(None)
    }

    /// An end is a row without a value, which the views leave out.
    fn ended(&mut self, telling: &mut Telling<'_>, ended: &Ended) -> Result<()> {
        let descriptor = &ended.descriptor;
        let numbers =
            self.dictionary
                .numbers(self.connection, telling.vehicle, descriptor, descriptor.unit())?;
        let row = Row {
            series: numbers.series,
            is_battery: numbers.is_battery,
            measured_at: ended.at.as_millisecond(),
            occurrence: END,
            value: Stored::Null,
            stamp: Stamp::Measured,
            unit: None,
        };
        self.row(telling, row)
    }

    fn row(&mut self, telling: &mut Telling<'_>, row: Row) -> Result<()> {
        let source = match &mut telling.sources[usize::from(row.stamp == Stamp::Requested)] {
            Some(source) => *source,
            unknown => {
                let source = self
                    .dictionary
                    .source(self.connection, telling.snapshot, row.stamp)?;
                *unknown.insert(source)
            }
        };
        let delay = telling.snapshot.received_at.as_millisecond() - row.measured_at;
        let columns = params![
            row.series,
            row.measured_at,
            row.occurrence,
            row.value,
            delay,
            source,
            row.unit
        ];
        let table = self.fold.table(row.measured_at);
        let mut altered = self.insert[table].execute(columns)?;
        if altered == 0 {
            let mut update = self.connection.prepare_cached(&STATEMENTS[table].update)?;
            altered = update.execute(columns)?;
        } else {
            self.gathered[table] += 1;
            if table < ORDERED.len() && self.fold.has_rollups && row.occurrence >= 0 {
                self.late.came(row.series, row.measured_at);
            }
        }
        if altered > 0 && table == 0 && self.fold.has_rollups {
            self.late.altered(row.series, row.measured_at);
        }
        if altered > 0 && row.is_battery && row.measured_at < self.fold.battery {
            self.battery.insert((telling.vehicle, row.measured_at));
        }
        Ok(())
    }

    fn stored(&mut self, value: &Value) -> Result<Option<Stored>> {
        Ok(match value {
            Value::Bool(value) => Some(Stored::Integer((*value).into())),
            Value::Number(value) => number(*value),
            Value::Text(text) => Some(Stored::Integer(self.dictionary.text(self.connection, text)?)),
            Value::Timestamp(time) => Some(Stored::Integer(time.as_millisecond())),
        })
    }

    /// Brings what follows from the rows up to date.
    pub fn finish(self) -> Result<Done> {
        let mut changed = self.battery.into_iter().peekable();
        let mut right = (i64::MIN, i64::MIN);
        while let Some((vehicle, first)) = changed.next() {
            if (vehicle, first) < right {
                continue;
            }
            let mut last = first;
            while let Some((_, next)) =
                changed.next_if(|next| next.0 == vehicle && next.1.saturating_sub(last) <= TOGETHER)
            {
                last = next;
            }
            right = (vehicle, battery::refresh(self.connection, vehicle, first, last)?);
        }
        self.late.apply(self.connection)?;
        Ok(Done {
            rejected: self.rejected,
            gathered: self.gathered,
        })
    }
}

/// How a number stands in a row; `None` for what is none.
pub fn number(value: f64) -> Option<Stored> {
    if !value.is_finite() {
        return None;
    }
    if value.fract() == 0.0 && value.abs() <= EXACT {
        return Some(Stored::Integer(value as i64));
    }
    Some(Stored::Real(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_number_is_stored_as_an_integer() {
        assert_eq!(number(74.0), Some(Stored::Integer(74)));
        assert_eq!(number(-0.0), Some(Stored::Integer(0)));
        assert_eq!(number(-9e15), Some(Stored::Integer(-9_000_000_000_000_000)));
        assert_eq!(number(74.5), Some(Stored::Real(74.5)));
        assert_eq!(number(1e300), Some(Stored::Real(1e300)));
    }

    #[test]
    fn what_is_no_number_is_not_stored() {
        assert_eq!(number(f64::NAN), None);
        assert_eq!(number(f64::NEG_INFINITY), None);
    }
}
