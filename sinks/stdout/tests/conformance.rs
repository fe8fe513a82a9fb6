//! The sink's promises, on a stream in memory.

#![expect(clippy::unwrap_used, reason = "a test speaks by panicking")]

use std::collections::HashMap;
use std::io::{self, ErrorKind, Write};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use collector_core::testkit::{Harness, RecordRow, Row, conformance, entries};
use collector_core::{Entry, Sink, SinkContext, SinkError, SinkPlugin, UnitSystem, sink_plugins};
use jiff::Timestamp;
use serde_json::value::RawValue;
use sink_stdout::{Format, StdoutSink};

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A pipe whose reader has ended.
struct Closed;

impl Write for Closed {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Err(ErrorKind::BrokenPipe.into())
    }
}

#[async_trait]
impl Harness for Shared {
    fn plugin(&self) -> &'static SinkPlugin {
        sink_plugins()
            .into_iter()
            .find(|plugin| plugin.type_name == "stdout")
            .unwrap()
    }

    async fn reset(&mut self) {
        *self = Self::default();
    }

    async fn open(&mut self, _: SinkContext) -> Box<dyn Sink> {
        Box::new(StdoutSink::with_writer(
            Format::Json,
            UnitSystem::Imperial,
            self.clone(),
        ))
    }

    async fn rows(&mut self) -> Vec<Row> {
        let lines = self.lines();
        let readings = lines.iter().filter(|line| !line.contains_key("record"));
        readings.map(row).collect()
    }

    async fn records(&mut self) -> Vec<RecordRow> {
        let mut rows = Vec::new();
        for line in self.lines().iter().filter(|line| line.contains_key("record")) {
            push(&mut rows, line, &text(line, "vin"), &[]);
        }
        rows
    }

    fn refused(&self, _: u64) -> Option<Entry> {
        None
    }
}

type Line = HashMap<String, Box<RawValue>>;

impl Shared {
    fn lines(&self) -> Vec<Line> {
        let bytes = self.0.lock().unwrap();
        let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        lines.map(|line| serde_json::from_slice(line).unwrap()).collect()
    }
}

fn text(line: &Line, key: &str) -> String {
    serde_json::from_str(line[key].get()).unwrap()
}

/// serde_json reads a number with an error of one bit; the standard library reads it exactly.
fn shown(value: &RawValue) -> String {
    match value.get() {
        quoted if quoted.starts_with('"') => serde_json::from_str(quoted).unwrap(),
        plain => plain
            .parse::<f64>()
            .map_or(plain.to_owned(), |number| number.to_string()),
    }
}

fn row(line: &Line) -> Row {
    Row {
        vin: text(line, "vin"),
        descriptor: text(line, "descriptor"),
        measured_at: text(line, "measured_at")
            .parse::<Timestamp>()
            .unwrap()
            .as_millisecond(),
        value: shown(&line["value"]),
    }
}

fn push(rows: &mut Vec<RecordRow>, line: &Line, vin: &str, parent: &[String]) {
    let columns = |key: &str| -> Vec<Option<String>> {
        let names = match (key, text(line, "record").as_str()) {
            ("key", "test_trip") => &["start"][..],
            ("key", _) => &["number"],
            ("values", "test_trip") => &["distance", "electric", "purpose", "energy"],
            _ => &["until"],
        };
        let values: Line = serde_json::from_str(line[key].get()).unwrap();
        let told = names.iter().filter_map(|name| values.get(*name));
        told.map(|value| (value.get() != "null").then(|| shown(value)))
            .collect()
    };
    let key: Vec<String> = parent
        .iter()
        .cloned()
        .chain(columns("key").into_iter().flatten())
        .collect();
    if let Some(children) = line.get("children") {
        let children: Vec<Line> = serde_json::from_str(children.get()).unwrap();
        children.iter().for_each(|child| push(rows, child, vin, &key));
    }
    rows.push(RecordRow {
        kind: text(line, "record"),
        vin: vin.to_owned(),
        key,
        revision: line["revision"].get().parse().unwrap(),
        state: text(line, "state"),
        values: columns("values"),
    });
}

#[tokio::test]
async fn the_sink_keeps_its_promises() {
    conformance(&mut Shared::default()).await;
}

#[tokio::test]
async fn text_names_every_reading() {
    let stream = Shared::default();
    let mut sink = StdoutSink::with_writer(Format::Text, UnitSystem::Metric, stream.clone());
    sink.write(&entries(1, 3)).await.unwrap();
    let text = String::from_utf8(stream.0.lock().unwrap().clone()).unwrap();
    assert_eq!(
        text.lines().count(),
        3 * (1 + 8),
        "a line per snapshot and per reading:\n{text}"
    );
    assert_eq!(text.matches("  soc ").count(), 3, "{text}");
}

#[tokio::test]
async fn a_closed_pipe_needs_a_person() {
    let mut sink = StdoutSink::with_writer(Format::Json, UnitSystem::Metric, Closed);
    let error = sink.write(&entries(1, 1)).await.unwrap_err();
    assert!(
        matches!(&error, SinkError::Misconfigured { reason } if reason.starts_with("standard output was closed")),
        "{error}"
    );
}
