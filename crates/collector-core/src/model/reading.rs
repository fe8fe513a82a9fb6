//! Readings and the snapshots that bring them.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Descriptor, Unit, Value, Vin};
use crate::words::words;

/// A name that the pipeline file gives: of an account, a source or a sink.
pub type Name = Arc<str>;

/// One value of one descriptor at one time.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    pub descriptor: Descriptor,
    /// Of the descriptor's type, in `unit`.
    pub value: Value,
    /// The descriptor's canonical unit, or what BMW said where the catalogue names none.
    pub unit: Option<Unit>,
    /// When the value was measured, in whole milliseconds; see [`Stamp`].
    pub measured_at: Timestamp,
    pub stamp: Stamp,
    /// Tells apart different values of one descriptor with one `measured_at`: 0 for the first that was
    /// received, 1 for the second, and so on. The same reading has the same number at every delivery.
    pub occurrence: u32,
}

words! {
    /// What `measured_at` means.
    Stamp {
        /// The vehicle measured the value at that time.
        Measured = "measured",
        /// BMW stamped the value with the time of the call, or not at all: it was measured at that time or earlier.
        Requested = "requested",
    }
}

/// What one poll, one message or one archive brought for one vehicle.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    pub vehicle: Vehicle,
    pub account: Name,
    /// The name of the source in the pipeline file.
    pub source: Name,
    pub origin: Origin,
    /// When the snapshot arrived here, in whole milliseconds.
    pub received_at: Timestamp,
    /// What is new in it; repeats of what is already in the journal are left out.
    pub readings: Vec<Reading>,
}

words! {
    /// How a snapshot came to us.
    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "lowercase")]
    #[non_exhaustive]
    Origin {
        Poll = "poll",
        Stream = "stream",
        Archive = "archive",
    }
}

/// A vehicle and the name its owner gave it (else the last seven characters of its VIN).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Vehicle {
    pub vin: Vin,
    pub name: Name,
}

impl Vehicle {
    /// A vehicle that is called by its production number where it has no name.
    pub fn named(vin: Vin, name: Option<Name>) -> Self {
        Self {
            name: name.unwrap_or_else(|| vin.production_number().into()),
            vin,
        }
    }
}
