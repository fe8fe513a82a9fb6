//! What a reading says, in the words of the rules and free of how BMW spells it.

mod table;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use collector_core::Cited;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::rules::CurrentType;

pub use table::{Key, of};

/// One thing that was so at one time. In the state it has short names: two days of facts stand there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fact {
    /// When it was measured, in milliseconds since the epoch. Of a document, when it arrived.
    #[serde(rename = "a")]
    pub at: i64,
    /// The entry that it came with, and the received time of that, in milliseconds since the epoch.
    #[serde(rename = "s")]
    pub seq: u64,
    #[serde(rename = "r")]
    pub received_at: i64,
    /// It was measured at `at` or earlier: BMW stamped it with the time of the call.
    #[serde(rename = "q", default, skip_serializing_if = "std::ops::Not::not")]
    pub requested: bool,
    /// What told it.
    #[serde(rename = "k")]
    pub key: Key,
    #[serde(rename = "w")]
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
    /// In kW; 0 is a value, and what an end of the value says.
    Power(f64),
    /// At the charger's side, where the car tells no power: volts, amperes, phases. None are 0.
    Voltage(f64),
    Current(f64),
    Phases(f64),
    /// Which current the plug is for, where the car tells.
    CurrentType(CurrentType),
    /// In percent.
    Soc(f64, SocKey),
    /// In kilometres.
    Odometer(f64),
    /// In degrees.
    Latitude(f64),
    Longitude(f64),
    Moving(bool),
    Ignition(bool),
    /// A front door is open: the driver sits left or right.
    Door(bool),
    /// All doors are locked.
    Locked(bool),
    /// BMW's summary of the last drive: its end, in milliseconds since the epoch, the odometer and the charge at it.
    SegmentEnd(i64),
    SegmentOdometer(f64),
    /// The battery or the cabin is being conditioned.
    Preconditioning(bool),
    /// Litres in the tank, and percent of the tank.
    Fuel(f64),
    FuelLevel(f64),
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

impl Fact {
    /// The fact as a reason behind a number.
    pub fn cited(&self) -> Cited {
        Cited {
            seq: self.seq,
            descriptor: self.key.as_str().into(),
            measured_at: moment(self.at),
            value: self.what.text().into(),
        }
    }
}

impl What {
    /// The place of its kind among those of one moment: what is measured stands before what opens and closes records, so
    /// that both find the numbers of their own moment, and documents come last.
    pub fn rank(&self) -> u8 {
        match self {
            Self::MaxEnergy(_) => 0,
            Self::Health(_) => 1,
            Self::Odometer(_) => 2,
            Self::Latitude(_) => 3,
            Self::Longitude(_) => 4,
            Self::Soc(_, key) => 5 + *key as u8,
            Self::Fuel(_) => 9,
            Self::FuelLevel(_) => 10,
            Self::SegmentOdometer(_) => 11,
            Self::SegmentEnd(_) => 12,
            Self::CurrentType(_) => 13,
            Self::Voltage(_) => 14,
            Self::Current(_) => 15,
            Self::Phases(_) => 16,
            Self::Power(_) => 17,
            Self::Preconditioning(_) => 18,
            Self::Door(_) => 19,
            Self::Locked(_) => 20,
            Self::Ignition(_) => 21,
            Self::Moving(_) => 22,
            Self::PlugEvent(_) => 23,
            Self::Plugged(_) => 24,
            Self::Charging(_) => 25,
            Self::Document(_) => 26,
        }
    }

    /// For people, with the unit; empty for a document.
    fn text(&self) -> String {
        match self {
            Self::Plugged(is)
            | Self::Moving(is)
            | Self::Ignition(is)
            | Self::Door(is)
            | Self::Locked(is)
            | Self::Preconditioning(is) => is.to_string(),
            Self::PlugEvent(number) | Self::Phases(number) => number.to_string(),
            Self::Charging(state) => format!("{state:?}").to_lowercase(),
            Self::CurrentType(kind) => format!("{kind:?}").to_uppercase(),
            Self::Power(kw) => format!("{kw} kW"),
            Self::Voltage(volts) => format!("{volts} V"),
            Self::Current(amperes) => format!("{amperes} A"),
            Self::Soc(percent, _) | Self::FuelLevel(percent) | Self::Health(percent) => {
                format!("{percent} %")
            }
            Self::Odometer(km) | Self::SegmentOdometer(km) => format!("{km} km"),
            Self::Latitude(degrees) | Self::Longitude(degrees) => format!("{degrees}°"),
            Self::SegmentEnd(at) => format!("{:.3}", moment(*at)),
            Self::Fuel(litres) => format!("{litres} l"),
            Self::MaxEnergy(kwh) => format!("{kwh} kWh"),
            Self::Document(_) => String::new(),
        }
    }
}

/// A moment of a fact. One that no calendar has does not get here: it came out of a timestamp.
fn moment(at: i64) -> Timestamp {
    Timestamp::from_millisecond(at).unwrap_or(Timestamp::UNIX_EPOCH)
}
