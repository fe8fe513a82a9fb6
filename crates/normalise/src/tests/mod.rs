//! What BMW is known to send, and what becomes of it.

mod limits;
mod robustness;
mod stamps;
mod units;
mod values;

use collector_core::{Stamp, Value, ValueType};
use jiff::Timestamp;

use super::body::Body;
use super::known::{KnownDescriptor, KnownDescriptors};
use super::{Meaning, Window, interpret};

const SOC: &str = "vehicle.drivetrain.batteryManagement.header";
const MILEAGE: &str = "vehicle.vehicle.travelledDistance";
const POWER: &str = "vehicle.powertrain.electric.battery.charging.power";
const STATUS: &str = "vehicle.drivetrain.electricEngine.charging.status";
const IS_MOVING: &str = "vehicle.isMoving";
const HV_STATUS: &str = "vehicle.drivetrain.electricEngine.charging.hvStatus";
const TRIP_END: &str = "vehicle.trip.segment.end.time";
/// Measured long before the call.
const STAMP: &str = "2026-03-01T11:00:00.000Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A poll that left at noon and was answered a second later.
fn window() -> Window {
    Window {
        requested_at: Some(at("2026-03-01T12:00:00Z")),
        sent_at: None,
        received_at: at("2026-03-01T12:00:01Z"),
    }
}

fn known(descriptor: &str) -> KnownDescriptor {
    KnownDescriptors::default().get(descriptor).cloned().unwrap()
}

/// A descriptor that the catalogue does not have.
fn learned(value_type: ValueType) -> KnownDescriptor {
    let mut descriptors = KnownDescriptors::default();
    descriptors.learn("vehicle.new", value_type, None);
    descriptors.get("vehicle.new").cloned().unwrap()
}

fn meaning_of(known: &KnownDescriptor, json: &str) -> Meaning {
    interpret(&Body::parse(json).unwrap(), known, window())
}

/// What a REST answer with this text and unit means, stamped an hour before the call.
fn text_of(descriptor: &str, value: &str, unit: Option<&str>) -> Meaning {
    let body = serde_json::json!({ "value": value, "unit": unit, "timestamp": STAMP });
    meaning_of(&known(descriptor), &body.to_string())
}

/// The value of a text with a unit; `None` where there is no reading.
fn value_of(descriptor: &str, value: &str, unit: Option<&str>) -> Option<Value> {
    match text_of(descriptor, value, unit) {
        Meaning::Reading { value, .. } => Some(value),
        _ => None,
    }
}

fn stamped(descriptor: &str, timestamp: &str) -> (Timestamp, Stamp) {
    let value = if known(descriptor).descriptor.value_type() == ValueType::Text {
        "CHARGING"
    } else {
        "74"
    };
    let body = format!(r#"{{"value":"{value}","timestamp":{timestamp}}}"#);
    match meaning_of(&known(descriptor), &body) {
        Meaning::Reading {
            measured_at, stamp, ..
        } => (measured_at, stamp),
        other => panic!("{other:?}"),
    }
}
