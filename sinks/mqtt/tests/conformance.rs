//! The suite that every sink passes.

#![expect(clippy::unwrap_used, reason = "a test speaks by panicking")]

use std::path::PathBuf;

use async_trait::async_trait;
use collector_core::testkit::{Harness, Row, conformance};
use collector_core::{Entry, Sink, SinkConfig, SinkContext, SinkPlugin, sink_plugins};
use sink_mqtt::MqttConfig;
use tempfile::TempDir;

struct Store {
    folder: TempDir,
}

impl Store {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("readings.jsonl")
    }
}

#[tokio::test]
async fn the_sink_keeps_its_promises() {
    conformance(&mut Store::new()).await;
}

#[async_trait]
impl Harness for Store {
    fn plugin(&self) -> &'static SinkPlugin {
        sink_plugins()
            .into_iter()
            .find(|plugin| plugin.type_name == "mqtt")
            .unwrap()
    }

    async fn reset(&mut self) {
        *self = Self::new();
    }

    async fn open(&mut self, context: SinkContext) -> Box<dyn Sink> {
        MqttConfig { path: self.path() }.build(context).unwrap()
    }

    async fn rows(&mut self) -> Vec<Row> {
        let text = std::fs::read_to_string(self.path()).unwrap_or_default();
        let row = |line: &str| {
            let (vin, descriptor, measured_at, value) = serde_json::from_str(line).unwrap();
            Row {
                vin,
                descriptor,
                measured_at,
                value,
            }
        };
        text.lines().map(row).collect()
    }

    fn refused(&self, _: u64) -> Option<Entry> {
        None
    }
}
