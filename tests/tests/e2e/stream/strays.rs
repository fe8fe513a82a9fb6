//! What is no message of BMW's: it kills nothing, is kept as it came, and is counted.

use serde_json::json;
use tests::stream::flow::Flow;
use tests::stream::message::rows;
use tests::stream::stage::{Stage, delivered, in_real_time, tokens_of};

use super::FILES;
use crate::scene::stop;
use crate::stores;

#[tokio::test]
async fn nothing_that_arrives_stops_the_stream() {
    let Some(stage) = Stage::set(tokens_of(3_600), &in_real_time(FILES)).await else {
        return;
    };
    let run = stage.run().await;
    let publisher = stage.publisher();
    let (gcid, vin) = (stage.gcid.clone(), stage.vin());
    let topic = publisher.topic(&vin);
    let unreadable: Vec<(String, Vec<u8>)> = vec![
        (topic.clone(), b"no JSON \xff\xfe".to_vec()),
        (topic.clone(), Vec::new()),
        (topic.clone(), b"null".to_vec()),
        (topic.clone(), b"[1, 2, 3]".to_vec()),
        (topic.clone(), br#"{"data": 17}"#.to_vec()),
        (topic.clone(), vec![b'['; 100_000]),
        (format!("{gcid}/no-vehicle"), br#"{"data": {}}"#.to_vec()),
    ];
    for (topic, payload) in &unreadable {
        publisher.publish_raw(topic, payload.clone()).await;
        publisher.publish_raw(topic, payload.clone()).await;
    }
    // What is in the form of a message and odd: values of every kind, and a thousand keys at once.
    let odd = json!({ "vin": vin, "timestamp": "2026-01-01T00:00:00.000Z", "data": {
        "vehicle.isMoving": { "timestamp": "2026-01-01T00:00:00Z", "value": null },
        "vehicle.odd.object": { "timestamp": "2026-01-01T00:00:00Z", "value": { "a": [1, { "b": null }] } },
        "vehicle.odd.list": { "timestamp": "2026-01-01T00:00:00Z", "value": [1, 2] },
        "vehicle.odd.nothing": null,
        "vehicle.odd.word": "word",
        "vehicle.odd.time": { "timestamp": "yesterday", "value": 5 },
    }});
    publisher.publish_raw(&topic, odd.to_string()).await;
    let mut thousand = serde_json::Map::new();
    for number in 0..1_000 {
        let body = json!({ "timestamp": "2026-01-01T00:00:00Z", "value": number, "unit": "km" });
        thousand.insert(format!("vehicle.odd.number{number}"), body);
    }
    let thousand = json!({ "vin": vin, "data": thousand });
    publisher.publish_raw(&topic, thousand.to_string()).await;
    let told = Flow::of(&vin, 1).life(100);
    publisher.publish_all(&told).await;

    let rows_of = rows(&told);
    stage.stored(&run, rows_of.len() + 1_000).await;
    delivered(&stage.scene, &run).await;
    let found = stores::sqlite(&stage.scene.path("cardata.db"));
    assert!(rows_of.iter().all(|row| found.contains(row)));
    let numbers = found
        .iter()
        .filter(|row| row.descriptor.starts_with("vehicle.odd.number"));
    assert_eq!(numbers.count(), 1_000);
    let status = stage.scene.status().await;
    stop(run).await;

    let kept = stores::strays(&stage.scene.path("state"));
    for (topic, payload) in &unreadable {
        let times = kept.iter().find(|stray| (&stray.0, &stray.1) == (topic, payload));
        let times = times.unwrap_or_else(|| panic!("{topic} {} bytes is not kept", payload.len()));
        assert_eq!(times.2, 2, "{topic} {} bytes", payload.len());
    }
    let unreadable_times = status["streams"][0]["unreadable"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|reason| reason["times"].as_u64().expect("a number"));
    assert_eq!(
        unreadable_times.sum::<u64>(),
        2 * unreadable.len() as u64,
        "{status:#}"
    );
}
