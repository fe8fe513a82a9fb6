//! From what BMW sent to typed readings in canonical units: pure code, applied on the way out of the
//! journal, so that a mistake here is mended by a replay.
//!
//! * [`body`]: the JSON object of one descriptor, taken apart without loss.
//! * [`known`]: what is known of a descriptor: the catalogue, and what was learned from first values.
//! * [`value`], [`unit`], [`time`]: the three conversions. [`stamp`]: whose time it is.
//! * [`unlabelled`], [`odometer`]: the units of numbers without one. [`plain`]: words, however they are written.
#![doc = include_str!("../DECISIONS.md")]

pub mod body;
pub mod known;
pub mod odometer;
mod plain;
pub mod stamp;
#[cfg(test)]
mod tests;
pub mod time;
pub mod unit;
mod unit_table;
pub mod unlabelled;
pub mod value;

use collector_core::{RawSnapshot, Stamp, Unit, Value};
use jiff::Timestamp;

use body::Body;
use known::KnownDescriptor;
use unlabelled::Unlabelled;

/// How the reason begins of a number that no vehicle can mean. It is on users' disks.
pub const IMPOSSIBLE: &str = "a number that no vehicle can mean";

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
    /// A value that does not fit the descriptor's type, or that no vehicle can mean, and why.
    Rejected(String),
}

/// When a snapshot was asked for, when BMW says that it sent it, and when it came.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    pub requested_at: Option<Timestamp>,
    pub sent_at: Option<Timestamp>,
    pub received_at: Timestamp,
}

impl Window {
    /// That of a snapshot.
    pub fn of(snapshot: &RawSnapshot) -> Self {
        Self {
            requested_at: snapshot.requested_at,
            sent_at: snapshot.sent_at.as_deref().and_then(time::parse),
            received_at: snapshot.received_at,
        }
    }
}

/// As many times as fine as the canonical one may be the unit of a number whose unit was lost: metres, watts.
fn finest(canonical: &str) -> f64 {
    match canonical {
        "%" | "°" => 1.0,
        _ => 1_000.0,
    }
}

/// Reads one descriptor's object, where nothing is known of the units that its vehicle shows. Depends on nothing but its
/// arguments.
pub fn interpret(body: &Body<'_>, known: &KnownDescriptor, window: Window) -> Meaning {
    interpret_in_context(body, known, window, &Unlabelled::default())
}

/// The same where that is known.
pub fn interpret_in_context(
    body: &Body<'_>,
    known: &KnownDescriptor,
    window: Window,
    unlabelled: &Unlabelled,
) -> Meaning {
    let value = match value::read(body, known) {
        Ok(Some(value)) => value,
        Ok(None) => return Meaning::Absent,
        Err(reason) => return Meaning::Rejected(reason),
    };
    let (value, unit) = match unit::convert(value, body.unit().as_deref(), &known.descriptor, unlabelled) {
        Ok(converted) => converted,
        Err(reason) => return Meaning::Rejected(reason),
    };
    let lost = match (&unit, known.descriptor.unit()) {
        (None, Some(canonical)) => Some(canonical.as_str()),
        _ => None,
    };
    if let Value::Number(number) = value
        && !known.limits.allow(number / lost.map_or(1.0, finest))
    {
        return Meaning::Rejected(format!("{IMPOSSIBLE}: {}", known.limits));
    }
    let (measured_at, stamp) = stamp::of(body, Some(known), window);
    Meaning::Reading {
        value,
        unit,
        measured_at,
        stamp,
    }
}
