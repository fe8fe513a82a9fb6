//! The sink's promises, on a stream in memory.

#![expect(clippy::unwrap_used, reason = "a test speaks by panicking")]

use std::io::{self, ErrorKind, Write};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use collector_core::testkit::{Harness, RecordRow, Row, conformance, entries, lines};
use collector_core::{Entry, Sink, SinkContext, SinkError, SinkPlugin, UnitSystem, sink_plugins};
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
        let lines = self.lines().into_iter();
        let readings = lines.filter(|line| !lines::is_record(line));
        readings.map(|line| lines::row_of(&line)).collect()
    }

    async fn records(&mut self) -> Vec<RecordRow> {
        let lines = self.lines().into_iter();
        let records = lines.filter(|line| lines::is_record(line));
        records.flat_map(|line| lines::record_rows_of(&line)).collect()
    }

    fn refused(&self, _: u64) -> Option<Entry> {
        None
    }
}

impl Shared {
    fn lines(&self) -> Vec<String> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        text.lines().map(str::to_owned).collect()
    }
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
    assert_eq!(text.lines().count(), 3 * 8, "a line per reading:\n{text}");
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
