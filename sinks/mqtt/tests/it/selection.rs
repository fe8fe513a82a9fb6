//! What is not selected any more disappears from the broker, and nothing of anybody else does.

use serde_json::json;
use tests::servers::Mosquitto;

use crate::fake::{Fake, LATITUDE, LONGITUDE, entries, half, soc, window};
use crate::{options, sink, sink_knowing, with};
use tests::subscriber::{Subscriber, kept};

/// Everything that is kept, without the status.
async fn topics(broker: &Mosquitto) -> Vec<String> {
    let kept = kept(broker, "#").await;
    kept.into_keys()
        .filter(|topic| topic != "cardata/status")
        .collect()
}

#[tokio::test]
async fn what_was_deselected_between_two_runs_is_taken_away() {
    let Some(broker) = Mosquitto::start().await else {
        return;
    };
    let stranger = Subscriber::start(&broker, "none").await;
    let foreign = [
        // Somebody else's, under names that look like ours.
        (
            "homeassistant/sensor/cardata/other/config",
            "{\"name\":\"x\",\"availability_topic\":\"cardata/status\"}",
        ),
        ("homeassistant/sensor/zigbee/other/config", "{}"),
        ("cardata/i4/note", "{\"value\":1}"),
        (
            "cardata/dog/position",
            "{\"latitude\":1,\"longitude\":2,\"timestamp\":\"2026-03-01T12:00:00Z\"}",
        ),
        ("cardata/dog/plugged", "{\"value\":true}"),
        (
            "cardata/i4/vehicle/isMoving",
            "{\"descriptor\":\"vehicle.isMoving\",\"value\":true}",
        ),
    ];
    for (topic, payload) in foreign {
        stranger.publish(topic, payload, true).await;
    }
    let all = vec![
        soc(70.0, 0),
        window("OPEN", 0),
        half(LATITUDE, 1.0, 0),
        half(LONGITUDE, 2.0, 0),
    ];
    let mut first = sink_knowing(options(&broker), Fake::knowing(all));
    first.write(&entries(vec![soc(71.0, 1)])).await.unwrap();
    first.close().await.unwrap();
    assert_eq!(topics(&broker).await.len(), foreign.len() + 4 + 4 + 2 + 2);

    let mut second = sink_knowing(options(&broker), Fake::knowing(vec![soc(71.0, 1)]));
    let mut listener = Subscriber::start(&broker, "#").await;
    listener.all().await;
    second.start();
    second.write(&entries(vec![soc(72.0, 2)])).await.unwrap();
    second.close().await.unwrap();
    let mut expected: Vec<_> = foreign.iter().map(|(topic, _)| (*topic).to_owned()).collect();
    expected.push("cardata/i4/vehicle/drivetrain/batteryManagement/header".to_owned());
    expected.push("cardata/i4/state_of_charge".to_owned());
    expected.push("homeassistant/sensor/cardata/WBY8P210X07A12345_soc/config".to_owned());
    expected.push("homeassistant/sensor/cardata/WBY8P210X07A12345_state_of_charge/config".to_owned());
    expected.sort();
    assert_eq!(topics(&broker).await, expected);

    // An entity whose value goes before it would be unknown, and in the log, for a moment.
    let heard = listener.all().await;
    let gone = heard.iter().filter(|message| message.payload.is_empty());
    let are_entities: Vec<bool> = gone.map(|message| message.topic.ends_with("/config")).collect();
    assert!(
        are_entities.contains(&true) && are_entities.contains(&false),
        "{are_entities:?}"
    );
    assert!(
        are_entities.is_sorted_by_key(|is_entity| !is_entity),
        "{are_entities:?}"
    );
}

#[tokio::test]
async fn turned_off_discovery_takes_its_entities_along() {
    let Some(broker) = Mosquitto::start().await else {
        return;
    };
    let present = Fake::knowing(vec![soc(70.0, 0)]);
    let mut first = sink_knowing(options(&broker), present.clone());
    first.write(&entries(vec![soc(71.0, 1)])).await.unwrap();
    first.close().await.unwrap();
    assert_eq!(kept(&broker, "homeassistant/#").await.len(), 2);
    let mut second = sink_knowing(with(options(&broker), json!({ "discovery": "off" })), present);
    second.write(&entries(vec![soc(72.0, 2)])).await.unwrap();
    second.close().await.unwrap();
    assert_eq!(kept(&broker, "homeassistant/#").await.len(), 0);
}

#[tokio::test]
async fn a_program_that_knows_nothing_takes_nothing_away() {
    let Some(broker) = Mosquitto::start().await else {
        return;
    };
    let mut first = sink_knowing(
        options(&broker),
        Fake::knowing(vec![soc(70.0, 0), window("OPEN", 0)]),
    );
    first.write(&entries(vec![soc(71.0, 1)])).await.unwrap();
    first.close().await.unwrap();
    let before = topics(&broker).await;
    // A replay from the command line, beside no pipeline.
    let mut replay = sink(options(&broker));
    replay
        .rewrite(&entries(vec![soc(1.0, -100), soc(71.0, 1)]))
        .await
        .unwrap();
    replay.close().await.unwrap();
    assert_eq!(topics(&broker).await, before);
    let soc = kept(&broker, "cardata/i4/#").await;
    assert_eq!(
        soc["cardata/i4/vehicle/drivetrain/batteryManagement/header"].json()["value"],
        71
    );
}

#[tokio::test]
async fn a_text_that_no_catalogue_names_becomes_an_option_before_it_is_shown() {
    let Some(broker) = Mosquitto::start().await else {
        return;
    };
    let mut listener = Subscriber::start(&broker, "#").await;
    let mut sink = sink_knowing(options(&broker), Fake::knowing(vec![window("OPEN", 0)]));
    sink.write(&entries(vec![
        window("CLOSED", 1),
        window("AJAR", 2),
        window("AJAR", 3),
    ]))
    .await
    .unwrap();
    sink.close().await.unwrap();
    let all = listener.all().await;
    let config = "homeassistant/sensor/cardata/WBY8P210X07A12345_window_front_driver/config";
    let states = "cardata/i4/vehicle/cabin/window/row1/driver/status";
    let told: Vec<_> = all
        .iter()
        .filter_map(|it| match it.topic.as_str() {
            topic if topic == config => Some(it.json()["options"].clone()),
            topic if topic == states => Some(it.json()["value"].clone()),
            _ => None,
        })
        .collect();
    assert_eq!(
        json!(told),
        json!([
            ["CLOSED", "INTERMEDIATE", "OPEN"],
            "OPEN",
            "CLOSED",
            ["CLOSED", "INTERMEDIATE", "OPEN", "AJAR"],
            "AJAR",
            "AJAR"
        ])
    );
}

#[tokio::test]
async fn words_that_were_learned_are_options_after_a_restart() {
    let Some(broker) = Mosquitto::start().await else {
        return;
    };
    let present = Fake::knowing(vec![window("OPEN", 0)]);
    let mut first = sink_knowing(options(&broker), present.clone());
    let words = [" AJAR ".to_owned(), "x".repeat(300)];
    let told = (1..).zip(&words).map(|(at, word)| window(word, at));
    first.write(&entries(told.collect())).await.unwrap();
    first.close().await.unwrap();
    present.set(vec![window("OPEN", 9)]);
    let mut second = sink_knowing(options(&broker), present);
    second.write(&entries(vec![window("CLOSED", 10)])).await.unwrap();
    second.close().await.unwrap();
    let config = "homeassistant/sensor/cardata/WBY8P210X07A12345_window_front_driver/config";
    let told = kept(&broker, config).await[config].json()["options"].clone();
    let cut = "x".repeat(255);
    assert_eq!(told, json!(["CLOSED", "INTERMEDIATE", "OPEN", "AJAR", cut]));
}
