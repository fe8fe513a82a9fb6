//! The promises that every sink makes.

use async_trait::async_trait;
use collector_core::testkit::{Harness, Row, conformance};
use collector_core::{Entry, Sink, SinkContext, SinkPlugin, sink_plugins};
use serde_json::json;

use crate::archive::Archive;

#[async_trait]
impl Harness for Archive {
    fn plugin(&self) -> &'static SinkPlugin {
        let found = sink_plugins()
            .into_iter()
            .find(|plugin| plugin.type_name == "csv");
        found.unwrap()
    }

    async fn reset(&mut self) {
        *self = Self::new(json!({}));
    }

    async fn open(&mut self, _: SinkContext) -> Box<dyn Sink> {
        Self::open(self)
    }

    async fn rows(&mut self) -> Vec<Row> {
        Self::rows(self)
    }

    fn refused(&self, _: u64) -> Option<Entry> {
        None
    }
}

#[tokio::test]
async fn the_sink_keeps_its_promises() {
    conformance(&mut Archive::new(json!({}))).await;
}
