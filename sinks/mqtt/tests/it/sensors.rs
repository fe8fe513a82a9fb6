//! What a broker and Home Assistant are told of charging sessions, trips and the battery.

use std::collections::BTreeMap;

use collector_core::testkit::vehicle;
use collector_core::{Entry, Record, RecordKind, RecordState, Value, ValueType};
use derive::kinds::{BATTERY_HEALTH, CHARGING_SESSION, TRIP};
use jiff::Timestamp;
use serde_json::{Value as Json, json};
use tests::home_assistant::{Schema, check_state};
use tests::servers::Mosquitto;
use tests::subscriber::{Heard, Subscriber, kept};

use crate::fake::{Fake, NOON, soc};
use crate::{options, sink_knowing};

/// A record that is `at` so many minutes after noon and has these values; all others are unknown.
fn record(
    kind: &'static RecordKind,
    minutes: i64,
    (revision, state): (u32, RecordState),
    values: &[(&str, Value)],
) -> Entry {
    let at = Timestamp::from_millisecond(NOON + minutes * 60_000).unwrap();
    let key = kind.key.iter().map(|column| match column.value_type {
        ValueType::Timestamp => Value::Timestamp(at),
        _ => Value::Text("2026-03".into()),
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
    (record.revision, record.state) = (revision, state);
    Entry::record_of(u64::from(revision), record)
}

fn session(minutes: i64, telling: (u32, RecordState), kwh: f64, cost: Option<f64>) -> Entry {
    let mut values = vec![
        ("energy_kwh", Value::Number(kwh)),
        ("mean_power_kw", Value::Number(7.4)),
        ("charging_minutes", Value::Number(90.0)),
    ];
    if let Some(cost) = cost {
        values.push(("cost", Value::Number(cost)));
        values.push(("currency", Value::Text("EUR".into())));
    }
    record(&CHARGING_SESSION, minutes, telling, &values)
}

/// What Home Assistant shows of each of our sensors, by its object: of what the broker keeps.
fn shown(kept: &BTreeMap<String, Heard>) -> BTreeMap<String, Json> {
    let schema = Schema::default();
    let configs = kept
        .iter()
        .filter(|(topic, _)| topic.starts_with("homeassistant/"));
    let mut shown = BTreeMap::new();
    for (topic, heard) in configs {
        let config = heard.json();
        let checked = schema.check("homeassistant", topic, &config);
        assert!(checked.is_ok(), "{checked:?}: {config:#}");
        let state = kept.get(config["state_topic"].as_str().unwrap_or_default());
        if let Some(state) = state {
            assert_eq!(
                check_state(&config, &state.json()),
                Ok(()),
                "{config:#} {state:?}"
            );
        }
        let object = config["unique_id"].as_str().unwrap().to_owned();
        shown.insert(object.replace("cardata_WBY8P210X07A12345_", ""), config);
    }
    shown
}

#[tokio::test]
async fn home_assistant_shows_the_last_and_the_running_session() {
    let Some(broker) = Mosquitto::start().await else {
        return;
    };
    let mut sink = sink_knowing(options(&broker), Fake::knowing(vec![soc(50.0, 0)]));
    let live = RecordState::Live;
    sink.write(&[session(0, (1, live), 1.5, None)]).await.unwrap();
    let running = shown(&kept(&broker, "#").await);
    assert!(running.contains_key("running_session_energy"));
    assert!(!running.contains_key("last_session_energy"), "none has ended");
    assert!(
        !running.contains_key("running_session_cost"),
        "in a currency that nobody knows"
    );

    sink.write(&[session(0, (2, live), 3.0, Some(0.9))])
        .await
        .unwrap();
    sink.write(&[session(0, (3, RecordState::Final), 4.2, Some(1.26))])
        .await
        .unwrap();
    let trip = [
        ("distance_km", Value::Number(50.0)),
        ("energy_kwh", Value::Number(9.0)),
    ];
    let month = [
        ("health_percent", Value::Number(97.5)),
        ("capacity_kwh", Value::Number(78.0)),
    ];
    sink.write(&[
        record(&TRIP, 300, (1, RecordState::Final), &trip),
        record(&BATTERY_HEALTH, 0, (1, live), &month),
        // The next one, free of charge.
        session(400, (1, live), 0.8, Some(0.0)),
    ])
    .await
    .unwrap();
    let all = kept(&broker, "#").await;
    let told = shown(&all);
    let gist = |object: &str| {
        let text = |key: &str| told[object][key].as_str().unwrap_or("-").to_owned();
        [
            text("device_class"),
            text("state_class"),
            text("unit_of_measurement"),
        ]
        .join(" ")
    };
    for (object, expected) in [
        ("last_session_energy", "energy - kWh"),
        ("last_session_cost", "monetary - EUR"),
        ("last_session_duration", "duration - min"),
        ("last_session_power", "power - kW"),
        ("running_session_energy", "energy - kWh"),
        ("running_session_cost", "monetary - EUR"),
        ("running_session_duration", "duration - min"),
        ("running_session_power", "power - kW"),
        ("last_trip_distance", "distance - km"),
        ("last_trip_consumption", "- measurement kWh/100km"),
        ("battery_health_measured", "- measurement %"),
        ("battery_capacity_measured", "energy_storage measurement kWh"),
        ("charged_energy", "energy total_increasing kWh"),
    ] {
        assert_eq!(gist(object), expected, "{object}");
    }
    assert_eq!(
        all["cardata/i4/charging_session/last"].json()["values"]["cost"],
        json!(0)
    );
    let ended = all["cardata/i4/charging_session/final"].json();
    assert_eq!(
        (&ended["values"]["energy_kwh"], &ended["state"]),
        (&json!(4.2), &json!("final"))
    );
    assert_eq!(
        all["cardata/i4/charging_session/total"].json()["value"],
        json!(5.0)
    );
    assert_eq!(
        all["cardata/i4/trip/last"].payload,
        all["cardata/i4/trip/final"].payload
    );
    sink.close().await.unwrap();
}

#[tokio::test]
async fn the_meter_outlives_a_restart_and_never_falls() {
    let Some(broker) = Mosquitto::start().await else {
        return;
    };
    let present = Fake::knowing(vec![soc(50.0, 0)]);
    let mut listener = Subscriber::start(&broker, "cardata/+/charging_session/total").await;
    let told = [
        session(60, (1, RecordState::Live), 4.0, None),
        session(60, (2, RecordState::Final), 10.0, None),
        // BMW's record of it, which began a little earlier.
        session(60, (3, RecordState::Withdrawn), 10.0, None),
        session(58, (1, RecordState::Final), 9.4, None),
        session(500, (1, RecordState::Live), 2.0, None),
    ];
    for (number, entry) in told.iter().enumerate() {
        let mut sink = sink_knowing(options(&broker), present.clone());
        // What was not acknowledged before the end comes again.
        sink.write(&told[number.saturating_sub(1)..number]).await.unwrap();
        sink.write(std::slice::from_ref(entry)).await.unwrap();
        sink.close().await.unwrap();
    }
    let mut sink = sink_knowing(options(&broker), present);
    sink.rewrite(&told).await.unwrap();
    sink.close().await.unwrap();
    let meter: Vec<f64> = listener
        .all()
        .await
        .iter()
        .map(|it| it.json()["value"].as_f64().unwrap())
        .collect();
    assert!(meter.is_sorted(), "{meter:?}");
    assert_eq!(meter.last(), Some(&11.4), "{meter:?}");
}

#[tokio::test]
async fn a_cost_keeps_its_sensor_where_the_next_session_has_no_price() {
    let Some(broker) = Mosquitto::start().await else {
        return;
    };
    let present = Fake::knowing(vec![soc(50.0, 0)]);
    let sessions = [
        session(0, (1, RecordState::Final), 4.2, Some(1.26)),
        session(400, (1, RecordState::Final), 8.0, None),
    ];
    for entry in sessions {
        let mut sink = sink_knowing(options(&broker), present.clone());
        sink.write(&[entry]).await.unwrap();
        sink.close().await.unwrap();
    }
    let mut sink = sink_knowing(options(&broker), present);
    sink.write(&[]).await.unwrap();
    let told = shown(&kept(&broker, "#").await);
    sink.close().await.unwrap();
    assert_eq!(told["last_session_cost"]["unit_of_measurement"], "EUR");
}

/// The broker lost what it kept while the program was stopped, so that nobody remembers the records.
#[tokio::test]
async fn a_replay_brings_records_and_their_sensors_to_a_broker_that_lost_them() {
    let Some(mut broker) = Mosquitto::start().await else {
        return;
    };
    let present = Fake::knowing(vec![soc(50.0, 0)]);
    let told = [
        session(0, (1, RecordState::Live), 4.0, None),
        session(0, (2, RecordState::Final), 4.2, Some(1.26)),
    ];
    let mut sink = sink_knowing(options(&broker), present.clone());
    sink.write(&told).await.unwrap();
    sink.close().await.unwrap();
    let before = kept(&broker, "#").await;
    broker.kill();
    broker.start_again().await;
    let mut sink = sink_knowing(options(&broker), present);
    sink.rewrite(&told).await.unwrap();
    let after = kept(&broker, "#").await;
    sink.close().await.unwrap();
    assert!(before.contains_key("cardata/i4/charging_session/last"));
    let kept = |all: &BTreeMap<String, Heard>| -> BTreeMap<String, String> {
        let standing = all.iter().filter(|(topic, _)| !topic.ends_with("/status"));
        let payload = |(topic, heard): (&String, &Heard)| (topic.clone(), heard.payload.clone());
        standing.map(payload).collect()
    };
    assert_eq!(kept(&after), kept(&before));
}
