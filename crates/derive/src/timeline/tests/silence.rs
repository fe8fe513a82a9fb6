//! What has ended in silence is told with any entry of the account that comes behind it.

use collector_core::{Entry, RecordState};

use super::*;
use crate::Deriver;

const MINUTE: i64 = 60_000;
const OTHER: &str = "WBY31AW090FP54321";

fn of(vin: &str, account: &str, minute: i64, km: f64, measured: i64) -> Snapshot {
    let at = START + measured * MINUTE;
    let mut snapshot = entry(
        START + minute * MINUTE,
        vec![reading(ODOMETER, Value::Number(km), at)],
    );
    snapshot.vehicle = Vehicle::named(vin.parse().unwrap(), None);
    snapshot.account = account.into();
    snapshot
}

fn poll(at: i64, name: &str, number: f64) -> Snapshot {
    let mut snapshot = entry(at, vec![reading(name, Value::Number(number), at)]);
    snapshot.origin = Origin::Poll;
    snapshot
}

/// A drive of the one car until minute 9, and then what comes. Of each entry behind that, the states of the trips that it
/// tells; the state is stored and restored before each.
fn states(later: &[Snapshot]) -> Vec<Vec<RecordState>> {
    let vin = vehicle().vin;
    let drive = (0..4).map(|step| of(vin.as_str(), "a", 3 * step, 1_000.0 + 3.0 * step as f64, 3 * step));
    let other = [of(OTHER, "a", 10, 5.0, 10), of(OTHER, "b", 10, 5.0, 10)];
    let first: Vec<_> = drive.chain(other).collect();
    let mut deriver = Deriver::new(Rules::default());
    let mut told = Vec::new();
    for (seq, snapshot) in (1..).zip(first.iter().chain(later)) {
        deriver = Deriver::restore(Rules::default(), &deriver.state()).unwrap();
        let records = deriver.fold(&Entry::snapshot_of(seq, snapshot.clone()));
        let trips = records.into_iter().filter(|record| record.kind.name == "trip");
        told.push(trips.map(|trip| trip.state).collect());
    }
    told.split_off(first.len())
}

#[test]
fn a_silent_drive_is_over_with_an_entry_of_another_car_of_its_account() {
    let other = |account, minute| of(OTHER, account, minute, 5.0, minute);
    let told = states(&[
        other("a", 30),
        other("a", 53),
        other("b", 60),
        other("a", 70),
        other("a", 200),
    ]);
    let none = Vec::new;
    assert_eq!(
        told,
        [
            vec![RecordState::Live],
            none(),
            none(),
            vec![RecordState::Final],
            none()
        ]
    );
}

#[test]
fn a_silent_drive_is_over_with_a_repeat() {
    let told = states(&[of(vehicle().vin.as_str(), "a", 70, 1_009.0, 9)]);
    assert_eq!(told[0].last(), Some(&RecordState::Final));
}

#[test]
fn what_comes_late_belongs_to_it() {
    let vin = vehicle().vin;
    let told = states(&[
        of(OTHER, "a", 70, 5.0, 70),
        of(vin.as_str(), "a", 71, 1_040.0, 50),
        of(OTHER, "a", 120, 5.0, 120),
    ]);
    assert_eq!(told[0], [RecordState::Final]);
    assert_eq!(told[2], [RecordState::Final], "ended later");
}

#[test]
fn while_a_burst_goes_on_no_time_passes() {
    let vin = vehicle().vin;
    let told = states(&[
        of(vin.as_str(), "a", 70, 1_012.0, 12),
        of(vin.as_str(), "a", 70, 1_012.0, 12),
        of(OTHER, "a", 70, 5.0, 70),
        of(OTHER, "a", 71, 5.0, 71),
    ]);
    assert_eq!(told[1..], [vec![], vec![], vec![RecordState::Final]]);
}

#[test]
fn what_was_held_back_is_told_with_an_entry_that_says_nothing_new() {
    let poll = |minute, km| poll(START + minute * MINUTE, ODOMETER, km);
    let [first, second] = [poll(0, 1_000.0), poll(1, 1_001.0)];
    let told = |until: i64| {
        let later = entry(START + until * MINUTE, Vec::new());
        told(&[first.clone(), second.clone(), later]).len()
    };
    assert_eq!((told(5), told(6)), (1, 2));
}

#[test]
fn a_month_ends_with_any_fact_behind_it() {
    let energy = "vehicle.drivetrain.batteryManagement.maxEnergy";
    let days = [0, 1, 40];
    let names = [energy, ODOMETER, ODOMETER];
    let entries = days
        .iter()
        .zip(names)
        .map(|(day, name)| poll(START + day * DAY, name, 70.0 + *day as f64));
    let mut deriver = Deriver::new(Rules::default());
    let entries = (1..)
        .zip(entries)
        .map(|(seq, snapshot)| Entry::snapshot_of(seq, snapshot));
    let told: Vec<_> = entries.flat_map(|entry| deriver.fold(&entry)).collect();
    let health = told.iter().filter(|it| it.kind.name == "battery_health");
    let ended = health.filter(|it| it.state == RecordState::Final).count();
    assert_eq!(ended, 1);
}
