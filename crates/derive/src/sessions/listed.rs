//! A charge as BMW lists it in chargingHistory. Every field may be missing or of another type: a number in a text, a time as
//! seconds or in ISO 8601. What cannot be read is unknown, and loses nothing else.

use collector_core::Cited;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::signals::Sign;
use crate::fact::{Fact, Sent};

const KM_PER_MILE: f64 = 1.609_344;
/// From here on a number counts milliseconds and not seconds since the epoch.
const MILLISECONDS_FROM: f64 = 1e11;

/// Times in milliseconds since the epoch, energies in kWh.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Listed {
    pub start: i64,
    /// Missing while it runs.
    pub end: Option<i64>,
    /// How long energy flowed.
    pub charging: Option<i64>,
    pub grid: Option<f64>,
    pub battery: Option<f64>,
    pub returned: Option<f64>,
    pub soc_start: Option<f64>,
    pub soc_end: Option<f64>,
    pub odometer: Option<f64>,
    pub location: Option<(f64, f64)>,
    pub blocks: Vec<Block>,
    pub cost: Option<(f64, String)>,
    pub preconditioning: Option<bool>,
    pub failed: bool,
    /// BMW's capacity of the battery when this was listed.
    pub max_energy: Option<Sign>,
    pub seq: u64,
    /// When it was listed, or last said something else.
    pub changed_at: i64,
}

/// A stretch with one mean power.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Block {
    pub start: i64,
    pub end: i64,
    pub kw: Option<f64>,
}

impl Listed {
    /// `None` where it is no object.
    pub fn read(sent: &Sent, fact: &Fact) -> Option<Self> {
        let json: Value = serde_json::from_str(&sent.json).ok()?;
        json.as_object()?;
        let start = time(&json["startTime"]).unwrap_or_else(|| sent.at.as_millisecond());
        let cost = &json["chargingCostInformation"];
        let energy = |name: &str| number(&json[name]).filter(|kwh| *kwh >= 0.0);
        let percent = |name: &str| number(&json[name]).filter(|soc| (0.0..=100.0).contains(soc));
        Some(Self {
            start,
            end: time(&json["endTime"]).filter(|end| *end >= start && *end > 0),
            charging: seconds(&json["totalChargingDurationSec"]),
            grid: energy("energyConsumedFromPowerGridKwh"),
            battery: energy("energyIncreaseHvbKwh"),
            returned: energy("energyDischargedKwh").or_else(|| energy("energyDecreaseHvbKwh")),
            soc_start: percent("displayedStartSoc"),
            soc_end: percent("displayedSoc"),
            odometer: odometer(&json),
            location: location(&json["chargingLocation"]),
            blocks: blocks(&json["chargingBlocks"]),
            cost: number(&cost["calculatedChargingCost"])
                .zip(cost["currency"].as_str())
                .map(|(amount, currency)| (amount, currency.to_owned())),
            preconditioning: flag(&json["isPreconditioningActivated"]),
            failed: is_filled(&json["businessErrors"]),
            max_energy: None,
            seq: fact.seq,
            changed_at: fact.at,
        })
    }

    pub fn says_the_same(&self, other: &Self) -> bool {
        let same = Self {
            seq: self.seq,
            changed_at: self.changed_at,
            max_energy: self.max_energy,
            ..other.clone()
        };
        *self == same
    }

    /// Its end, or that of its last block, or its start.
    pub fn last(&self) -> i64 {
        let blocks = self.blocks.iter().map(|block| block.end).max();
        self.end.or(blocks).unwrap_or(self.start).max(self.start)
    }

    /// The total, or what its blocks add up to.
    pub fn grid_kwh(&self) -> Option<f64> {
        let told: Option<Vec<f64>> = self.blocks.iter().map(Block::kwh).collect();
        let sum = told
            .filter(|blocks| !blocks.is_empty())
            .map(|blocks| blocks.iter().sum());
        self.grid.or(sum)
    }

    /// How long energy flowed, in milliseconds: by its blocks, else as it says, else from start to end.
    pub fn charging_ms(&self) -> i64 {
        if !self.blocks.is_empty() {
            return self.blocks.iter().map(Block::length).sum();
        }
        let whole = self.last() - self.start;
        self.charging
            .map_or(whole, |told| if whole > 0 { told.min(whole) } else { told })
    }

    pub fn cited(&self) -> Cited {
        Cited {
            seq: self.seq,
            descriptor: collector_core::document::CHARGING_SESSION.into(),
            measured_at: Timestamp::from_millisecond(self.start).unwrap_or_default(),
            value: "".into(),
        }
    }
}

impl Block {
    pub fn length(&self) -> i64 {
        self.end - self.start
    }

    pub fn kwh(&self) -> Option<f64> {
        self.kw.map(|kw| kw * super::windows::hours(self.length()))
    }
}

fn number(json: &Value) -> Option<f64> {
    let number = match json {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().replace(',', ".").parse().ok(),
        _ => None,
    };
    number.filter(|number| number.is_finite())
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a time in milliseconds, or Timestamp refuses it"
)]
fn time(json: &Value) -> Option<i64> {
    if let Some(number) = number(json).filter(|number| *number > 0.0) {
        let scale = if number < MILLISECONDS_FROM { 1_000.0 } else { 1.0 };
        let ms = (number * scale) as i64;
        return Timestamp::from_millisecond(ms).ok().map(|_| ms);
    }
    let text: Timestamp = json.as_str()?.trim().parse().ok()?;
    Some(text.as_millisecond())
}

#[expect(clippy::cast_possible_truncation, reason = "seconds of a charge, saturating")]
fn seconds(json: &Value) -> Option<i64> {
    number(json)
        .filter(|seconds| *seconds > 0.0)
        .map(|seconds| (seconds.min(1e9) * 1_000.0) as i64)
}

fn flag(json: &Value) -> Option<bool> {
    match json {
        Value::Bool(flag) => Some(*flag),
        Value::String(text) => text.trim().to_ascii_lowercase().parse().ok(),
        _ => None,
    }
}

fn is_filled(json: &Value) -> bool {
    match json {
        Value::Array(list) => !list.is_empty(),
        Value::Object(object) => !object.is_empty(),
        Value::String(text) => !text.is_empty(),
        _ => false,
    }
}

/// In km, whether `KM`, `MI`, `MILES` or `MileageUnits.KM` stands beside it.
fn odometer(json: &Value) -> Option<f64> {
    let mileage = number(&json["mileage"]).filter(|mileage| *mileage > 0.0)?;
    let unit = json["mileageUnits"]
        .as_str()
        .unwrap_or_default()
        .to_ascii_uppercase();
    let unit = unit.rsplit('.').next().unwrap_or_default();
    let factor = if unit.starts_with("MI") { KM_PER_MILE } else { 1.0 };
    Some(mileage * factor)
}

fn location(json: &Value) -> Option<(f64, f64)> {
    let latitude = number(&json["mapMatchedLatitude"])?;
    let longitude = number(&json["mapMatchedLongitude"])?;
    Some((latitude, longitude)).filter(|place| *place != (0.0, 0.0))
}

/// In the order of time, each once.
fn blocks(json: &Value) -> Vec<Block> {
    let listed = json.as_array().map(Vec::as_slice).unwrap_or_default();
    let read = listed.iter().filter_map(|block| {
        let (start, end) = (time(&block["startTime"])?, time(&block["endTime"])?);
        let kw = number(&block["averagePowerGridKw"]).filter(|kw| *kw >= 0.0);
        Some(Block { start, end, kw }).filter(|_| end > start)
    });
    let mut blocks: Vec<_> = read.collect();
    blocks.sort_by_key(|block| (block.start, -block.end));
    blocks.dedup_by_key(|block| block.start);
    blocks
}
