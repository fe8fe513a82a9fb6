//! One retained topic for each vehicle and descriptor, with the newest value.

use collector_core::testkit::{entry_with, reading, vehicle};
use collector_core::{Entry, Snapshot, Value, Vehicle};
use serde_json::json;
use tests::servers::Mosquitto;

use crate::fake::{Fake, GCID, NOON, entries, soc, soc_ended};
use crate::{options, sink, sink_knowing, with};
use tests::subscriber::{Subscriber, kept};

const SOC_TOPIC: &str = "cardata/i4/vehicle/drivetrain/batteryManagement/header";

#[tokio::test]
async fn a_newcomer_reads_the_newest_value_in_plain_words() {
    let Some(broker) = Mosquitto::start().await else {
        return;
    };
    let mut sink = sink(options(&broker));
    sink.write(&entries(vec![soc(73.0, 0), soc(74.0, 1)]))
        .await
        .unwrap();
    let kept = kept(&broker, "cardata/#").await;
    assert_eq!(
        kept[SOC_TOPIC].payload,
        "{\"value\":74,\"unit\":\"%\",\"timestamp\":\"2026-03-01T12:00:01.000Z\",\"stamp\":\"measured\",\
         \"origin\":\"poll\",\"name\":\"soc\",\"descriptor\":\"vehicle.drivetrain.batteryManagement.header\"}"
    );
    assert_eq!(kept["cardata/status"].payload, "online");
    assert_eq!(
        kept["cardata/i4/state_of_charge"].payload,
        "{\"value\":74,\"unit\":\"%\",\"timestamp\":\"2026-03-01T12:00:01.000Z\",\"stamp\":\"measured\",\
         \"origin\":\"poll\",\"name\":\"state_of_charge\",\"from\":\"vehicle.drivetrain.batteryManagement.header\"}"
    );
    assert_eq!(kept.len(), 3);
    sink.close().await.unwrap();
}

#[tokio::test]
async fn a_late_value_is_history_and_never_the_present() {
    let Some(broker) = Mosquitto::start().await else {
        return;
    };
    let mut listener = Subscriber::start(&broker, "#").await;
    let mut sink = sink_knowing(options(&broker), Fake::knowing(vec![soc(80.0, 60)]));
    let value = |kept: &tests::subscriber::Heard| kept.json()["value"].clone();

    // Older than what the journal knew before this program was started.
    sink.write(&entries(vec![soc(10.0, 50)])).await.unwrap();
    assert_eq!(value(&kept(&broker, SOC_TOPIC).await[SOC_TOPIC]), 80);
    // Two at one time: the later of them.
    let mut second = soc(90.0, 70);
    second.occurrence = 1;
    sink.write(&entries(vec![second, soc(85.0, 70), soc(20.0, 65)]))
        .await
        .unwrap();
    assert_eq!(value(&kept(&broker, SOC_TOPIC).await[SOC_TOPIC]), 90);
    // A replay of the history.
    sink.rewrite(&entries(vec![soc(10.0, 50), soc(85.0, 70)]))
        .await
        .unwrap();
    assert_eq!(value(&kept(&broker, SOC_TOPIC).await[SOC_TOPIC]), 90);
    sink.close().await.unwrap();

    // All of it went out in BMW's form, in the order in which it was given.
    let all = listener.all().await;
    let bmw = all
        .iter()
        .filter(|it| it.topic == format!("{GCID}/WBY8P210X07A12345"));
    let values: Vec<_> = bmw
        .map(|it| it.json()["data"][crate::fake::SOC]["value"].clone())
        .collect();
    assert_eq!(json!(values), json!([10, 90, 85, 20, 10, 85]));
    let states = all.iter().filter(|it| it.topic == SOC_TOPIC);
    assert_eq!(json!(states.map(value).collect::<Vec<_>>()), json!([80, 90]));
}

#[tokio::test]
async fn a_quantity_is_told_by_whichever_key_is_alive() {
    let Some(broker) = Mosquitto::start().await else {
        return;
    };
    let mut listener = Subscriber::start(&broker, "cardata/i4/+").await;
    let displayed = |value, second: i64| {
        let id = "vehicle.powertrain.electric.battery.stateOfCharge.displayed";
        let at = NOON + second * 1_000;
        reading(id, "soc_displayed", Value::Number(value), Some("%"), at)
    };
    let mut sink = sink_knowing(options(&broker), Fake::knowing(vec![displayed(63.5, 0)]));
    sink.write(&entries(vec![soc(70.0, 10), displayed(71.0, 20)]))
        .await
        .unwrap();
    sink.write(&[soc_ended(30)]).await.unwrap();
    sink.close().await.unwrap();
    let heard = listener.all().await;
    let told: Vec<_> = heard.iter().map(tests::subscriber::Heard::json).collect();
    let told: Vec<_> = told.iter().map(|it| (&it["value"], &it["from"])).collect();
    let displayed = "vehicle.powertrain.electric.battery.stateOfCharge.displayed";
    assert_eq!(
        json!(told),
        json!([[63.5, displayed], [70, crate::fake::SOC], [71, displayed]])
    );
}

/// The end of a key of which nothing was ever shown, then a value of another one that was measured before it.
#[tokio::test]
async fn a_quantity_is_announced_when_its_topic_has_a_value() {
    let Some(broker) = Mosquitto::start().await else {
        return;
    };
    let displayed = reading(
        "vehicle.powertrain.electric.battery.stateOfCharge.displayed",
        "soc_displayed",
        Value::Number(63.5),
        Some("%"),
        NOON,
    );
    let mut sink = sink(options(&broker));
    sink.write(&[soc_ended(30)]).await.unwrap();
    sink.write(&entries(vec![displayed])).await.unwrap();
    sink.close().await.unwrap();
    let kept = kept(&broker, "#").await;
    assert_eq!(kept["cardata/i4/state_of_charge"].json()["value"], 63.5);
    assert!(kept.contains_key("homeassistant/sensor/cardata/WBY8P210X07A12345_state_of_charge/config"));
}

#[tokio::test]
async fn a_long_batch_arrives_whole_and_in_order() {
    let Some(broker) = Mosquitto::with(&[crate::NO_LIMIT]).await else {
        return;
    };
    let mut listener = Subscriber::start(&broker, "home/#").await;
    let mut sink = sink(options(&broker));
    let history = (0..5_000).map(|at| soc(f64::from(at), i64::from(at)));
    sink.write(&entries(history.collect())).await.unwrap();
    sink.close().await.unwrap();
    let all = listener.all().await;
    let values = all
        .iter()
        .map(|it| it.json()["data"][crate::fake::SOC]["value"].clone());
    assert_eq!(
        json!(values.collect::<Vec<_>>()),
        json!((0..5_000).collect::<Vec<_>>())
    );
}

#[tokio::test]
async fn odd_names_and_texts_arrive_whole() {
    let Some(broker) = Mosquitto::start().await else {
        return;
    };
    let text = "she said \"no\"\nGröße 40 °C ⚡ \\ {\"k\":[1,null]}";
    let named = |name: &str, seq| {
        let texts = reading(
            "vehicle.status.checkControlMessages",
            "ccm",
            Value::Text(text.into()),
            None,
            0,
        );
        let mut snapshot = Snapshot::clone(entry_with(seq, vec![texts]).snapshot().unwrap());
        snapshot.vehicle = Vehicle {
            name: name.into(),
            ..vehicle(seq == 2)
        };
        Entry::snapshot_of(seq, snapshot)
    };
    let mut sink = sink(options(&broker));
    sink.write(&[named("a/b +#", 1), named("Größe%", 2)])
        .await
        .unwrap();
    sink.close().await.unwrap();
    let kept = kept(&broker, "cardata/+/vehicle/#").await;
    let topics: Vec<_> = kept.keys().map(String::as_str).collect();
    assert_eq!(
        topics,
        [
            "cardata/Größe%25/vehicle/status/checkControlMessages",
            "cardata/a%2Fb%20%2B%23/vehicle/status/checkControlMessages",
        ]
    );
    for heard in kept.values() {
        assert_eq!(heard.json()["value"], text);
    }
}

/// mosquitto cuts the connection over such topics: the batch would come again for ever.
#[tokio::test]
async fn a_descriptor_that_makes_no_topic_does_not_stop_the_others() {
    let Some(broker) = Mosquitto::start().await else {
        return;
    };
    let odd = |id: &str| reading(id, id, Value::Number(1.0), None, 0);
    let deep = "a.".repeat(300);
    let mut sink = sink(options(&broker));
    let batch = entries(vec![odd("vehicle.\u{ffff}.odd"), odd(&deep), soc(73.0, 0)]);
    let written = sink.write(&batch).await.unwrap();
    sink.close().await.unwrap();
    let rejected: Vec<_> = written.rejected.iter().map(|it| it.seq).collect();
    assert_eq!(rejected, [batch[1].seq]);
    let kept = kept(&broker, "cardata/+/vehicle/#").await;
    let topics: Vec<_> = kept.keys().map(String::as_str).collect();
    assert_eq!(topics, ["cardata/i4/vehicle/%EF%BF%BF/odd", SOC_TOPIC]);
}

#[tokio::test]
async fn forms_and_qualities_can_be_chosen() {
    let Some(broker) = Mosquitto::start().await else {
        return;
    };
    let mut listener = Subscriber::start(&broker, "#").await;
    let chosen = json!({ "bmw": "off", "discovery": "off", "prefix": "home/cars", "qos": 0 });
    let mut sink = sink(with(options(&broker), chosen));
    sink.write(&entries(vec![soc(73.0, 0)])).await.unwrap();
    sink.close().await.unwrap();
    let topic = "home/cars/i4/vehicle/drivetrain/batteryManagement/header";
    let all = listener.until(|all| all.iter().any(|it| it.topic == topic)).await;
    assert!(
        all.iter().all(
            |it| [topic, "home/cars/i4/state_of_charge", "home/cars/status"].contains(&it.topic.as_str())
        ),
        "{all:?}"
    );
}
