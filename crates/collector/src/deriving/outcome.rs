//! What came of deriving all records anew, by kind.

use std::collections::BTreeMap;

use collector_core::{Column, Record, Value};
use serde::{Deserialize, Serialize};

/// So many examples of a kind are told.
pub const EXAMPLES: usize = 3;

/// By name of the kind.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    pub kinds: BTreeMap<String, OfKind>,
    /// Records of a time of which the journal has no entries any more: they stay as they are.
    pub kept: u64,
}

/// What became of the records of one kind.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct OfKind {
    pub unchanged: u64,
    pub changed: u64,
    pub new: u64,
    pub withdrawn: u64,
    /// Of what changed, the first.
    pub examples: Vec<Example>,
}

/// One record that changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Example {
    pub vehicle: String,
    /// Its key, as values display.
    pub key: String,
    pub differences: Vec<Difference>,
}

/// A column before and now; `None` where it is unknown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    pub column: String,
    pub before: Option<String>,
    pub now: Option<String>,
}

impl Outcome {
    pub fn of(&mut self, kind: &str) -> &mut OfKind {
        self.kinds.entry(kind.to_owned()).or_default()
    }

    /// Whether nothing had to be told.
    pub fn is_unchanged(&self) -> bool {
        let differ = |kind: &OfKind| kind.changed + kind.new + kind.withdrawn > 0;
        !self.kinds.values().any(differ)
    }

    /// As the ledger keeps it.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl Example {
    /// What differs between two revisions of a record. Positions are told by nobody who was not asked for them.
    pub fn of(before: &Record, now: &Record) -> Self {
        let shown = |column: &Column, value: Option<&Value>| -> Option<String> {
            let is_position = column.unit.as_ref().is_some_and(|unit| unit.as_str() == "°");
            match is_position {
                true => value.map(|_| "a position".to_owned()),
                false => value.map(Value::to_string),
            }
        };
        let columns = before.value_columns().zip(now.value_columns());
        let differ = columns.filter(|((_, before), (_, now))| before != now);
        let mut differences: Vec<_> = differ
            .map(|((column, before), (_, now))| Difference {
                column: column.name.to_owned(),
                before: shown(column, before),
                now: shown(column, now),
            })
            .collect();
        if before.state != now.state {
            differences.push(Difference {
                column: "state".to_owned(),
                before: Some(before.state.to_string()),
                now: Some(now.state.to_string()),
            });
        }
        let key: Vec<_> = now.key.iter().map(Value::to_string).collect();
        Self {
            vehicle: now.vehicle.name.to_string(),
            key: key.join(" "),
            differences,
        }
    }
}
