//! The journal on a real disk, held against what it promises.

mod converting;
mod converting_damage;
mod damage;
mod delivery;
mod durability;
mod folding;
mod forgetting;
mod gaps;
mod keeping;
mod mending;
mod merging;
mod model;
mod moving;
mod moving_messages;
mod opening;
mod oracle;
mod owned;
mod packing;
mod present;
mod pruning;
mod rebuilding;
mod repeats;
mod restoring;
mod strays;
mod through;
mod units;
mod unreadable;

use std::path::Path;

use collector_core::{Entry, Origin, RawReading, RawSnapshot, UnitSystem, Value, VehicleSettings, Vin};
use jiff::Timestamp;
use serde_json::value::RawValue;

use store::Store;

use crate::log::append::Appended;
use crate::{Journal, Log, Read, Reader, SCHEMA};

const SOC: &str = "vehicle.drivetrain.batteryManagement.header";
/// BMW stamps it with the time of the call.
const HV_STATUS: &str = "vehicle.drivetrain.electricEngine.charging.hvStatus";
const VINS: [&str; 2] = ["WBY8P210X07A12345", "WBA11AA0001234567"];
/// 2026-03-01T12:00:00Z
const NOON: i64 = 1_772_366_400_000;

fn time(milliseconds: i64) -> Timestamp {
    Timestamp::from_millisecond(milliseconds).unwrap()
}

fn vin(index: usize) -> Vin {
    VINS[index].parse().unwrap()
}

fn raw(descriptor: &str, body: &str) -> RawReading {
    RawReading {
        descriptor: descriptor.to_owned(),
        body: RawValue::from_string(body.to_owned()).unwrap(),
    }
}

/// A measured state of charge; `minute` after noon.
fn soc(value: u32, minute: i64) -> RawReading {
    let stamp = time(NOON + minute * 60_000);
    raw(
        SOC,
        &format!(r#"{{"value":"{value}","unit":"%","timestamp":"{stamp:.3}"}}"#),
    )
}

/// A poll of the first vehicle that left a day and `minute` after noon.
fn poll(minute: i64, readings: Vec<RawReading>) -> RawSnapshot {
    let at = NOON + 86_400_000 + minute * 60_000;
    RawSnapshot {
        vin: vin(0),
        origin: Origin::Poll,
        requested_at: Some(time(at)),
        sent_at: None,
        received_at: time(at + 1_000),
        readings,
    }
}

async fn append(journal: &Journal, snapshot: RawSnapshot) -> Appended {
    journal
        .append("home".into(), "telematics".into(), [snapshot].into())
        .await
        .unwrap()
        .remove(0)
}

fn open(state: &Path) -> Journal {
    Journal::new(&Store::open(state, &[SCHEMA]).unwrap()).unwrap()
}

fn named(name: &str) -> VehicleSettings {
    VehicleSettings {
        name: Some(name.into()),
        units: None,
    }
}

fn reader(journal: &Journal) -> Reader {
    journal.reader(std::collections::HashMap::new()).unwrap()
}

/// Everything after `after`, read in batches of about `size` readings.
async fn read_all(journal: &Journal, after: u64, size: usize) -> Vec<Entry> {
    let reader = reader(journal);
    let (mut cursor, mut entries) = (after, Vec::new());
    while let Some(batch) = reader.read(&"test".into(), cursor, size).await.unwrap() {
        assert!(batch.last > cursor, "every batch leads on");
        cursor = batch.last;
        entries.extend(batch.entries.iter().cloned());
    }
    entries
}

/// The numbers of the readings, in order.
fn numbers(entries: &[Entry]) -> Vec<f64> {
    let readings = entries.iter().flat_map(Entry::readings);
    let numbers = readings.filter_map(|reading| match reading.value {
        Value::Number(number) => Some(number),
        _ => None,
    });
    numbers.collect()
}

/// A second look at the file, as another program would have.
fn inspect<T: rusqlite::types::FromSql>(state: &Path, query: &str) -> T {
    let connection = rusqlite::Connection::open(state.join(store::FILE)).unwrap();
    connection.query_row(query, [], |row| row.get(0)).unwrap()
}
