//! The suite that every sink passes. The store is what a subscriber wrote down of BMW's own form.

use async_trait::async_trait;
use collector_core::testkit::{Harness, Row, conformance, entry_with, reading};
use collector_core::{Entry, Sink, SinkConfig, SinkContext, SinkPlugin, Value, sink_plugins};
use serde_json::json;
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

fn row(message: &Heard) -> Row {
    let payload = message.json();
    let data = payload["data"].as_object().unwrap();
    assert_eq!(data.len(), 1, "one descriptor a message");
    let (descriptor, datum) = data.iter().next().unwrap();
    assert_eq!(payload["topic"], payload["vin"]);
    assert!(!message.retained);
    let measured_at: jiff::Timestamp = datum["timestamp"].as_str().unwrap().parse().unwrap();
    Row {
        vin: payload["vin"].as_str().unwrap().to_owned(),
        descriptor: descriptor.clone(),
        measured_at: measured_at.as_millisecond(),
        value: match &datum["value"] {
            serde_json::Value::String(text) => text.clone(),
            other => other.to_string(),
        },
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
