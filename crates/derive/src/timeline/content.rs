//! Which record it is, and whether it says the same as before.

use std::hash::Hasher;

use collector_core::{Record, RecordState, Value, ValueType, Vehicle, record_kind};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What tells the records of one vehicle apart: the name of the kind, and the key as [`Value`] displays it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Id(Box<str>, Box<[Box<str>]>);

impl Id {
    pub fn of(record: &Record) -> Self {
        let key = record.key.iter().map(|part| part.to_string().into());
        Self(record.kind.name.into(), key.collect())
    }

    /// The record as one that never was. `None` where no such kind is known any more.
    pub fn withdrawn(&self, vehicle: &Vehicle, at: i64, revision: u32) -> Option<Record> {
        let kind = record_kind(&self.0)?;
        let key = kind.key.iter().zip(&self.1);
        let key: Option<Vec<_>> = key.map(|(column, part)| value(column.value_type, part)).collect();
        let at = Timestamp::from_millisecond(at).ok()?;
        let unknown = vec![None; kind.columns.len()];
        let mut record = Record::new(kind, vehicle.clone(), at, key?, unknown);
        (record.revision, record.state) = (revision, RecordState::Withdrawn);
        Some(record)
    }
}

/// A value out of what it displays as.
fn value(value_type: ValueType, text: &str) -> Option<Value> {
    match value_type {
        ValueType::Bool => text.parse().ok().map(Value::Bool),
        ValueType::Number => text.parse().ok().map(Value::Number),
        ValueType::Text => Some(Value::Text(text.into())),
        ValueType::Timestamp => text.parse().ok().map(Value::Timestamp),
    }
}

/// What a store is given of a record, as a number that stays the same in all versions of this program: the name of the
/// vehicle, the revision and the evidence are no part of it.
pub fn content(record: &Record) -> u64 {
    let mut content = Fnv(0xcbf2_9ce4_8422_2325);
    content.write(record.state.as_str().as_bytes());
    content.take(record);
    content.finish()
}

/// FNV-1a of 64 bits.
struct Fnv(u64);

impl Hasher for Fnv {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
        }
    }
}

impl Fnv {
    fn take(&mut self, record: &Record) {
        self.write(&record.at.as_millisecond().to_le_bytes());
        for value in record.key.iter() {
            self.take_value(value);
        }
        // One that a later version added is unknown in the records of before, so nothing unknown at the end counts.
        for (place, value) in (0_u8..).zip(record.values.iter()) {
            if let Some(value) = value {
                self.write(&[place]);
                self.take_value(value);
            }
        }
        for child in record.children.iter() {
            self.write(child.kind.name.as_bytes());
            self.take(child);
        }
    }

    fn take_value(&mut self, value: &Value) {
        match value {
            Value::Bool(is) => self.write(&[1, u8::from(*is)]),
            Value::Number(number) => self.write(&number.to_le_bytes()),
            Value::Text(text) => self.write(text.as_bytes()),
            Value::Timestamp(at) => self.write(&at.as_millisecond().to_le_bytes()),
        }
    }
}
