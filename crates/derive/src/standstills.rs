//! Standstills: rule V1.

use collector_core::{Record, Vehicle};
use serde::{Deserialize, Serialize};

use crate::Rules;
use crate::fact::Fact;
use crate::fold::Fold;

/// The fold.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Standstills {}

impl Fold for Standstills {
    fn step(&mut self, _: &Fact, _: &Rules) {}

    fn records(&self, _: &Vehicle, _: &Rules) -> Vec<Record> {
        Vec::new()
    }
}
