//! What came of deriving all records anew, by kind.

use std::collections::BTreeMap;

use collector_core::{Column, Record, RecordKind, RecordState, Value, rounded};
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

/// A column before and now; `None` where it is unknown. Of parts that differ their kind, how many there are, and how many
/// of those are new or others.
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

impl Difference {
    /// Numbers are rounded, unless they differ in less. Positions are told by nobody who was not asked for them.
    fn of_values(column: &Column, before: Option<&Value>, now: Option<&Value>) -> Self {
        let is_position = column.unit.as_ref().is_some_and(|unit| unit.as_str() == "°");
        let short = |value: &Value| match value {
            _ if is_position => "a position".to_owned(),
            Value::Number(number) => rounded(*number),
            value => value.to_string(),
        };
        let is_close = !is_position && before.map(short) == now.map(short);
        let shown = |value: &Value| if is_close { value.to_string() } else { short(value) };
        Self {
            column: column.name.to_owned(),
            before: before.map(shown),
            now: now.map(shown),
        }
    }

    fn of_parts(kind: &RecordKind, before: &Record, now: &Record) -> Option<Self> {
        let parts = |record: &'_ Record| -> Vec<Record> {
            let its = record.children.iter().filter(|part| *part.kind == *kind);
            its.cloned().map(as_part).collect()
        };
        let (before, now) = (parts(before), parts(now));
        let others = now.iter().filter(|part| !before.contains(part)).count();
        (others > 0 || before.len() != now.len()).then(|| Self {
            column: kind.plural.to_owned(),
            before: Some(before.len().to_string()),
            now: Some(format!("{}, {others} of them new or others", now.len())),
        })
    }
}

/// What is a part's own: revision and state are those of the whole.
fn as_part(mut part: Record) -> Record {
    (part.revision, part.state, part.evidence) = (0, RecordState::Final, Box::default());
    part.children = part.children.into_iter().map(as_part).collect();
    part
}

impl Example {
    /// What differs between two revisions of a record.
    pub fn of(before: &Record, now: &Record) -> Self {
        let columns = before.value_columns().zip(now.value_columns());
        let differ = columns.filter(|((_, before), (_, now))| before != now);
        let mut differences: Vec<_> = differ
            .map(|((column, before), (_, now))| Difference::of_values(column, before, now))
            .collect();
        differences.extend(
            now.kind
                .children
                .iter()
                .filter_map(|kind| Difference::of_parts(kind, before, now)),
        );
        let of_all = [
            ("at", format!("{:.3}", before.at), format!("{:.3}", now.at)),
            ("state", before.state.to_string(), now.state.to_string()),
        ];
        let differ = of_all.into_iter().filter(|(_, before, now)| before != now);
        differences.extend(differ.map(|(column, before, now)| Difference {
            column: column.to_owned(),
            before: Some(before),
            now: Some(now),
        }));
        let key: Vec<_> = now.key.iter().map(Value::to_string).collect();
        Self {
            vehicle: now.vehicle.name.to_string(),
            key: key.join(" "),
            differences,
        }
    }
}

#[cfg(test)]
mod tests {
    use collector_core::{ValueType, Vehicle};
    use jiff::Timestamp;

    use super::*;

    static BLOCK: RecordKind = RecordKind {
        name: "example_block",
        plural: "example_blocks",
        short: "block",
        version: 1,
        title: "Block",
        key: &[Column::new("start_at", ValueType::Timestamp, None)],
        columns: &[Column::new("energy_kwh", ValueType::Number, None)],
        children: &[],
    };
    static WHOLE: RecordKind = RecordKind {
        name: "example_whole",
        plural: "example_wholes",
        short: "whole",
        children: &[&BLOCK],
        ..BLOCK
    };

    fn whole(revision: u32, energies: &[f64]) -> Record {
        let of = |kind: &'static RecordKind, second: i64, energy: f64| {
            let vehicle = Vehicle::named("WBY00000000000007".parse().unwrap(), None);
            let at = Timestamp::from_second(second).unwrap();
            let mut record = Record::new(
                kind,
                vehicle,
                at,
                [Value::Timestamp(at)],
                [Some(Value::Number(energy))],
            );
            record.revision = revision;
            record
        };
        let mut whole = of(&WHOLE, 0, 1.0);
        let blocks = (0..)
            .zip(energies)
            .map(|(second, energy)| of(&BLOCK, second, *energy));
        whole.children = blocks.collect();
        whole
    }

    #[test]
    fn numbers_are_told_as_people_read_them() {
        let told = |before: f64, now: Option<f64>| {
            let [before, now] = [Some(before), now].map(|number| number.map(Value::Number));
            let column = Column::new("cost", ValueType::Number, None);
            let told = Difference::of_values(&column, before.as_ref(), now.as_ref());
            (told.before, told.now)
        };
        let some = |number: &str| Some(number.to_owned());
        assert_eq!(told(1.999_869_956_521_21, None), (some("1.99987"), None));
        let close = (some("1.00000001"), some("1"));
        assert_eq!(told(1.000_000_01, Some(1.0)), close);
    }

    #[test]
    fn a_time_alone_that_differs_is_told() {
        let (before, mut now) = (whole(1, &[]), whole(2, &[]));
        now.at = Timestamp::from_second(3600).unwrap();
        let told = Difference {
            column: "at".to_owned(),
            before: Some("1970-01-01T00:00:00.000Z".to_owned()),
            now: Some("1970-01-01T01:00:00.000Z".to_owned()),
        };
        assert_eq!(Example::of(&before, &now).differences, [told]);
    }

    #[test]
    fn parts_alone_that_differ_are_told() {
        let differ = |before: &[f64], now: &[f64]| Example::of(&whole(1, before), &whole(2, now)).differences;
        assert_eq!(differ(&[1.0, 2.0], &[1.0, 2.0]), []);
        let told = |before: &str, now: &str| Difference {
            column: "example_blocks".to_owned(),
            before: Some(before.to_owned()),
            now: Some(now.to_owned()),
        };
        let one = told("2", "2, 1 of them new or others");
        assert_eq!(differ(&[1.0, 2.0], &[1.0, 3.0]), [one]);
        let gone = told("2", "1, 0 of them new or others");
        assert_eq!(differ(&[1.0, 2.0], &[1.0]), [gone]);
    }
}
