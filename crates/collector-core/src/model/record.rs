//! Records: what is folded out of many readings, such as a charging session or a trip.
//!
//! A record describes itself, as a descriptor does: its [`RecordKind`] names its columns with their types and units, so a
//! store makes a table, a measurement, a file or a topic of any kind, and a further kind costs no sink a line.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Unit, Value, ValueType, Vehicle};
use crate::words::words;

/// What records of one kind have in common.
#[derive(Debug, PartialEq)]
pub struct RecordKind {
    /// `charging_session`: lower-case letters, digits and underscores, beginning with a letter. Names the measurement, the
    /// file or the topic.
    pub name: &'static str,
    /// `charging_sessions`, by the same rule: names the table or view of many of them.
    pub plural: &'static str,
    /// What its parts call it: `session`. The columns of its key stand before theirs as `session_start_at`.
    pub short: &'static str,
    /// Rises when a column is added.
    pub version: u32,
    /// For people: `Charging session`.
    pub title: &'static str,
    /// What tells records of one vehicle apart; for a child, what tells it from its siblings. Never changes.
    pub key: &'static [Column],
    /// Columns are added at the end only. No name stands twice among those of key and values, and none is `vin`,
    /// `vehicle`, `at`, `revision` or `state`.
    pub columns: &'static [Column],
    /// The kinds of parts that a record has, such as the windows of a charging session.
    pub children: &'static [&'static RecordKind],
}

/// One column of a kind.
#[derive(Debug, PartialEq)]
pub struct Column {
    /// As [`RecordKind::name`].
    pub name: &'static str,
    pub value_type: ValueType,
    /// Of every number in it.
    pub unit: Option<Unit>,
}

words! {
    /// How much is settled of a record.
    #[non_exhaustive]
    RecordState {
        /// It goes on, and will be told again.
        Live = "live",
        /// It has ended. A better rule may still tell it again.
        Final = "final",
        /// It never was, or is part of another one: gone from stores that can remove it, marked in those that cannot.
        Withdrawn = "withdrawn",
    }
}

/// One record, whole: what is told again with a higher revision takes its place, children included.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Record {
    pub kind: &'static RecordKind,
    pub vehicle: Vehicle,
    /// What a time series is keyed by, in whole milliseconds. It and `key` never change within a record.
    pub at: Timestamp,
    /// In the order of [`RecordKind::key`].
    pub key: Box<[Value]>,
    /// A higher one replaces a lower one. The same revision has the same content.
    pub revision: u32,
    pub state: RecordState,
    /// In the order of [`RecordKind::columns`]; `None` is unknown, never 0.
    pub values: Box<[Option<Value>]>,
    /// Of the kinds in [`RecordKind::children`], of the same vehicle. Revision and state are those of the parent.
    pub children: Box<[Record]>,
    /// Why its values are what they are. Stores leave it out; `cardata why` shows it.
    pub evidence: Box<[Evidence]>,
}

/// The reason behind one value of a record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// The column of the record that it is about.
    pub column: Box<str>,
    /// The number of the rule in RULES.md of `derive`: `S3`.
    pub rule: Box<str>,
    /// Between which values the true one lies, in the unit of the column, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<(f64, f64)>,
    /// One sentence for people where the rule alone says too little; empty otherwise.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub note: Box<str>,
    /// The readings and documents that decided, at most a dozen.
    #[serde(default, skip_serializing_if = "<[Cited]>::is_empty")]
    pub cited: Box<[Cited]>,
}

/// One reading or document as a reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cited {
    /// The number of its entry in the journal.
    pub seq: u64,
    /// BMW's identifier, or the name of the document.
    pub descriptor: Box<str>,
    pub measured_at: Timestamp,
    /// As [`Value`] displays it, with its unit; empty for a document.
    pub value: Box<str>,
}

/// A kind that is known to this program; made by [`register_record_kind!`](crate::register_record_kind).
pub struct RegisteredKind(pub &'static RecordKind);

inventory::collect!(RegisteredKind);

/// Every kind that is known, parts left out, by name.
pub fn record_kinds() -> Vec<&'static RecordKind> {
    let mut kinds: Vec<_> = inventory::iter::<RegisteredKind>
        .into_iter()
        .map(|kind| kind.0)
        .collect();
    kinds.sort_by_key(|kind| kind.name);
    kinds
}

/// The kind of that name, parts left out.
pub fn record_kind(name: &str) -> Option<&'static RecordKind> {
    let kinds = inventory::iter::<RegisteredKind>.into_iter();
    kinds.map(|kind| kind.0).find(|kind| kind.name == name)
}

/// Makes a kind of records known, so that those of the journal can be read: once, in the crate of the kind. As with sinks,
/// a crate that nothing names registers nothing.
#[macro_export]
macro_rules! register_record_kind {
    ($kind:expr) => {
        $crate::private::inventory::submit! { $crate::RegisteredKind(&$kind) }
    };
}

impl Column {
    pub const fn new(name: &'static str, value_type: ValueType, unit: Option<Unit>) -> Self {
        Self {
            name,
            value_type,
            unit,
        }
    }
}

impl Record {
    /// A record in its first revision, without children.
    pub fn new(
        kind: &'static RecordKind,
        vehicle: Vehicle,
        at: Timestamp,
        key: impl Into<Box<[Value]>>,
        values: impl Into<Box<[Option<Value>]>>,
    ) -> Self {
        Self {
            kind,
            vehicle,
            at,
            key: key.into(),
            revision: 1,
            state: RecordState::Live,
            values: values.into(),
            children: Box::default(),
            evidence: Box::default(),
        }
    }

    /// Every column of the key with its value.
    pub fn key_columns(&self) -> impl Iterator<Item = (&'static Column, &Value)> {
        self.kind.key.iter().zip(&self.key)
    }

    /// Every other column with its value. One that this record does not have yet is unknown.
    pub fn value_columns(&self) -> impl Iterator<Item = (&'static Column, Option<&Value>)> {
        let columns = self.kind.columns.iter().enumerate();
        columns.map(|(at, column)| (column, self.values.get(at).and_then(Option::as_ref)))
    }
}
