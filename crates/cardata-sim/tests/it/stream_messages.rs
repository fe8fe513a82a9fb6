//! What the car says on the stream: the same as in answers, sooner and untidily.

#![expect(clippy::unwrap_used, reason = "the helpers of tests fail as tests do")]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use cardata_sim::{Delivery, SimConfig, StreamConfig, StreamedReading};
use jiff::Timestamp;
use rumqttc::mqttbytes::QoS;
use rumqttc::mqttbytes::v4::{Packet, Publish, Subscribe, SubscribeReasonCode};
use serde_json::Value;

use crate::desk::{Desk, HEADER, VIN, text};
use crate::driver::{Driver, connect, json};

const ODOMETER: &str = "vehicle.vehicle.travelledDistance";
const LATITUDE: &str = "vehicle.cabin.infotainment.navigation.currentLocation.latitude";
const LONGITUDE: &str = "vehicle.cabin.infotainment.navigation.currentLocation.longitude";
const MOVING: &str = "vehicle.isMoving";
const STATUS: &str = "vehicle.drivetrain.electricEngine.charging.status";

fn long_tokens() -> SimConfig {
    SimConfig {
        calls_per_day: 1_000,
        token_lifetime: Duration::from_secs(7 * 86_400),
        ..SimConfig::default()
    }
}

/// Key and member of a message with one key.
fn said(publish: &Publish) -> (String, Value) {
    let mut message = json(publish);
    let data = message["data"].as_object_mut().unwrap();
    assert_eq!(data.len(), 1, "one key a message");
    let (key, value) = data.iter_mut().next().unwrap();
    (key.clone(), value.take())
}

#[tokio::test]
async fn messages_have_the_form_of_the_live_service() {
    let desk = Desk::logged_in(long_tokens()).await;
    let mut driver = Driver::subscribed(&desk).await;
    desk.pass(2 * 3_600);
    let messages = driver.messages(&desk).await;
    assert!(messages.len() > 300, "{}", messages.len());
    let gcid = desk.control.gcid();
    let mut kinds = BTreeSet::new();
    for publish in &messages {
        assert!(!publish.retain);
        assert_eq!(publish.topic, format!("{gcid}/{VIN}"));
        let message = json(publish);
        assert_eq!(
            (&message["vin"], &message["topic"], &message["entityId"]),
            (&VIN.into(), &VIN.into(), &gcid.as_str().into())
        );
        let (key, value) = said(publish);
        let (sent, measured) = (text(&message["timestamp"]), text(&value["timestamp"]));
        assert_eq!((sent.len(), measured.len()), (24, 20), "{sent} {measured}");
        let between = |later: &str| {
            let [later, earlier] = [later, measured.as_str()].map(|at| at.parse::<Timestamp>().unwrap());
            later.duration_since(earlier).as_millis()
        };
        assert!(between(&sent) >= 1_600, "{key}: {measured} sent at {sent}");
        assert_ne!(value.get("unit"), Some(&Value::Null), "a unit is there or not");
        assert_ne!(value["unit"], "%");
        kinds.insert(match &value["value"] {
            Value::Null => "null",
            Value::Bool(_) => "bool",
            Value::Number(_) => "number",
            Value::String(text) if text.parse::<f64>().is_ok() => "quoted",
            Value::String(_) => "text",
            other => panic!("{other}"),
        });
    }
    assert_eq!(kinds, ["bool", "null", "number", "quoted", "text"].into());
    desk.leave().await;
}

#[tokio::test]
async fn the_same_seed_gives_the_same_messages() {
    let mut runs = Vec::new();
    for steps in [1, 8] {
        let desk = Desk::logged_in(SimConfig {
            seed: 42,
            ..long_tokens()
        })
        .await;
        let mut driver = Driver::subscribed(&desk).await;
        let mut messages = Vec::new();
        for _ in 0..steps {
            desk.pass(4 * 3_600 / steps);
            messages.extend(driver.messages(&desk).await);
        }
        let payloads: Vec<_> = messages.into_iter().map(|message| message.payload).collect();
        runs.push(payloads);
        desk.leave().await;
    }
    assert!(runs[0].len() > 300);
    assert!(runs[0] == runs[1]);
}

#[tokio::test]
async fn the_truth_is_what_a_subscriber_got() {
    let desk = Desk::logged_in(SimConfig {
        stream: StreamConfig {
            delivery: Delivery::Granted,
            ..StreamConfig::default()
        },
        ..long_tokens()
    })
    .await;
    let mut driver = Driver::subscribed(&desk).await;
    let mut got = Vec::new();
    for _ in 0..3 {
        desk.pass(1_800);
        got.extend(driver.messages(&desk).await);
    }
    driver.ping().await;
    let mut truth = desk.control.streamed();
    assert!(truth.iter().all(|message| message.acknowledged && !message.cut));
    truth.retain(|message| message.payload.starts_with(b"{"));
    let theirs: Vec<&[u8]> = got.iter().map(|message| &message.payload[..]).collect();
    let ours: Vec<&[u8]> = truth.iter().map(|message| &message.payload[..]).collect();
    assert!(ours == theirs);
    let (key, value) = said(&got[0]);
    let expected = StreamedReading {
        vin: VIN.into(),
        descriptor: key,
        timestamp: Some(text(&value["timestamp"])),
        unit: value.get("unit").map(text),
        value: Some(value["value"].to_string()),
    };
    assert_eq!(truth[0].readings(), [expected]);
    desk.leave().await;
}

#[tokio::test]
async fn answers_and_stream_agree_on_the_newest_value() {
    let keys = [HEADER, ODOMETER, LATITUDE, LONGITUDE, MOVING, STATUS];
    let desk = Desk::logged_in(long_tokens()).await;
    let container = desk.container(&keys).await;
    let mut driver = Driver::subscribed(&desk).await;
    let mut newest: BTreeMap<String, (String, Value)> = BTreeMap::new();
    let (mut compared, mut torn) = (0, 0);
    for _ in 0..40 {
        // Between two reports: all of the last has arrived, nothing of the next.
        desk.pass(180);
        for publish in driver.messages(&desk).await {
            let (key, value) = said(&publish);
            let stamp = text(&value["timestamp"]);
            let known = newest.entry(key).or_default();
            if stamp > known.0 {
                *known = (stamp, value["value"].clone());
            }
        }
        let data = desk.telematic_data(&container).await;
        for key in keys {
            let Some((stamp, value)) = newest.get(key) else {
                continue;
            };
            let answered = &data[key];
            let second = text(&answered["timestamp"])[..19].to_owned() + "Z";
            let in_flight = desk.now().duration_since(second.parse().unwrap()).as_secs() < 12
                || desk.now().duration_since(stamp.parse().unwrap()).as_secs() < 12;
            if in_flight {
                continue;
            }
            assert_eq!(&second, stamp, "{key}");
            let answer = text(&answered["value"]);
            match value {
                Value::Number(number) => assert_eq!(answer.parse::<f64>().unwrap(), number.as_f64().unwrap()),
                Value::Bool(flag) => assert_eq!(answer, if *flag { "ASN_isTrue" } else { "ASN_isFalse" }),
                other => assert_eq!(answer, text(other)),
            }
            compared += 1;
        }
        if let (Some(latitude), Some(longitude)) = (newest.get(LATITUDE), newest.get(LONGITUDE)) {
            torn += usize::from(latitude.0 != longitude.0);
        }
    }
    assert!(compared > 100, "{compared}");
    assert!(torn > 3, "{torn}");
    desk.leave().await;
}

#[tokio::test]
async fn without_imperfections_the_stream_is_tidy() {
    let desk = Desk::logged_in(SimConfig {
        position_skew: 0.0,
        stream: StreamConfig {
            duplicates: 0.0,
            disorder: false,
            late: 0.0,
            nulls: false,
            position_jumps: 0.0,
            ..StreamConfig::default()
        },
        ..long_tokens()
    })
    .await;
    let mut driver = Driver::subscribed(&desk).await;
    desk.pass(4 * 3_600);
    let messages = driver.messages(&desk).await;
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    for publish in &messages {
        let (key, value) = said(publish);
        assert!(!value["value"].is_null());
        let stamp = text(&value["timestamp"]);
        let before = seen.insert(key, stamp.clone());
        assert!(before.is_none_or(|before| before < stamp));
    }
    assert!(messages.len() > 200, "{}", messages.len());
    desk.leave().await;
}

#[tokio::test]
async fn a_burst_is_of_distinct_messages_and_whole() {
    let desk = Desk::logged_in(long_tokens()).await;
    let mut driver = Driver::subscribed(&desk).await;
    let control = desk.control.clone();
    let bursts = tokio::task::spawn_blocking(move || {
        control.burst(3_000);
        control.burst(2_000);
    });
    bursts.await.unwrap();
    let messages = driver.messages(&desk).await;
    let distinct: BTreeSet<(String, String)> = messages
        .iter()
        .map(|publish| {
            let (key, value) = said(publish);
            assert!(text(&value["timestamp"]).parse::<Timestamp>().unwrap() <= desk.now());
            (key, text(&value["timestamp"]))
        })
        .collect();
    assert_eq!(distinct.len(), 5_000);
    desk.leave().await;
}

#[tokio::test]
async fn messages_come_at_quality_zero_whatever_was_granted() {
    for (delivery, asked, quality) in [
        (Delivery::AtMostOnce, QoS::AtLeastOnce, QoS::AtMostOnce),
        (Delivery::Granted, QoS::AtMostOnce, QoS::AtMostOnce),
        (Delivery::Granted, QoS::AtLeastOnce, QoS::AtLeastOnce),
    ] {
        let desk = Desk::logged_in(SimConfig {
            stream: StreamConfig {
                delivery,
                ..StreamConfig::default()
            },
            ..SimConfig::default()
        })
        .await;
        let mut driver = Driver::reach(&desk).await.unwrap();
        let mut subscribe = Subscribe::new(format!("{}/+", desk.control.gcid()), asked);
        subscribe.pkid = 1;
        driver.send(&[connect(&desk), Packet::Subscribe(subscribe)]).await;
        driver.login_code().await;
        assert_eq!(driver.granted().await, [SubscribeReasonCode::Success(asked)]);
        assert!(desk.control.publish(VIN, "heard"));
        let messages = driver.messages(&desk).await;
        assert_eq!(messages[0].qos, quality, "{delivery:?}");
        assert_eq!(messages[0].pkid == 0, quality == QoS::AtMostOnce);
        driver.ping().await;
        let acknowledged = desk.control.streamed()[0].acknowledged;
        assert_eq!(acknowledged, quality == QoS::AtLeastOnce);
        desk.leave().await;
    }
}
