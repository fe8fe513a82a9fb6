//! The part of a store that is delivered anew.

use jiff::Timestamp;

use crate::{Descriptor, Select, Vehicle};

/// Which readings and records of a store are to be replaced by what the journal holds of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Scope {
    /// All of them must let a reading through: that of the sink, and that of whoever asked.
    pub selects: Vec<Select>,
    /// The first and the last moment of measurement, both included; `None` where there is no bound.
    pub since: Option<Timestamp>,
    pub until: Option<Timestamp>,
}

impl Scope {
    pub fn new(selects: Vec<Select>, since: Option<Timestamp>, until: Option<Timestamp>) -> Self {
        Self {
            selects,
            since,
            until,
        }
    }

    /// Whether it takes in everything of the vehicles that it takes in: every moment, descriptor and source.
    pub fn is_whole(&self) -> bool {
        let whole = |select: &Select| select.sources.is_all() && select.descriptors.is_all();
        self.since.is_none() && self.until.is_none() && self.selects.iter().all(whole)
    }

    /// Whether it takes in a reading. A store that does not hold the source of a reading passes `None`: then every source
    /// counts.
    pub fn covers(
        &self,
        vehicle: &Vehicle,
        descriptor: &Descriptor,
        source: Option<&str>,
        at: Timestamp,
    ) -> bool {
        let lets_through = |select: &Select| {
            select.matches_descriptor(descriptor) && source.is_none_or(|source| select.matches_source(source))
        };
        self.covers_moment(vehicle, at) && self.selects.iter().all(lets_through)
    }

    /// Whether it takes in a record, of whatever kind.
    pub fn covers_moment(&self, vehicle: &Vehicle, at: Timestamp) -> bool {
        self.covers_vehicle(vehicle)
            && self.since.is_none_or(|since| since <= at)
            && self.until.is_none_or(|until| at <= until)
    }

    pub fn covers_vehicle(&self, vehicle: &Vehicle) -> bool {
        self.selects.iter().all(|select| select.matches_vehicle(vehicle))
    }
}
