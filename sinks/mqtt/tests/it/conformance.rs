//! The suite that every sink passes. The store is what a subscriber wrote down of BMW's own form.

use std::collections::BTreeMap;

use async_trait::async_trait;
use collector_core::testkit::{Harness, Row, conformance, entry_with, reading};
use collector_core::{Entry, Sink, SinkConfig, SinkContext, SinkPlugin, Value, sink_plugins};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use sink_mqtt::MqttConfig;
use tests::servers::Mosquitto;

use crate::subscriber::{Heard, Subscriber};
use crate::{NO_LIMIT, options, sink_in, with};

struct Store {
    broker: Mosquitto,
    subscriber: Subscriber,
    number: usize,
}

#[async_trait]
impl Harness for Store {
    fn plugin(&self) -> &'static SinkPlugin {
        sink_plugins()
            .into_iter()
            .find(|plugin| plugin.type_name == MqttConfig::TYPE)
            .unwrap()
    }

    async fn reset(&mut self) {
        self.number += 1;
        self.subscriber = Subscriber::start(&self.broker, &format!("bmw{}/#", self.number)).await;
    }

    async fn open(&mut self, context: SinkContext) -> Box<dyn Sink> {
        let number = self.number;
        let own = json!({ "prefix": format!("store{number}"), "bmw_prefix": format!("bmw{number}/") });
        sink_in(with(options(&self.broker), own), context)
    }

    async fn rows(&mut self) -> Vec<Row> {
        self.subscriber.all().await.iter().map(row).collect()
    }

    fn refused(&self, seq: u64) -> Option<Entry> {
        let text = Value::Text("x".repeat(2 * 1024 * 1024).into());
        let at = 1_772_366_700_000;
        Some(entry_with(
            seq,
            vec![reading("vehicle.look.image", "vehicle_image", text, None, at)],
        ))
    }
}

/// BMW's form, as a strict reader sees it. Numbers as their digits: serde_json would round the last of them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Payload {
    vin: String,
    #[serde(rename = "entityId")]
    entity_id: String,
    topic: String,
    timestamp: Timestamp,
    data: BTreeMap<String, Datum>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Datum {
    timestamp: Timestamp,
    value: Box<RawValue>,
    #[serde(default)]
    unit: Option<String>,
}

fn row(message: &Heard) -> Row {
    let payload: Payload = serde_json::from_str(&message.payload).unwrap();
    let (_, topic) = message.topic.split_once('/').unwrap();
    assert_eq!(topic, format!("{}/{}", payload.entity_id, payload.vin));
    assert_eq!(payload.topic, payload.vin);
    assert!(!message.retained);
    assert_eq!(payload.data.len(), 1, "one descriptor a message");
    let (descriptor, datum) = payload.data.into_iter().next().unwrap();
    assert!(datum.timestamp < payload.timestamp);
    assert!(datum.unit.is_none_or(|unit| !unit.is_empty()));
    let value = datum.value.get();
    Row {
        vin: payload.vin,
        descriptor,
        measured_at: datum.timestamp.as_millisecond(),
        value: serde_json::from_str::<String>(value).unwrap_or_else(|_| value.to_owned()),
    }
}

#[tokio::test]
async fn the_sink_keeps_its_promises() {
    let Some(broker) = Mosquitto::with(&[NO_LIMIT]).await else {
        return;
    };
    let subscriber = Subscriber::start(&broker, "none").await;
    conformance(&mut Store {
        broker,
        subscriber,
        number: 0,
    })
    .await;
}
