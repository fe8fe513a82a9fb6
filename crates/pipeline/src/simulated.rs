//! `simulator.vehicles`: the cars of the built-in backend.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a simulated car sends, and when.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "simulated_kind")]
pub enum SimulatedKind {
    /// An electric car of 2022 that tells of a drive every three minutes.
    #[default]
    I4,
    /// An electric car without movement flag, ignition and end of a trip, whose latitude and longitude come apart.
    I5,
    /// An electric car with its state of charge in `stateOfCharge.displayed` alone.
    NeueKlasse,
    /// A plug-in hybrid.
    Phev,
    /// A car that shows miles, with a unit at every number.
    British,
    /// A car that shows miles, without a unit at distances and speeds.
    BritishBare,
    /// A car that speaks only at the beginning and the end of a drive and of a charge.
    OldIdrive,
    /// A car whose odometer is in kilometres and in miles by turns, with a unit and without.
    Undecided,
}

/// A simulated car.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "simulated_vehicle")]
pub struct SimulatedVehicle {
    /// What it sends, and when.
    #[serde(default)]
    pub kind: SimulatedKind,
    /// Cars with the same number live the same life, whatever their kinds tell of it. If left out, each has its own.
    pub life: Option<u64>,
}
