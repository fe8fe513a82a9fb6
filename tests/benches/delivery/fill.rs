//! A journal full of what a car might have sent.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use collector::state::OpenState;
use collector_core::{Origin, RawReading, RawSnapshot, Vin};
use jiff::Timestamp;
use journal::Log;
use serde_json::value::RawValue;

/// A descriptor, its unit, and its value at a number.
type Described = (&'static str, &'static str, fn(usize) -> String);

/// What a poll of the battery brings, with how its value depends on the number of the poll.
const DESCRIPTORS: [Described; 10] = [
    ("vehicle.drivetrain.batteryManagement.header", "%", |n| {
        (n % 101).to_string()
    }),
    ("vehicle.drivetrain.electricEngine.charging.acVoltage", "V", |n| {
        (220 + n % 20).to_string()
    }),
    ("vehicle.drivetrain.electricEngine.charging.acAmpere", "A", |n| {
        (n % 17).to_string()
    }),
    ("vehicle.powertrain.electric.battery.charging.power", "W", |n| {
        (n * 37 % 11_000).to_string()
    }),
    ("vehicle.drivetrain.totalRemainingRange", "km", |n| {
        (n % 412).to_string()
    }),
    ("vehicle.vehicle.travelledDistance", "km", |n| {
        format!("{}.{}", 40_000 + n / 10, n % 10)
    }),
    (
        "vehicle.trip.segment.end.drivetrain.batteryManagement.hvSoc",
        "percent",
        |n| format!("{}.5", n % 100),
    ),
    ("vehicle.isMoving", "", |n| {
        if n % 2 == 0 { "ASN_isTrue" } else { "ASN_isFalse" }.to_owned()
    }),
    ("vehicle.drivetrain.electricEngine.charging.status", "", |n| {
        ["NOCHARGING", "CHARGINGACTIVE", "CHARGINGENDED"][n % 3].to_owned()
    }),
    (
        "vehicle.drivetrain.electricEngine.charging.phaseNumber",
        "",
        |n| ["1-PHASES", "3-PHASES"][n % 2].to_owned(),
    ),
];

/// Readings of one poll: each descriptor at three moments.
const READINGS_A_POLL: usize = 30;
/// 2024-01-01T00:00:00Z
const BEGIN: i64 = 1_704_067_200_000;

pub struct Filled {
    pub took: Duration,
    pub bytes: u64,
}

/// Appends `readings` readings to the journal in `folder`.
pub async fn journal(folder: &Path, readings: usize) -> Filled {
    let journal = OpenState::open(folder).unwrap().journal;
    let began = Instant::now();
    let polls = readings / READINGS_A_POLL + usize::from(!readings.is_multiple_of(READINGS_A_POLL));
    let (account, source): (Arc<str>, Arc<str>) = ("home".into(), "telematics".into());
    // As many at a time as share one commit.
    for group in (0..polls).collect::<Vec<_>>().chunks(200) {
        let mut appends = tokio::task::JoinSet::new();
        for &poll in group {
            let size = READINGS_A_POLL.min(readings - poll * READINGS_A_POLL);
            let (journal, account, source) = (journal.clone(), account.clone(), source.clone());
            appends.spawn(async move {
                journal
                    .append(account, source, [snapshot(poll, size)].into())
                    .await
                    .unwrap()
            });
        }
        while let Some(appended) = appends.join_next().await {
            assert_eq!(appended.unwrap()[0].repeats, 0, "each reading is new");
        }
    }
    let took = began.elapsed();
    let bytes = std::fs::metadata(journal.path()).unwrap().len();
    Filled { took, bytes }
}

fn snapshot(poll: usize, size: usize) -> RawSnapshot {
    let vin: Vin = if poll.is_multiple_of(2) {
        "WBY8P210X07A12345"
    } else {
        "WBA11AA0001234567"
    }
    .parse()
    .unwrap();
    // Every quarter of an hour, so that a million readings are a year.
    let at = BEGIN + i64::try_from(poll).unwrap() * 900_000;
    let readings = (0..size).map(|index| {
        let (descriptor, unit, value) = DESCRIPTORS[index % DESCRIPTORS.len()];
        let moment = index / DESCRIPTORS.len();
        let measured_at = time(at + i64::try_from(moment).unwrap() * 60_000);
        let value = value(poll + moment);
        let unit = if unit.is_empty() {
            "null".to_owned()
        } else {
            format!("\"{unit}\"")
        };
        let body = format!(r#"{{"timestamp":"{measured_at:.3}","unit":{unit},"value":"{value}"}}"#);
        RawReading {
            descriptor: descriptor.to_owned(),
            body: RawValue::from_string(body).unwrap(),
        }
    });
    RawSnapshot {
        vin,
        origin: Origin::Poll,
        requested_at: Some(time(at + 300_000)),
        sent_at: None,
        received_at: time(at + 300_500),
        readings: readings.collect(),
    }
}

fn time(milliseconds: i64) -> Timestamp {
    Timestamp::from_millisecond(milliseconds).unwrap()
}
