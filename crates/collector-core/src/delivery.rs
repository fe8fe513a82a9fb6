//! How entries are delivered to a sink: how many at once, and what happens when it does not take them.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::duration;

/// How much is delivered at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(inline)]
pub struct BatchOptions {
    /// At most about this many readings; a snapshot is never divided.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub readings: usize,
    /// How long to wait for more when there is less: `0s` delivers at once.
    #[serde(with = "duration::any")]
    #[schemars(schema_with = "duration::schema")]
    pub wait: Duration,
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
            wait: Duration::ZERO,
        }
    }
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
