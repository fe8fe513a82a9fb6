//! Columns of records by their names.

use collector_core::{Record, RecordKind, Value};
use jiff::Timestamp;

/// The values of a record in the making; what is not set is unknown.
pub struct Row {
    kind: &'static RecordKind,
    values: Vec<Option<Value>>,
}

impl Row {
    pub fn of(kind: &'static RecordKind) -> Self {
        let values = vec![None; kind.columns.len()];
        Self { kind, values }
    }

    /// Sets a column. One that the kind does not have is passed over.
    pub fn set(&mut self, column: &str, value: Option<Value>) {
        let at = self.kind.columns.iter().position(|known| known.name == column);
        if let Some(place) = at.and_then(|at| self.values.get_mut(at)) {
            *place = value;
        }
    }

    pub fn number(&mut self, column: &str, value: Option<f64>) {
        self.set(column, rounded(value));
    }

    pub fn text(&mut self, column: &str, value: Option<&str>) {
        self.set(
            column,
            value
                .filter(|text| !text.is_empty())
                .map(|text| Value::Text(text.into())),
        );
    }

    /// Whether a column is known.
    pub fn has(&self, column: &str) -> bool {
        let mut columns = self.kind.columns.iter().zip(&self.values);
        columns.any(|(known, value)| known.name == column && value.is_some())
    }

    pub fn values(self) -> Vec<Option<Value>> {
        self.values
    }
}

/// A number as records tell it: to a millionth, which is less than anything that is measured. The same sum in another order
/// is then the same number. `None` where it is none.
pub fn rounded(number: Option<f64>) -> Option<Value> {
    let number = number.map(|number| (number * 1e6).round() / 1e6);
    number.filter(|number| number.is_finite()).map(Value::Number)
}

/// A value of a record; `None` where it is unknown.
pub fn value<'r>(record: &'r Record, column: &str) -> Option<&'r Value> {
    let mut columns = record.value_columns();
    columns.find(|(known, _)| known.name == column)?.1
}

pub fn number(record: &Record, column: &str) -> Option<f64> {
    match value(record, column) {
        Some(Value::Number(number)) => Some(*number),
        _ => None,
    }
}

pub fn text<'r>(record: &'r Record, column: &str) -> Option<&'r str> {
    match value(record, column) {
        Some(Value::Text(text)) => Some(text),
        _ => None,
    }
}

/// In milliseconds since the epoch.
pub fn time(record: &Record, column: &str) -> Option<i64> {
    match value(record, column) {
        Some(Value::Timestamp(time)) => Some(time.as_millisecond()),
        _ => None,
    }
}

/// A moment in milliseconds since the epoch. One that no calendar has came out of no timestamp.
pub fn moment(at: i64) -> Timestamp {
    Timestamp::from_millisecond(at).unwrap_or(Timestamp::UNIX_EPOCH)
}
