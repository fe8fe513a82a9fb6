//! One drive, or what looks like one, by what each kind of car tells of it.

use collector_core::{Record, RecordState, Value, Vehicle};

use super::super::Trips;
use crate::fact::{Charging, Fact, Key, SocKey, What};
use crate::{Fold, Rules};

pub const MINUTE: i64 = 60_000;
/// A morning, so that times read as minutes.
pub const DAY: i64 = 1_780_000_000_000;

pub fn vehicle() -> Vehicle {
    Vehicle::named("WBY11AA0000000001".parse().unwrap(), None)
}

pub fn fact(minute: f64, what: What) -> Fact {
    let at = DAY + (minute * MINUTE as f64) as i64;
    Fact {
        at,
        seq: 1,
        received_at: at + 2_000,
        requested: false,
        key: Key::default(),
        what,
    }
}

/// What is told of a trip: from and until which minute, how far, confidence, kind, whether it is over.
#[derive(Debug, PartialEq)]
pub struct Told {
    pub start: f64,
    pub end: Option<f64>,
    pub km: Option<f64>,
    pub confidence: String,
    pub kind: String,
    pub is_final: bool,
}

pub fn column(record: &Record, name: &str) -> Option<Value> {
    record
        .value_columns()
        .find(|(column, _)| column.name == name)
        .and_then(|(_, value)| value.cloned())
}

fn minute(value: &Value) -> f64 {
    let Value::Timestamp(at) = value else {
        panic!("{value:?}")
    };
    ((at.as_millisecond() - DAY) as f64 / MINUTE as f64 * 100.0).round() / 100.0
}

pub fn number(record: &Record, name: &str) -> Option<f64> {
    match column(record, name)? {
        Value::Number(number) => Some((number * 100.0).round() / 100.0),
        other => panic!("{other:?}"),
    }
}

pub fn trips(facts: impl IntoIterator<Item = (f64, What)>) -> Vec<Record> {
    let mut facts: Vec<_> = facts
        .into_iter()
        .map(|(minute, what)| fact(minute, what))
        .collect();
    facts.sort_by_key(|fact| fact.at);
    let mut fold = Trips::default();
    for fact in &facts {
        fold.step(fact, &Rules::default());
    }
    let mut records = fold.records(&vehicle(), &Rules::default());
    records.retain(|record| record.kind.name == "trip");
    records
}

pub fn told(facts: impl IntoIterator<Item = (f64, What)>) -> Vec<Told> {
    let of = |record: &Record| Told {
        start: minute(&record.key[0]),
        end: column(record, "end_at").as_ref().map(minute),
        km: number(record, "distance_km"),
        confidence: column(record, "confidence").unwrap().to_string(),
        kind: column(record, "kind").unwrap().to_string(),
        is_final: record.state == RecordState::Final,
    };
    let facts: Vec<_> = facts.into_iter().collect();
    let later = facts.iter().map(|(minute, _)| minute + 40.0).fold(0.0, f64::max);
    let facts = facts.into_iter().chain([(later, What::MaxEnergy(70.0))]);
    trips(facts).iter().map(of).collect()
}

fn trip(start: f64, end: f64, km: f64, confidence: &str) -> Told {
    Told {
        start,
        end: Some(end),
        km: Some(km),
        confidence: confidence.into(),
        kind: "trip".into(),
        is_final: true,
    }
}

pub fn at(minute: f64, latitude: f64) -> [(f64, What); 2] {
    [
        (minute, What::Latitude(latitude)),
        (minute + 1.0 / 60.0, What::Longitude(11.5)),
    ]
}

use What::{Door, Ignition, Locked, Moving, Odometer, Plugged, SegmentEnd, SegmentOdometer};

/// Parked at minute 0, and silent until it is unlocked at minute 600.
fn night() -> Vec<(f64, What)> {
    vec![
        (-1.0, Odometer(1_000.0)),
        (-1.0, What::Soc(80.0, SocKey::Header)),
        (0.0, Locked(true)),
        (600.0, Locked(false)),
        (600.2, Door(true)),
        (600.5, Door(false)),
    ]
}

#[test]
fn an_old_head_unit_says_when_it_moves() {
    let mut facts = night();
    facts.extend([
        (601.0, Ignition(true)),
        (601.5, Moving(true)),
        (601.6, Locked(true)),
        // A light.
        (610.0, Moving(false)),
        (611.0, Moving(true)),
        (720.0, Odometer(1_090.0)),
        (720.0, What::Soc(55.0, SocKey::Header)),
        (720.0, Moving(false)),
        (720.1, Ignition(false)),
        (720.2, SegmentEnd(DAY + 720 * MINUTE)),
        (720.5, Door(true)),
        (721.0, Locked(true)),
    ]);
    assert_eq!(told(facts.clone()), [trip(601.0, 720.0, 90.0, "both_ends")]);
    let live = facts.iter().filter(|(minute, _)| *minute < 700.0).cloned();
    let [live] = &trips(live)[..] else { panic!() };
    assert_eq!((column(live, "end_at"), live.state), (None, RecordState::Live));
    let records = trips(facts);
    assert_eq!(
        (number(&records[0], "soc_start"), number(&records[0], "soc_end")),
        (Some(80.0), Some(55.0))
    );
}

#[test]
fn an_i5_has_its_odometer_alone() {
    let mut facts = night();
    for step in 1..=10 {
        let (minute, km) = (600.5 + 3.0 * f64::from(step), 1_000.0 + 2.0 * f64::from(step));
        facts.push((minute, Odometer(km)));
        facts.extend(at(minute + 0.5, 48.0 + 0.018 * f64::from(step)));
    }
    // The trip before, again.
    facts.extend([
        (612.0, SegmentEnd(DAY - MINUTE)),
        (612.0, SegmentOdometer(1_000.0)),
        (612.0, What::Soc(81.0, SocKey::TripEnd)),
    ]);
    facts.extend([(631.5, Door(true)), (632.0, Door(false)), (632.2, Locked(true))]);
    assert_eq!(told(facts), [trip(600.5, 631.5, 20.0, "both_ends")]);
}

#[test]
fn an_i5_whose_doors_are_lost_is_told_by_its_steps() {
    let mut facts = vec![(-1.0, Odometer(1_000.0)), (0.0, Locked(true))];
    facts.extend((1..=10).map(|step| {
        (
            600.0 + 3.0 * f64::from(step),
            Odometer(1_000.0 + 2.0 * f64::from(step)),
        )
    }));
    facts.push((700.0, Locked(false)));
    assert_eq!(
        told(facts),
        [trip(599.0, 630.0, 20.0, "odometer")],
        "two kilometres at 40 km/h before the first step"
    );
}

#[test]
fn an_old_idrive_speaks_at_unlocking_and_locking() {
    let mut facts = night();
    facts.extend([
        (725.0, Locked(true)),
        (725.1, Odometer(1_090.0)),
        (800.0, Locked(false)),
        (812.0, Locked(true)),
        (812.1, Odometer(1_091.0)),
    ]);
    assert_eq!(
        told(facts),
        [
            trip(600.5, 725.0, 90.0, "both_ends"),
            trip(800.0, 812.0, 1.0, "both_ends")
        ]
    );
}

#[test]
fn polls_alone_know_the_odometer() {
    // Every poll brings what the car measured last, with the time of that.
    let polls = [
        (0.0, Odometer(1_000.0)),
        (60.0, Odometer(1_000.0)),
        (900.0, Odometer(1_040.0)),
        (1_000.0, Odometer(1_040.0)),
    ];
    assert_eq!(
        told(polls),
        [Told {
            end: Some(900.0),
            ..trip(60.0, 900.0, 40.0, "odometer")
        }]
    );
    // With the end of it.
    let ended = [
        (0.0, Odometer(1_000.0)),
        (1.0, Locked(true)),
        (900.0, Odometer(1_040.0)),
        (900.0, Ignition(false)),
        (901.0, Locked(true)),
    ];
    assert_eq!(told(ended), [trip(839.0, 900.0, 40.0, "one_end")]);
}

#[test]
fn what_flips_leaps_or_is_repeated_is_no_trip() {
    let km = |miles: f64| (miles * 1.609_344 * 1e6).round() / 1e6;
    assert_eq!(
        told((0..40).map(|hour| (
            f64::from(hour) * 60.0,
            Odometer(if hour % 2 == 0 { km(35_897.0) } else { 57_771.0 })
        ))),
        []
    );
    let leap = [
        at(0.0, 48.0),
        at(10.0, 49.78),
        at(10.2, 48.0),
        at(30.0, 48.0),
        at(60.0, 0.0),
    ];
    assert_eq!(told(leap.into_iter().flatten()), []);
    assert_eq!(
        told(
            [at(0.0, 48.0), at(60.0, 48.000_6), at(120.0, 48.0)]
                .into_iter()
                .flatten()
        ),
        [],
        "the garage hides the satellites"
    );
    let flaps = (0..80).map(|at| {
        (
            f64::from(at) * 10.0,
            What::Charging(if at % 2 == 0 {
                Charging::Active
            } else {
                Charging::Waiting
            }),
        )
    });
    assert_eq!(told(flaps), []);
}

#[test]
fn a_short_stop_is_a_pause_unless_the_driver_left() {
    let drive = |from: f64| {
        [
            (from, Odometer(1_000.0 + from)),
            (from + 3.0, Odometer(1_003.0 + from)),
            (from + 6.0, Odometer(1_006.0 + from)),
        ]
    };
    let mut pump = vec![(0.0, Odometer(1_000.0)), (0.5, Door(false))];
    pump.extend(drive(3.0));
    pump.extend([(9.5, Ignition(false)), (9.7, Door(true)), (13.0, Door(false))]);
    let mut left = pump.clone();
    pump.extend(drive(16.0));
    pump.push((23.0, Locked(true)));
    assert_eq!(told(pump).len(), 1);
    left.extend([(10.0, Door(false)), (10.1, Locked(true)), (12.0, Locked(false))]);
    left.extend(drive(16.0));
    left.push((23.0, Locked(true)));
    assert_eq!(told(left).len(), 2);
}

#[test]
fn a_lost_end_is_not_a_drive_of_the_night() {
    let mut facts = night();
    facts.extend([
        (601.0, Moving(true)),
        (640.0, Moving(false)),
        (640.1, Ignition(false)),
        (640.5, Door(true)),
        (641.0, Locked(true)),
    ]);
    // The odometer was lost at the end, and comes with the next start.
    facts.extend([
        (1_400.0, Locked(false)),
        (1_400.1, Odometer(1_030.0)),
        (1_401.0, Moving(true)),
        (1_420.0, Odometer(1_045.0)),
        (1_420.0, Moving(false)),
        (1_421.0, Locked(true)),
    ]);
    assert_eq!(
        told(facts),
        [
            trip(600.5, 640.0, 30.0, "both_ends"),
            trip(1_400.1, 1_420.0, 15.0, "both_ends")
        ]
    );
}

#[test]
fn nobody_drives_plugged_in() {
    let facts = [
        (0.0, Odometer(1_000.0)),
        (1.0, Locked(true)),
        (30.0, Locked(false)),
        (50.0, Odometer(1_012.0)),
        (50.0, Locked(true)),
        (51.0, Plugged(true)),
        (600.0, What::Soc(100.0, SocKey::Header)),
        (700.0, Plugged(false)),
        (701.0, Door(false)),
        (715.0, Odometer(1_020.0)),
        (715.0, Locked(true)),
    ];
    assert_eq!(
        told(facts),
        [
            trip(30.0, 50.0, 12.0, "both_ends"),
            trip(701.0, 715.0, 8.0, "both_ends")
        ]
    );
}

#[test]
fn a_whole_kilometre_over_a_silence_is_of_the_drive_that_begins() {
    let second_trip = |read_at: f64, stepped_at: f64, rest: f64, km: f64| {
        let mut facts = vec![(0.0, Odometer(20.0)), (0.5, Moving(true)), (20.2, Moving(false))];
        facts.extend([(20.3, Door(true)), (20.4, Door(false)), (read_at, Odometer(32.0))]);
        facts.extend(at(20.25, 48.1));
        let begins = [
            (530.0, Door(true)),
            (530.03, Door(false)),
            (stepped_at, Odometer(32.0 + km)),
            (530.13, Moving(true)),
        ];
        let ends = [
            (540.0, Odometer(40.0)),
            (540.2, Moving(false)),
            (540.4, Door(true)),
        ];
        let begins = begins.into_iter().chain(at(530.14, 48.1));
        let later = begins
            .chain(ends)
            .map(|(minute, what)| (minute - 510.0 + rest, what));
        facts.extend(later);
        told(facts).pop()
    };
    // Told before it stood, as it stood, later; and the next one with that it moves, or before.
    for (read_at, stepped_at) in [(20.0, 530.13), (20.0, 530.12), (20.25, 530.12), (21.0, 530.12)] {
        let found = second_trip(read_at, stepped_at, 510.0, 1.0);
        assert_eq!(
            found,
            Some(trip(530.03, 540.2, 8.0, "both_ends")),
            "{read_at} {stepped_at}"
        );
        let found = second_trip(read_at, stepped_at, 45.0, 1.0);
        assert_eq!(
            found,
            Some(trip(65.03, 75.2, 8.0, "both_ends")),
            "{read_at} {stepped_at}"
        );
    }
    let unseen = second_trip(20.0, 530.12, 510.0, 3.0);
    assert_eq!(unseen.map(|it| it.confidence), Some("odometer".into()));
}
