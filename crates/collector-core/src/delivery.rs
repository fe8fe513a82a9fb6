//! How entries are delivered to a sink: how many at once, and what happens when it does not take them.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::duration;

/// How much is delivered at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(inline)]
pub struct BatchOptions {
    /// At most about this many readings; a snapshot is never divided.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub readings: usize,
    /// At least so long after a write begins the next, so that what comes little by little is written together; what
    /// comes after a longer silence is written at once, and a full batch too. As long as suits the store if left out:
    /// `10s` for files, databases and their servers, `0s` where the present is shown.
    #[serde(
        serialize_with = "write_wait",
        deserialize_with = "read_wait",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(schema_with = "duration::schema")]
    pub wait: Option<Duration>,
}

/// What happens when the store does not take a batch. Nothing is given up: the same batch comes again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(inline)]
pub struct Retry {
    /// The longest wait before the second attempt; it doubles from attempt to attempt.
    #[serde(with = "duration::positive")]
    #[schemars(schema_with = "duration::schema")]
    pub first: Duration,
    /// The longest wait between two attempts.
    #[serde(with = "duration::positive")]
    #[schemars(schema_with = "duration::schema")]
    pub longest: Duration,
    /// How long one attempt may take.
    #[serde(with = "duration::positive")]
    #[schemars(schema_with = "duration::schema")]
    pub timeout: Duration,
}

/// Where in the journal a new sink begins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Start {
    /// With the first entry: the journal is the history.
    #[default]
    Earliest,
    /// With the first entry after it was added.
    Latest,
}

impl Default for BatchOptions {
    fn default() -> Self {
        Self {
            readings: 10_000,
            wait: None,
        }
    }
}

fn write_wait<S: Serializer>(wait: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    duration::any::serialize(&wait.unwrap_or_default(), serializer)
}

fn read_wait<'de, D: Deserializer<'de>>(wait: D) -> Result<Option<Duration>, D::Error> {
    duration::any::deserialize(wait).map(Some)
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            first: Duration::from_secs(1),
            longest: Duration::from_secs(300),
            timeout: Duration::from_secs(30),
        }
    }
}
