//! The options of the sink.

use std::path::PathBuf;

use collector_core::{Invalid, Redelivery, Sink, SinkConfig, SinkContext, SinkError};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::write::MqttSink;

/// Appends one JSON line per reading to a file.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MqttConfig {
    /// The file, relative to the pipeline file. Its folder has to exist.
    pub path: PathBuf,
}

impl SinkConfig for MqttConfig {
    const TYPE: &'static str = "mqtt";
    const SUMMARY: &'static str = "one JSON line per reading, appended to a file";
    const SAMPLE: &'static str = include_str!("../sample.yaml");
    const REDELIVERY: Redelivery = Redelivery::Duplicates;

    fn validate(&self) -> Result<(), Vec<Invalid>> {
        if self.path.file_name().is_none() {
            return Err(vec![Invalid::new(
                "path",
                "names no file: write one such as `data/mqtt.jsonl`",
            )]);
        }
        Ok(())
    }

    fn build(self, context: SinkContext) -> Result<Box<dyn Sink>, SinkError> {
        Ok(Box::new(MqttSink::new(context.base_dir.join(self.path))))
    }
}
