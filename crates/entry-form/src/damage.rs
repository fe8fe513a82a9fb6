//! Entries that cannot be read any more, as people are told of them.

use std::fmt;

use collector_core::Vehicle;
use jiff::Timestamp;

/// Entries that cannot be read any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// The first and the last of their numbers.
    pub first: u64,
    pub last: u64,
    pub reason: String,
    /// Of which vehicle, and when the entry was received, or the last of them, as far as they can be believed.
    pub vehicle: Option<Vehicle>,
    pub received_at: Option<Timestamp>,
}

impl Damage {
    /// Of which no more is known.
    pub fn of(first: u64, last: u64, reason: impl Into<String>) -> Self {
        Self {
            first,
            last,
            reason: reason.into(),
            vehicle: None,
            received_at: None,
        }
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last {
            write!(f, "entry {}", self.first)?;
        } else {
            write!(f, "entries {} to {}", self.first, self.last)?;
        }
        match (&self.vehicle, self.received_at) {
            (Some(vehicle), Some(at)) => write!(f, " ({}, {at:.0})", vehicle.name)?,
            (Some(vehicle), None) => write!(f, " ({})", vehicle.name)?,
            (None, Some(at)) => write!(f, " (until {at:.0})")?,
            (None, None) => {}
        }
        write!(f, ": {}", self.reason)
    }
}
