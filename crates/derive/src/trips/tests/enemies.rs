//! What no car should tell, and some do.

use collector_core::{Entry, Origin, Reading, Record, RecordState, Snapshot, Value, Vehicle};
use jiff::Timestamp;

use super::scenes::{DAY, MINUTE, at, number, told, trips};
use crate::fact::What::{self, Moving, Odometer};
use crate::{Deriver, Rules};

/// A drive of 20 km in half an hour, every 3 minutes of it told.
fn drive(from: f64, km: f64, latitude: f64) -> Vec<(f64, What)> {
    let steps = (0..=10).flat_map(|step| {
        let step = f64::from(step);
        let [a, b] = at(from + 3.0 * step, latitude + 0.018 * step);
        [(from + 3.0 * step, Odometer(km + 2.0 * step)), a, b]
    });
    steps.collect()
}

fn kms(facts: Vec<(f64, What)>) -> Vec<Option<f64>> {
    told(facts).into_iter().map(|trip| trip.km).collect()
}

fn starts(facts: Vec<(f64, What)>) -> Vec<Option<f64>> {
    let trips = trips(facts);
    trips.iter().map(|trip| number(trip, "start_latitude")).collect()
}

#[test]
fn an_odometer_that_was_replaced_begins_anew() {
    let mut facts = drive(0.0, 50_000.0, 48.0);
    facts.extend(drive(300.0, 12.0, 48.18));
    facts.extend(drive(600.0, 32.0, 48.36));
    let [first, _, last] = kms(facts)[..] else {
        panic!()
    };
    assert_eq!((first, last), (Some(20.0), Some(20.0)));
}

#[test]
fn an_odometer_whose_first_value_was_taken_for_kilometres_leaps_and_says_nothing() {
    let mut facts = drive(0.0, 50_000.0, 48.0);
    facts[0].1 = Odometer(31_069.0);
    let found = told(facts);
    let [ref trip] = found[..] else {
        panic!("{found:?}")
    };
    let km = trip.km.unwrap();
    assert!((19.0..21.0).contains(&km), "from position to position: {km}");
}

#[test]
fn a_label_that_flips_on_the_way_changes_no_distance() {
    let mile = 1.609_344;
    let mut facts = drive(0.0, 50_000.0, 48.0);
    for (at, (_, what)) in facts.iter_mut().enumerate() {
        if let (Odometer(km), true) = (what, at % 2 == 0) {
            *km = (*km / mile).floor() * mile;
        }
    }
    let [Some(km)] = kms(facts)[..] else { panic!() };
    assert!((km - 20.0).abs() < 2.0, "{km}");
}

#[test]
fn a_ferry_and_a_tow_truck_drive_the_car_nowhere() {
    for away in [2.7, 0.36] {
        let mut facts = drive(0.0, 1_000.0, 48.0);
        facts.extend(drive(600.0, 1_020.0, 48.18 + away));
        assert_eq!(kms(facts.clone()), [Some(20.0); 2], "driven at once");
        let mut stood = facts.clone();
        stood.extend([(500.0, Odometer(1_020.0))]);
        stood.extend(at(500.0, 48.18 + away));
        stood.extend(at(520.0, 48.18 + away));
        assert_eq!(kms(stood.clone()), [Some(20.0); 2]);
        let there = Some(((48.18 + away) * 100.0).round() / 100.0);
        assert_eq!(starts(stood)[1], there);
        assert_ne!(starts(facts)[1], Some(48.18), "not where it was taken away");
    }
}

#[test]
fn one_wrong_position_is_no_drive_through_the_night() {
    let mut facts = drive(0.0, 1_000.0, 48.0);
    let mut next = drive(600.0, 1_020.0, 48.18);
    next[1].1 = What::Latitude(49.98);
    facts.extend(next);
    let [_, second] = &told(facts)[..] else { panic!() };
    assert!((second.start - 600.0).abs() < 5.0, "{second:?}");
}

#[test]
fn a_first_position_beside_an_odometer_that_did_not_move_yet_is_a_start() {
    let mut facts = drive(0.0, 1_000.0, 48.0);
    facts.extend(drive(1_200.0, 1_020.0, 48.184));
    let [_, second] = &told(facts)[..] else { panic!() };
    assert!((second.start - 1_200.0).abs() < 5.0, "{second:?}");
}

#[test]
fn a_car_that_never_stops_to_move_has_a_trip_for_each_drive() {
    let mut facts = Vec::new();
    for day in 0..7 {
        let from = f64::from(day) * 1_440.0;
        facts.push((from, Moving(true)));
        facts.extend(drive(
            from,
            1_000.0 + 20.0 * f64::from(day),
            48.0 + 0.18 * f64::from(day),
        ));
        facts.extend((1..48).map(|half| {
            (
                from + 30.0 * f64::from(half) + 1.0,
                Odometer(1_020.0 + 20.0 * f64::from(day)),
            )
        }));
    }
    assert_eq!(kms(facts), [Some(20.0); 3], "those of 60 hours");
}

fn reading(name: &str, minute: f64, value: Value) -> Reading {
    let known = catalogue::find(name).unwrap();
    let at = Timestamp::from_millisecond(DAY + (minute * MINUTE as f64) as i64).unwrap();
    Reading::new(known.to_descriptor(), value, known.unit.clone(), at)
}

const ODOMETER: &str = "vehicle.vehicle.travelledDistance";
const MOVING: &str = "vehicle.isMoving";
const LOCKS: &str = "vehicle.cabin.door.status";

fn readings() -> Vec<Reading> {
    vec![
        reading(ODOMETER, 0.0, Value::Number(1_000.0)),
        reading(MOVING, 1.0, Value::Bool(true)),
        reading(ODOMETER, 10.0, Value::Number(1_010.0)),
        reading(MOVING, 20.0, Value::Bool(false)),
        reading(ODOMETER, 20.1, Value::Number(1_020.0)),
        reading(LOCKS, 21.0, Value::Text("ASN_secured".into())),
    ]
}

fn entry(seq: u64, car: &str, minute: f64, reading: &Reading) -> Entry {
    let vehicle = Vehicle::named(car.parse().unwrap(), None);
    let at = Timestamp::from_millisecond(DAY + (minute * MINUTE as f64) as i64).unwrap();
    let snapshot = Snapshot::new(vehicle, "a".into(), "s".into(), Origin::Stream, at);
    Entry::snapshot_of(seq, snapshot.with(vec![reading.clone()], Vec::new()))
}

/// The records of a car as they stand behind all entries: key and values.
fn standing(entries: &[Entry], car: &str) -> Vec<String> {
    let mut deriver = Deriver::new(Rules::default());
    let last = entry(99, "WBY11AA0000000003", 300.0, &readings()[0]);
    let told = entries
        .iter()
        .chain([&last])
        .flat_map(|entry| deriver.fold(entry));
    let mut records = std::collections::BTreeMap::new();
    for record in told.filter(|record| record.vehicle.vin.as_str() == car) {
        records.insert((record.kind.name, format!("{:?}", record.key)), record);
    }
    let stand = records
        .into_values()
        .filter(|it| it.state != RecordState::Withdrawn);
    let shown = |it: Record| format!("{} {:?} {:?} {:?}", it.kind.name, it.key, it.state, it.values);
    stand.map(shown).collect()
}

const ONE: &str = "WBY11AA0000000001";
const OTHER: &str = "WBY11AA0000000002";

fn orders(of: usize) -> Vec<Vec<usize>> {
    let Some(last) = of.checked_sub(1) else {
        return vec![Vec::new()];
    };
    let shorter = orders(last).into_iter();
    let longer = shorter.flat_map(|order| {
        (0..of).map(move |place| {
            let mut order = order.clone();
            order.insert(place, last);
            order
        })
    });
    longer.collect()
}

#[test]
fn every_order_of_late_and_doubled_messages_comes_to_the_same() {
    let readings = readings();
    let came = |order: &[usize]| {
        let both = order.iter().chain(&order[..3]);
        let minutes = (0..).map(|at| 30.0 + f64::from(at) * 7.0);
        let entries = (1..).zip(both.zip(minutes));
        let entries: Vec<_> = entries
            .map(|(seq, (at, minute))| entry(seq, ONE, minute, &readings[*at]))
            .collect();
        standing(&entries, ONE)
    };
    let right = came(&[0, 1, 2, 3, 4, 5]);
    assert_eq!(right.len(), 2, "{right:#?}");
    for order in orders(6) {
        assert_eq!(came(&order), right, "{order:?}");
    }
}

#[test]
fn two_cars_in_one_journal_are_as_if_they_were_alone() {
    let readings = readings();
    let of = |car, seq: u64, late: f64| {
        let minutes = (0..).map(move |at| late + f64::from(at) * 7.0);
        let entries = readings.iter().zip(minutes).zip(seq..);
        entries
            .map(move |((reading, minute), seq)| entry(2 * seq, car, minute, reading))
            .collect::<Vec<_>>()
    };
    let mut both: Vec<_> = of(ONE, 1, 30.0).into_iter().chain(of(OTHER, 1, 31.0)).collect();
    both.sort_by_key(|entry| entry.snapshot().map(|snapshot| snapshot.received_at));
    for car in [ONE, OTHER] {
        let alone = standing(&of(car, 1, 30.0), car);
        assert_eq!(standing(&both, car), alone);
        assert_eq!(alone.len(), 2);
    }
}

#[test]
fn a_stamp_of_the_future_ends_no_drive_and_begins_none() {
    let mut readings = readings();
    readings.insert(3, reading(ODOMETER, 900_000.0, Value::Number(1_012.0)));
    let minutes = [0.1, 1.1, 10.1, 12.0, 20.2, 20.3, 21.1, 21.2];
    let entries = (1..).zip(readings.iter().zip(minutes));
    let mut entries: Vec<_> = entries
        .map(|(seq, (it, minute))| entry(seq, ONE, minute, it))
        .collect();
    let with = standing(&entries, ONE);
    entries.remove(3);
    assert_eq!(standing(&entries, ONE), with);
}
