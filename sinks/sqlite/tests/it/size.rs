//! How large a year of one car is.

use collector_core::testkit::vehicle;
use collector_core::{Descriptor, Entry, Origin, Reading, Snapshot, Unit, Value, ValueType};
use jiff::Timestamp;

use crate::store::{NOON, Store};

const POLLS_A_DAY: u64 = 48;
const DESCRIPTORS: u64 = 30;

/// Polls of one car, half an hour apart, of which each brings twelve new readings on average: a half of them
/// numbers with or without fraction, a third of them status words, the rest yes or no.
fn history(days: u64) -> Vec<Entry> {
    let descriptors: Vec<Descriptor> = (0..DESCRIPTORS).map(descriptor).collect();
    let mut random = 1;
    let mut polls = Vec::new();
    for seq in 1..=days * POLLS_A_DAY {
        let received_at = NOON + i64::try_from(seq).unwrap() * 1_800_000 + pick(&mut random, 900);
        let measured_at = received_at - 60_000 - pick(&mut random, 1_600_000);
        let mut readings = Vec::new();
        for descriptor in &descriptors {
            if pick(&mut random, 10) < 4 {
                let group = [0, 0, 0, 1_000, 61_000][usize::try_from(pick(&mut random, 5)).unwrap()];
                readings.push(reading(descriptor, &mut random, measured_at - group));
            }
        }
        polls.push(poll(seq, received_at, readings));
    }
    polls
}

/// A small generator with a fixed seed: 0 to `below` - 1.
fn pick(state: &mut u64, below: i64) -> i64 {
    *state = state
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    i64::try_from(*state >> 33).unwrap() % below
}

fn descriptor(number: u64) -> Descriptor {
    let (value_type, unit) = match number % 6 {
        0..=2 => (ValueType::Number, Some(Unit::new("%"))),
        3 | 4 => (ValueType::Text, None),
        _ => (ValueType::Bool, None),
    };
    let id = format!("vehicle.powertrain.electric.battery.example{number}");
    Descriptor::new(&id, &format!("example_{number}"), value_type, unit)
}

fn reading(descriptor: &Descriptor, random: &mut u64, measured_at: i64) -> Reading {
    let number = pick(random, 40_000) as f64;
    let value = match descriptor.value_type() {
        ValueType::Bool => Value::Bool(number > 20_000.0),
        ValueType::Text => Value::Text(format!("SOME_LONG_STATUS_WORD_{}", number % 7.0).into()),
        _ if descriptor.name().ends_with('2') => Value::Number(number / 100.0),
        _ => Value::Number(number % 101.0),
    };
    let measured_at = Timestamp::from_millisecond(measured_at).unwrap();
    Reading::new(descriptor.clone(), value, descriptor.unit().cloned(), measured_at)
}

fn poll(seq: u64, received_at: i64, readings: Vec<Reading>) -> Entry {
    let received_at = Timestamp::from_millisecond(received_at).unwrap();
    let (account, source) = ("home".into(), "telematics".into());
    let snapshot = Snapshot::new(vehicle(false), account, source, Origin::Poll, received_at);
    Entry::snapshot_of(seq, snapshot.with(readings, Vec::new()))
}

#[tokio::test]
async fn a_reading_takes_no_more_than_twenty_eight_bytes() {
    let store = Store::new();
    let mut sink = store.sink();
    for batch in history(365).chunks(100) {
        sink.write(batch).await.unwrap();
    }
    sink.close().await.unwrap();
    let readings: u64 = store.query("SELECT count(*) FROM readings")[0].parse().unwrap();
    let number = |pragma: &str| store.query(pragma)[0].parse::<u64>().unwrap();
    // What a fold leaves free is used again by the next.
    let pages = number("PRAGMA page_count") - number("PRAGMA freelist_count");
    let bytes = pages * number("PRAGMA page_size");
    println!(
        "{readings} readings, {bytes} bytes, {:.1} a reading",
        bytes as f64 / readings as f64
    );
    assert!(
        readings > 200_000 && bytes <= readings * 28,
        "{bytes} bytes for {readings} readings"
    );
}
