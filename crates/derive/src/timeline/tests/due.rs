//! When records are looked at.

use super::super::due::Due;
use super::*;
use crate::fact::{Charging, Key, SocKey};

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;

/// Facts of one message each: at which second it came, and what it says. Which of them were looked at as they came, by
/// their seconds, and before which of them what waited was.
fn looks(facts: &[(i64, What)]) -> (Vec<i64>, Vec<i64>) {
    let mut due = Due::default();
    let (mut at_once, mut before) = (Vec::new(), Vec::new());
    for (second, what) in facts {
        let at = START + second * SECOND;
        before.extend(due.look_before(at).map(|_| *second));
        due.came(&fact(at, what.clone()), false);
        at_once.extend(due.look(at).map(|_| *second));
    }
    (at_once, before)
}

fn fact(at: i64, what: What) -> Fact {
    let key = match what {
        What::Odometer(_) => ODOMETER,
        What::Soc(..) => "vehicle.drivetrain.batteryManagement.header",
        What::Power(_) => "vehicle.powertrain.electric.battery.charging.power",
        What::Charging(_) => "vehicle.drivetrain.electricEngine.charging.status",
        _ => "vehicle.cabin.door.status",
    };
    Fact {
        at,
        seq: 1,
        received_at: at,
        requested: false,
        key: Key::of(key).unwrap(),
        what,
    }
}

fn soc(percent: f64) -> What {
    What::Soc(percent, SocKey::Header)
}

#[test]
fn numbers_are_looked_at_when_their_burst_is_over() {
    let drive: Vec<_> = (0..4)
        .flat_map(|burst| {
            let km = f64::from(burst);
            let at = i64::from(burst) * 180;
            [(at, What::Odometer(km)), (at + 1, soc(50.0 - km))]
        })
        .collect();
    assert_eq!(looks(&drive), (vec![], vec![180, 540]));
}

#[test]
fn a_silence_begins_with_nothing_that_waits() {
    let facts = [
        (0, soc(50.0)),
        (9 * 3_600, soc(49.0)),
        (9 * 3_600 + 1, What::Odometer(1.0)),
    ];
    assert_eq!(looks(&facts), (vec![], vec![9 * 3_600]));
}

#[test]
fn a_flow_without_a_pause_is_looked_at_every_five_minutes() {
    let flow: Vec<_> = (0..70)
        .map(|n| (n * 10, What::Power(11.0 + f64::from(n as i32))))
        .collect();
    assert_eq!(
        looks(&flow),
        (vec![0, 310, 620], vec![]),
        "the first begins to flow"
    );
}

#[test]
fn what_opens_or_closes_is_looked_at_at_once_and_what_follows_with_it() {
    let locked = [
        (0, soc(50.0)),
        (1, What::Locked(true)),
        (2, What::Odometer(7.0)),
        (3, soc(49.0)),
        (4, soc(49.0)),
        (5, What::Locked(true)),
        (100, soc(48.0)),
    ];
    assert_eq!(looks(&locked), (vec![1, 2, 3], vec![]), "a repeat is no news");
}

#[test]
fn a_switch_of_the_charging_is_told_apart_once() {
    let mut due = Due::default();
    due.came(&fact(START, What::Charging(Charging::Active)), false);
    assert_eq!(due.look(START), Some(true));
    due.came(&fact(START + MINUTE, What::Locked(true)), false);
    assert_eq!(due.look(START + MINUTE), Some(false));
}

#[test]
fn a_poll_is_looked_at_where_it_brings_something_new() {
    let mut due = Due::default();
    due.came(&fact(START, soc(50.0)), true);
    assert_eq!(due.look(START), Some(false));
    due.came(&fact(START + MINUTE, soc(50.0)), true);
    assert_eq!(due.look(START + MINUTE), None);
}
