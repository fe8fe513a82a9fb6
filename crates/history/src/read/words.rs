//! What the numbers in the rows stand for.

use std::collections::HashMap;
use std::sync::Arc;

use collector_core::{Origin, Stamp, Value, ValueType};
use jiff::Timestamp;
use rusqlite::types::Value as Stored;
use rusqlite::{Connection, Error, OptionalExtension, Result};

use super::row::Row;
use super::vehicles::Key;

/// One reading, with where it comes from.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadingRow {
    pub value: Value,
    pub unit: Option<String>,
    /// In whole milliseconds; the time of the call where `stamp` is [`Stamp::Requested`].
    pub measured_at: Timestamp,
    pub received_at: Timestamp,
    /// 0; of several values that were measured at one moment, 1 for the second that arrived, and so on.
    pub occurrence: u32,
    pub stamp: Stamp,
    pub origin: Origin,
    /// The source's name in the pipeline file.
    pub source: Arc<str>,
    pub account: Arc<str>,
}

struct Source {
    name: Arc<str>,
    origin: Origin,
    account: Arc<str>,
    stamp: Stamp,
}

/// Looks up words.
pub struct Words<'a> {
    connection: &'a Connection,
    sources: HashMap<i64, Source>,
}

impl<'a> Words<'a> {
    pub fn of(connection: &'a Connection) -> Result<Self> {
        let mut statement =
            connection.prepare_cached("SELECT id, name, origin, account, stamp FROM source")?;
        let rows = statement.query_map([], |row| {
            let source = Source {
                name: row.get(1)?,
                origin: Origin::parse(row.get_ref(2)?.as_str()?).unwrap_or(Origin::Archive),
                account: row.get(3)?,
                stamp: Stamp::parse(row.get_ref(4)?.as_str()?).unwrap_or(Stamp::Measured),
            };
            Ok((row.get(0)?, source))
        })?;
        let sources = rows.collect::<Result<_>>()?;
        Ok(Self { connection, sources })
    }

    /// `None` for what is no reading.
    pub fn reading(&self, key: &Key, row: &Row) -> Result<Option<ReadingRow>> {
        let Some(value) = value(self.connection, key.value_type, &row.value)? else {
            return Ok(None);
        };
        let Some(source) = self.sources.get(&row.source) else {
            return Ok(None);
        };
        Ok(Some(ReadingRow {
            value,
            unit: self.unit(key, row.unit)?,
            measured_at: moment(row.measured_at)?,
            received_at: moment(row.measured_at.saturating_add(row.delay))?,
            occurrence: u32::try_from(row.occurrence).unwrap_or(0),
            stamp: source.stamp,
            origin: source.origin,
            source: Arc::clone(&source.name),
            account: Arc::clone(&source.account),
        }))
    }

    pub fn unit(&self, key: &Key, unit: Option<i64>) -> Result<Option<String>> {
        let Some(unit) = unit else {
            return Ok(key.unit.clone());
        };
        let mut find = self
            .connection
            .prepare_cached("SELECT nullif(unit, '') FROM unit WHERE id = ?1")?;
        Ok(find.query_row([unit], |row| row.get(0)).optional()?.flatten())
    }
}

/// `None` for an end.
pub fn value(connection: &Connection, value_type: ValueType, stored: &Stored) -> Result<Option<Value>> {
    Ok(match (value_type, stored) {
        (ValueType::Bool, Stored::Integer(value)) => Some(Value::Bool(*value != 0)),
        (ValueType::Number, Stored::Integer(value)) => Some(Value::Number(*value as f64)),
        (ValueType::Number, Stored::Real(value)) => Some(Value::Number(*value)),
        (ValueType::Timestamp, Stored::Integer(value)) => Some(Value::Timestamp(moment(*value)?)),
        (ValueType::Text, Stored::Integer(id)) => {
            let mut find = connection.prepare_cached("SELECT value FROM text WHERE id = ?1")?;
            let text: Option<Arc<str>> = find.query_row([id], |row| row.get(0)).optional()?;
            text.map(Value::Text)
        }
        _ => None,
    })
}

pub fn moment(milliseconds: i64) -> Result<Timestamp> {
    Timestamp::from_millisecond(milliseconds).map_err(|_| Error::IntegralValueOutOfRange(0, milliseconds))
}
