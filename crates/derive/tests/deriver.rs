//! The rules as they are, on anything that cars send: a state that was stored and restored tells the same, doubled
//! entries change nothing, late ones come to the same.

#![expect(clippy::unwrap_used, reason = "the helpers of tests fail as tests do")]

use std::collections::BTreeMap;

use catalogue::CatalogueEntry;
use collector_core::{
    Document, Entry, Origin, Reading, Record, RecordState, Snapshot, Stamp, Value, ValueType, Vehicle,
    document,
};
use derive::fact::Key;
use derive::{Deriver, Rules, StateError};
use jiff::Timestamp;
use proptest::prelude::*;

const HOUR: i64 = 3_600_000;
const START: i64 = 1_772_000_000_000;

/// Every key that means something here.
fn keys() -> Vec<&'static CatalogueEntry> {
    let keys = catalogue::CATALOGUE.iter();
    keys.filter(|entry| Key::of(entry.descriptor).is_some()).collect()
}

fn moment(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap()
}

/// A value that a car could send of a key, out of a number from 0 to 1 and the time.
fn value(entry: &CatalogueEntry, chosen: f64, at: i64) -> Value {
    let name = entry.descriptor;
    match entry.value_type {
        ValueType::Bool => Value::Bool(chosen < 0.5),
        ValueType::Timestamp => Value::Timestamp(moment(at - (chosen * 900_000.0) as i64)),
        ValueType::Text => {
            let place = (chosen * entry.options.len() as f64) as usize;
            Value::Text(entry.options.get(place).copied().unwrap_or("OFF").into())
        }
        ValueType::Number if name.ends_with("travelledDistance") => {
            Value::Number(20_000.0 + ((at - START) / HOUR) as f64 * 7.1)
        }
        ValueType::Number if name.ends_with("itude") => Value::Number(48.0 + chosen / 7.0),
        ValueType::Number if name.ends_with("power") => {
            Value::Number((chosen * 20.0 - 5.0).max(0.0) * 1_000.0)
        }
        ValueType::Number => Value::Number((chosen * 100.0).floor()),
    }
}

fn vehicle(number: usize) -> Vehicle {
    let vin = ["WBY31AW090FP12345", "WBY31AW090FP54321"][number];
    Vehicle::named(vin.parse().unwrap(), None)
}

fn snapshot(vehicle: Vehicle, received_at: i64, readings: Vec<Reading>) -> Snapshot {
    let name = |name: &str| name.into();
    Snapshot::new(vehicle, name("a"), name("s"), Origin::Stream, moment(received_at))
        .with(readings, Vec::new())
}

fn charge(start: i64, chosen: f64) -> Document {
    let (from, until) = (start / 1_000, start / 1_000 + 3_000);
    let json = format!(
        r#"{{"startTime":{from},"endTime":{until},"energyConsumedFromPowerGridKwh":{},"displayedStartSoc":40,"displayedSoc":60}}"#,
        chosen * 33.3
    );
    Document {
        name: document::CHARGING_SESSION.into(),
        at: moment(start),
        json: json.into(),
    }
}

/// Two cars that say anything, in bursts, some of it late, some of it asked for, and a list of charging sessions.
fn scene() -> impl Strategy<Value = Vec<Snapshot>> {
    let reading = (
        0..keys().len(),
        0.0..1.0_f64,
        prop_oneof![4 => 0..120_000_i64, 1 => 0..30 * HOUR],
        0..9_u8,
    );
    let burst = (
        0..2_usize,
        1..3 * HOUR,
        prop::collection::vec(reading, 1..8),
        0.0..1.0_f64,
    );
    prop::collection::vec(burst, 1..80).prop_map(|bursts| {
        let (keys, mut now) = (keys(), START);
        let snapshots = bursts.into_iter().map(|(car, after, readings, listed)| {
            now += after;
            let readings = readings.into_iter().map(|(key, chosen, late, asked)| {
                let (entry, at) = (keys[key], now - late);
                let unit = entry.unit.clone();
                let mut reading =
                    Reading::new(entry.to_descriptor(), value(entry, chosen, at), unit, moment(at));
                if asked == 0 {
                    (reading.stamp, reading.measured_at) = (Stamp::Requested, moment(now));
                }
                reading
            });
            let mut snapshot = snapshot(vehicle(car), now, readings.collect());
            if listed < 0.05 {
                snapshot.documents.push(charge(now - 2 * HOUR, listed * 20.0));
            }
            snapshot
        });
        snapshots.collect()
    })
}

/// A car that says anything, a message each, with how late each comes; without what counts by when it came.
fn messages() -> impl Strategy<Value = Vec<(i64, Reading)>> {
    let message = (
        0..keys().len(),
        0.0..1.0_f64,
        1..HOUR,
        prop_oneof![3 => 0..60_000_i64, 1 => 0..20 * HOUR],
    );
    prop::collection::vec(message, 1..150).prop_map(|messages| {
        let (keys, mut at) = (keys(), START);
        let readings = messages.into_iter().filter_map(|(key, chosen, after, late)| {
            at += after;
            let entry = keys[key];
            let reading = Reading::new(
                entry.to_descriptor(),
                value(entry, chosen, at),
                entry.unit.clone(),
                moment(at),
            );
            (!entry.descriptor.contains("segment")).then_some((late, reading))
        });
        readings.collect()
    })
}

/// The messages in the order in which they come, a poll ten days later, and one an hour behind that: what goes on and was
/// told in the look before the first is held back in it, and behind the second nothing waits.
fn coming(messages: &[(i64, Reading)]) -> Vec<Snapshot> {
    let at = |late: i64, reading: &Reading| reading.measured_at.as_millisecond() + late;
    let mut messages: Vec<_> = messages
        .iter()
        .map(|(late, it)| (at(*late, it), it.clone()))
        .collect();
    messages.sort_by_key(|(at, _)| *at);
    let came = messages
        .into_iter()
        .map(|(at, reading)| snapshot(vehicle(0), at, vec![reading]));
    let end = START + 20 * 24 * HOUR;
    came.chain([poll(end), poll(end + HOUR)]).collect()
}

fn poll(at: i64) -> Snapshot {
    let odometer = catalogue::find("vehicle.vehicle.travelledDistance").unwrap();
    let reading = Reading::new(
        odometer.to_descriptor(),
        value(odometer, 0.0, at),
        odometer.unit.clone(),
        moment(at),
    );
    let mut poll = snapshot(vehicle(0), at, vec![reading]);
    poll.origin = Origin::Poll;
    poll
}

fn entries(snapshots: &[Snapshot]) -> Vec<Entry> {
    let snapshots = (1..).zip(snapshots.iter().cloned());
    snapshots
        .map(|(seq, snapshot)| Entry::snapshot_of(seq, snapshot))
        .collect()
}

fn told(entries: &[Entry]) -> Vec<Record> {
    let mut deriver = Deriver::new(Rules::default());
    entries.iter().flat_map(|entry| deriver.fold(entry)).collect()
}

/// The last telling of every record that is there, by its kind, vehicle and key; without why.
fn standing(told: Vec<Record>) -> BTreeMap<String, Record> {
    let mut standing = BTreeMap::new();
    for record in told {
        let id = format!("{} {} {:?}", record.kind.name, record.vehicle.vin, record.key);
        standing.insert(id, record);
    }
    standing.retain(|_, record: &mut Record| record.state != RecordState::Withdrawn);
    for record in standing.values_mut() {
        (record.revision, record.evidence) = (0, Box::default());
    }
    standing
}

/// How a session came here is no part of what it was.
fn forget_basis(record: &mut Record) {
    let basis = record
        .kind
        .columns
        .iter()
        .position(|column| column.name == "basis");
    if let Some(place) = basis {
        record.values[place] = None;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_state_that_was_stored_and_restored_tells_the_same(
        scene in scene(),
        restarts in prop::collection::vec(any::<prop::sample::Index>(), 1..4),
    ) {
        let entries = entries(&scene);
        let restarts: Vec<_> = restarts.iter().map(|it| it.index(entries.len())).collect();
        let mut deriver = Deriver::new(Rules::default());
        let mut anew = Vec::new();
        for (place, entry) in entries.iter().enumerate() {
            anew.extend(deriver.fold(entry));
            if restarts.contains(&place) {
                let state = deriver.state();
                deriver = Deriver::restore(Rules::default(), &state).unwrap();
                prop_assert_eq!(deriver.state(), state);
            }
        }
        prop_assert_eq!(anew, told(&entries));
    }

    #[test]
    fn revisions_rise_one_by_one(scene in scene()) {
        let mut revisions = BTreeMap::new();
        for record in told(&entries(&scene)) {
            let id = format!("{} {} {:?}", record.kind.name, record.vehicle.vin, record.key);
            let before = revisions.insert(id, record.revision).unwrap_or(0);
            prop_assert_eq!(record.revision, before + 1);
        }
    }

    #[test]
    fn doubled_entries_change_nothing(scene in scene()) {
        let doubled: Vec<_> = scene.iter().flat_map(|snapshot| [snapshot.clone(), snapshot.clone()]).collect();
        prop_assert_eq!(standing(told(&entries(&doubled))), standing(told(&entries(&scene))));
    }

    #[test]
    fn who_looked_in_between_changes_nothing(scene in scene(), others in prop::collection::vec(1..3 * HOUR, 0..100)) {
        let alone: Vec<_> = scene.into_iter().filter(|it| it.vehicle.vin == vehicle(0).vin).collect();
        let mut at = START;
        let others = others.into_iter().map(|after| {
            at += after;
            snapshot(vehicle(1), at, Vec::new())
        });
        let mut looked_at: Vec<_> = alone.iter().cloned().chain(others).collect();
        looked_at.sort_by_key(|it| it.received_at);
        let end = snapshot(vehicle(0), START + 20 * 24 * HOUR, Vec::new());
        let records = |scene: Vec<Snapshot>| standing(told(&entries(&[scene, vec![end.clone()]].concat())));
        prop_assert_eq!(records(looked_at), records(alone));
    }

    #[test]
    fn late_messages_come_to_the_same(messages in messages()) {
        let timely: Vec<_> = messages.iter().map(|(_, reading)| (0, reading.clone())).collect();
        let records = |messages: &[_]| {
            let mut standing = standing(told(&entries(&coming(messages))));
            standing.values_mut().for_each(forget_basis);
            standing
        };
        prop_assert_eq!(records(&messages), records(&timely));
    }

    #[test]
    fn what_stands_in_the_journal_is_not_told_again(scene in scene()) {
        let entries = entries(&scene);
        let mut deriver = Deriver::new(Rules::default());
        let mut newest = BTreeMap::new();
        for record in entries.iter().flat_map(|entry| deriver.fold(entry)) {
            newest.insert(format!("{} {} {:?}", record.kind.name, record.vehicle.vin, record.key), record);
        }
        for record in newest.values_mut() {
            record.revision += 40;
            deriver.told_before(record);
        }
        for record in entries.last().iter().flat_map(|entry| deriver.fold(entry)) {
            let id = format!("{} {} {:?}", record.kind.name, record.vehicle.vin, record.key);
            let revision = newest.get(&id).map_or(0, |it| it.revision);
            prop_assert_eq!(record.revision, revision + 1);
        }
    }
}

#[test]
fn a_state_of_another_version_says_so_and_one_that_is_none_too() {
    let restore = |state: &str| Deriver::restore(Rules::default(), state).unwrap_err();
    let version = restore(r#"{"version":99,"vehicles":[]}"#);
    assert!(matches!(version, StateError::Version { found: 99 }), "{version}");
    assert!(version.to_string().contains("replay --derived"));
    assert!(matches!(restore(""), StateError::Form(_)));
}
