//! The suite that every sink passes. The store is what a subscriber wrote down of BMW's own form.

use std::collections::BTreeMap;

use async_trait::async_trait;
use collector_core::testkit::{Harness, RecordRow, Row, conformance, entry_with, reading};
use collector_core::{Entry, Sink, SinkConfig, SinkContext, SinkPlugin, Value, sink_plugins};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use sink_mqtt::MqttConfig;
use tests::servers::Mosquitto;

use crate::{NO_LIMIT, options, sink_in, with};
use tests::subscriber::{Heard, Subscriber, kept};

struct Store {
    broker: Mosquitto,
    subscriber: Subscriber,
    /// Hears what is told of records.
    records: Subscriber,
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
        self.records = Subscriber::start(&self.broker, &format!("store{}/+/+", self.number)).await;
    }

    async fn open(&mut self, context: SinkContext) -> Box<dyn Sink> {
        let number = self.number;
        let own = json!({ "prefix": format!("store{number}"), "bmw_prefix": format!("bmw{number}/") });
        sink_in(with(options(&self.broker), own), context)
    }

    async fn rows(&mut self) -> Vec<Row> {
        self.subscriber.all().await.iter().map(row).collect()
    }

    async fn records(&mut self) -> Vec<RecordRow> {
        let mut rows = Vec::new();
        for heard in self.records.all().await {
            // Empty where the broker was told to keep nothing.
            if let Ok(record) = serde_json::from_str::<Record>(&heard.payload) {
                record.push(&mut rows, None, &[]);
            }
        }
        rows
    }

    async fn present(&mut self) -> Option<Vec<(String, String)>> {
        let kept = kept(&self.broker, &format!("store{}/+/vehicle/#", self.number)).await;
        let shown = kept
            .values()
            .map(Heard::json)
            .filter(|state| !state["value"].is_null());
        let descriptor = |state: serde_json::Value| state["descriptor"].as_str().unwrap().to_owned();
        Some(shown.map(|state| (String::new(), descriptor(state))).collect())
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

#[derive(Deserialize)]
struct Record {
    record: String,
    vin: Option<String>,
    key: BTreeMap<String, Box<RawValue>>,
    revision: u32,
    state: String,
    values: BTreeMap<String, Box<RawValue>>,
    #[serde(default)]
    children: Vec<Record>,
}

impl Record {
    fn push(&self, rows: &mut Vec<RecordRow>, vin: Option<&str>, parent: &[String]) {
        let vin = self.vin.as_deref().or(vin).unwrap();
        let own = self.key.values().map(|value| plain(value).unwrap());
        let key: Vec<String> = parent.iter().cloned().chain(own).collect();
        for child in &self.children {
            child.push(rows, Some(vin), &key);
        }
        let columns: &[&str] = match self.record.as_str() {
            "test_trip" => &["distance", "electric", "purpose", "energy"],
            _ => &["until"],
        };
        let told = columns.iter().filter_map(|column| self.values.get(*column));
        rows.push(RecordRow {
            kind: self.record.clone(),
            vin: vin.to_owned(),
            key,
            revision: self.revision,
            state: self.state.clone(),
            values: told.map(|value| plain(value)).collect(),
        });
    }
}

/// A value as the suite displays it; none for null.
fn plain(value: &RawValue) -> Option<String> {
    match value.get() {
        "null" => None,
        json => Some(serde_json::from_str::<String>(json).unwrap_or_else(|_| json.to_owned())),
    }
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
    let records = Subscriber::start(&broker, "none").await;
    conformance(&mut Store {
        broker,
        subscriber,
        records,
        number: 0,
    })
    .await;
}
