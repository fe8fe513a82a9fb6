//! From what BMW sent to typed readings in canonical units: pure code, applied on the way out of the
//! journal, so that a mistake here is mended by a replay.
//!
//! * [`body`]: the JSON object of one descriptor, taken apart without loss.
//! * [`known`]: what is known of a descriptor: the catalogue, and what was learned from first values.
//! * [`value`], [`unit`], [`time`]: the three conversions.
#![doc = include_str!("../DECISIONS.md")]

pub mod body;
pub mod known;
#[cfg(test)]
mod tests;
pub mod time;
pub mod unit;
pub mod value;

use collector_core::{Stamp, Unit, Value};
use jiff::Timestamp;

use body::Body;
use known::KnownDescriptor;

/// What one descriptor's object means.
#[derive(Debug, Clone, PartialEq)]
pub enum Meaning {
    Reading {
        value: Value,
        unit: Option<Unit>,
        measured_at: Timestamp,
        stamp: Stamp,
    },
    /// The car or BMW has no value: `null`, `-NA-`, `INVALID` and their like.
    Absent,
    /// A value that does not fit the descriptor's type or unit, and why.
    Rejected(String),
}

/// When a snapshot was asked for and when it came.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    pub requested_at: Option<Timestamp>,
    pub received_at: Timestamp,
}

/// Reads one descriptor's object. Depends on nothing but its arguments.
pub fn interpret(body: &Body<'_>, known: &KnownDescriptor, window: Window) -> Meaning {
    let value = match value::read(body, known) {
        Ok(Some(value)) => value,
        Ok(None) => return Meaning::Absent,
        Err(reason) => return Meaning::Rejected(reason),
    };
    let (value, unit) = match unit::convert(value, body.unit().as_deref(), known.descriptor.unit()) {
        Ok(converted) => converted,
        Err(reason) => return Meaning::Rejected(reason),
    };
    let (measured_at, stamp) = stamp(body, known, window);
    Meaning::Reading {
        value,
        unit,
        measured_at,
        stamp,
    }
}

/// A missing or unreadable stamp, and a stamp that BMW made during the call, say only that the value was
/// measured at that time or earlier. Which keys a call stamps is in the catalogue; it is not read from the
/// stamps, because BMW's clock and ours need not agree. A message that nobody asked for has true stamps.
fn stamp(body: &Body<'_>, known: &KnownDescriptor, window: Window) -> (Timestamp, Stamp) {
    match body.timestamp().and_then(|text| time::parse(&text)) {
        None => (window.received_at, Stamp::Requested),
        Some(at) if known.request_stamped && window.requested_at.is_some() => (at, Stamp::Requested),
        Some(at) => (at, Stamp::Measured),
    }
}
