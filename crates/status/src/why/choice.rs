//! Which record somebody means.

use std::collections::HashMap;
use std::path::Path;

use crate::vehicle;
use collector_core::{Names, Record, RecordKind, RecordState, Value, Vehicle, Vin, record_kind, rounded};
use entry_form::{Stored, record};
use jiff::Timestamp;
use journal::JournalError;
use journal::care::through::{self, through};

/// So many of the newest are shown to people, and to who names none.
pub const SHOWN: usize = 20;

/// The newest revision of a record, as it stands in the journal.
pub struct Found {
    pub seq: u64,
    pub vehicle: Vehicle,
    pub kind: String,
    pub at: Timestamp,
    pub revision: u32,
    pub is_withdrawn: bool,
    /// How it is told: `2026-03-01T17:05:00Z`.
    pub start: String,
    pub(super) json: String,
}

/// What somebody wants to see.
pub struct Wanted {
    is_last: bool,
    kind: Option<String>,
    /// Whether there is any of that kind.
    is_there: bool,
    vehicle: Option<Vin>,
    start: String,
}

impl Found {
    /// All of it; `None` of a kind that this version does not know.
    ///
    /// # Errors
    /// Its text cannot be read.
    pub fn record(&self) -> Result<Option<Record>, serde_json::Error> {
        record::decode(&self.json, &self.vehicle)
    }
}

/// The records of kinds that are known here, the newest revision of each, ordered by their times.
///
/// # Errors
/// The `journal` cannot be read.
pub fn records(journal: &Path, names: &Names) -> Result<Vec<Found>, JournalError> {
    let mut newest: HashMap<(Vin, String, String), Found> = HashMap::new();
    through(journal, |entry| {
        let Some((key, found)) = found(&entry, names) else {
            return;
        };
        let key = (entry.vin, found.kind.clone(), key);
        let known = newest.get(&key);
        if known.is_none_or(|known| known.revision <= found.revision) {
            newest.insert(key, found);
        }
    })?;
    let mut found: Vec<_> = newest.into_values().collect();
    found.sort_by(|one, other| (one.at, &one.kind, one.seq).cmp(&(other.at, &other.kind, other.seq)));
    Ok(found)
}

/// The record that stands in an entry; `None` where that is none of a kind that is known here.
///
/// # Errors
/// The `journal` cannot be read.
pub fn record_in(journal: &Path, seq: u64, names: &Names) -> Result<Option<Found>, JournalError> {
    let entry = through::entry(journal, seq)?;
    Ok(entry
        .and_then(|entry| found(&entry, names))
        .map(|(_, found)| found))
}

/// What an entry tells as a record, with its key.
fn found(entry: &Stored, names: &Names) -> Option<(String, Found)> {
    let json = record::of(entry)?;
    let head = record::head(&json).ok()?;
    let kind = record_kind(head.kind)?;
    let found = Found {
        seq: entry.seq,
        vehicle: names.vehicle(&entry.vin),
        kind: head.kind.to_owned(),
        at: head.at,
        revision: head.revision,
        is_withdrawn: RecordState::parse(head.state) == Some(RecordState::Withdrawn),
        start: start(kind, head.key.get()),
        json: String::new(),
    };
    let key = head.key.get().to_owned();
    Some((key, Found { json, ..found }))
}

/// The values of a key in the order of its columns, times without a fraction that says nothing.
fn start(kind: &RecordKind, key: &str) -> String {
    let key: HashMap<String, serde_json::Value> = serde_json::from_str(key).unwrap_or_default();
    let values = kind.key.iter().filter_map(|column| key.get(column.name));
    let values = values.map(|value| match value {
        serde_json::Value::String(text) => text.replace(".000Z", "Z"),
        value => value.as_f64().map_or_else(|| value.to_string(), rounded),
    });
    values.collect::<Vec<_>>().join(" ")
}

impl Wanted {
    /// Reads the words of the command line.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn read(words: &[String], found: &[Found], names: &Names) -> Result<Self, String> {
        let mut wanted = Self {
            is_last: false,
            kind: None,
            is_there: false,
            vehicle: None,
            start: String::new(),
        };
        let mut words = words.iter().peekable();
        wanted.is_last = words.next_if(|word| *word == "last").is_some();
        let Some(kind) = words.next() else {
            return match wanted.is_last {
                true => Err("`last` of what: `cardata why last trip`".to_owned()),
                false => Ok(wanted),
            };
        };
        let kind = kind_of(kind)?;
        wanted.is_there = found.iter().any(|one| one.kind == kind && !one.is_withdrawn);
        wanted.kind = Some(kind);
        let vins: Vec<Vin> = found.iter().map(|one| one.vehicle.vin.clone()).collect();
        let known: std::collections::BTreeSet<_> = vins.iter().collect();
        for word in words {
            // A start begins with the digit of a year, or with a word such as the place of a tyre; a name may, too.
            let meant = vehicle::meant(word, known.iter().copied(), names)?;
            let start = format!("{} {word}", wanted.start).trim_start().to_owned();
            let is_start = |one: &Found| one.start.starts_with(start.trim_end_matches('Z'));
            match meant {
                Some(vin) if wanted.vehicle.is_none() => wanted.vehicle = Some(vin.clone()),
                _ if word.starts_with(|first: char| first.is_ascii_digit()) || found.iter().any(is_start) => {
                    wanted.start = start;
                }
                _ => {
                    let known = vehicle::unknown(word, known.iter().copied(), names);
                    return Err(format!(
                        "{known}; nor does a record begin so: {}",
                        wanted.advice()
                    ));
                }
            }
        }
        Ok(wanted)
    }

    /// Leaves those that are meant.
    pub fn choose(&self, found: &mut Vec<Found>) {
        found.retain(|one| {
            self.kind.as_ref().is_none_or(|kind| *kind == one.kind)
                && self.vehicle.as_ref().is_none_or(|vin| *vin == one.vehicle.vin)
                && one.start.starts_with(self.start.trim_end_matches('Z'))
                // Of one that was withdrawn only who asks for it is told.
                && (!one.is_withdrawn || !self.start.is_empty())
        });
        // One that is named in full is meant, though another begins with all of its name.
        if found.iter().any(|one| one.start == self.start) {
            found.retain(|one| one.start == self.start);
        }
        let most = match (self.is_last, &self.kind) {
            (true, _) => 1,
            (false, None) => SHOWN,
            (false, Some(_)) => usize::MAX,
        };
        found.drain(..found.len().saturating_sub(most));
    }

    /// What to do where there is none.
    pub fn advice(&self) -> String {
        match &self.kind {
            Some(kind) if self.is_there => {
                format!(
                    "`cardata why {kind}` shows those that there are, `cardata why last {kind}` the newest"
                )
            }
            Some(kind) => {
                format!("no {kind} was derived yet; `cardata run` derives records out of what comes")
            }
            None => "no record was derived yet; `cardata run` derives them out of what comes".to_owned(),
        }
    }
}

/// The name of a kind that goes by this word.
fn kind_of(word: &str) -> Result<String, String> {
    let plain = word.replace(['-', ' '], "_").to_ascii_lowercase();
    let kinds = collector_core::record_kinds();
    let named = kinds
        .iter()
        .find(|kind| [kind.name, kind.plural, kind.short].contains(&&*plain));
    named.map(|kind| kind.name.to_owned()).ok_or_else(|| {
        let known: Vec<_> = kinds.iter().map(|kind| kind.name).collect();
        format!("there is no kind `{word}`: known are {}", known.join(", "))
    })
}

/// A value with its unit, as people see it.
pub fn shown(value: &Value, unit: Option<&collector_core::Unit>) -> String {
    match (value, unit) {
        (Value::Number(number), Some(unit)) => format!("{} {unit}", rounded(*number)),
        (Value::Number(number), None) => rounded(*number),
        (Value::Timestamp(at), _) => format!("{at:.0}"),
        (Value::Bool(true), _) => "yes".to_owned(),
        (Value::Bool(false), _) => "no".to_owned(),
        (value, _) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A record of a kind of a vehicle that ends in 7 or 8.
    fn found(kind: &str, vehicle: u8, start: &str) -> Found {
        let vin = format!("WBY0000000000000{vehicle}");
        Found {
            seq: 1,
            vehicle: Vehicle::named(vin.parse().unwrap(), None),
            kind: kind.to_owned(),
            at: Timestamp::UNIX_EPOCH,
            revision: 1,
            is_withdrawn: false,
            start: start.to_owned(),
            json: String::new(),
        }
    }

    fn meant(words: &[&str], mut found: Vec<Found>) -> Result<Vec<String>, String> {
        let words: Vec<_> = words.iter().map(|word| (*word).to_owned()).collect();
        let wanted = Wanted::read(&words, &found, &Names::new([], []))?;
        wanted.choose(&mut found);
        match found.is_empty() {
            true => Err(wanted.advice()),
            false => Ok(found.into_iter().map(|one| one.start).collect()),
        }
    }

    fn trips() -> Vec<Found> {
        vec![
            found("trip", 7, "2026-03-01T17:05:00Z"),
            found("trip", 7, "2026-03-01T17:05:00.250Z"),
            found("charging_setting", 8, "1"),
            found("charging_setting", 8, "12"),
        ]
    }

    #[test]
    fn a_record_that_is_named_in_full_is_meant_alone() {
        for (words, starts) in [
            (
                &["trip", "2026-03-01T17:05:00Z"][..],
                &["2026-03-01T17:05:00Z"][..],
            ),
            (&["trip", "2026-03-01T17:05:00.2"], &["2026-03-01T17:05:00.250Z"]),
            (
                &["trip", "0007", "2026-03-01T17:05"],
                &["2026-03-01T17:05:00Z", "2026-03-01T17:05:00.250Z"],
            ),
            (&["charging_setting", "1"], &["1"]),
            (&["last", "trip"], &["2026-03-01T17:05:00.250Z"]),
        ] {
            assert_eq!(meant(words, trips()).unwrap(), starts, "{words:?}");
        }
    }

    #[test]
    fn a_key_of_several_columns_is_told_in_their_order_and_found_by_its_words() {
        for (kind, key, told) in [
            (
                "tyre",
                r#"{"position":"front_left","mounting":"mounted"}"#,
                "mounted front_left",
            ),
            ("consumption", r#"{"days":30.0,"month":"2026-03"}"#, "2026-03 30"),
            (
                "trip",
                r#"{"start_at":"2026-03-01T17:05:00.000Z"}"#,
                "2026-03-01T17:05:00Z",
            ),
        ] {
            assert_eq!(start(record_kind(kind).unwrap(), key), told);
        }
        let tyres = || {
            ["mounted front_left", "mounted rear_left", "stored rear_left"]
                .map(|start| found("tyre", 7, start))
        };
        let all = |words: &[&str]| meant(words, tyres().into()).unwrap();
        assert_eq!(all(&["tyre", "stored"]), ["stored rear_left"]);
        assert_eq!(all(&["tyre", "0007", "mounted", "rear"]), ["mounted rear_left"]);
    }

    #[test]
    fn what_was_withdrawn_is_told_to_who_asks_for_it() {
        let trips = || {
            let mut trips = trips();
            trips[0].is_withdrawn = true;
            trips
        };
        let named = "2026-03-01T17:05:00Z";
        assert_eq!(meant(&["trip", named], trips()).unwrap(), [named]);
        assert_eq!(meant(&["trip"], trips()).unwrap(), ["2026-03-01T17:05:00.250Z"]);
    }

    #[test]
    fn what_names_no_record_is_told_how_one_is_found() {
        for words in [
            &["trip", "foo"][..],
            &["last", "trip", "foo"],
            &["trip", "7", "2025"],
            &["trip", "0008"],
        ] {
            let why = meant(words, trips()).unwrap_err();
            assert!(why.contains("`cardata why trip` shows"), "{words:?}: {why}");
            assert!(!why.contains("--"), "no option: {words:?}: {why}");
        }
        for words in [&["trip", "foo"][..], &["trip"]] {
            let why = meant(words, Vec::new()).unwrap_err();
            assert!(why.contains("no trip was derived yet"), "{words:?}: {why}");
        }
        let twins = vec![
            found("trip", 7, "1"),
            Found {
                vehicle: Vehicle::named("WBA00000000000007".parse().unwrap(), None),
                ..found("trip", 7, "2")
            },
        ];
        let why = meant(&["trip", "0007"], twins).unwrap_err();
        assert!(why.ends_with("give the VIN") && !why.contains("--"), "{why}");
        let why = meant(&["journey"], trips()).unwrap_err();
        assert!(why.contains("known are") && why.contains("trip"), "{why}");
        let why = meant(&["last"], trips()).unwrap_err();
        assert!(why.contains("`cardata why last trip`"), "{why}");
    }
}
