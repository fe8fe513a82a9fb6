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
