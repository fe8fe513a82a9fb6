//! Records of what documents bring: the vehicle, its tyres, its charging settings.
//!
//! The newest document of a name counts. What it does not name any more is gone.

mod settings;
#[cfg(test)]
mod tests;
mod tyres;
mod vehicle;

use std::collections::BTreeMap;
use std::sync::Arc;

use collector_core::{Cited, Evidence, Record, RecordKind, Value, ValueType, Vehicle, document};
use serde::{Deserialize, Serialize};

use crate::Rules;
use crate::fact::{Fact, Sent, What};
use crate::kinds::{CHARGING_SETTING, TYRE, VEHICLE};
use facts::row::{Row, moment};

/// What the newest documents of a vehicle said.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Documents {
    newest: BTreeMap<Arc<str>, Newest>,
    /// Since when things are known, in milliseconds since the epoch, by kind and key: a thing that comes back is the same.
    since: BTreeMap<String, i64>,
}

/// A document with the entry that it came with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Newest {
    seq: u64,
    sent: Arc<Sent>,
    /// Since when it says what it says, in milliseconds since the epoch.
    since: i64,
}

/// A thing that a document tells of, before it is a record.
struct Thing {
    key: Vec<String>,
    row: Row,
}

impl Documents {
    /// In the order of arrival.
    pub fn step(&mut self, fact: &Fact, _: &Rules) {
        let What::Document(sent) = &fact.what else {
            return;
        };
        let is_vehicle = &*sent.name == document::VEHICLE;
        if !is_vehicle && !matches!(&*sent.name, document::TYRES | document::CHARGING_SETTINGS) {
            return;
        }
        if !says_something(sent) {
            return;
        }
        let before = self
            .newest
            .get(&sent.name)
            .filter(|before| is_vehicle && vehicle::is_same(&before.sent, sent));
        let newest = Newest {
            seq: fact.seq,
            sent: sent.clone(),
            since: before.map_or(fact.at, |before| before.since),
        };
        self.newest.insert(sent.name.clone(), newest);
    }

    /// Everything that the newest documents name.
    pub fn records(&mut self, vehicle: &Vehicle, rules: &Rules) -> Vec<Record> {
        let mut records = Vec::new();
        for newest in self.newest.values() {
            let json = document::read(&newest.sent.json);
            let (kind, things) = match &*newest.sent.name {
                document::VEHICLE => (&VEHICLE, vehicle::of(&json)),
                document::TYRES => (&TYRE, tyres::of(&json)),
                _ => (&CHARGING_SETTING, settings::of(&json, rules)),
            };
            for thing in things {
                let name = format!("{} {}", kind.name, thing.key.join(" "));
                let since = match kind.name == VEHICLE.name {
                    true => newest.since,
                    false => *self.since.entry(name).or_insert(newest.since),
                };
                records.push(record(kind, vehicle, since, thing, newest));
            }
        }
        records
    }
}

/// An answer with nothing in it (`{}`, or errors alone) is no news: what was known stays.
fn says_something(sent: &Sent) -> bool {
    let json = document::read(&sent.json);
    match &*sent.name {
        document::VEHICLE => !vehicle::of(&json).is_empty(),
        document::TYRES => tyres::has_a_set(&json),
        _ => true,
    }
}

fn record(kind: &'static RecordKind, vehicle: &Vehicle, since: i64, thing: Thing, newest: &Newest) -> Record {
    let at = moment(since);
    let key: Vec<Value> = match kind.key {
        [column] if column.value_type == ValueType::Timestamp => vec![Value::Timestamp(at)],
        _ => thing
            .key
            .iter()
            .map(|text| Value::Text(text.as_str().into()))
            .collect(),
    };
    let mut record = Record::new(kind, vehicle.clone(), at, key, thing.row.values());
    let cited = Cited {
        seq: newest.seq,
        descriptor: (&*newest.sent.name).into(),
        measured_at: newest.sent.at,
        value: Box::default(),
    };
    let numbers = record
        .value_columns()
        .filter(|(_, value)| matches!(value, Some(Value::Number(_))));
    let evidence = numbers.map(|(column, _)| Evidence {
        column: column.name.into(),
        rule: "D1".into(),
        interval: None,
        note: Box::default(),
        cited: [cited.clone()].into(),
    });
    record.evidence = evidence.collect();
    record
}
