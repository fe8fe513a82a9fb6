//! The records that this program makes of a car's life, as an owner asks for them.

use collector_core::testkit::vehicle;
use collector_core::{Entry, Record, RecordKind, RecordState, Value, ValueType};
use derive::kinds::{BATTERY_HEALTH, CHARGING_BLOCK, CHARGING_SESSION, STANDSTILL, TRIP};
use jiff::Timestamp;

use crate::store::{NOON, Store};

const HOUR: i64 = 3_600_000;

/// A record that is `at` so many hours after noon and has these values; all others are unknown.
fn record(kind: &'static RecordKind, hours: i64, values: &[(&str, Value)]) -> Record {
    let at = Timestamp::from_millisecond(NOON + hours * HOUR).unwrap();
    let key = kind.key.iter().map(|column| match column.value_type {
        ValueType::Timestamp => Value::Timestamp(at),
        _ => Value::Text(at.strftime("%Y-%m").to_string().into()),
    });
    let value = |name: &str| values.iter().find(|(known, _)| *known == name);
    let columns = kind.columns.iter();
    let found: Vec<_> = columns
        .map(|column| Some(value(column.name)?.1.clone()))
        .collect();
    assert_eq!(
        found.iter().flatten().count(),
        values.len(),
        "a name of no column"
    );
    let mut record = Record::new(kind, vehicle(false), at, key.collect::<Vec<_>>(), found);
    record.state = RecordState::Final;
    record
}

fn end(hours: i64) -> (&'static str, Value) {
    let at = Timestamp::from_millisecond(NOON + hours * HOUR).unwrap();
    ("end_at", Value::Timestamp(at))
}

fn text(text: &str) -> Value {
    Value::Text(text.into())
}

/// A day: a charge whose price is known, one that is free, one of which nobody knows; a trip; a night; a month.
pub fn day() -> Vec<Entry> {
    let mut paid = record(
        &CHARGING_SESSION,
        0,
        &[
            end(2),
            ("soc_start", Value::Number(40.0)),
            ("soc_end", Value::Number(60.0)),
            ("energy_kwh", Value::Number(15.0)),
            ("energy_basis", text("grid")),
            ("cost", Value::Number(4.5)),
            ("currency", text("EUR")),
            ("cost_state", text("known")),
            ("place", text("home, \"garage\"")),
        ],
    );
    let block = [
        end(2),
        ("energy_kwh", Value::Number(15.0)),
        ("cost", Value::Number(4.5)),
    ];
    paid.children = [record(&CHARGING_BLOCK, 0, &block)].into();
    let free = [
        end(4),
        ("energy_kwh", Value::Number(2.0)),
        ("cost", Value::Number(0.0)),
        ("currency", text("EUR")),
    ];
    let unknown = [("cost_state", text("unknown"))];
    let trip = [
        end(6),
        ("distance_km", Value::Number(100.0)),
        ("energy_kwh", Value::Number(18.0)),
        ("kind", text("trip")),
    ];
    let night = [
        end(20),
        ("drain_percent_per_day", Value::Number(0.5)),
        ("plugged", Value::Bool(false)),
    ];
    let month = [
        ("capacity_kwh", Value::Number(78.5)),
        ("health_percent", Value::Number(98.0)),
    ];
    let records = [
        paid,
        record(&CHARGING_SESSION, 3, &free),
        record(&CHARGING_SESSION, 4, &unknown),
        record(&TRIP, 5, &trip),
        record(&STANDSTILL, 6, &night),
        record(&BATTERY_HEALTH, 0, &month),
    ];
    (100..)
        .zip(records)
        .map(|(seq, record)| Entry::record_of(seq, record))
        .collect()
}

/// The columns that are promised to owners, by the name of their view.
const PROMISED: [(&str, &str); 5] = [
    (
        "charging_sessions",
        "vin, vehicle, start_at, start_at_ms, end_at, end_at_ms, plugged_at, plugged_at_ms, unplugged_at, \
         unplugged_at_ms, soc_start, soc_end, energy_grid_kwh, energy_battery_kwh, energy_from_soc_low_kwh, \
         energy_from_soc_high_kwh, energy_from_power_kwh, energy_kwh, energy_basis, mean_power_kw, peak_power_kw, \
         current_type, cost, currency, cost_state, unpriced_share, odometer_km, latitude, longitude, place, state, \
         basis, revision",
    ),
    (
        "charging_blocks",
        "vin, session_start_at, session_start_at_ms, start_at, start_at_ms, end_at, end_at_ms, mean_power_kw, \
         energy_kwh, cost",
    ),
    (
        "trips",
        "vin, vehicle, start_at, end_at, distance_km, distance_basis, soc_start, soc_end, energy_kwh, fuel_l, \
         start_latitude, start_longitude, end_latitude, end_longitude, start_place, end_place, confidence, kind, tag, \
         revision",
    ),
    (
        "standstills",
        "vin, vehicle, start_at, end_at, soc_start, soc_end, drain_percent_per_day, drain_low, drain_high, plugged, \
         revision",
    ),
    (
        "battery_health",
        "vin, vehicle, month, capacity_kwh, capacity_low_kwh, capacity_high_kwh, health_percent, sessions, state, \
         revision",
    ),
];

#[tokio::test]
async fn every_promised_column_is_there() {
    let store = Store::new();
    let mut sink = store.sink();
    assert_eq!(sink.write(&day()).await.unwrap().rejected, []);
    sink.close().await.unwrap();
    for (view, columns) in PROMISED {
        // In quotes SQLite takes what is no column for a text, so there are none.
        assert!(
            !store.query(&format!("SELECT {columns} FROM {view}")).is_empty(),
            "{view}"
        );
    }
    assert_eq!(
        store.query(
            "SELECT start_at, end_at_ms, cost, place, energy_grid_kwh FROM charging_sessions ORDER BY 1"
        ),
        [
            "2026-03-01T12:00:00.000Z|1772373600000|4.5|home, \"garage\"|",
            "2026-03-01T15:00:00.000Z|1772380800000|0.0||",
            "2026-03-01T16:00:00.000Z||||",
        ],
        "free is 0, unknown is NULL"
    );
    assert_eq!(
        store.query("SELECT month, at, health_percent FROM battery_health"),
        ["2026-03|2026-03-01T12:00:00.000Z|98.0"]
    );
}

#[tokio::test]
async fn a_record_that_is_withdrawn_takes_its_parts_out_of_sight() {
    let store = Store::new();
    let mut sink = store.sink();
    sink.write(&day()).await.unwrap();
    let mut gone = Record::clone(day()[0].record().unwrap());
    (gone.revision, gone.state) = (2, RecordState::Withdrawn);
    sink.write(&[Entry::record_of(200, gone)]).await.unwrap();
    sink.close().await.unwrap();
    assert_eq!(store.query("SELECT count(*) FROM charging_sessions"), ["2"]);
    assert_eq!(store.query("SELECT count(*) FROM charging_blocks"), ["0"]);
}
