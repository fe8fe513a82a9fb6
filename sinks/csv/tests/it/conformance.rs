//! The promises that every sink makes.

use std::fs;

use async_trait::async_trait;
use collector_core::testkit::{Harness, RecordRow, Row, conformance};
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

    async fn records(&mut self) -> Vec<RecordRow> {
        Self::records(self)
    }

    async fn tear(&mut self) -> bool {
        let modified = |name: &String| {
            let metadata = fs::metadata(self.path().join(name)).unwrap();
            metadata.modified().unwrap()
        };
        let newest = self.files().into_iter().max_by_key(modified).unwrap();
        let bytes = self.bytes(&newest);
        fs::write(self.path().join(&newest), &bytes[..bytes.len() - 7]).unwrap();
        // The end of a batch is noted behind its rows: who loses its power before they are on the disk has no such note.
        let progress = ".cardata-under-test.progress";
        let mut lines = self.read(progress);
        lines.pop();
        let noted = lines.rfind('\n').unwrap();
        lines.truncate(noted + 1);
        self.write_file(progress, &lines);
        true
    }
}

#[tokio::test]
async fn the_sink_keeps_its_promises() {
    conformance(&mut Archive::new(json!({}))).await;
}
