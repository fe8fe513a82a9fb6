//! The encoder and the reader of answers, open to the fuzz targets, which stand outside of this package. No part
//! of the interface: they change with the sink.

use std::sync::Arc;

use collector_core::{Entry, Rejection, SinkError};
use reqwest::StatusCode;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use crate::InfluxdbConfig;
use crate::answer::{Answer, judge};
use crate::body::{Batch, Limits};
use crate::encode::Encoder;
use crate::plan::Plan;
use crate::target::{Precision, Target};

/// The lines of one request, with the factor from their timestamps to nanoseconds.
pub struct Lines {
    pub text: Vec<u8>,
    pub nanoseconds: i64,
}

/// What a write of these entries sends, and what it refuses to send. The options must have been found valid.
pub fn encode(config: &InfluxdbConfig, entries: &[Entry]) -> (Vec<Lines>, Vec<Rejection>) {
    let encoder = Encoder(config.clone());
    let plan = Plan::of(entries, &encoder);
    let batch = Batch::new(entries, Arc::new(encoder), false);
    let parts = plan.parts().into_iter().filter(|(_, places)| !places.is_empty());
    let lines = parts.map(|(precision, places)| Lines {
        text: batch.request(precision, places, Limits::NONE).body,
        nanoseconds: match precision {
            Precision::Milliseconds => 1_000_000,
            Precision::Nanoseconds => 1,
        },
    });
    (lines.collect(), plan.rejected)
}

/// What an answer to a write means, in words that are shown; nothing where everything was stored. `None` for
/// options, a status or a header that cannot be.
pub fn answer(
    config: &InfluxdbConfig,
    status: u16,
    header: Option<(HeaderName, &str)>,
    body: &str,
) -> Option<Result<Option<String>, SinkError>> {
    let target = Target::of(config).ok()?;
    let status = StatusCode::from_u16(status).ok()?;
    let mut headers = HeaderMap::new();
    if let Some((name, value)) = header {
        headers.insert(name, HeaderValue::from_str(value).ok()?);
    }
    let judged = judge(&target, status, &headers, body).map(|answer| match answer {
        Answer::Stored => None,
        Answer::Refused(refusal) => Some(refusal.words),
        Answer::TooLarge => Some(String::new()),
    });
    Some(judged)
}
