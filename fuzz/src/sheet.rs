//! Entries out of any text, for what encodes readings: records with fields, which a fuzzer can change one by one.
//!
//! ```text
//! option ␟ option ␟ … ␞ type ␟ descriptor ␟ name ␟ unit ␟ milliseconds ␟ occurrence ␟ value ␞ …
//! ```

use std::collections::BTreeSet;
use std::sync::Arc;

use collector_core::{Descriptor, Entry, Origin, Reading, Snapshot, Stamp, Unit, Value, ValueType, Vehicle};
use jiff::Timestamp;

const RECORD: char = '\u{1e}';
const FIELD: char = '\u{1f}';
const VIN: &str = "WBY8P210X07A12345";
/// 2026-03-01T12:00:00Z
const NOON: i64 = 1_772_366_400_000;

/// The options of an input and its one entry.
pub struct Sheet<'a> {
    options: Vec<&'a str>,
    pub entry: Entry,
}

impl<'a> Sheet<'a> {
    /// `None` where there is no reading.
    pub fn of(input: &'a [u8]) -> Option<Self> {
        let text = std::str::from_utf8(input).ok()?;
        let mut records = text.split(RECORD);
        let options: Vec<_> = records.next()?.split(FIELD).collect();
        let mut seen = BTreeSet::new();
        let readings: Vec<_> = records.filter_map(|record| reading(record, &mut seen)).collect();
        if readings.is_empty() {
            return None;
        }
        let option = |index: usize| options.get(index).copied().unwrap_or_default();
        let snapshot = Snapshot {
            vehicle: Vehicle {
                vin: VIN.parse().expect("a VIN"),
                name: option(0).into(),
            },
            account: "home".into(),
            source: option(1).into(),
            origin: Origin::Poll,
            received_at: Timestamp::from_millisecond(NOON).expect("a time"),
            readings,
        };
        let entry = Entry {
            seq: 1,
            snapshot: Arc::new(snapshot),
        };
        Some(Self { options, entry })
    }

    /// An option behind the vehicle's name and the source; empty where there is none.
    pub fn option(&self, index: usize) -> &'a str {
        self.options.get(index + 2).copied().unwrap_or_default()
    }

    pub fn readings(&self) -> &[Reading] {
        &self.entry.snapshot.readings
    }
}

/// The journal gives no sink two readings of one descriptor, time and occurrence, no empty text and no number
/// that is not finite.
fn reading(record: &str, seen: &mut BTreeSet<(String, i64, u32)>) -> Option<Reading> {
    let mut fields = record.splitn(7, FIELD);
    let mut field = || fields.next().unwrap_or_default();
    let (kind, id, name, unit) = (field(), field(), field(), field());
    let milliseconds: i64 = field().parse().unwrap_or(NOON);
    let occurrence = field().parse::<u32>().unwrap_or(0) % 1_000;
    let text = field();
    let value = match kind {
        "b" => Value::Bool(text == "true"),
        "n" => Value::Number(text.parse().ok().filter(|number: &f64| number.is_finite())?),
        "s" => Value::Timestamp(Timestamp::from_millisecond(text.parse().ok()?).ok()?),
        _ if text.is_empty() => return None,
        _ => Value::Text(text.into()),
    };
    let known = [format!("id {id}"), format!("name {name}")];
    let is_new = known.map(|known| seen.insert((known, milliseconds, occurrence)));
    if is_new.contains(&false) {
        return None;
    }
    let unit = (!unit.is_empty()).then(|| Unit::other(unit));
    let value_type: ValueType = value.value_type();
    Some(Reading {
        descriptor: Descriptor::new(id, name, value_type, unit.clone()),
        value,
        unit,
        measured_at: Timestamp::from_millisecond(milliseconds).ok()?,
        stamp: Stamp::Measured,
        occurrence,
    })
}
