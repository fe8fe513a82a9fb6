//! The options of the `stdout` sink.

use std::time::Duration;

use collector_core::{Invalid, Records, Redelivery, Sink, SinkConfig, SinkContext, SinkError, Vehicle};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::StdoutSink;

/// Writes every reading to standard output.
#[derive(Debug, Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StdoutConfig {
    /// `json`: one JSON object per reading and line. `text`: for people.
    #[serde(default)]
    pub format: Format,
}

/// How a reading looks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// One JSON object per reading and line.
    #[default]
    Json,
    /// A line per reading.
    Text,
}

impl SinkConfig for StdoutConfig {
    const TYPE: &'static str = "stdout";
    const SUMMARY: &'static str = "JSON lines or text on standard output";
    const SAMPLE: &'static str = include_str!("../sample.yaml");
    const REDELIVERY: Redelivery = Redelivery::Duplicates;
    const RECORDS: Records = Records::AppendsRevisions;
    const WAIT: Duration = Duration::ZERO;

    fn validate(&self) -> Result<(), Vec<Invalid>> {
        Ok(())
    }

    fn removal(&self, vehicle: &Vehicle) -> String {
        let vin = &vehicle.vin;
        format!("it keeps nothing; who has its lines has what they tell of {vin}")
    }

    fn build(self, context: SinkContext) -> Result<Box<dyn Sink>, SinkError> {
        let sink = StdoutSink::with_writer(self.format, context.units, std::io::stdout());
        Ok(Box::new(sink))
    }
}
