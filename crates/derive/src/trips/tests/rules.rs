//! The rules of one drive (T1, T2), case by case, and the numbers that hang on the whole of it.

use collector_core::Value;

use super::super::Trips;
use super::super::drive::{Drive, Stop};
use super::super::gaps::{Cause, Points, Sign};
use super::super::sense::Snap;
use super::scenes::{DAY, MINUTE, column, fact, number, vehicle};
use crate::fact::{Key, SocKey, What};
use crate::rules::{Place, VehicleRules};
use crate::{Fold, Rules};

fn sign(minute: i64, cause: Cause) -> Sign {
    Sign {
        at: minute * MINUTE,
        seq: 1,
        key: Key::default(),
        cause,
        points: Points::Neither,
    }
}

#[test]
fn t1_a_stop_is_an_end_by_its_length_and_its_signs() {
    use Cause::{Door, Ignition, Locked, Moving, Plugged};
    let table: [(&[Cause], bool, i64); 7] = [
        // The first minute of it at which it is an end.
        (&[Moving(false)], false, 30),
        (&[Moving(false)], true, 5),
        (&[Door(true)], true, 5),
        (&[Locked(true)], false, 30),
        (&[Door(true), Locked(true)], false, 0),
        (&[Ignition(false), Locked(true)], false, 0),
        (&[Plugged(true)], false, 0),
    ];
    for (causes, is_strong, right) in table {
        let mut stop = Stop::new(sign(100, causes[0]), is_strong);
        for cause in &causes[1..] {
            stop.take(sign(100, *cause), is_strong);
        }
        let first = (0..60).find(|minute| stop.is_end((100 + minute) * MINUTE));
        assert_eq!(first, Some(right), "{causes:?}");
    }
}

fn drive() -> Drive {
    Drive::new(
        sign(0, Cause::Door(false)),
        Snap::default(),
        sign(10, Cause::Odometer),
    )
}

#[test]
fn t1_a_silence_is_held() {
    let table = [
        ((40, None, false), true),
        ((41, None, false), false),
        ((41, None, true), true),
        ((300, None, true), false),
        // 45 minutes: 40 km are a motorway, 20 are a stop somewhere, unless the car had said that it moves.
        ((55, Some(40.0), false), true),
        ((55, Some(20.0), false), false),
        ((55, Some(20.0), true), true),
        ((600, Some(20.0), true), false),
    ];
    for ((minute, km, is_flagged), right) in table {
        assert_eq!(
            drive().goes_on(minute * MINUTE, km, is_flagged),
            right,
            "{minute} {km:?}"
        );
    }
}

#[test]
fn t2_a_summary_is_of_the_drive_that_it_ends() {
    let mut stopped = drive();
    stopped.stopped(sign(12, Cause::Moving(false)), true);
    for (minute, open, over) in [
        (-5, false, false),
        (8, false, false),
        (10, true, true),
        (12, true, true),
        (20, true, false),
    ] {
        let sums_up = [drive().sums_up(minute * MINUTE), stopped.sums_up(minute * MINUTE)];
        assert_eq!(sums_up, [open, over], "{minute}");
    }
}

#[test]
fn a_plug_in_hybrid_burns_fuel_and_its_places_have_names() {
    let told = |tank: &[(f64, f64)]| {
        let mut facts = vec![
            (0.0, What::Odometer(1_000.0)),
            (0.0, What::Soc(60.0, SocKey::Header)),
            (0.0, What::MaxEnergy(20.0)),
            (0.0, What::Latitude(48.1)),
            (0.0, What::Longitude(11.5)),
            (1.0, What::Moving(true)),
            (60.0, What::Odometer(1_060.0)),
            (60.0, What::Soc(10.0, SocKey::Header)),
            (60.0, What::Latitude(48.6)),
            (60.0, What::Longitude(11.5)),
            (60.0, What::Moving(false)),
        ];
        facts.extend(tank.iter().map(|(minute, litres)| (*minute, What::Fuel(*litres))));
        facts.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut rules = Rules::default();
        rules.places.push(Place {
            name: "home".into(),
            latitude: 48.1,
            longitude: 11.5,
            radius_m: 100.0,
        });
        let owner = VehicleRules {
            capacity_kwh: Some(16.0),
        };
        let mut fold = Trips::default();
        for (minute, what) in facts {
            fold.step(&fact(minute, what), &rules);
        }
        let by_car = fold.records(&vehicle(), &rules).remove(0);
        rules.vehicles.insert(vehicle().vin, owner);
        (by_car, fold.records(&vehicle(), &rules).remove(0))
    };
    let (trip, by_owner) = told(&[(0.0, 30.0), (61.0, 28.0)]);
    assert_eq!(trip.at.as_millisecond(), DAY);
    assert_eq!(
        (number(&trip, "energy_kwh"), number(&by_owner, "energy_kwh")),
        (Some(10.0), Some(8.0))
    );
    assert_eq!(number(&trip, "fuel_l"), Some(2.0));
    assert_eq!(column(&trip, "start_place"), Some(Value::Text("home".into())));
    assert_eq!(column(&trip, "end_place"), None);
    let energy = trip
        .evidence
        .iter()
        .find(|it| &*it.column == "energy_kwh")
        .unwrap();
    assert_eq!(
        (energy.interval, energy.cited.len()),
        (Some((49.0 * 19.5 / 100.0, 51.0 * 20.5 / 100.0)), 3)
    );
    let (refuelled, _) = told(&[(0.0, 30.0), (30.0, 29.0), (40.0, 45.0), (60.0, 44.0)]);
    assert_eq!(number(&refuelled, "fuel_l"), None);
}

/// Start and end latitude of each trip, in minutes and facts; nothing that moves comes behind the last.
fn latitudes(facts: &[(f64, What)]) -> Vec<(Option<f64>, Option<f64>)> {
    let mut fold = Trips::default();
    let later = (facts.last().unwrap().0 + 300.0, What::MaxEnergy(70.0));
    for (minute, what) in facts.iter().chain([&later]) {
        fold.step(&fact(*minute, what.clone()), &Rules::default());
    }
    let mut trips = fold.records(&vehicle(), &Rules::default());
    trips.retain(|record| record.kind.name == "trip");
    let ends = |trip| (number(trip, "start_latitude"), number(trip, "end_latitude"));
    trips.iter().map(ends).collect()
}

#[test]
fn t3_a_trip_ends_where_the_halves_say_that_were_measured_since_the_car_stands() {
    let told = |halt: f64| {
        latitudes(&[
            (0.0, What::Odometer(1_000.0)),
            (0.0, What::Latitude(48.4)),
            (0.0, What::Longitude(11.5)),
            (1.0, What::Moving(true)),
            (30.0, What::Latitude(48.5)),
            (30.0, What::Longitude(11.5)),
            (40.0, What::Latitude(48.6)),
            (halt, What::Moving(false)),
            (halt, What::Odometer(1_060.0)),
            (42.0, What::Longitude(11.7)),
        ])
    };
    assert_eq!(told(40.0), [(Some(48.4), Some(48.6))]);
    assert_eq!(told(41.0), [(Some(48.4), None)], "the car drove on behind it");
}

fn place(minute: f64, latitude: f64) -> [(f64, What); 2] {
    [
        (minute, What::Latitude(latitude)),
        (minute + 0.01, What::Longitude(11.5)),
    ]
}

#[test]
fn t3_a_place_that_was_told_too_early_is_told_once_the_car_says_it() {
    // The last place of the way, where it ended, and what is told hours later.
    let told = |last: f64, later: &[(f64, What)]| {
        let mut facts = vec![(0.0, What::Odometer(1_000.0)), (1.0, What::Moving(true))];
        facts.extend(place(last, 48.59));
        facts.extend([(30.0, What::Moving(false)), (30.1, What::Odometer(1_060.0))]);
        facts.extend_from_slice(later);
        latitudes(&facts).last().unwrap().1
    };
    assert_eq!(told(29.6, &[]), Some(48.59));
    assert_eq!(told(28.0, &[]), None);
    assert_eq!(told(28.0, &place(200.0, 48.6)), Some(48.6));
    assert_eq!(told(29.6, &place(200.0, 48.590_3)), Some(48.59), "33 m");
}

#[test]
fn t3_an_end_that_nobody_saw_is_none_where_the_next_drive_is_first_seen_elsewhere() {
    // The car drives on for some minutes behind its last word; the next drive is first seen at a latitude.
    let told = |first: f64, km: f64| {
        let mut facts = vec![(0.0, What::Odometer(1_000.0))];
        for step in 1..=5 {
            let minute = f64::from(step) * 3.0;
            facts.push((minute, What::Odometer(1_000.0 + f64::from(step) * 2.0)));
            facts.extend(place(minute, 48.0 + f64::from(step) * 0.018));
        }
        for step in 0..=4 {
            let minute = 300.0 + f64::from(step) * 3.0;
            facts.push((minute, What::Odometer(km + f64::from(step) * 2.0)));
            facts.extend(place(minute, first + f64::from(step) * 0.018));
        }
        latitudes(&facts)
    };
    let last = Some(48.17);
    assert_eq!(told(48.093, 1_010.0), [(None, Some(48.09)), (Some(48.09), last)]);
    let far = told(48.115, 1_013.0);
    assert_eq!(far[0].1, None);
    assert_eq!(far[1].0, None);
}

#[test]
fn t6_a_charge_of_before_it_was_charged_is_not_that_of_the_start() {
    let table = [
        (71.0, Some(71.0), Some(0.7)),
        (65.0, Some(65.0), Some(-3.5)),
        (25.0, None, None),
    ];
    for (before, start, kwh) in table {
        let record = super::scenes::trips([
            (-60.0, What::MaxEnergy(70.0)),
            (-60.0, What::Odometer(1_000.0)),
            (-60.0, What::Soc(before, SocKey::Header)),
            (0.0, What::Moving(true)),
            (20.0, What::Odometer(1_020.0)),
            (30.0, What::Moving(false)),
            (30.1, What::Soc(70.0, SocKey::Header)),
        ])
        .remove(0);
        let told = (number(&record, "soc_start"), number(&record, "energy_kwh"));
        assert_eq!(told, (start, kwh), "{before}");
        let why = record.evidence.iter().find(|why| &*why.column == "soc_start");
        assert_eq!(why.unwrap().note.is_empty(), start.is_some(), "{before}");
    }
}
