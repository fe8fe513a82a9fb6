//! The sink against servers: real ones, and one that answers as it is told.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test speaks by panicking"
)]

mod answers;
mod check;
mod conformance;
mod erase;
mod faults;
mod isolation;
mod memory;
mod mock;
mod options;
mod records;
mod requests;
mod retention;
mod tls;
mod types;

use collector_core::testkit::context;
use collector_core::{Sink, SinkConfig, SinkError};
use serde_json::{Value, json};
use sink_influxdb::InfluxdbConfig;

/// A sink with these options, as after a restart.
fn sink(options: Value) -> Box<dyn Sink> {
    // An error says that the process has a provider already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let config: InfluxdbConfig = serde_json::from_value(options).expect("options of the right types");
    config.validate().expect("valid options");
    config.build(context()).expect("a sink is built without a server")
}

/// Options for InfluxDB 1.x.
fn database(url: &str, database: &str) -> Value {
    json!({ "url": url, "database": database, "fields": "descriptor" })
}

/// Options for InfluxDB 2.x.
fn bucket(url: &str, bucket: &str) -> Value {
    json!({ "url": url, "org": "home", "bucket": bucket, "token": "t0ps3cret", "fields": "descriptor" })
}

/// The reason of an error that needs a person.
#[track_caller]
fn misconfigured<T: std::fmt::Debug>(result: Result<T, SinkError>) -> String {
    match result {
        Err(SinkError::Misconfigured { reason }) => reason,
        other => panic!("expected Misconfigured, got {other:?}"),
    }
}

/// The reason of an error that passes by itself.
#[track_caller]
fn transient<T: std::fmt::Debug>(result: Result<T, SinkError>) -> (String, Option<u64>) {
    match result {
        Err(SinkError::Transient { reason, retry_after }) => (reason, retry_after.map(|wait| wait.as_secs())),
        other => panic!("expected Transient, got {other:?}"),
    }
}
