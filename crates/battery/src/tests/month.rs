//! B3: months, health, and what is not known yet.

use collector_core::{Record, RecordState};

use super::{DAY, Session, of, rules, told, vehicle};
use crate::{BATTERY_HEALTH, Battery};
use facts::Rules;
use facts::row::{number, text};
use facts::rules::VehicleRules;

/// Four sessions a month of a battery that holds so many kWh, from the n-th month on.
fn month(index: i64, capacity: f64) -> Vec<Session> {
    let days = [3, 9, 15, 21].map(|day| index * 30 + day + index / 2);
    days.map(|day| Session::on(day, 20.0, 80.0, capacity * 0.6))
        .into()
}

#[test]
fn b3_health_is_told_against_the_first_half_year_and_never_against_the_best_month() {
    let rules = rules();
    let mut battery = Battery::default();
    let mut last = Vec::new();
    let mut all: Vec<Record> = Vec::new();
    for (index, capacity) in (0..).zip([74.0, 75.0, 76.0, 75.0, 75.0, 75.0, 75.0, 78.0, 72.0]) {
        told(&mut battery, &month(index, capacity), &rules);
        last = battery.records(&vehicle(), &rules);
        all.extend(last.clone());
    }
    let health = |records: &[Record], month: &str| {
        of(records, "battery_health", month, 0.0).and_then(|record| number(record, "health_percent"))
    };
    assert_eq!(health(&last, "2026-09").map(f64::round), Some(96.0));
    assert_eq!(health(&all, "2026-08").map(f64::round), Some(104.0));
    assert_eq!(health(&all, "2026-01").map(f64::round), Some(100.0));
    let august = all.iter().rev().cloned().collect::<Vec<_>>();
    let august = of(&august, "battery_health", "2026-08", 0.0).unwrap();
    assert_eq!(august.state, RecordState::Final);
    assert_eq!(
        of(&last, "battery_health", "2026-09", 0.0).unwrap().state,
        RecordState::Live
    );
    let owner = Rules {
        vehicles: [(
            vehicle().vin,
            VehicleRules {
                capacity_kwh: Some(80.0),
            },
        )]
        .into(),
        ..rules
    };
    let mut battery = Battery::default();
    told(&mut battery, &month(0, 76.0), &owner);
    assert_eq!(
        health(&battery.records(&vehicle(), &owner), "2026-01").map(f64::round),
        Some(95.0)
    );
}

#[test]
fn b3_what_is_not_known_yet_is_learning() {
    let rules = rules();
    let mut battery = Battery::default();
    let estimated = Session {
        battery: None,
        ..Session::on(1, 20.0, 80.0, 0.0)
    };
    told(&mut battery, &[estimated], &rules);
    let records = battery.records(&vehicle(), &rules);
    let record = of(&records, "battery_health", "2026-01", 0.0).unwrap();
    assert_eq!(text(record, "note"), Some("learning, 0 of 10"));
    assert_eq!(
        (number(record, "sessions"), number(record, "capacity_kwh")),
        (Some(0.0), None)
    );
    let why = record.evidence.iter().find(|why| &*why.rule == "B2").unwrap();
    assert!(
        why.note
            .ends_with("left out: 1 without energy measured at the battery"),
        "{}",
        why.note
    );
    // A small rise says little; then more sessions say enough.
    told(&mut battery, &[Session::on(2, 20.0, 40.0, 15.0)], &rules);
    let records = battery.records(&vehicle(), &rules);
    let record = of(&records, "battery_health", "2026-01", 0.0).unwrap();
    assert_eq!(text(record, "note"), Some("learning, 1 of 10"));
    assert_eq!(
        (number(record, "capacity_kwh"), number(record, "health_percent")),
        (None, None)
    );
    assert!(number(record, "capacity_low_kwh").is_some_and(|low| low < 75.0));
    told(&mut battery, &month(0, 75.0), &rules);
    let records = battery.records(&vehicle(), &rules);
    let record = of(&records, "battery_health", "2026-01", 0.0).unwrap();
    assert_eq!(
        (text(record, "note"), number(record, "sessions")),
        (Some("shown"), Some(5.0))
    );
    assert_eq!(number(record, "capacity_kwh"), Some(75.0));
}

#[test]
fn b3_a_session_counts_once_whatever_is_told_of_it_and_not_at_all_when_it_is_withdrawn() {
    let rules = rules();
    let mut battery = Battery::default();
    let sessions = month(0, 75.0);
    told(&mut battery, &sessions, &rules);
    let before = battery.records(&vehicle(), &rules);
    told(&mut battery, &sessions, &rules);
    assert_eq!(battery.records(&vehicle(), &rules), before);
    let mut gone = sessions[0].record();
    gone.state = RecordState::Withdrawn;
    battery.told(&gone, &rules);
    let records = battery.records(&vehicle(), &rules);
    let record = of(&records, "battery_health", "2026-01", 0.0).unwrap();
    assert_eq!(number(record, "sessions"), Some(3.0));
    for session in &sessions {
        let mut gone = session.record();
        gone.state = RecordState::Withdrawn;
        battery.told(&gone, &rules);
    }
    let records = battery.records(&vehicle(), &rules);
    let [record] = records.as_slice() else {
        panic!("{records:?}");
    };
    assert_eq!(
        (record.kind, record.state),
        (&BATTERY_HEALTH, RecordState::Withdrawn)
    );
    assert_eq!(battery.records(&vehicle(), &rules), []);
}

#[test]
fn a_state_that_was_stored_goes_on_as_if_it_never_had_been() {
    let rules = rules();
    let (mut running, mut stored) = (Battery::default(), Battery::default());
    let mut odometer = 0.0;
    for index in 0..8 {
        for mut session in month(index, 75.3 - 0.1 * index as f64) {
            odometer += 300.0;
            session.odometer = Some(odometer);
            let later = super::moving(session.start + 3 * DAY);
            for battery in [&mut running, &mut stored] {
                battery.told(&session.record(), &rules);
            }
            for is_later in [false, true] {
                let json = serde_json::to_string(&stored).unwrap();
                stored = serde_json::from_str(&json).unwrap();
                for battery in [&mut running, &mut stored].into_iter().filter(|_| is_later) {
                    battery.step(&later, &rules);
                }
                let records = running.records(&vehicle(), &rules);
                assert_eq!(records, stored.records(&vehicle(), &rules));
            }
        }
    }
    let records = running.records(&vehicle(), &rules);
    assert!(of(&records, "consumption", "2026-08", 90.0).is_some());
}
