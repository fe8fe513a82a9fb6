//! Entries out of any text, for what encodes readings: records with fields, which a fuzzer can change one by one.
//!
//! ```text
//! option ␟ option ␟ … ␞ type ␟ descriptor ␟ name ␟ unit ␟ milliseconds ␟ occurrence ␟ value ␞ …
//! ```

use std::collections::{BTreeMap, BTreeSet};

use collector_core::{Descriptor, Entry, Origin, Reading, Snapshot, Unit, Value, Vehicle};
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
        let mut seen = Seen::default();
        let readings: Vec<_> = records.filter_map(|record| reading(record, &mut seen)).collect();
        if readings.is_empty() {
            return None;
        }
        let option = |index: usize| options.get(index).copied().unwrap_or_default();
        let vehicle = Vehicle {
            vin: VIN.parse().expect("a VIN"),
            name: option(0).into(),
        };
        let received_at = Timestamp::from_millisecond(NOON).expect("a time");
        let snapshot = Snapshot::new(
            vehicle,
            "home".into(),
            option(1).into(),
            Origin::Poll,
            received_at,
        );
        let entry = Entry::snapshot_of(1, snapshot.with(readings, Vec::new()));
        Some(Self { options, entry })
    }

    /// An option behind the vehicle's name and the source; empty where there is none.
    pub fn option(&self, index: usize) -> &'a str {
        self.options.get(index + 2).copied().unwrap_or_default()
    }

    pub fn readings(&self) -> &[Reading] {
        self.entry.readings()
    }
}

/// What the journal and the catalogue promise to sinks, kept while readings are made of anything.
#[derive(Default)]
struct Seen {
    descriptors: BTreeMap<String, Descriptor>,
    /// By identifier and by name.
    places: BTreeSet<(String, i64, u32)>,
}

impl Seen {
    /// A descriptor has one name, one type and one unit for ever.
    fn descriptor(&mut self, new: Descriptor) -> Option<Descriptor> {
        let known = self.descriptors.entry(new.as_str().to_owned());
        let known = known.or_insert_with(|| new.clone());
        let same = known.name() == new.name()
            && known.value_type() == new.value_type()
            && known.unit() == new.unit();
        same.then(|| known.clone())
    }

    /// No two readings have one descriptor, time and occurrence.
    fn is_new(&mut self, descriptor: &Descriptor, milliseconds: i64, occurrence: u32) -> bool {
        let keys = [
            format!("id {}", descriptor.as_str()),
            format!("name {}", descriptor.name()),
        ];
        let new = keys.map(|key| self.places.insert((key, milliseconds, occurrence)));
        !new.contains(&false)
    }
}

/// No sink is given an empty text or a number that is not finite.
fn reading(record: &str, seen: &mut Seen) -> Option<Reading> {
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
    let unit = (!unit.is_empty()).then(|| Unit::other(unit));
    let descriptor = seen.descriptor(Descriptor::new(id, name, value.value_type(), unit.clone()))?;
    if !seen.is_new(&descriptor, milliseconds, occurrence) {
        return None;
    }
    let measured_at = Timestamp::from_millisecond(milliseconds).ok()?;
    let mut reading = Reading::new(descriptor, value, unit, measured_at);
    reading.occurrence = occurrence;
    Some(reading)
}
