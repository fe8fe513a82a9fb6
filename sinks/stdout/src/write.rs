//! Writes batches to a stream, outside of the async runtime because a reader may take its time.

use std::io::{self, ErrorKind, Write};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use collector_core::line::{self, RecordLine};
use collector_core::mask::harmless_lines;
use collector_core::{Body, Entry, Scope, Sink, SinkError, UnitSystem, Written};
use serde::Serialize;

use crate::config::Format;
use crate::text;

/// Writes readings as lines to standard output or, in tests, to another stream.
pub struct StdoutSink {
    format: Format,
    units: UnitSystem,
    writer: Arc<Mutex<dyn Write + Send>>,
}

impl StdoutSink {
    /// `units` are those of the text; JSON has the canonical ones.
    pub fn with_writer(format: Format, units: UnitSystem, writer: impl Write + Send + 'static) -> Self {
        Self {
            format,
            units,
            writer: Arc::new(Mutex::new(writer)),
        }
    }
}

#[async_trait]
impl Sink for StdoutSink {
    /// Nothing can be proved without writing.
    async fn check(&mut self) -> Result<(), SinkError> {
        Ok(())
    }

    /// Returns when the reader, or the pipe to it, has taken the lines.
    async fn write(&mut self, batch: &[Entry]) -> Result<Written, SinkError> {
        let lines = encoded(self.format, self.units, batch)?;
        let writer = Arc::clone(&self.writer);
        let written = tokio::task::spawn_blocking(move || {
            let mut writer = writer.lock().unwrap_or_else(PoisonError::into_inner);
            writer.write_all(&lines)?;
            writer.flush()
        });
        match written.await {
            Ok(result) => result.map_err(|error| failure(&error))?,
            Err(error) => return Err(SinkError::transient(format!("write to standard output: {error}"))),
        }
        Ok(Written::default())
    }

    /// What was handed on is gone: a rewrite prints the lines once more, as today's rules read them.
    async fn erase(&mut self, _: &Scope) -> Result<(), SinkError> {
        Ok(())
    }

    async fn close(&mut self) -> Result<(), SinkError> {
        Ok(())
    }
}

fn encoded(format: Format, units: UnitSystem, batch: &[Entry]) -> Result<Vec<u8>, SinkError> {
    let mut lines = Vec::new();
    for entry in batch {
        let appended = match (format, &entry.body) {
            (Format::Json, Body::Snapshot(snapshot)) => json(&mut lines, line::readings(snapshot)),
            (Format::Text, Body::Snapshot(snapshot)) => text::text(&mut lines, snapshot, units),
            (Format::Json, Body::Record(told)) => json(&mut lines, [RecordLine::from(&**told)]),
            (Format::Text, Body::Record(told)) => text::record(&mut lines, told, units),
            // The contract may grow; what this sink does not know it does not print.
            _ => Ok(()),
        };
        appended.map_err(|error| SinkError::transient(format!("encode an entry: {error}")))?;
    }
    // The text is so already.
    Ok(match (format, String::from_utf8(lines)) {
        (Format::Json, Ok(text)) => harmless_lines(&text).into_owned().into_bytes(),
        (_, Ok(text)) => text.into_bytes(),
        (_, Err(error)) => error.into_bytes(),
    })
}

/// Appends one line for each.
fn json(out: &mut Vec<u8>, lines: impl IntoIterator<Item = impl Serialize>) -> io::Result<()> {
    for line in lines {
        serde_json::to_writer(&mut *out, &line)?;
        out.push(b'\n');
    }
    Ok(())
}

fn failure(error: &io::Error) -> SinkError {
    match error.kind() {
        ErrorKind::BrokenPipe => SinkError::misconfigured(
            "standard output was closed: the program behind the pipe has ended; start both again",
        ),
        ErrorKind::StorageFull | ErrorKind::FileTooLarge => SinkError::transient(format!(
            "write to standard output: {error}; free some space, and it goes on by itself"
        )),
        _ => SinkError::transient(format!("write to standard output: {error}")),
    }
}
