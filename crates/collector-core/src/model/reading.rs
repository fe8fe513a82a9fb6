//! Readings and the snapshots that bring them.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Descriptor, Document, Unit, UnitSystem, Value, Vin};
use crate::words::words;

/// A name that the pipeline file gives: of an account, a source or a sink.
pub type Name = Arc<str>;

/// One value of one descriptor at one time. It is identified by the vehicle, the descriptor, `measured_at` and
/// `occurrence`, never by its value: where a later version of this program reads another value out of what BMW sent, that
/// one takes its place.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
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

impl Reading {
    /// A measured reading, the first of its moment.
    pub fn new(descriptor: Descriptor, value: Value, unit: Option<Unit>, measured_at: Timestamp) -> Self {
        Self {
            descriptor,
            value,
            unit,
            measured_at,
            stamp: Stamp::Measured,
            occurrence: 0,
        }
    }
}

/// The end of a value: from `at` on, the vehicle has none for the descriptor, until a reading that was measured later.
/// What shows the present shows none; the history keeps what was.
#[derive(Debug, Clone, PartialEq)]
pub struct Ended {
    pub descriptor: Descriptor,
    /// As the vehicle stamped it, in whole milliseconds. What BMW sends without a stamp of the vehicle ends nothing: it
    /// says nothing about when.
    pub at: Timestamp,
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
#[non_exhaustive]
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
    /// Values that are none any more.
    pub ended: Vec<Ended>,
    /// What is folded into records and is no reading; no sink is given it.
    pub documents: Vec<Document>,
}

impl Snapshot {
    /// A snapshot without anything in it.
    pub fn new(
        vehicle: Vehicle,
        account: Name,
        source: Name,
        origin: Origin,
        received_at: Timestamp,
    ) -> Self {
        Self {
            vehicle,
            account,
            source,
            origin,
            received_at,
            readings: Vec::new(),
            ended: Vec::new(),
            documents: Vec::new(),
        }
    }

    /// The same with these readings and ends in the place of its own.
    #[must_use]
    pub fn with(&self, readings: Vec<Reading>, ended: Vec<Ended>) -> Self {
        Self {
            vehicle: self.vehicle.clone(),
            account: self.account.clone(),
            source: self.source.clone(),
            readings,
            ended,
            documents: Vec::new(),
            ..*self
        }
    }

    /// Whether there is nothing in it for a sink.
    pub fn is_empty(&self) -> bool {
        self.readings.is_empty() && self.ended.is_empty()
    }
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
        /// Of records, which this program folds out of the others.
        Derived = "derived",
    }
}

/// A vehicle and the name that it goes by: in series, files, topics, the log and `cardata status`. It never changes by
/// itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Vehicle {
    pub vin: Vin,
    pub name: Name,
}

impl Vehicle {
    /// A vehicle with its [`Vin::key_name`] where it has no name.
    pub fn named(vin: Vin, name: Option<Name>) -> Self {
        Self {
            name: name.unwrap_or_else(|| vin.key_name().into()),
            vin,
        }
    }
}

/// What is decided of a vehicle, mostly by the pipeline file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VehicleSettings {
    /// Its owner's name for it, or the one that stores know it by from before.
    pub name: Option<Name>,
    /// The units of numbers that come without one, whatever else is known of them.
    pub units: Option<UnitSystem>,
}
