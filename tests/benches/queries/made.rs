//! A year of a car that tells two hundred keys, one at a time: ten million readings.

use std::path::{Path, PathBuf};

use catalogue::CATALOGUE;
use collector_core::{Descriptor, Entry, Origin, Reading, Snapshot, Value, ValueType, Vehicle};
use history::{Place, Store};
use jiff::Timestamp;
use rusqlite::Connection;

pub const READINGS: usize = 10_000_000;
const KEYS: usize = 200;
/// 2024-01-01T06:00:00Z
const BEGIN: i64 = 1_704_088_800_000;
const YEAR: i64 = 366 * 86_400_000;
const AT_ONCE: usize = 10_000;

/// For its owner and group alone.
pub fn place(path: &Path) -> Place {
    Place {
        path: path.into(),
        others_may_read: false,
        rollups: false,
    }
}

/// Makes the database, where it was not made before.
pub fn database(folder: &Path) -> PathBuf {
    let path = folder.join("readings-2.db");
    if path.exists() {
        return path;
    }
    let part = folder.join("readings.part");
    let _ = std::fs::remove_file(&part);
    let began = std::time::Instant::now();
    let mut store = Store::open(&place(&part)).unwrap();
    let mut car = Car::new(0);
    for _ in 0..READINGS / AT_ONCE {
        store.write(&[car.entry(AT_ONCE)]).unwrap();
    }
    store.close().unwrap();
    std::fs::rename(part, &path).unwrap();
    eprintln!(
        "made with {:.0} readings a second",
        READINGS as f64 / began.elapsed().as_secs_f64()
    );
    path
}

/// The answer to a question as the rows of a table.
pub fn bare(from: &Path, path: &Path, sql: &str) {
    let _ = std::fs::remove_file(path);
    let bare = Connection::open(path).unwrap();
    bare.execute("ATTACH ?1 AS ours", [from.to_str().unwrap()])
        .unwrap();
    bare.execute_batch("CREATE TABLE bare (measured_at INTEGER PRIMARY KEY, value REAL)")
        .unwrap();
    let sql = sql.replace("FROM readings", "FROM ours.readings");
    bare.execute(&format!("INSERT INTO bare {sql}"), []).unwrap();
}

pub struct Car {
    keys: Vec<Descriptor>,
    told: usize,
}

impl Car {
    /// One that has told so many readings.
    pub fn new(told: usize) -> Self {
        // Every key of the battery's is among them.
        let (battery, others): (Vec<_>, Vec<_>) = CATALOGUE
            .iter()
            .filter(|entry| entry.streamable)
            .partition(|entry| {
                ["battery", "charging", "Charging"]
                    .iter()
                    .any(|part| entry.descriptor.contains(part))
            });
        let keys = battery.into_iter().take(KEYS / 4).chain(others);
        Self {
            keys: keys
                .take(KEYS)
                .map(catalogue::CatalogueEntry::to_descriptor)
                .collect(),
            told,
        }
    }

    /// The next readings. Each round has all keys, in an order of its own.
    pub fn entry(&mut self, readings: usize) -> Entry {
        let mut told = Vec::new();
        for number in self.told..self.told + readings {
            let (round, place) = (number / KEYS, number % KEYS);
            let step = [1, 3, 7, 11, 13, 17, 19][round % 7];
            let key = &self.keys[(round * 31 + place * step) % KEYS];
            let at = BEGIN + YEAR / 10_000 * number as i64 / (READINGS as i64 / 10_000);
            let unit = key.unit().cloned();
            told.push(Reading::new(key.clone(), value(key, round), unit, moment(at)));
        }
        self.told += readings;
        let received_at = told.last().unwrap().measured_at + jiff::SignedDuration::from_secs(4);
        let vehicle = Vehicle {
            vin: "WBY00000000000001".parse().unwrap(),
            name: "i4".into(),
        };
        let snapshot = Snapshot::new(
            vehicle,
            "home".into(),
            "stream".into(),
            Origin::Stream,
            received_at,
        );
        Entry::snapshot_of(self.told as u64, snapshot.with(told, Vec::new()))
    }
}

fn moment(milliseconds: i64) -> Timestamp {
    Timestamp::from_millisecond(milliseconds).unwrap()
}

fn value(key: &Descriptor, round: usize) -> Value {
    match key.value_type() {
        ValueType::Bool => Value::Bool(round.is_multiple_of(16)),
        ValueType::Number => Value::Number((round / 7 % 900) as f64 / 10.0),
        ValueType::Text => Value::Text(format!("STATE_{}", round % 5).into()),
        ValueType::Timestamp => Value::Timestamp(moment(BEGIN + round as i64 * 1_000)),
    }
}
