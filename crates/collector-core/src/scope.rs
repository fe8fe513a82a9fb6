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
    /// The vehicles of the journal, as they are called today: what a store holds of others is not the journal's. Empty where
    /// nobody says.
    pub known: Vec<Vehicle>,
    /// Nothing in the journal was received earlier: what a store received before is of another one.
    pub begins: Option<Timestamp>,
}

impl Scope {
    pub fn new(selects: Vec<Select>, since: Option<Timestamp>, until: Option<Timestamp>) -> Self {
        Self {
            selects,
            since,
            until,
            ..Self::default()
        }
    }

    /// The same, of what one journal holds.
    #[must_use]
    pub fn of_journal(self, known: Vec<Vehicle>, begins: Option<Timestamp>) -> Self {
        Self {
            known,
            begins,
            ..self
        }
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

    /// By the name that the vehicle has today, whatever the store calls it.
    pub fn covers_vehicle(&self, vehicle: &Vehicle) -> bool {
        let called = match self.known.is_empty() {
            true => Some(vehicle),
            false => self.known.iter().find(|known| known.vin == vehicle.vin),
        };
        called.is_some_and(|called| self.selects.iter().all(|select| select.matches_vehicle(called)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vehicle(vin: &str, name: &str) -> Vehicle {
        Vehicle {
            vin: vin.parse().unwrap(),
            name: name.into(),
        }
    }

    #[test]
    fn strangers_stay_and_a_vehicle_is_called_as_it_is_today() {
        let ours = vehicle("WBY8P210X07A12345", "i4");
        let theirs = vehicle("WBA11AA0001234567", "i4");
        let before = vehicle("WBY8P210X07A12345", "a name of before");
        let select: Select = serde_json::from_value(serde_json::json!({ "vehicles": ["i4"] })).unwrap();
        let scope = Scope::new(vec![select], None, None);
        assert!(scope.covers_vehicle(&theirs) && !scope.covers_vehicle(&before));
        let scope = scope.of_journal(vec![ours], None);
        assert!(!scope.covers_vehicle(&theirs) && scope.covers_vehicle(&before));
    }
}
