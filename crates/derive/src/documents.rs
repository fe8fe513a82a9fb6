//! Records of what documents bring: the vehicle, its tyres, its charging settings.

use collector_core::{Record, Vehicle};
use serde::{Deserialize, Serialize};

use crate::Rules;
use crate::fact::Fact;

/// What the newest documents of a vehicle said.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Documents {}

impl Documents {
    /// In the order of arrival.
    pub fn step(&mut self, _: &Fact, _: &Rules) {}

    /// The records that may have changed since the last call; the timeline leaves out those that have not.
    pub fn records(&mut self, _: &Vehicle, _: &Rules) -> Vec<Record> {
        Vec::new()
    }
}
