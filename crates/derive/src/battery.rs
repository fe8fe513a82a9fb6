//! The battery ledger: rules B1 to B4, and consumption, T5.

use collector_core::{Record, Vehicle};
use serde::{Deserialize, Serialize};

use crate::Rules;
use crate::fact::Fact;

/// What is known of a battery, from the sessions and trips that the timeline told.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Battery {}

impl Battery {
    /// BMW's own numbers, in the order of arrival.
    pub fn step(&mut self, _: &Fact, _: &Rules) {}

    /// A session or a trip was told, again or for the first time, or withdrawn. The same record takes the place of itself.
    pub fn told(&mut self, _: &Record, _: &Rules) {}

    /// The records that may have changed since the last call; the timeline leaves out those that have not.
    pub fn records(&mut self, _: &Vehicle, _: &Rules) -> Vec<Record> {
        Vec::new()
    }
}
