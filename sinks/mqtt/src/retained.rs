//! The retained form: the newest value of one descriptor, for whoever subscribes.

use collector_core::resolved::Quantity;
use collector_core::{Ended, Origin, Reading, Stamp, Value};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::bmw::plain;
use crate::message::json;
use crate::track::{LOCATION, Position};

#[derive(Serialize)]
struct State<'a> {
    value: serde_json::Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<&'a str>,
    timestamp: String,
    /// Whether the vehicle measured it then, or BMW made the stamp at a request.
    stamp: &'a str,
    origin: &'a str,
    name: &'a str,
    /// Of a descriptor's value; one of a quantity says `from` which descriptor it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    descriptor: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<&'a str>,
}

/// A position in the form of a device tracker's attributes in Home Assistant.
#[derive(Serialize)]
struct Attributes<'a> {
    /// Null, as the longitude is, where there is no position any more.
    latitude: Option<f64>,
    longitude: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    heading: Option<f64>,
    timestamp: String,
    descriptor: &'a str,
}

/// The same as the broker kept it: numbers as their digits, which serde_json rounds where the standard library does
/// not.
#[derive(Deserialize)]
struct KeptAttributes<'a> {
    #[serde(borrow)]
    latitude: &'a RawValue,
    #[serde(borrow)]
    longitude: &'a RawValue,
    #[serde(borrow, default)]
    heading: Option<&'a RawValue>,
    timestamp: Timestamp,
    descriptor: &'a str,
}

/// The payload of a value's topic.
pub fn value(reading: &Reading, origin: Origin) -> Vec<u8> {
    json(&state(reading, origin))
}

/// The payload of a topic whose value has ended: the value is null.
pub fn ended(ended: &Ended, origin: Origin) -> Vec<u8> {
    json(&end(ended, origin))
}

/// The payload of a quantity's topic, as one reading tells it.
pub fn quantity(quantity: &Quantity, told: &Value, reading: &Reading, origin: Origin) -> Vec<u8> {
    json(&State {
        value: plain(told),
        unit: quantity.unit,
        ..state(reading, origin).of_quantity(quantity)
    })
}

/// The payload of a quantity's topic of which there is no value any more.
pub fn quantity_ended(quantity: &Quantity, ended: &Ended, origin: Origin) -> Vec<u8> {
    json(&end(ended, origin).of_quantity(quantity))
}

fn state(reading: &Reading, origin: Origin) -> State<'_> {
    State {
        value: plain(&reading.value),
        unit: reading.unit.as_ref().map(|unit| unit.as_str()),
        timestamp: format!("{:.3}", reading.measured_at),
        stamp: reading.stamp.as_str(),
        origin: origin.as_str(),
        name: reading.descriptor.name(),
        descriptor: Some(reading.descriptor.as_str()),
        from: None,
    }
}

fn end(ended: &Ended, origin: Origin) -> State<'_> {
    State {
        value: serde_json::Value::Null,
        unit: None,
        timestamp: format!("{:.3}", ended.at),
        stamp: Stamp::Measured.as_str(),
        origin: origin.as_str(),
        name: ended.descriptor.name(),
        descriptor: Some(ended.descriptor.as_str()),
        from: None,
    }
}

impl State<'_> {
    fn of_quantity(self, quantity: &Quantity) -> Self {
        Self {
            name: quantity.name,
            from: self.descriptor,
            descriptor: None,
            ..self
        }
    }
}

/// What of a value's payload tells that this sink wrote it.
#[derive(Deserialize)]
struct KeptState {
    descriptor: Option<String>,
    from: Option<String>,
    #[serde(rename = "origin")]
    _origin: Origin,
    #[serde(rename = "timestamp")]
    _timestamp: Timestamp,
}

/// The descriptor that a payload of [`value`] or [`ended`] speaks of; `None` for what this sink never wrote.
pub fn descriptor_of(payload: &[u8]) -> Option<String> {
    let kept: KeptState = serde_json::from_slice(payload).ok()?;
    kept.descriptor
}

/// The same of a payload of [`quantity`] or [`quantity_ended`].
pub fn from_of(payload: &[u8]) -> Option<String> {
    let kept: KeptState = serde_json::from_slice(payload).ok()?;
    kept.from
}

/// The number that a payload of [`value`] tells.
pub fn number_of(payload: &[u8]) -> Option<f64> {
    #[derive(Deserialize)]
    struct KeptNumber<'a> {
        #[serde(borrow)]
        value: &'a RawValue,
    }
    let kept: KeptNumber<'_> = serde_json::from_slice(payload).ok()?;
    kept.value.get().parse().ok()
}

/// The payload of a position's topic.
pub fn position(position: &Position) -> Vec<u8> {
    json(&Attributes {
        latitude: Some(position.latitude),
        longitude: Some(position.longitude),
        heading: position.heading,
        timestamp: format!("{:.3}", position.at),
        descriptor: of_positions(),
    })
}

/// The same from `at` on, where there is none any more.
pub fn position_ended(at: Timestamp) -> Vec<u8> {
    json(&Attributes {
        latitude: None,
        longitude: None,
        heading: None,
        timestamp: format!("{at:.3}"),
        descriptor: of_positions(),
    })
}

/// Whether this sink wrote it about a position.
pub fn is_position(payload: &[u8]) -> bool {
    kept_attributes(payload).is_some()
}

fn kept_attributes(payload: &[u8]) -> Option<KeptAttributes<'_>> {
    let kept: KeptAttributes<'_> = serde_json::from_slice(payload).ok()?;
    (kept.descriptor == of_positions()).then_some(kept)
}

/// The position that a payload of [`position`] tells; `None` for what this sink never wrote, and where there is none.
pub fn position_of(payload: &[u8]) -> Option<Position> {
    let kept = kept_attributes(payload)?;
    let heading = kept.heading.map(|heading| heading.get().parse());
    Some(Position {
        latitude: kept.latitude.get().parse().ok()?,
        longitude: kept.longitude.get().parse().ok()?,
        heading: heading.transpose().ok()?,
        at: kept.timestamp,
    })
}

/// What the descriptors of a position have in common.
fn of_positions() -> &'static str {
    LOCATION.trim_end_matches('.')
}
