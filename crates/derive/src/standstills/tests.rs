//! Standstills of scenes.

use collector_core::RecordState;

use super::*;
use crate::fact::{SocKey, What};
use crate::trips::Trips;
use crate::trips::sense::Seen;
use crate::trips::tests::scenes::{MINUTE, column, fact, number, vehicle};
use crate::{Fold, Rules};

fn soc(hour: f64, percent: f64) -> crate::trips::sense::Soc {
    Seen {
        at: (hour * 60.0 * MINUTE as f64) as i64,
        seq: 1,
        key: crate::fact::Key::default(),
        value: (percent, SocKey::Header),
    }
}

#[test]
fn v1_a_fall_counts_from_six_hours_and_as_a_number_from_twelve() {
    let drained = |hours: f64, fall: f64| {
        let part = Part {
            first: soc(0.0, 80.0),
            last: soc(hours, 80.0 - fall),
        };
        drain(&part, &Drives::default())
            .map(|(a_day, is_long)| ((a_day.low, a_day.value, a_day.high), is_long))
    };
    let table = [
        (5.9, 1.0, None),
        (6.0, 1.0, Some(((0.0, 4.0, 8.0), false))),
        (12.0, 1.0, Some(((0.0, 2.0, 4.0), true))),
        (48.0, 2.0, Some(((0.5, 1.0, 1.5), true))),
        // Warmer in the morning.
        (24.0, -1.0, Some(((-2.0, -1.0, 0.0), true))),
        // Charged where nobody saw it.
        (24.0, -20.0, None),
    ];
    for (hours, fall, right) in table {
        assert_eq!(drained(hours, fall), right, "{hours} h, {fall} %");
    }
}

fn standstills(between: &[(f64, What)]) -> Vec<Record> {
    let drive = |hour: f64, km: f64, percent: f64| {
        [
            (hour, What::Moving(true)),
            (hour + 0.5, What::Odometer(km)),
            (hour + 0.5, What::Soc(percent, SocKey::Header)),
            (hour + 0.5, What::Moving(false)),
        ]
    };
    let mut facts = vec![
        (-1.0, What::Odometer(1_000.0)),
        (-1.0, What::Soc(90.0, SocKey::Header)),
    ];
    facts.extend(drive(0.0, 1_020.0, 85.0));
    facts.extend(between.iter().cloned());
    facts.extend(drive(24.5, 1_040.0, 70.0));
    let mut fold = Trips::default();
    for (hour, what) in facts {
        fold.step(&fact(hour * 60.0, what), &Rules::default());
    }
    standstills_of(&fold)
}

fn standstills_of(fold: &Trips) -> Vec<Record> {
    let mut records = fold.records(&vehicle(), &Rules::default());
    records.retain(|record| record.kind.name == "standstill");
    records
}

fn percent(hour: f64, percent: f64) -> (f64, What) {
    (hour, What::Soc(percent, SocKey::Header))
}

#[test]
fn the_charge_falls_from_one_drive_to_the_next() {
    let records = standstills(&[percent(24.4, 83.0)]);
    let [record] = &records[..] else {
        panic!("{records:#?}")
    };
    assert_eq!(record.state, RecordState::Final);
    assert_eq!(
        (number(record, "soc_start"), number(record, "soc_end")),
        (Some(85.0), Some(83.0))
    );
    assert_eq!(number(record, "drain_percent_per_day"), Some(2.01));
    assert_eq!(
        (number(record, "drain_low"), number(record, "drain_high")),
        (Some(1.0), Some(3.01))
    );
    assert_eq!(column(record, "plugged"), Some(Value::Bool(false)));
}

#[test]
fn what_was_told_on_the_way_is_no_charge_of_standing() {
    for (told, low) in [(30.0, Some(1.0)), (29.6, Some(1.0)), (25.0, Some(0.0))] {
        let facts = [
            (-60.0, What::Odometer(1_000.0)),
            (0.0, What::Moving(true)),
            (20.0, What::Odometer(1_020.0)),
            (told, What::Soc(85.0, SocKey::Header)),
            (30.0, What::Moving(false)),
            (750.0, What::Soc(84.0, SocKey::Header)),
            (1_470.0, What::Soc(83.0, SocKey::Header)),
            (1_471.0, What::Moving(true)),
            (1_490.0, What::Odometer(1_040.0)),
        ];
        let mut fold = Trips::default();
        for (minute, what) in facts {
            fold.step(&fact(minute, what), &Rules::default());
        }
        let records = standstills_of(&fold);
        assert_eq!(number(&records[0], "soc_start"), Some(85.0), "{told}");
        assert_eq!(number(&records[0], "drain_low"), low, "{told}");
    }
}

#[test]
fn the_plug_and_conditioning_are_taken_out() {
    let records = standstills(&[
        percent(10.5, 84.0),
        (10.6, What::Plugged(true)),
        percent(20.0, 100.0),
        (20.1, What::Plugged(false)),
        percent(20.2, 100.0),
        (23.9, What::Preconditioning(true)),
        percent(24.4, 95.0),
    ]);
    let record = &records[0];
    assert_eq!(column(record, "plugged"), Some(Value::Bool(true)));
    assert_eq!(
        (number(record, "soc_start"), number(record, "soc_end")),
        (Some(85.0), Some(95.0))
    );
    assert_eq!(number(record, "drain_percent_per_day"), None, "ten hours");
    assert_eq!(
        (number(record, "drain_low"), number(record, "drain_high")),
        (Some(0.0), Some(4.8))
    );
}

/// A car without flags and doors drives to work, is silent there, and drives home. What is told first behind the silence.
fn silent_at_work(first: &[(f64, What)]) -> (Vec<Record>, Vec<Record>) {
    let mut fold = Trips::default();
    let drive = |hour: f64, step: i32| {
        let share = f64::from(step) / 10.0;
        (hour + share / 2.0, share)
    };
    let mut facts = vec![(-1.0, What::Odometer(1_000.0)), percent(-1.0, 80.0)];
    for step in 1..=10 {
        let (hour, share) = drive(0.0, step);
        facts.extend([
            (hour, What::Odometer(1_000.0 + 20.0 * share)),
            percent(hour, 80.0 - 5.0 * share),
        ]);
        facts.extend(place(hour, 48.0 + 0.2 * share));
    }
    facts.push(percent(6.5, 74.0));
    facts.extend(first.iter().cloned());
    for step in 1..=10 {
        let (hour, share) = drive(9.0, step);
        facts.extend([
            (hour, What::Odometer(1_020.0 + 20.0 * share)),
            percent(hour, 74.0 - 5.0 * share),
        ]);
        facts.extend(place(hour, 48.2 - 0.2 * share));
    }
    for (hour, what) in facts {
        fold.step(&fact(hour * 60.0, what), &Rules::default());
    }
    let records = fold.records(&vehicle(), &Rules::default());
    records.into_iter().partition(|record| record.kind.name == "trip")
}

fn place(hour: f64, latitude: f64) -> [(f64, What); 2] {
    let second = 1.0 / 3_600.0;
    [
        (hour + second, What::Latitude(latitude)),
        (hour + 2.0 * second, What::Longitude(11.5)),
    ]
}

#[test]
fn a_silence_between_two_drives_is_a_standstill_whatever_ends_it() {
    let [latitude, longitude] = place(9.0, 48.2);
    let [away, beside] = place(9.0, 48.202);
    let odometer = (9.0, What::Odometer(1_020.0));
    let table: [&[(f64, What)]; 5] = [
        &[],
        std::slice::from_ref(&odometer),
        &[odometer.clone(), latitude.clone(), longitude.clone()],
        &[latitude, longitude],
        &[odometer.clone(), away, beside],
    ];
    for first in table {
        let (trips, standstills) = silent_at_work(first);
        let km: Vec<_> = trips.iter().map(|trip| number(trip, "distance_km")).collect();
        assert_eq!(km, [Some(20.0), Some(20.0)], "{first:?}");
        let [standstill] = &standstills[..] else {
            panic!("{first:?}: {standstills:#?}")
        };
        let begins = column(&trips[0], "end_at").unwrap();
        assert_eq!(standstill.key[0], begins, "{first:?}");
        assert_eq!(
            column(standstill, "end_at").unwrap(),
            trips[1].key[0],
            "{first:?}"
        );
        let charge = (number(standstill, "soc_start"), number(standstill, "soc_end"));
        assert_eq!(charge, (Some(75.0), Some(74.0)), "{first:?}");
        let why = "half steps of a car that shows such, over six hours";
        assert_eq!(number(standstill, "drain_low"), Some(2.0), "{why}");
    }
}

#[test]
fn what_goes_on_is_told_once_a_day() {
    let mut fold = Trips::default();
    let mut told = Vec::new();
    let mut facts = vec![
        (-1.0, What::Odometer(1_000.0)),
        (-0.5, What::Moving(true)),
        (0.0, What::Odometer(1_020.0)),
        (0.0, What::Moving(false)),
    ];
    facts.extend((0..96).map(|hour| percent(f64::from(hour), 80.0 - f64::from(hour) / 10.0)));
    for (hour, what) in facts {
        fold.step(&fact(hour * 60.0, what), &Rules::default());
        let records = standstills_of(&fold);
        told.extend(records.into_iter().map(|record| record.values));
    }
    told.dedup();
    assert!((4..=5).contains(&told.len()), "{}", told.len());
}
