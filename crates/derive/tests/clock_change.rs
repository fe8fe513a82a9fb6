//! The nights in which clocks are changed: what drove or stood through one lasted as long as it lasted, and a month is that of
//! the owner's clock.

#![expect(clippy::unwrap_used, reason = "the helpers of tests fail as tests do")]

use std::collections::BTreeMap;

use collector_core::{
    Document, Entry, Origin, Reading, Record, RecordState, Snapshot, Value, Vehicle, document,
};
use derive::{Deriver, Rules};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use proptest as _;
use serde as _;
use serde_json::json;
use thiserror as _;

const MOVING: &str = "vehicle.isMoving";
const ODOMETER: &str = "vehicle.vehicle.travelledDistance";
const SOC: &str = "vehicle.drivetrain.batteryManagement.header";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn rules(timezone: &str) -> Rules {
    Rules {
        timezone: TimeZone::get(timezone).unwrap(),
        ..Rules::default()
    }
}

fn snapshot(received_at: Timestamp) -> Snapshot {
    let vehicle = Vehicle::named("WBY8P210X07A12345".parse().unwrap(), None);
    Snapshot::new(vehicle, "a".into(), "s".into(), Origin::Stream, received_at)
}

/// The records that stand when all of these came.
fn derived(snapshots: Vec<Snapshot>, timezone: &str) -> Vec<Record> {
    let mut deriver = Deriver::new(rules(timezone));
    let mut standing = BTreeMap::new();
    for (seq, snapshot) in (1..).zip(snapshots) {
        for record in deriver.fold(&Entry::snapshot_of(seq, snapshot)) {
            standing.insert(format!("{} {:?}", record.kind.name, record.key), record);
        }
    }
    let mut records: Vec<_> = standing.into_values().collect();
    records.retain(|record| record.state != RecordState::Withdrawn);
    records.sort_by_key(|record| record.at);
    records
}

/// A drive of 20 km that takes 5 %, as a car with flags tells it.
fn drive(from: Timestamp, to: Timestamp, km: f64, soc: f64) -> Vec<(Timestamp, &'static str, Value)> {
    vec![
        (from, MOVING, Value::Bool(true)),
        (from, ODOMETER, Value::Number(km)),
        (from, SOC, Value::Number(soc)),
        (to, ODOMETER, Value::Number(km + 20.0)),
        (to, SOC, Value::Number(soc - 5.0)),
        (to, MOVING, Value::Bool(false)),
    ]
}

/// Two drives, between which the charge falls by 2 %, and a silence in which the second ends.
fn told(first: (&str, &str), second: (&str, &str)) -> Vec<Snapshot> {
    let mut told = drive(at(first.0), at(first.1), 1_000.0, 80.0);
    told.extend(drive(at(second.0), at(second.1), 1_020.0, 73.0));
    let later = [1, 4, 8].map(|hours| at(second.1) + SignedDuration::from_hours(hours));
    told.extend(later.map(|at| (at, SOC, Value::Number(68.0))));
    let one = |(at, name, value): (Timestamp, &str, Value)| {
        let known = catalogue::find(name).unwrap();
        let reading = Reading::new(known.to_descriptor(), value, known.unit.clone(), at);
        snapshot(at + SignedDuration::from_secs(1)).with(vec![reading], Vec::new())
    };
    told.into_iter().map(one).collect()
}

fn of<'r>(records: &'r [Record], kind: &str) -> Vec<&'r Record> {
    let of_kind = records.iter().filter(|record| record.kind.name == kind);
    of_kind.collect()
}

fn value<'r>(record: &'r Record, column: &str) -> Option<&'r Value> {
    let mut columns = record.value_columns();
    columns.find(|(known, _)| known.name == column)?.1
}

/// From the start of a record to its end.
fn minutes(record: &Record) -> i64 {
    let (Value::Timestamp(from), Some(Value::Timestamp(to))) = (&record.key[0], value(record, "end_at"))
    else {
        panic!("it has no end: {record:?}")
    };
    to.duration_since(*from).as_mins()
}

/// Who drives through the change, and who stands from evening to evening, by the clock on the wall in Berlin.
#[test]
fn what_lasts_through_a_change_of_the_clock_lasts_as_long_as_it_lasts() {
    for (change, trip, evenings, hours, a_day) in [
        (
            "none",
            ("2026-03-22T01:40:00+01:00", "2026-03-22T02:20:00+01:00"),
            ("2026-03-21T18:30:00+01:00", "2026-03-22T18:30:00+01:00"),
            24,
            2.0,
        ),
        (
            "an hour is missing",
            ("2026-03-29T01:40:00+01:00", "2026-03-29T03:20:00+02:00"),
            ("2026-03-28T18:30:00+01:00", "2026-03-29T18:30:00+02:00"),
            23,
            2.086_957,
        ),
        (
            "an hour comes twice",
            ("2026-10-25T02:40:00+02:00", "2026-10-25T02:20:00+01:00"),
            ("2026-10-24T18:30:00+02:00", "2026-10-25T18:30:00+01:00"),
            25,
            1.92,
        ),
    ] {
        for timezone in ["Europe/Berlin", "UTC"] {
            let scene = format!("{change}, {timezone}");
            let early = at(trip.0) - SignedDuration::from_hours(9);
            let before = (
                early.to_string(),
                (early + SignedDuration::from_mins(30)).to_string(),
            );
            let records = derived(told((&before.0, &before.1), trip), timezone);
            let trips = of(&records, "trip");
            assert_eq!(
                trips.iter().map(|trip| minutes(trip)).collect::<Vec<_>>(),
                [30, 40],
                "{scene}"
            );
            assert_eq!(trips[1].key[0], Value::Timestamp(at(trip.0)), "{scene}");

            let before = (at(evenings.0) - SignedDuration::from_mins(30)).to_string();
            let after = (at(evenings.1) + SignedDuration::from_mins(30)).to_string();
            let records = derived(told((&before, evenings.0), (evenings.1, &after)), timezone);
            let standstill = of(&records, "standstill")[0];
            assert_eq!(minutes(standstill), hours * 60, "{scene}");
            let drain = value(standstill, "drain_percent_per_day");
            assert_eq!(drain, Some(&Value::Number(a_day)), "{scene}");
        }
    }
}

/// Half an hour at night, listed a day later.
fn session(start: &str) -> Snapshot {
    let start = at(start);
    let from = start.as_second();
    let mut snapshot = snapshot(start + SignedDuration::from_hours(24));
    let json = json!({
        "startTime": from, "endTime": from + 1_800, "displayedStartSoc": 20, "displayedSoc": 70,
        "energyConsumedFromPowerGridKwh": 44.0, "energyIncreaseHvbKwh": 40,
    });
    snapshot.documents = vec![Document {
        name: document::CHARGING_SESSION.into(),
        at: start,
        json: json.to_string().into(),
    }];
    snapshot
}

/// By the offset of winter all year, or by that of summer, one of these would be wrong.
#[test]
fn a_month_of_the_battery_is_that_of_the_clock_of_its_owner() {
    for (start, timezone, month) in [
        ("2026-02-28T22:10:00Z", "Europe/Berlin", "2026-02"),
        ("2026-02-28T23:10:00Z", "Europe/Berlin", "2026-03"),
        ("2026-03-31T21:10:00Z", "Europe/Berlin", "2026-03"),
        ("2026-03-31T22:10:00Z", "Europe/Berlin", "2026-04"),
        ("2026-03-31T22:10:00Z", "UTC", "2026-03"),
        ("2026-10-31T22:10:00Z", "Europe/Berlin", "2026-10"),
        ("2026-10-31T23:10:00Z", "Europe/Berlin", "2026-11"),
        ("2026-10-31T23:10:00Z", "UTC", "2026-10"),
    ] {
        let records = derived(vec![session(start)], timezone);
        let health = of(&records, "battery_health");
        let months: Vec<_> = health.iter().map(|record| record.key[0].to_string()).collect();
        assert_eq!(months, [month], "{start}, {timezone}");
    }
}
