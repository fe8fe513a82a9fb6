//! A charge as BMW lists it in chargingHistory. Every field may be missing or of another type: a number in a text, a time as
//! seconds or in ISO 8601. What cannot be read, and what no car can mean, is unknown, and loses nothing else; only a charge
//! without a start that can be is none.

use std::ops::RangeInclusive;

use collector_core::{Cited, document};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::signals::{Of, Sign};
use super::windows::hours;
use crate::fact::{Fact, Sent};

const KM_PER_MILE: f64 = 1.609_344;
/// From here on a number counts milliseconds and not seconds since the epoch.
const MILLISECONDS_FROM: f64 = 1e11;
/// The first car that BMW lists charges of was sold in 2013.
const EARLIEST_MS: i64 = 1_356_998_400_000;
const DAY_MS: i64 = 24 * 3_600_000;
/// A car that stands at the plug and waits for the sun may do so for weeks.
const LONGEST_MS: i64 = 31 * DAY_MS;
/// Of charges that show the capacity, in percent: where they begin and end, and by how much they rise.
const EMPTY: f64 = 5.0;
const FULL: f64 = 99.0;
const SURE_RISE: f64 = 20.0;
/// And which share of what the grid gave comes to the battery: what is told of both sides alike was measured at one.
const MEASURED: RangeInclusive<f64> = 0.7..=0.995;
/// The charge so long behind the last block is none of the end of charging: a car uses some while it stands.
const LEFT_MS: i64 = 4 * DAY_MS;
/// What goes in and comes out within that time.
const MOST_KWH: f64 = 2_000.0;
/// No car takes more.
const MOST_KW: f64 = 400.0;
const MOST_KM: f64 = 5e6;
const MOST_MONEY: f64 = 1e6;

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
    /// `None` where it is no object, or began when no charge can have.
    pub fn read(sent: &Sent, fact: &Fact) -> Option<Self> {
        let json = document::read(&sent.json);
        json.as_object()?;
        let start = time(&json["startTime"])?;
        // A clock may be some hours ahead, of the car or of this machine.
        if !(EARLIEST_MS..=fact.received_at.saturating_add(DAY_MS)).contains(&start) {
            return None;
        }
        let can_be = start..=start + LONGEST_MS;
        let end = time(&json["endTime"]).filter(|end| can_be.contains(end));
        let blocks = blocks(&json["chargingBlocks"], start, end.unwrap_or(*can_be.end()));
        let charged = blocks.iter().map(|block| block.end).max();
        let last = end.max(charged);
        let most = last.map_or(MOST_KWH, |last| MOST_KWH.min(MOST_KW * hours(last - start)));
        let energy = |name: &str| within(&json[name], 0.0..=most);
        let percent = |name: &str| within(&json[name], 0.0..=100.0);
        // Nothing is empty behind a charge: it is what BMW says that does not know.
        let soc_end = percent("displayedSoc").filter(|percent| *percent > 0.0);
        let soc_start = percent("displayedStartSoc").filter(|percent| *percent > 0.0 || soc_end.is_some());
        let left = charged
            .zip(end)
            .is_some_and(|(charged, end)| end - charged > LEFT_MS);
        let soc_end = soc_end.filter(|_| !left);
        Some(Self {
            start,
            end,
            charging: seconds(&json["totalChargingDurationSec"]),
            grid: energy("energyConsumedFromPowerGridKwh"),
            battery: energy("energyIncreaseHvbKwh"),
            returned: energy("energyDischargedKwh").or_else(|| energy("energyDecreaseHvbKwh")),
            soc_start,
            soc_end,
            odometer: odometer(&json),
            location: location(&json["chargingLocation"]),
            blocks,
            cost: cost(&json["chargingCostInformation"]),
            preconditioning: flag(&json["isPreconditioningActivated"]),
            failed: is_filled(&json["businessErrors"]),
            max_energy: None,
            seq: fact.seq,
            changed_at: fact.at,
        })
    }

    /// In kWh, where it says so much of the battery as rule B2 asks for.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "at most 100 %"
    )]
    pub fn shows_capacity(&self, fact: &Fact) -> Option<Sign> {
        let (battery, end) = (self.battery?, self.end?);
        let (from, to) = (self.soc_start?, self.soc_end?);
        let is_measured = self
            .grid_kwh()
            .is_none_or(|grid| MEASURED.contains(&(battery / grid)));
        let is_sound = from >= EMPTY && to < FULL && to - from >= SURE_RISE && is_measured;
        let given_back = self.returned.is_some_and(|kwh| kwh > 0.0);
        (is_sound && !given_back).then(|| Sign {
            at: end,
            ..Sign::new(fact, battery / (to - from) * 100.0, Of::Shown((to - from) as u8))
        })
    }

    /// An answer without any energy takes none back. The journal knows the older answer: it would not tell it again.
    pub fn keep_energies(&mut self, old: &Self) {
        if self.grid.is_none() && self.battery.is_none() && self.blocks.is_empty() {
            self.grid = old.grid;
            self.battery = old.battery;
            self.blocks.clone_from(&old.blocks);
        }
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
        let sum = || self.blocks.iter().map(Block::kwh).sum::<Option<f64>>();
        self.grid.or_else(|| sum().filter(|_| !self.blocks.is_empty()))
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
        self.kw.map(|kw| kw * hours(self.length()))
    }
}

fn within(json: &Value, can_be: RangeInclusive<f64>) -> Option<f64> {
    number(json).filter(|number| can_be.contains(number))
}

fn cost(json: &Value) -> Option<(f64, String)> {
    let amount = within(&json["calculatedChargingCost"], -MOST_MONEY..=MOST_MONEY)?;
    let currency = json["currency"].as_str()?;
    let is_word = currency.len() == 3 && currency.bytes().all(|byte| byte.is_ascii_alphabetic());
    is_word.then(|| (amount, currency.to_owned()))
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
    let mileage = within(&json["mileage"], 0.0..=MOST_KM).filter(|mileage| *mileage > 0.0)?;
    let unit = json["mileageUnits"]
        .as_str()
        .unwrap_or_default()
        .to_ascii_uppercase();
    let unit = unit.rsplit('.').next().unwrap_or_default();
    let factor = if unit.starts_with("MI") { KM_PER_MILE } else { 1.0 };
    Some(mileage * factor)
}

fn location(json: &Value) -> Option<(f64, f64)> {
    let latitude = within(&json["mapMatchedLatitude"], -90.0..=90.0)?;
    let longitude = within(&json["mapMatchedLongitude"], -180.0..=180.0)?;
    Some((latitude, longitude)).filter(|place| *place != (0.0, 0.0))
}

/// In the order of time. What lies outside of the charge is cut off, and of two that overlap the later one begins at the end of
/// the first: no time counts twice.
fn blocks(json: &Value, from: i64, until: i64) -> Vec<Block> {
    let listed = json.as_array().map(Vec::as_slice).unwrap_or_default();
    let read = listed.iter().filter_map(|block| {
        let (start, end) = (time(&block["startTime"])?, time(&block["endTime"])?);
        let kw = within(&block["averagePowerGridKw"], 0.0..=MOST_KW);
        let (start, end) = (start.max(from), end.min(until));
        (start < end).then_some(Block { start, end, kw })
    });
    let mut blocks: Vec<_> = read.collect();
    blocks.sort_by_key(|block| (block.start, -block.end));
    let mut free = from;
    for block in &mut blocks {
        block.start = block.start.max(free);
        free = free.max(block.end);
    }
    blocks.retain(|block| block.start < block.end);
    blocks
}
