//! The broker goes and comes back; Home Assistant too; and the program itself.

use collector_core::testkit::trip;
use collector_core::{Entry, RecordState};
use jiff::SignedDuration;
use serde_json::json;
use tests::servers::Mosquitto;

use crate::fake::{Fake, GCID, SOC, entries, soc, soc_ended};
use crate::{options, sink_knowing, transient};
use tests::subscriber::{Subscriber, kept};

const SOC_TOPIC: &str = "cardata/i4/vehicle/drivetrain/batteryManagement/header";
const RECORD: &str = "cardata/i4/test_trip/last";
const CONFIG: &str = "homeassistant/sensor/cardata/WBY8P210X07A12345_soc/config";

#[tokio::test]
async fn a_broker_that_lost_everything_gets_it_again_without_a_write() {
    let Some(mut broker) = Mosquitto::start().await else {
        return;
    };
    let present = Fake::knowing(vec![soc(70.0, 0)]);
    let mut sink = sink_knowing(options(&broker), present.clone());
    sink.start();
    sink.write(&entries(vec![soc(71.0, 1)])).await.unwrap();
    let record = Entry::record_of(3, trip(0, 1, RecordState::Final, 1));
    sink.write(&[record]).await.unwrap();
    let told = kept(&broker, RECORD).await.remove(RECORD).unwrap();
    broker.kill();
    present.set(vec![soc(71.0, 1)]);
    broker.start_again().await;
    let mut listener = Subscriber::start(&broker, "#").await;
    let online = |all: &[tests::subscriber::Heard]| {
        let has = |topic: &str| all.iter().any(|it| it.topic == topic);
        has("cardata/status") && has(CONFIG) && has(SOC_TOPIC) && has(RECORD)
    };
    let all = listener.until(online).await;
    let state = all.iter().find(|it| it.topic == SOC_TOPIC).unwrap();
    assert_eq!(state.json()["value"], 71);
    let record = all.iter().find(|it| it.topic == RECORD).unwrap();
    assert_eq!(record.payload, told.payload);
    sink.close().await.unwrap();
    assert_eq!(
        kept(&broker, "cardata/status").await["cardata/status"].payload,
        "offline"
    );
}

#[tokio::test]
async fn the_end_of_a_value_outlives_a_restart() {
    let Some(broker) = Mosquitto::start().await else {
        return;
    };
    let present = Fake::knowing(vec![soc(70.0, 0)]);
    let mut first = sink_knowing(options(&broker), present.clone());
    first.write(&[soc_ended(10)]).await.unwrap();
    first.close().await.unwrap();
    let before = kept(&broker, "#").await;
    assert_eq!(before[SOC_TOPIC].json()["value"], json!(null));

    present.end(10);
    let mut listener = Subscriber::start(&broker, "#").await;
    let mut second = sink_knowing(options(&broker), present);
    // Measured before the end, and late.
    second.write(&entries(vec![soc(69.0, 5)])).await.unwrap();
    let all = listener.all().await;
    let heard = |topic: &'static str| all.iter().filter(move |it| it.topic == topic);
    assert!(heard(CONFIG).all(|it| it.payload == before[CONFIG].payload));
    assert!(heard(SOC_TOPIC).all(|it| it.json()["value"].is_null()));
    let after = kept(&broker, "#").await;
    assert_eq!(after[CONFIG].payload, before[CONFIG].payload);
    assert_eq!(
        after[SOC_TOPIC].json()["timestamp"],
        before[SOC_TOPIC].json()["timestamp"]
    );
    second.write(&entries(vec![soc(68.0, 20)])).await.unwrap();
    assert_eq!(kept(&broker, SOC_TOPIC).await[SOC_TOPIC].json()["value"], 68);
    second.close().await.unwrap();
}

#[tokio::test]
async fn nothing_of_bmws_form_is_lost_while_the_broker_is_away() {
    let Some(mut broker) = Mosquitto::start().await else {
        return;
    };
    let mut sink = sink_knowing(options(&broker), Fake::knowing(vec![soc(0.0, 0)]));
    let history: Vec<_> = (1..=30).map(|at| soc(at as f64, at)).collect();
    let batches = entries(history);
    let batches: Vec<_> = batches.chunks(10).collect();
    let topic = format!("{GCID}/#");
    let mut before = Subscriber::start(&broker, &topic).await;
    sink.write(batches[0]).await.unwrap();
    let mut heard = before.all().await;
    broker.kill();
    let reason = transient(sink.write(batches[1]).await);
    assert!(
        reason.contains(&format!("localhost:{}", broker.port())),
        "{reason}"
    );
    transient(sink.write(batches[1]).await);
    broker.start_again().await;
    let mut after = Subscriber::start(&broker, &topic).await;
    // As the engine does: the same batch until it is taken.
    while let Err(error) = sink.write(batches[1]).await {
        assert!(error.to_string().contains("broker"), "{error}");
    }
    sink.write(batches[2]).await.unwrap();
    heard.extend(after.all().await);
    let values: Vec<_> = heard
        .iter()
        .map(|it| it.json()["data"][SOC]["value"].clone())
        .collect();
    assert_eq!(json!(values), json!((1..=30).collect::<Vec<_>>()));
    sink.close().await.unwrap();
}

/// The program was stopped between what came and its delivery, or the sink was paused.
#[tokio::test]
async fn what_came_long_before_a_restart_is_retained_and_no_message_of_bmw() {
    let Some(broker) = Mosquitto::start().await else {
        return;
    };
    let history = entries((1..=3).map(|at| soc(at as f64, at)).collect());
    let came = |entry: &Entry| entry.snapshot().unwrap().received_at;
    let present = Fake::knowing(vec![soc(0.0, 0)]);
    let mut listener = Subscriber::start(&broker, &format!("{GCID}/#")).await;
    for (entry, minutes, told) in [(0, 0, 1), (1, 15, 2), (2, 16, 2)] {
        present.set_now(came(&history[entry]) + SignedDuration::from_mins(minutes));
        let mut sink = sink_knowing(options(&broker), present.clone());
        sink.write(&history[entry..=entry]).await.unwrap();
        sink.close().await.unwrap();
        assert_eq!(listener.all().await.len(), told, "after {minutes} minutes");
    }
    assert_eq!(kept(&broker, SOC_TOPIC).await[SOC_TOPIC].json()["value"], 3);
    let mut replay = sink_knowing(options(&broker), present);
    replay.rewrite(&history[..1]).await.unwrap();
    replay.close().await.unwrap();
    assert_eq!(listener.all().await.len(), 2);
}

#[tokio::test]
async fn home_assistant_hears_everything_when_it_has_started() {
    let Some(broker) = Mosquitto::start().await else {
        return;
    };
    let mut sink = sink_knowing(options(&broker), Fake::knowing(vec![soc(70.0, 0)]));
    sink.write(&entries(vec![soc(71.0, 1)])).await.unwrap();
    let mut assistant = Subscriber::start(&broker, "#").await;
    assistant.all().await;
    assistant.publish("homeassistant/status", "online", false).await;
    let again = |all: &[tests::subscriber::Heard]| {
        let live = |topic: &str| all.iter().any(|it| it.topic == topic && !it.retained);
        live(CONFIG) && live(SOC_TOPIC)
    };
    let all = assistant.until(again).await;
    let state = all.iter().rfind(|it| it.topic == SOC_TOPIC).unwrap();
    assert_eq!(state.json()["value"], 71);
    sink.close().await.unwrap();
}

#[tokio::test]
async fn a_program_that_dies_is_offline() {
    let Some(broker) = Mosquitto::start().await else {
        return;
    };
    let mut sink = sink_knowing(options(&broker), Fake::default());
    sink.start();
    let mut listener = Subscriber::start(&broker, "cardata/status").await;
    listener
        .until(|all| all.last().is_some_and(|it| it.payload == "online"))
        .await;
    drop(sink);
    listener
        .until(|all| all.last().is_some_and(|it| it.payload == "offline"))
        .await;
}

#[tokio::test]
async fn a_check_shows_nothing_and_disturbs_nobody() {
    let Some(broker) = Mosquitto::start().await else {
        return;
    };
    let mut running = sink_knowing(options(&broker), Fake::default());
    running.write(&entries(vec![soc(71.0, 1)])).await.unwrap();
    let mut listener = Subscriber::start(&broker, "#").await;
    let before = listener.all().await.len();
    let mut checked = sink_knowing(options(&broker), Fake::default());
    checked.check().await.unwrap();
    checked.close().await.unwrap();
    assert_eq!(listener.all().await.len(), before);
    running.write(&entries(vec![soc(72.0, 2)])).await.unwrap();
    running.close().await.unwrap();
}
