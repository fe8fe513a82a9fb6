//! What a reading says, in the words of the rules and free of how BMW spells it.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One thing that was so at one time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fact {
    /// When it was measured, in milliseconds since the epoch. Of a document, when it arrived.
    pub at: i64,
    /// The entry that it came with, and the received time of that, in milliseconds since the epoch.
    pub seq: u64,
    pub received_at: i64,
    /// It was measured at `at` or earlier: BMW stamped it with the time of the call.
    pub requested: bool,
    pub what: What,
}

/// What was so.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum What {
    /// From whichever plug key of the car. Of a single position of a port only that it is plugged in counts.
    Plugged(bool),
    PlugEvent(f64),
    Charging(Charging),
    /// In kW; 0 is a value.
    Power(f64),
    /// At the charger's side, where the car tells no power: volts, amperes, phases.
    Voltage(f64),
    Current(f64),
    Phases(f64),
    /// In percent.
    Soc(f64, SocKey),
    /// In kilometres.
    Odometer(f64),
    /// In degrees.
    Latitude(f64),
    Longitude(f64),
    Moving(bool),
    Ignition(bool),
    /// The driver's door is open.
    Door(bool),
    /// All doors are locked.
    Locked(bool),
    /// BMW's summary of the last drive: its end, the odometer and the charge at it.
    SegmentEnd(i64),
    SegmentOdometer(f64),
    /// The battery or the cabin is being conditioned.
    Preconditioning(bool),
    /// Litres in the tank.
    Fuel(f64),
    /// BMW's capacity now, in kWh, and BMW's health, in percent.
    MaxEnergy(f64),
    Health(f64),
    Document(Arc<Sent>),
}

/// What the car says of its charging, whichever key says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Charging {
    /// Energy flows.
    Active,
    /// Plugged in and waiting: for its hour, for the sun, for the charger.
    Waiting,
    Ended,
    Failed,
    /// No charging, and nothing said of a plug.
    Off,
}

/// By which key a state of charge was told, the most trusted first; see [`collector_core::resolved`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SocKey {
    Header,
    Displayed,
    TripEnd,
    Predicted,
}

/// A document as it lies in the state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sent {
    pub name: Arc<str>,
    pub at: Timestamp,
    pub json: Arc<str>,
}
