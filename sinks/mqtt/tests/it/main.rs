//! The sink against a real mosquitto, watched by a plain subscriber that knows nothing of it.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test speaks by panicking"
)]

mod conformance;
mod demands;
mod fake;
mod login;
mod options;
mod outage;
mod positions;
mod retained;
mod selection;
mod sensors;

use std::sync::Arc;

use collector_core::testkit::context;
use collector_core::{Present, Sink, SinkConfig, SinkContext, SinkError};
use serde_json::{Value, json};
use sink_mqtt::MqttConfig;
use tests::servers::Mosquitto;

/// mosquitto forgets messages that wait in a row longer than this, and a subscriber of thousands may be slow.
const NO_LIMIT: &str = "max_queued_messages 0";

/// Options that lead to a broker.
fn options(broker: &Mosquitto) -> Value {
    json!({ "url": broker.url(), "ca": broker.ca() })
}

/// The same with more of them.
fn with(mut options: Value, more: Value) -> Value {
    let more = more.as_object().unwrap().clone();
    options.as_object_mut().unwrap().extend(more);
    options
}

/// A sink as after a restart, in a program that knows nothing of the present.
fn sink(options: Value) -> Box<dyn Sink> {
    sink_in(options, context())
}

/// A sink as after a restart.
fn sink_knowing(options: Value, present: impl Present + 'static) -> Box<dyn Sink> {
    let mut context = context();
    context.present = Arc::new(present);
    sink_in(options, context)
}

fn sink_in(options: Value, context: SinkContext) -> Box<dyn Sink> {
    let config: MqttConfig = serde_json::from_value(options).expect("options of the right types");
    config.validate().expect("valid options");
    config.build(context).expect("a sink is built without a broker")
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
fn transient<T: std::fmt::Debug>(result: Result<T, SinkError>) -> String {
    match result {
        Err(SinkError::Transient { reason, .. }) => reason,
        other => panic!("expected Transient, got {other:?}"),
    }
}
