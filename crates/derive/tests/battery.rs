//! The battery of two years of BMW's charging history, through everything that stands before it.

#![expect(clippy::unwrap_used, reason = "the helpers of tests fail as tests do")]

use std::collections::BTreeMap;

use catalogue as _;
use collector_core::{Document, Entry, Origin, Record, RecordState, Snapshot, Value, Vehicle, document};
use derive::{Deriver, Rules};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use proptest as _;
use serde as _;
use serde_json::json;
use thiserror as _;

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
/// 2025-01-01T00:00:00Z.
const START: i64 = 1_735_689_600_000;

/// In kWh: 80 of them, and one less each half a year.
fn truth(day: i64) -> f64 {
    80.0 - day as f64 / 180.0
}

/// Every other day 45 to 75 % in four hours; a third of the sessions know what came to the battery.
fn session(index: i64) -> Document {
    let day = index * 2;
    let start = START + day * DAY + 18 * HOUR;
    let from = 12 + (index * 7) % 17;
    let to = from + 45 + (index * 11) % 27;
    let rise = (to - from) as f64 + ((index * 13) % 10) as f64 / 10.0 - 0.45;
    let battery = truth(day) * rise / 100.0;
    let mut json = json!({
        "startTime": start / 1_000, "endTime": (start + 4 * HOUR) / 1_000, "totalChargingDurationSec": 14_400,
        "displayedStartSoc": from, "displayedSoc": to, "energyConsumedFromPowerGridKwh": battery / 0.9,
        "mileage": 1_000 + index * 250, "mileageUnits": "KM",
    });
    if index % 3 == 0 {
        json["energyIncreaseHvbKwh"] = battery.round().into();
    }
    Document {
        name: document::CHARGING_SESSION.into(),
        at: Timestamp::from_millisecond(start).unwrap(),
        json: json.to_string().into(),
    }
}

/// Each session as BMW lists it a day later.
fn entries(sessions: i64) -> Vec<Entry> {
    let vehicle = Vehicle::named("WBY8P210X07A12345".parse().unwrap(), None);
    let entry = |index: i64| {
        let received = Timestamp::from_millisecond(START + (index * 2 + 1) * DAY + 20 * HOUR).unwrap();
        let mut snapshot = Snapshot::new(
            vehicle.clone(),
            "a".into(),
            "charging_history".into(),
            Origin::Poll,
            received,
        );
        snapshot.documents.push(session(index));
        Entry::snapshot_of(index as u64 + 1, snapshot)
    };
    (0..sessions).map(entry).collect()
}

/// The last telling of each record of a kind, by its key.
fn standing(told: &[Record], kind: &str) -> BTreeMap<String, Record> {
    let of_kind = told.iter().filter(|record| record.kind.name == kind);
    of_kind
        .map(|record| (format!("{:?}", record.key), record.clone()))
        .collect()
}

fn number(record: &Record, column: &str) -> Option<f64> {
    let mut columns = record.value_columns();
    match columns.find(|(known, _)| known.name == column)?.1? {
        Value::Number(number) => Some(*number),
        _ => None,
    }
}

#[test]
fn two_years_of_history_show_how_a_battery_ages_and_what_the_car_takes() {
    let rules = Rules {
        timezone: TimeZone::get("Europe/Berlin").unwrap(),
        ..Rules::default()
    };
    let mut deriver = Deriver::new(rules);
    let told: Vec<Record> = entries(365)
        .iter()
        .flat_map(|entry| deriver.fold(entry))
        .collect();
    let months = standing(&told, "battery_health");
    assert_eq!(months.len(), 24);
    let mut held = 0;
    for (index, month) in (0..).zip(months.values()) {
        let (low, high) = (
            number(month, "capacity_low_kwh").unwrap(),
            number(month, "capacity_high_kwh").unwrap(),
        );
        held += i32::from((low..=high).contains(&truth(index * 30 + 15)));
        assert!(number(month, "capacity_kwh").is_some(), "{month:?}");
        let is_last = index == 23;
        assert_eq!(month.state == RecordState::Live, is_last);
    }
    assert!(held >= 22, "{held} of 24 months hold the truth");
    let health = number(months.values().next_back().unwrap(), "health_percent").unwrap();
    assert!((94.0..98.0).contains(&health), "{health}");
    // 250 km between two charges, and a fall of the charge that comes to about 58 % in the mean.
    let consumption = standing(&told, "consumption");
    let year = consumption
        .iter()
        .rfind(|(key, _)| key.contains("365"))
        .unwrap()
        .1;
    let distance = number(year, "distance_km").unwrap();
    assert!((45_000.0..46_000.0).contains(&distance), "{distance}");
    let (low, high) = (
        number(year, "kwh_per_100_km_low").unwrap(),
        number(year, "kwh_per_100_km_high").unwrap(),
    );
    let used: f64 = (183..364)
        .map(|index| fall(index) / 100.0 * truth(index * 2))
        .sum();
    let expected = used / (181.0 * 250.0) * 100.0;
    assert!((low..=high).contains(&expected), "{low} {expected} {high}");
    // No month is told again without a reason: four to six sessions, and its end.
    let tellings = told
        .iter()
        .filter(|record| record.kind.name == "battery_health")
        .count();
    assert!(tellings < 24 * 20, "{tellings}");
}

/// Of the charge from the end of a session to the start of the next, in percent.
fn fall(index: i64) -> f64 {
    let soc = |index: i64, key: &str| {
        let json: serde_json::Value = serde_json::from_str(&session(index).json).unwrap();
        json[key].as_f64().unwrap()
    };
    soc(index, "displayedSoc") - soc(index + 1, "displayedStartSoc")
}
