//! Where the vehicle is: only what was measured at one moment.

use collector_core::testkit::{ended, entry_with, reading};
use collector_core::{Entry, Value};
use serde_json::json;
use tests::servers::Mosquitto;

use crate::fake::{Fake, LATITUDE, LONGITUDE, NOON, entries, half};
use crate::{options, sink_knowing};
use tests::subscriber::{Subscriber, kept};

const POSITION: &str = "cardata/i4/position";

#[tokio::test]
async fn halves_of_different_moments_make_no_position() {
    let Some(broker) = Mosquitto::start().await else {
        return;
    };
    let mut listener = Subscriber::start(&broker, POSITION).await;
    let mut sink = sink_knowing(options(&broker), Fake::knowing(vec![half(LATITUDE, 50.0, 0)]));
    let location = "vehicle.cabin.infotainment.navigation.currentLocation";
    let heading = &format!("{location}.heading");
    let readings = vec![
        half(LONGITUDE, 6.1, 1),
        half(LATITUDE, 50.2, 2),
        half(LONGITUDE, 6.2, 2),
        half(LATITUDE, 50.1, 1),
        half(LATITUDE, 50.3, 3),
        half(heading, 90.0, 4),
        half(LONGITUDE, 6.4, 4),
        half(LATITUDE, 50.4, 4),
    ];
    sink.write(&entries(readings)).await.unwrap();
    let heard: Vec<_> = listener.all().await.iter().map(|it| it.json()).collect();
    assert_eq!(
        heard,
        [
            json!({
                "latitude": 50.2, "longitude": 6.2,
                "timestamp": "2026-03-01T12:00:02.000Z", "descriptor": location,
            }),
            json!({
                "latitude": 50.4, "longitude": 6.4, "heading": 90.0,
                "timestamp": "2026-03-01T12:00:04.000Z", "descriptor": location,
            }),
        ]
    );
    let tracker = kept(&broker, "homeassistant/device_tracker/#").await;
    let tracker = tracker["homeassistant/device_tracker/cardata/WBY8P210X07A12345_position/config"].json();
    assert_eq!(tracker["json_attributes_topic"], POSITION);
    sink.close().await.unwrap();
}

#[tokio::test]
async fn a_position_of_an_earlier_run_is_not_replaced_by_an_older_one() {
    let Some(broker) = Mosquitto::start().await else {
        return;
    };
    let present = Fake::knowing(Vec::new());
    let mut first = sink_knowing(options(&broker), present.clone());
    first
        .write(&entries(vec![half(LATITUDE, 50.0, 10), half(LONGITUDE, 6.0, 10)]))
        .await
        .unwrap();
    first.close().await.unwrap();
    // The newest halves do not belong together, so only the broker knows the position.
    present.set(vec![half(LATITUDE, 51.0, 20), half(LONGITUDE, 6.1, 15)]);
    let mut second = sink_knowing(options(&broker), present);
    second
        .write(&entries(vec![half(LATITUDE, 1.0, 5), half(LONGITUDE, 1.0, 5)]))
        .await
        .unwrap();
    assert_eq!(kept(&broker, POSITION).await[POSITION].json()["latitude"], 50.0);
    second
        .write(&entries(vec![half(LATITUDE, 52.0, 15)]))
        .await
        .unwrap();
    assert_eq!(kept(&broker, POSITION).await[POSITION].json()["latitude"], 52.0);
    second.close().await.unwrap();
}

#[tokio::test]
async fn a_position_without_a_fix_is_not_told() {
    let Some(broker) = Mosquitto::start().await else {
        return;
    };
    let mut listener = Subscriber::start(&broker, POSITION).await;
    let mut sink = sink_knowing(options(&broker), Fake::knowing(vec![half(LATITUDE, 50.0, 0)]));
    let id = "vehicle.cabin.infotainment.navigation.currentLocation.fixStatus";
    let status = reading(id, "gps_fix", Value::Text("NO_FIX".into()), None, NOON + 10_000);
    let lost = entry_with(
        1,
        vec![half(LATITUDE, 50.1, 10), half(LONGITUDE, 6.1, 10), status],
    );
    let nowhere = entry_with(2, vec![half(LATITUDE, 0.0, 900), half(LONGITUDE, 0.0, 900)]);
    let found = entry_with(3, vec![half(LATITUDE, 50.2, 910), half(LONGITUDE, 6.2, 910)]);
    sink.write(&[lost, nowhere, found]).await.unwrap();
    sink.close().await.unwrap();
    let heard: Vec<_> = listener.all().await.iter().map(|it| it.json()).collect();
    let told: Vec<_> = heard.iter().map(|it| &it["latitude"]).collect();
    assert_eq!(told, [50.2]);
}

#[tokio::test]
async fn a_position_whose_halves_have_ended_is_none_until_the_next_one_and_after_a_restart() {
    let Some(broker) = Mosquitto::start().await else {
        return;
    };
    let present = Fake::knowing(Vec::new());
    let end =
        |seq, id, seconds: i64| -> Entry { ended(seq, &half(id, 0.0, 0).descriptor, NOON + seconds * 1_000) };
    let mut sink = sink_knowing(options(&broker), present.clone());
    let mut listener = Subscriber::start(&broker, POSITION).await;
    sink.write(&entries(vec![half(LATITUDE, 50.0, 10), half(LONGITUDE, 6.0, 10)]))
        .await
        .unwrap();
    let ends = [
        end(5, LATITUDE, 20),
        end(7, LONGITUDE, 9),
        end(9, LONGITUDE, 30),
        end(11, LONGITUDE, 40),
    ];
    sink.write(&ends).await.unwrap();
    sink.write(&[end(13, LATITUDE, 20)]).await.unwrap();
    let told: Vec<_> = listener.all().await.iter().map(|it| it.json()).collect();
    let none = json!({
        "latitude": null, "longitude": null, "timestamp": "2026-03-01T12:00:30.000Z",
        "descriptor": "vehicle.cabin.infotainment.navigation.currentLocation",
    });
    assert_eq!(told.len(), 2, "{told:?}");
    assert_eq!((&told[0]["latitude"], &told[1]), (&json!(50.0), &none));
    sink.close().await.unwrap();

    // What was measured before the end changes nothing, a position of later does.
    present.set_ended(&[(LATITUDE, 20), (LONGITUDE, 30)]);
    let mut again = sink_knowing(options(&broker), present);
    again
        .write(&entries(vec![
            half(LATITUDE, 49.0, 15),
            half(LONGITUDE, 6.0, 15),
            half(LATITUDE, 51.0, 50),
        ]))
        .await
        .unwrap();
    assert_eq!(kept(&broker, POSITION).await[POSITION].json(), none);
    again
        .write(&entries(vec![half(LONGITUDE, 7.0, 50)]))
        .await
        .unwrap();
    assert_eq!(kept(&broker, POSITION).await[POSITION].json()["latitude"], 51.0);
    again.close().await.unwrap();
}
