//! What people and other programs read.

use collector_core::testkit::{entry_with, reading, vehicle};
use collector_core::{Entry, Name, Reading, Value};
use jiff::Timestamp;
use rusqlite::Connection;

use crate::store::{NOON, Store, foreign, number, query, requested, second, soc, text};

const MINUTE: i64 = 60_000;

/// Entries 1, 2, … with these readings each, written one after another; all of the suite's first vehicle.
async fn written(snapshots: Vec<Vec<Reading>>) -> Store {
    let store = Store::new();
    let mut sink = store.sink();
    for (position, readings) in snapshots.into_iter().enumerate() {
        let seq = 2 * position as u64 + 1;
        let written = sink.write(&[entry_with(seq, readings)]).await.unwrap();
        assert_eq!(written.rejected, []);
    }
    sink.close().await.unwrap();
    store
}

fn time(milliseconds: i64) -> Timestamp {
    Timestamp::from_millisecond(milliseconds).unwrap()
}

#[tokio::test]
async fn readings_shows_every_type_as_a_person_reads_it() {
    let hv_status = text(
        "vehicle.drivetrain.electricEngine.charging.hvStatus",
        "hv_status",
        "CHARGING",
        NOON + 5,
    );
    let store = written(vec![vec![
        soc(74.0, NOON),
        number(
            "vehicle.vehicle.avgAuxPower",
            "auxiliary_power",
            0.25,
            "kW",
            NOON + 1,
        ),
        reading("vehicle.isMoving", "is_moving", Value::Bool(true), None, NOON + 2),
        reading(
            "vehicle.trip.segment.end.time",
            "trip_end_time",
            Value::Timestamp(time(NOON - 1)),
            None,
            NOON + 3,
        ),
        foreign(3.0, Some("furlong"), NOON + 4),
        requested(hv_status),
    ]])
    .await;
    let rows = store.query(
        "SELECT name, measured_at, value, typeof(value), unit, received_at, stamp
         FROM readings ORDER BY measured_ms",
    );
    assert_eq!(
        rows,
        [
            "soc|2026-03-01T12:00:00.000Z|74.0|real|%|2026-03-01T12:01:01.000Z|measured",
            "auxiliary_power|2026-03-01T12:00:00.001Z|0.25|real|kW|2026-03-01T12:01:01.000Z|measured",
            "is_moving|2026-03-01T12:00:00.002Z|1|integer||2026-03-01T12:01:01.000Z|measured",
            "trip_end_time|2026-03-01T12:00:00.003Z|2026-03-01T11:59:59.999Z|text||2026-03-01T12:01:01.000Z|measured",
            "vehicle.new.distance|2026-03-01T12:00:00.004Z|3.0|real|furlong|2026-03-01T12:01:01.000Z|measured",
            "hv_status|2026-03-01T12:00:00.005Z|CHARGING|text||2026-03-01T12:01:01.000Z|requested",
        ]
    );
    let context = store.query("SELECT DISTINCT vin, vehicle, source FROM readings");
    assert_eq!(context, ["WBY8P210X07A12345|i4|telematics"]);
}

#[tokio::test]
async fn two_values_of_one_moment_are_both_kept_and_the_second_is_the_latest() {
    let store = written(vec![
        vec![soc(75.0, NOON)],
        vec![second(soc(74.0, NOON))],
        // The first comes again, as after a crash.
        vec![soc(75.0, NOON)],
    ])
    .await;
    assert_eq!(
        store.query("SELECT value, occurrence FROM readings ORDER BY value"),
        ["74.0|1", "75.0|0"]
    );
    assert_eq!(store.query("SELECT value, occurrence FROM latest"), ["74.0|1"]);
}

#[tokio::test]
async fn what_comes_again_with_another_value_replaces_what_was_there() {
    let miles = || foreign(3.0, Some("mi"), NOON);
    let metres = requested(foreign(4_828.0, Some("m"), NOON));
    let store = written(vec![vec![miles(), second(miles())], vec![metres]]).await;
    let columns = "value, unit, stamp, received_at, occurrence";
    assert_eq!(
        store.query(&format!("SELECT {columns} FROM readings ORDER BY occurrence")),
        [
            "4828.0|m|requested|2026-03-01T12:03:01.000Z|0",
            "3.0|mi|measured|2026-03-01T12:01:01.000Z|1"
        ]
    );
    let store = written(vec![vec![miles()], vec![foreign(4.0, Some("mi"), NOON)]]).await;
    assert_eq!(store.query("SELECT value FROM latest"), ["4.0"]);
}

#[tokio::test]
async fn latest_is_not_moved_back_by_an_older_value_that_comes_late() {
    let store = written(vec![
        vec![soc(60.0, NOON), soc(61.0, NOON + MINUTE)],
        vec![soc(50.0, NOON - MINUTE)],
        vec![number(
            "vehicle.vehicle.travelledDistance",
            "mileage",
            40_000.0,
            "km",
            NOON - MINUTE,
        )],
    ])
    .await;
    assert_eq!(
        store.query("SELECT name, value, measured_at FROM latest ORDER BY name"),
        [
            "mileage|40000.0|2026-03-01T11:59:00.000Z",
            "soc|61.0|2026-03-01T12:01:00.000Z"
        ]
    );
}

const DISPLAYED: &str = "vehicle.powertrain.electric.battery.stateOfCharge.displayed";

#[tokio::test]
async fn battery_has_at_each_moment_what_was_told_last() {
    let charging = |id: &str| format!("vehicle.drivetrain.electricEngine.charging.{id}");
    let store = written(vec![
        vec![
            soc(40.0, NOON),
            text(&charging("status"), "charging_status", "CHARGINGACTIVE", NOON),
            number(
                "vehicle.powertrain.electric.battery.charging.power",
                "charging_power",
                7_200.0,
                "W",
                NOON,
            ),
            number(
                "vehicle.drivetrain.electricEngine.remainingElectricRange",
                "electric_range",
                180.0,
                "km",
                NOON + 1,
            ),
            number(
                "vehicle.vehicle.travelledDistance",
                "mileage",
                40_000.0,
                "km",
                NOON + 2,
            ),
        ],
        vec![
            soc(80.0, NOON + MINUTE),
            number(
                "vehicle.powertrain.electric.battery.stateOfCharge.target",
                "target_soc",
                80.0,
                "%",
                NOON + MINUTE,
            ),
            number(
                "vehicle.powertrain.electric.battery.stateOfHealth.displayed",
                "battery_health",
                97.0,
                "%",
                NOON + MINUTE,
            ),
        ],
        // A car of the Neue Klasse has no other; a car that has both is believed in the first.
        vec![
            number(DISPLAYED, "soc_displayed", 63.5, "%", NOON + 2 * MINUTE),
            soc(79.0, NOON + 3 * MINUTE),
            number(DISPLAYED, "soc_displayed", 78.0, "%", NOON + 3 * MINUTE),
        ],
    ])
    .await;
    let rows = store.query(
        "SELECT vehicle, measured_at, soc, target_soc, range_km, charging_status, power_kw, health
         FROM battery ORDER BY measured_ms",
    );
    assert_eq!(
        rows,
        [
            "i4|2026-03-01T12:00:00.000Z|40.0|||CHARGINGACTIVE|7.2|",
            "i4|2026-03-01T12:00:00.001Z|40.0||180.0|CHARGINGACTIVE|7.2|",
            "i4|2026-03-01T12:01:00.000Z|80.0|80.0|180.0|CHARGINGACTIVE|7.2|97.0",
            "i4|2026-03-01T12:02:00.000Z|63.5|80.0|180.0|CHARGINGACTIVE|7.2|97.0",
            "i4|2026-03-01T12:03:00.000Z|79.0|80.0|180.0|CHARGINGACTIVE|7.2|97.0",
        ]
    );
}

#[tokio::test]
async fn the_battery_of_one_batch_is_known_for_days_however_they_are_told() {
    const DAY: i64 = 24 * 60 * MINUTE;
    let days = |days: &[i64]| {
        days.iter()
            .map(|day| soc(*day as f64, NOON + day * DAY))
            .collect()
    };
    let store = written(vec![days(&[9, 40]), days(&[1, 5, 12, 30]), days(&[20])]).await;
    let rows = store.query("SELECT soc FROM battery ORDER BY measured_ms");
    assert_eq!(rows, ["1.0", "5.0", "9.0", "12.0", "20.0", "30.0", "40.0"]);
}

#[tokio::test]
async fn a_plug_is_told_by_a_truth_or_by_words_and_a_range_by_two_descriptors() {
    const CONNECTOR: &str = "vehicle.drivetrain.electricEngine.charging.connectorStatus";
    const KOMBI_RANGE: &str = "vehicle.drivetrain.electricEngine.kombiRemainingElectricRange";
    let port = |key: &str, word: &str, at| text(&format!("vehicle.body.chargingPort.{key}"), key, word, at);
    let any = "vehicle.powertrain.tractionBattery.charging.port.anyPosition.isPlugged";
    let truth = |value, at| reading(any, "plugged", Value::Bool(value), None, at);
    let store = written(vec![vec![
        truth(true, NOON),
        port("status", "DISCONNECTED", NOON + 1),
        truth(true, NOON + 1),
        port("combinedStatus", "CONNECTED", NOON + 2),
        port("status", "ERROR", NOON + 3),
        truth(false, NOON + 3),
        text(CONNECTOR, "connector", "CONNECTED", NOON + 4),
        port("statusClearText", "DISCONNECTED", NOON + 4),
        port("statusClearText", "DISCONNECTED", NOON + 5),
    ]])
    .await;
    let rows = store.query("SELECT plugged FROM battery ORDER BY measured_ms");
    assert_eq!(rows, ["1", "0", "1", "0", "1", "0"]);
    let store = written(vec![vec![reading(
        KOMBI_RANGE,
        "kombi_range",
        Value::Number(103.0),
        Some("km"),
        NOON,
    )]])
    .await;
    assert_eq!(store.query("SELECT range_km FROM battery"), ["103.0"]);
}

#[tokio::test]
async fn a_reading_keeps_its_own_unit() {
    let store = written(vec![
        vec![foreign(3.0, Some("km"), NOON)],
        vec![foreign(2.0, Some("mi"), NOON + 1)],
        vec![foreign(1.0, None, NOON + 2)],
    ])
    .await;
    assert_eq!(
        store.query("SELECT value, unit FROM readings ORDER BY measured_ms"),
        ["3.0|km", "2.0|mi", "1.0|"]
    );
    assert_eq!(store.query("SELECT value, unit FROM latest"), ["1.0|"]);
}

#[tokio::test]
async fn a_renamed_vehicle_is_renamed_for_its_whole_history() {
    let store = Store::new();
    let mut sink = store.sink();
    let entry = |seq: u64, name: &str, at: i64| {
        let entry = entry_with(seq, vec![soc(50.0, at)]);
        let mut snapshot = entry
            .snapshot()
            .unwrap()
            .with(entry.readings().to_vec(), Vec::new());
        snapshot.vehicle = vehicle(false);
        snapshot.vehicle.name = Name::from(name);
        Entry::snapshot_of(seq, snapshot)
    };
    sink.write(&[entry(1, "i4", NOON), entry(2, "the blue one", NOON + 1)])
        .await
        .unwrap();
    sink.close().await.unwrap();
    assert_eq!(
        store.query("SELECT vehicle, count(*) FROM readings GROUP BY vehicle"),
        ["the blue one|2"]
    );
}

/// SQLite computes times as floating-point days and seconds; no millisecond may be lost on the way.
#[test]
fn the_times_of_the_views_are_exact() {
    let connection = Connection::open_in_memory().unwrap();
    // Steps that visit every millisecond of a second, over four centuries, before and after 1970.
    for milliseconds in (-6_000_000_000_000_i64..6_000_000_000_000).step_by(3_000_000_007) {
        let shown = query(
            &connection,
            &format!("SELECT strftime('%Y-%m-%dT%H:%M:%fZ', {milliseconds} / 1000.0, 'unixepoch')"),
        );
        assert_eq!(shown, [format!("{:.3}", time(milliseconds))], "{milliseconds}");
    }
}
