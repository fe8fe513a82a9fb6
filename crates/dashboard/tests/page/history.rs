//! A page with a database that somebody filled.

use collector_core::testkit::{context, entry_with, reading, vehicle};
use collector_core::{Entry, Reading, Record, RecordKind, RecordState, Sink, Value};
use dashboard::Limits;
use dashboard::door::Auth;
use facts::kinds::{CHARGING_SESSION, TRIP};
use history::{HistorySink, Place};
use jiff::Timestamp;
use tempfile::TempDir;

use super::site::{Page, Program};

/// 2026-03-01T12:00:00Z
pub const NOON: i64 = 1_772_366_400_000;
pub const MINUTE: i64 = 60_000;
/// More readings than are told at once.
pub const MANY: i64 = 5_000;
pub const CHARGE: &str = "vehicle.drivetrain.batteryManagement.header";

/// The folder is gone when it is dropped.
pub struct Filled {
    pub page: Page,
    _folder: TempDir,
}

/// The name of the first vehicle, as a URL has it.
pub fn name() -> String {
    let name = vehicle(false).name;
    url::form_urlencoded::byte_serialize(name.as_bytes())
        .collect::<String>()
        .replace('+', "%20")
}

pub async fn filled() -> Filled {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("page.db");
    let place = Place {
        path: path.clone().into(),
        others_may_read: false,
        rollups: true,
    };
    let mut sink = HistorySink::new(place, None, context().log_id);
    let mut entries = vec![entry_with(1, readings())];
    entries.extend(
        (2..)
            .zip(records())
            .map(|(seq, record)| Entry::record_of(seq, record)),
    );
    let written = sink.write(&entries).await.unwrap();
    assert_eq!(written.rejected, []);
    let page = Page::with(Auth::Loopback, Limits::default(), path, Program::default()).await;
    Filled {
        page,
        _folder: folder,
    }
}

fn readings() -> Vec<Reading> {
    let charge = |value: f64, minute: i64| {
        reading(
            CHARGE,
            "charge",
            Value::Number(value),
            Some("%"),
            NOON + minute * MINUTE,
        )
    };
    let text = reading("vehicle.x.text", "evil", Value::Text("=cmd()".into()), None, NOON);
    let many = (0..MANY).map(|second| {
        let at = NOON + second * 1_000;
        reading("vehicle.x.many", "many", Value::Number(second as f64), None, at)
    });
    let switch = (0..MANY).map(|second| {
        let at = NOON + second * 1_000;
        reading(
            "vehicle.x.switch",
            "switch",
            Value::Bool(second / 2 % 2 == 0),
            None,
            at,
        )
    });
    let few = [charge(50.0, 0), charge(60.5, 10), charge(61.0, 20), text];
    few.into_iter().chain(many).chain(switch).collect()
}

fn records() -> Vec<Record> {
    vec![
        record(&TRIP, 1, &[("distance_km", Value::Number(12.5))]),
        record(&TRIP, 2, &[("distance_km", Value::Number(7.0))]),
        record(
            &CHARGING_SESSION,
            3,
            &[
                ("energy_kwh", Value::Number(31.0)),
                ("currency", Value::Text("=EUR".into())),
            ],
        ),
    ]
}

fn record(kind: &'static RecordKind, minute: i64, values: &[(&str, Value)]) -> Record {
    let at = Timestamp::from_millisecond(NOON + minute * MINUTE).unwrap();
    let value = |name: &str| {
        values
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value.clone())
    };
    let values: Vec<_> = kind.columns.iter().map(|column| value(column.name)).collect();
    let mut record = Record::new(kind, vehicle(false), at, [Value::Timestamp(at)], values);
    (record.revision, record.state) = (1, RecordState::Final);
    record
}
