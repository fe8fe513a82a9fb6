//! A sink of somebody else: `log_lines` appends a line of text for each reading to a file.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use collector_core::{
    Entry, Invalid, Records, Redelivery, Scope, Sink, SinkConfig, SinkContext, SinkError, Written,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Appends a line of text for each reading to a file.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LogLinesConfig {
    /// The file, relative to the pipeline file. Its folder has to exist.
    pub path: PathBuf,
}

impl SinkConfig for LogLinesConfig {
    const TYPE: &'static str = "log_lines";
    const SUMMARY: &'static str = "a line of text for each reading, appended to a file";
    const SAMPLE: &'static str = "type: log_lines\npath: readings.txt\n";
    const REDELIVERY: Redelivery = Redelivery::Duplicates;
    const RECORDS: Records = Records::NotTaken;

    fn validate(&self) -> Result<(), Vec<Invalid>> {
        if self.path.file_name().is_none() {
            return Err(vec![Invalid::new(
                "path",
                "names no file: write one such as `readings.txt`",
            )]);
        }
        Ok(())
    }

    fn build(self, context: SinkContext) -> Result<Box<dyn Sink>, SinkError> {
        Ok(Box::new(LogLines {
            path: context.base_dir.join(self.path),
        }))
    }
}

collector_core::register_sink!(LogLinesConfig);

struct LogLines {
    path: PathBuf,
}

#[async_trait]
impl Sink for LogLines {
    async fn check(&mut self) -> Result<(), SinkError> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        if folder.is_dir() {
            return Ok(());
        }
        let problem = format!("the folder {} does not exist: make it", folder.display());
        Err(SinkError::misconfigured(problem))
    }

    async fn write(&mut self, batch: &[Entry]) -> Result<Written, SinkError> {
        let mut lines = String::new();
        for reading in batch.iter().flat_map(Entry::readings) {
            let (at, value) = (reading.measured_at, &reading.value);
            lines += &format!("{at:.0} {} {value}\n", reading.descriptor.name());
        }
        // Nothing is awaited, so the write is whole or was never begun.
        let mut options = OpenOptions::new();
        let file = options.append(true).create(true).open(&self.path);
        let written =
            file.and_then(|mut file| file.write_all(lines.as_bytes()).and_then(|()| file.sync_data()));
        match written {
            Ok(()) => Ok(Written::default()),
            Err(error) => Err(SinkError::from_io("cannot append to", &self.path, &error)),
        }
    }

    /// A log is appended to and nothing else.
    async fn erase(&mut self, _: &Scope) -> Result<(), SinkError> {
        Ok(())
    }

    async fn close(&mut self) -> Result<(), SinkError> {
        Ok(())
    }
}
