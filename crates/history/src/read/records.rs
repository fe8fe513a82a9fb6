//! Records of any kind, such as charging sessions and trips, with the columns that the database names.

use std::sync::Arc;

use collector_core::{RecordState, Value, ValueType, Vin};
use jiff::Timestamp;
use rusqlite::types::Value as Stored;
use rusqlite::{Connection, OptionalExtension, Result, Row, params_from_iter};

use super::reader::{ReadError, Reader};
use super::series::Range;
use super::words::moment;
use crate::kinds::{ENTRY, has_entries, quoted, table};

/// A column of a kind of records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnInfo {
    pub name: String,
    pub value_type: ValueType,
    /// Of every number in it.
    pub unit: Option<String>,
    /// What tells records of one vehicle apart; of a part, first the key of what it is a part of.
    pub is_key: bool,
}

/// A record as it counts.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordRow {
    pub vin: Vin,
    /// Its name.
    pub vehicle: String,
    /// The keys first.
    pub columns: Arc<[ColumnInfo]>,
    /// The time of the record.
    pub at: Timestamp,
    /// When it began: the last time in its key, or `at` where that has none.
    pub start: Timestamp,
    pub state: RecordState,
    pub revision: u32,
    /// By column; `None` is unknown.
    pub cells: Vec<Option<Value>>,
}

impl RecordRow {
    /// `None` where it is unknown, or no such column is.
    pub fn get(&self, column: &str) -> Option<&Value> {
        let place = self.columns.iter().position(|known| known.name == column)?;
        self.cells.get(place)?.as_ref()
    }

    pub fn number(&self, column: &str) -> Option<f64> {
        match self.get(column)? {
            Value::Number(number) => Some(*number),
            _ => None,
        }
    }

    pub fn text(&self, column: &str) -> Option<&str> {
        match self.get(column)? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    pub fn moment(&self, column: &str) -> Option<Timestamp> {
        match self.get(column)? {
            Value::Timestamp(moment) => Some(*moment),
            _ => None,
        }
    }

    pub fn truth(&self, column: &str) -> Option<bool> {
        match self.get(column)? {
            Value::Bool(truth) => Some(*truth),
            _ => None,
        }
    }

    /// The values of its key.
    pub fn key(&self) -> impl Iterator<Item = &Value> {
        let cells = self.columns.iter().zip(&self.cells);
        cells
            .filter(|(column, _)| column.is_key)
            .filter_map(|(_, cell)| cell.as_ref())
    }
}

impl Reader {
    /// The columns of a kind, by its plural (`trips`), the keys first; none where no record of it ever came.
    ///
    /// # Errors
    /// See [`Reader`].
    pub fn columns(&self, kind: &str) -> std::result::Result<Vec<ColumnInfo>, ReadError> {
        self.read(|connection| columns(connection, kind))
    }

    /// Records of a kind, by its plural, that began within the range, the newest first, of one vehicle or of all. What was
    /// withdrawn is not among them. Those that follow are found with the start of the last one as the end of the range.
    ///
    /// # Errors
    /// See [`Reader`].
    pub fn records(
        &self,
        kind: &str,
        vin: Option<&Vin>,
        range: Range,
        limit: usize,
    ) -> std::result::Result<Vec<RecordRow>, ReadError> {
        self.read(|connection| {
            let Some(kind) = Kind::find(connection, kind)? else {
                return Ok(Vec::new());
            };
            let [from, to] = range.milliseconds();
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let values = [from.into(), to.into(), limit.into(), text(vin)];
            kind.rows(connection, &within(&kind.select, &kind.start), &values)
        })
    }

    /// The record of that key, whose values are in the order of the key's columns.
    ///
    /// # Errors
    /// See [`Reader`].
    pub fn record(
        &self,
        kind: &str,
        vin: &Vin,
        key: &[Value],
    ) -> std::result::Result<Option<RecordRow>, ReadError> {
        self.read(|connection| {
            let mut rows = by_key(connection, kind, vin, key, true)?;
            Ok(rows.pop())
        })
    }

    /// The journal's entry that brought the revision of a record that is here, withdrawn or not; `key` is told as
    /// `cardata why` tells it, `2026-03-01T17:05:00Z` or `2026-03 30`. `None` where there is no such record; without a number
    /// where it was stored before that was kept.
    ///
    /// # Errors
    /// See [`Reader`].
    pub fn entry(
        &self,
        kind: &str,
        vin: &Vin,
        key: &str,
    ) -> std::result::Result<Option<Option<u64>>, ReadError> {
        self.read(|connection| entry(connection, kind, vin, key))
    }

    /// The parts of a record, such as the blocks of a charging session, in the order of their keys. `kind` is the plural of
    /// the parts' kind.
    ///
    /// # Errors
    /// See [`Reader`].
    pub fn parts_of(&self, kind: &str, record: &RecordRow) -> std::result::Result<Vec<RecordRow>, ReadError> {
        let key: Vec<Value> = record.key().cloned().collect();
        self.read(|connection| by_key(connection, kind, &record.vin, &key, false))
    }
}

/// By the index that each kind has.
pub fn within(select: &str, start: &str) -> String {
    format!(
        "{select} AND {start} >= ?1 AND {start} < ?2 AND (?4 IS NULL OR vehicle.vin = ?4)
         ORDER BY {start} DESC LIMIT ?3"
    )
}

/// Those whose key is, or begins with, these values.
fn by_key(
    connection: &Connection,
    kind: &str,
    vin: &Vin,
    key: &[Value],
    whole: bool,
) -> Result<Vec<RecordRow>> {
    let Some(kind) = Kind::find(connection, kind)? else {
        return Ok(Vec::new());
    };
    let keys: Vec<&ColumnInfo> = kind.columns.iter().filter(|column| column.is_key).collect();
    if key.is_empty() || key.len() > keys.len() || (whole && key.len() != keys.len()) {
        return Ok(Vec::new());
    }
    let is_it: String = (2..)
        .zip(&keys[..key.len()])
        .map(|(mark, column)| format!(" AND record.{} = ?{mark}", quoted(&column.name)))
        .collect();
    let order: Vec<String> = keys
        .iter()
        .map(|column| format!("record.{}", quoted(&column.name)))
        .collect();
    let sql = format!(
        "{} AND record.vehicle = (SELECT id FROM vehicle WHERE vin = ?1){is_it} ORDER BY {}",
        kind.select,
        order.join(", ")
    );
    let values: Vec<Stored> = [text(Some(vin))]
        .into_iter()
        .chain(key.iter().map(stored))
        .collect();
    kind.rows(connection, &sql, &values)
}

fn entry(connection: &Connection, kind: &str, vin: &Vin, key: &str) -> Result<Option<Option<u64>>> {
    let keys = columns(connection, kind)?;
    let keys: Vec<_> = keys.into_iter().filter(|column| column.is_key).collect();
    let words = key.splitn(keys.len().max(1), ' ');
    let told = keys
        .iter()
        .zip(words)
        .filter_map(|(column, word)| read(column, word));
    let values: Vec<Stored> = [text(Some(vin))]
        .into_iter()
        .chain(told.map(|value| stored(&value)))
        .collect();
    if keys.is_empty() || values.len() != keys.len() + 1 {
        return Ok(None);
    }
    let is_it: String = (2..)
        .zip(&keys)
        .map(|(mark, column)| format!(" AND {} = ?{mark}", quoted(&column.name)))
        .collect();
    let number = match has_entries(connection, kind)? {
        true => ENTRY,
        false => "NULL",
    };
    let sql = format!(
        "SELECT {number} FROM {} WHERE vehicle = (SELECT id FROM vehicle WHERE vin = ?1){is_it}",
        table(kind)
    );
    let mut statement = connection.prepare_cached(&sql)?;
    statement
        .query_row(params_from_iter(values), |row| row.get(0))
        .optional()
}

fn read(column: &ColumnInfo, word: &str) -> Option<Value> {
    Some(match column.value_type {
        ValueType::Bool => Value::Bool(word.parse().ok()?),
        ValueType::Number => Value::Number(word.parse().ok()?),
        ValueType::Text => Value::Text(word.into()),
        ValueType::Timestamp => Value::Timestamp(word.parse().ok()?),
    })
}

fn text(vin: Option<&Vin>) -> Stored {
    vin.map_or(Stored::Null, |vin| Stored::Text(vin.as_str().to_owned()))
}

fn stored(value: &Value) -> Stored {
    match value {
        Value::Bool(value) => Stored::Integer((*value).into()),
        Value::Number(value) => Stored::Real(*value),
        Value::Text(text) => Stored::Text(text.to_string()),
        Value::Timestamp(moment) => Stored::Integer(moment.as_millisecond()),
    }
}

/// How a kind is read.
pub struct Kind {
    columns: Arc<[ColumnInfo]>,
    /// Up to the conditions.
    pub select: String,
    /// The column of the start.
    pub start: String,
}

impl Kind {
    /// By its plural; `None` where no record of it ever came.
    pub fn find(connection: &Connection, kind: &str) -> Result<Option<Self>> {
        let columns: Arc<[ColumnInfo]> = columns(connection, kind)?.into();
        if columns.is_empty() {
            return Ok(None);
        }
        let is_time = |column: &&ColumnInfo| column.is_key && column.value_type == ValueType::Timestamp;
        let start = columns.iter().rfind(is_time).map_or("at", |column| &column.name);
        let start = format!("record.{}", quoted(start));
        let cells: String = columns
            .iter()
            .map(|column| format!(", record.{}", quoted(&column.name)))
            .collect();
        // What the kind is called stands in the database: it is plain.
        let select = format!(
            "SELECT vehicle.vin, vehicle.name, record.at, {start}, record.state, record.revision{cells}
             FROM {} AS record CROSS JOIN vehicle ON vehicle.id = record.vehicle
             WHERE record.state <> '{}'",
            table(kind),
            RecordState::Withdrawn
        );
        Ok(Some(Self {
            columns,
            select,
            start,
        }))
    }

    fn rows(&self, connection: &Connection, sql: &str, values: &[Stored]) -> Result<Vec<RecordRow>> {
        let mut statement = connection.prepare_cached(sql)?;
        let rows = statement.query_map(params_from_iter(values), |row| self.row(row))?;
        rows.filter_map(Result::transpose).collect()
    }

    fn row(&self, row: &Row<'_>) -> Result<Option<RecordRow>> {
        let Ok(vin) = row.get_ref(0)?.as_str()?.parse() else {
            return Ok(None);
        };
        let cells = (6..)
            .zip(&*self.columns)
            .map(|(place, column)| cell(column.value_type, row.get(place)?));
        Ok(Some(RecordRow {
            vin,
            vehicle: row.get(1)?,
            columns: Arc::clone(&self.columns),
            at: moment(row.get(2)?)?,
            start: moment(row.get(3)?)?,
            state: RecordState::parse(row.get_ref(4)?.as_str()?).unwrap_or(RecordState::Final),
            revision: row.get(5)?,
            cells: cells.collect::<Result<_>>()?,
        }))
    }
}

fn cell(value_type: ValueType, stored: Stored) -> Result<Option<Value>> {
    Ok(match (value_type, stored) {
        (ValueType::Bool, Stored::Integer(value)) => Some(Value::Bool(value != 0)),
        (ValueType::Number, Stored::Integer(value)) => Some(Value::Number(value as f64)),
        (ValueType::Number, Stored::Real(value)) => Some(Value::Number(value)),
        (ValueType::Text, Stored::Text(text)) => Some(Value::Text(text.into())),
        (ValueType::Timestamp, Stored::Integer(value)) => Some(Value::Timestamp(moment(value)?)),
        _ => None,
    })
}

fn columns(connection: &Connection, kind: &str) -> Result<Vec<ColumnInfo>> {
    let mut statement = connection.prepare_cached(
        "SELECT name, type, unit, is_key FROM record_column WHERE kind = ?1 ORDER BY NOT is_key, position",
    )?;
    let rows = statement.query_map([kind], |row| {
        let value_type = ValueType::parse(row.get_ref(1)?.as_str()?);
        Ok(ColumnInfo {
            name: row.get(0)?,
            // The table's CHECK allows no other word.
            value_type: value_type.unwrap_or(ValueType::Text),
            unit: row.get(2)?,
            is_key: row.get(3)?,
        })
    })?;
    rows.collect()
}
