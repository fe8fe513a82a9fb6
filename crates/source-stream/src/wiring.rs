//! The two places where the stream touches the client of BMW's broker.

use std::sync::Arc;

use cardata_api::stream::{BrokerConnector, Message, MqttConnector, parse};
use collector_core::{Origin, RawSnapshot, Received, Stray};
use jiff::Timestamp;

use source::Handles;

/// The way to the broker of an account.
pub fn connector(handles: &Handles) -> Arc<dyn MqttConnector> {
    Arc::new(BrokerConnector::new(handles.stream.clone(), &handles.trust))
}

/// What a message says.
pub fn read(message: &Message, gcid: &str, received_at: Timestamp) -> Received {
    match parse(message, gcid) {
        Ok(parsed) => Received::Snapshot(RawSnapshot {
            vin: parsed.vin,
            origin: Origin::Stream,
            requested_at: None,
            sent_at: parsed.sent_at,
            received_at,
            readings: parsed.readings,
        }),
        Err(unreadable) => Received::Stray(Stray {
            received_at,
            topic: message.topic.clone(),
            payload: message.payload.to_vec(),
            reason: unreadable.to_string(),
        }),
    }
}
