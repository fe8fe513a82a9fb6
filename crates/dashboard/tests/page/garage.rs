//! What pages of charges and trips are filled with.

use collector_core::testkit::{context, entry_with, reading, vehicle};
use collector_core::{Entry, Reading, Record, RecordKind, RecordState, Sink, Value};
use dashboard::Limits;
use dashboard::door::Auth;
use facts::kinds::{CHARGING_BLOCK, CHARGING_SESSION, CHARGING_SETTING, CONSUMPTION, TRIP};
use history::{HistorySink, Place};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use reqwest::StatusCode;
use tempfile::TempDir;

use super::history::name;
use super::site::{Page, Program};

pub const HOSTILE: &str = "<script>alert(1)</script>";
const POWER: &str = "vehicle.powertrain.electric.battery.charging.power";
pub const CHARGE: &str = "vehicle.drivetrain.batteryManagement.header";
pub const NORTH: &str = "vehicle.cabin.infotainment.navigation.currentLocation.latitude";
const EAST: &str = "vehicle.cabin.infotainment.navigation.currentLocation.longitude";
/// In Berlin it is February.
pub const FIRST: &str = "2025-01-31T23:30:00Z";
pub const DRIVE: &str = "2025-02-03T08:00:00Z";

pub struct Filled {
    pub page: Page,
    _folder: TempDir,
}

impl Filled {
    pub async fn with(readings: Vec<Reading>, records: Vec<Record>, program: Program) -> Self {
        let records = (2..)
            .zip(records)
            .map(|(seq, record)| Entry::record_of(seq, record));
        let entries = [entry_with(1, readings)].into_iter().chain(records);
        Self::of_entries(entries.collect(), program).await
    }

    pub async fn of_entries(entries: Vec<Entry>, program: Program) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("page.db");
        let place = Place {
            path: path.clone().into(),
            others_may_read: false,
            rollups: true,
        };
        let mut sink = HistorySink::new(place, None, context().log_id);
        let written = sink.write(&entries).await.unwrap();
        assert_eq!(written.rejected, []);
        let program = Program {
            timezone: Some(TimeZone::get("Europe/Berlin").unwrap()),
            ..program
        };
        let page = Page::with(Auth::Loopback, Limits::default(), path, program).await;
        Self {
            page,
            _folder: folder,
        }
    }

    /// A page of the vehicle: `charging`.
    pub async fn of(&self, path: &str) -> String {
        self.at(&format!("v/{}/{path}", name())).await
    }

    pub async fn at(&self, path: &str) -> String {
        let answer = self.page.get(path).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        assert_eq!(answer.headers()["content-type"], "text/html; charset=utf-8");
        let text = answer.text().await.unwrap();
        assert!(!text.contains(HOSTILE) && !text.contains(vehicle(false).vin.as_str()));
        text
    }
}

pub fn at(start: &str, minutes: i64) -> Timestamp {
    start.parse::<Timestamp>().unwrap() + SignedDuration::from_mins(minutes)
}

pub fn number(value: f64) -> Value {
    Value::Number(value)
}

pub fn text(value: &str) -> Value {
    Value::Text(value.into())
}

pub fn record(kind: &'static RecordKind, start: Timestamp, values: &[(&str, Value)]) -> Record {
    keyed(kind, start, [Value::Timestamp(start)].into(), values)
}

pub fn keyed(kind: &'static RecordKind, at: Timestamp, key: Vec<Value>, values: &[(&str, Value)]) -> Record {
    let value = |name: &str| {
        let known = values.iter().find(|(known, _)| *known == name);
        known.map(|(_, value)| value.clone())
    };
    let values: Vec<_> = kind.columns.iter().map(|column| value(column.name)).collect();
    let mut record = Record::new(kind, vehicle(false), at, key, values);
    (record.revision, record.state) = (1, RecordState::Final);
    record
}

pub fn charges() -> Vec<Record> {
    let mut free = record(
        &CHARGING_SESSION,
        at(FIRST, 0),
        &[
            ("end_at", Value::Timestamp(at(FIRST, 60))),
            ("energy_grid_kwh", number(10.0)),
            ("energy_battery_kwh", number(9.0)),
            ("energy_kwh", number(10.0)),
            ("loss_share", number(0.1)),
            ("current_type", text("AC")),
            ("cost", number(0.0)),
            ("currency", text("EUR")),
            ("cost_state", text("known")),
            ("unpriced_share", number(0.0)),
            ("place", text(HOSTILE)),
            ("odometer_km", number(1_609.344)),
            ("mark", text("split,failed")),
        ],
    );
    let block = |minute: i64, cost: Option<f64>| {
        let known = [
            ("end_at", Value::Timestamp(at(FIRST, minute + 30))),
            ("mean_power_kw", number(10.0)),
            ("energy_kwh", number(5.0)),
        ];
        let cost = cost.map(|cost| ("cost", number(cost)));
        let values: Vec<_> = known.into_iter().chain(cost).collect();
        record(&CHARGING_BLOCK, at(FIRST, minute), &values)
    };
    free.children = [block(0, Some(0.0)), block(30, None)].into();
    let mut unpriced = record(
        &CHARGING_SESSION,
        at("2025-02-10T12:00:00Z", 0),
        &[
            ("end_at", Value::Timestamp(at("2025-02-10T12:00:00Z", 20))),
            ("energy_battery_kwh", number(30.0)),
            ("energy_kwh", number(30.0)),
            ("current_type", text("DC")),
            ("cost_state", text("unknown")),
            ("unpriced_share", number(1.0)),
        ],
    );
    let start = at("2025-02-10T12:00:00Z", 0);
    let mean = [
        ("end_at", Value::Timestamp(start + SignedDuration::from_mins(20))),
        ("mean_power_kw", number(90.0)),
    ];
    unpriced.children = [record(&CHARGING_BLOCK, start, &mean)].into();
    let francs = record(
        &CHARGING_SESSION,
        at("2025-02-11T12:00:00Z", 0),
        &[
            ("energy_grid_kwh", number(20.0)),
            ("energy_kwh", number(20.0)),
            ("current_type", text("AC")),
            ("cost", number(5.5)),
            ("currency", text("CHF")),
            ("unpriced_share", number(0.5)),
        ],
    );
    vec![free, unpriced, francs]
}

/// The same with values in these columns.
pub fn with(mut record: Record, values: &[(&str, Value)]) -> Record {
    let kind = record.kind;
    let columns = kind.columns.iter().zip(record.values.iter());
    let told = columns.map(|(column, value)| {
        let more = values.iter().find(|(name, _)| *name == column.name);
        more.map_or_else(|| value.clone(), |(_, value)| Some(value.clone()))
    });
    record.values = told.collect();
    record
}

pub fn settings(values: &[(&str, Value)]) -> Record {
    keyed(&CHARGING_SETTING, at(FIRST, 0), vec![text("Home")], values)
}

pub fn drive() -> Record {
    record(
        &TRIP,
        at(DRIVE, 0),
        &[
            ("end_at", Value::Timestamp(at(DRIVE, 90))),
            ("distance_km", number(160.934_4)),
            ("energy_kwh", number(32.0)),
            ("start_place", text("Home")),
            ("end_place", text(HOSTILE)),
        ],
    )
}

pub fn consumption() -> Record {
    consumption_of("2025-02")
}

pub fn consumption_of(month: &str) -> Record {
    let key = vec![text(month), number(30.0)];
    keyed(
        &CONSUMPTION,
        at(DRIVE, 600),
        key,
        &[
            ("kwh_per_100_km", number(20.0)),
            ("kwh_per_100_km_low", number(19.0)),
            ("kwh_per_100_km_high", number(21.0)),
            ("legs", number(7.0)),
        ],
    )
}

pub fn readings() -> Vec<Reading> {
    let told = |key: &str, short: &str, unit: &'static str, value: f64, at: Timestamp| {
        reading(key, short, number(value), Some(unit), at.as_millisecond())
    };
    let power = |minute, watts| told(POWER, "charging_power", "W", watts, at(FIRST, minute));
    let charge = |minute, percent| told(CHARGE, "soc", "%", percent, at(FIRST, minute));
    let place = |minute, north, east| {
        let at = at(DRIVE, minute);
        [
            told(NORTH, "latitude", "°", north, at),
            told(EAST, "longitude", "°", east, at),
        ]
    };
    let mut all = vec![
        power(0, 11_000.0),
        power(30, 9_000.0),
        power(60, 7_000.0),
        charge(0, 20.0),
        charge(60, 40.0),
        power(300, 1_000.0),
    ];
    all.extend(place(0, 48.123, 11.456).into_iter().chain(place(90, 48.9, 11.6)));
    all
}
