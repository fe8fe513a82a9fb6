//! The capacity that one charging session shows: rules B1 and B2.

use std::ops::RangeInclusive;

use collector_core::Record;
use serde::{Deserialize, Serialize};

use facts::row::{number, text, time};

/// A session that ends at this charge or above: the last percents hold more or less than the others.
pub(super) const FULL: f64 = 99.0;
/// A session that begins below this charge, for the same reason.
const EMPTY: f64 = 5.0;
/// In percent: of a smaller rise, rounding alone is a tenth.
const SMALLEST_RISE: f64 = 20.0;
/// In percent a minute, as a mean of a session with alternating current: more is a jump of the charge.
const FASTEST_AC: f64 = 0.8;
/// Energy and charge are of windows that may differ by so many minutes of charging.
const MISMATCH_MINUTES: f64 = 0.5;
/// And by this share at least.
const MISMATCH_SHARE: f64 = 0.005;

/// What comes to the battery of what the grid gives; the rest is lost on the way.
pub(super) const LIKELY_SHARE: RangeInclusive<f64> = 0.7..=1.05;

/// What is kept of a session that counts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(into = "Numbers")]
pub(super) struct Sample {
    /// In milliseconds since the epoch.
    pub(super) end: i64,
    /// Into the battery, in kWh.
    pub(super) energy: f64,
    /// Of the charge, in percent.
    pub(super) rise: f64,
    /// The standard deviation of the capacity, as a share of it.
    pub(super) deviation: f64,
    /// The entry that told the energy; 0 where none is named.
    pub(super) seq: u64,
    /// By which share it may be off as all others of the vehicle are: many sessions do not make it less.
    #[serde(default)]
    pub(super) common: f64,
}

/// A sample without the names, in this order.
type Numbers = (i64, f64, f64, f64, u64, f64);

impl From<Sample> for Numbers {
    fn from(sample: Sample) -> Self {
        (
            sample.end,
            sample.energy,
            sample.rise,
            sample.deviation,
            sample.seq,
            sample.common,
        )
    }
}

/// Why a session says nothing of the capacity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum LeftOut {
    /// Its energy was measured at the grid, or follows from the charge or from held values of power.
    Estimated,
    /// Its energy is not that of the whole session.
    Partial,
    /// The charge at an end is unknown.
    NoCharge,
    Full,
    Empty,
    Small,
    Jump,
    /// Energy went back.
    Returned,
}

impl LeftOut {
    /// Behind a number of sessions.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Estimated => "without energy measured at the battery",
            Self::Partial => "with energy of a part of them",
            Self::NoCharge => "without a charge at both ends",
            Self::Full => "that ended at 99 % or more",
            Self::Empty => "that began under 5 %",
            Self::Small => "of less than 20 %",
            Self::Jump => "with a jump of the charge",
            Self::Returned => "that gave energy back",
        }
    }
}

impl Sample {
    /// In kWh: rule B1.
    pub(super) fn capacity(&self) -> f64 {
        self.energy / self.rise * 100.0
    }

    /// Rules B1 and B2, of a session that has ended at this time.
    pub(super) fn of(session: &Record, end: i64) -> Result<Self, LeftOut> {
        let energy = number(session, "energy_battery_kwh").filter(|energy| *energy > 0.0);
        let energy = energy.ok_or(LeftOut::Estimated)?;
        // What is told of both sides alike was measured at one of them: at the grid, unless the current is direct.
        let is_dc = text(session, "current_type") == Some("DC");
        if number(session, "energy_grid_kwh") == Some(energy) && !is_dc {
            return Err(LeftOut::Estimated);
        }
        if is_partial(session, energy) {
            return Err(LeftOut::Partial);
        }
        let first = number(session, "soc_start").ok_or(LeftOut::NoCharge)?;
        let end_charge = number(session, "soc_end").ok_or(LeftOut::NoCharge)?;
        let (last, energy, rest) = below_full(session, end_charge, energy);
        let rise = last - first;
        let minutes = charging_minutes(session, end);
        if let Some(reason) = left_out(session, first, last, minutes) {
            return Err(reason);
        }
        let mismatch = minutes.map_or(2.0 * MISMATCH_SHARE, |minutes| MISMATCH_MINUTES / minutes);
        let mismatch = mismatch.max(MISMATCH_SHARE);
        let energy_step = if is_whole(energy + rest) { 1.0 } else { 0.01 };
        let parts = [
            rounding(step(first)) / rise,
            rounding(step(last)) / rise,
            rounding(energy_step) / energy,
            // Anywhere between more and less by it.
            rounding(2.0 * mismatch),
        ];
        let cited = session
            .evidence
            .iter()
            .filter(|why| &*why.column == "energy_battery_kwh");
        let seq = cited.flat_map(|why| &why.cited).map(|cited| cited.seq).next();
        Ok(Self {
            end,
            energy,
            rise,
            deviation: parts.iter().map(|part| part * part).sum::<f64>().sqrt(),
            seq: seq.unwrap_or_default(),
            common: rest_share() * rest / energy,
        })
    }
}

/// Of a charge to the top, what is known of it below: up to which charge, the energy until then, and that of the rest.
fn below_full(session: &Record, end: f64, energy: f64) -> (f64, f64, f64) {
    let below = number(session, "soc_below_full").zip(number(session, "energy_below_full_kwh"));
    match below.filter(|_| end >= FULL) {
        Some((charge, kwh)) => (charge, kwh, energy - kwh),
        None => (end, energy, 0.0),
    }
}

/// By which share of it the rest may be more or less.
fn rest_share() -> f64 {
    let (least, most) = (LIKELY_SHARE.start(), LIKELY_SHARE.end());
    (most - least) / (most + least)
}

/// Rule B2.
fn left_out(session: &Record, first: f64, last: f64, minutes: Option<f64>) -> Option<LeftOut> {
    let is_ac = text(session, "current_type") == Some("AC");
    let is_fast = minutes.is_some_and(|minutes| (last - first) / minutes > FASTEST_AC);
    let returned = number(session, "energy_returned_kwh").is_some_and(|energy| energy > 0.0);
    let marks = text(session, "mark").unwrap_or_default();
    let is_discharging = marks.split(',').any(|mark| mark.trim() == "discharging");
    let reasons = [
        (last >= FULL, LeftOut::Full),
        (first < EMPTY, LeftOut::Empty),
        (last - first < SMALLEST_RISE, LeftOut::Small),
        (is_ac && is_fast, LeftOut::Jump),
        (returned || is_discharging, LeftOut::Returned),
    ];
    reasons
        .into_iter()
        .find(|(is_so, _)| *is_so)
        .map(|(_, reason)| reason)
}

/// The preferred energy is another one, or the battery took a share of the grid's energy that no charger loses or adds.
fn is_partial(session: &Record, energy: f64) -> bool {
    let is_whole = matches!(text(session, "energy_basis"), Some("grid" | "battery"));
    let share = number(session, "energy_grid_kwh").map(|grid| energy / grid);
    !is_whole || share.is_some_and(|share| !LIKELY_SHARE.contains(&share))
}

/// Those of charging, where they are known, else those from start to end.
fn charging_minutes(session: &Record, end: i64) -> Option<f64> {
    let whole = || Some((end - session.at.as_millisecond()) as f64 / 60_000.0);
    let minutes = number(session, "charging_minutes").or_else(whole);
    minutes.filter(|minutes| *minutes > 0.0)
}

/// In which steps the car shows this charge, in percent.
pub(super) fn step(charge: f64) -> f64 {
    match charge {
        charge if is_whole(charge) => 1.0,
        charge if is_whole(charge * 2.0) => 0.5,
        _ => 0.1,
    }
}

fn is_whole(number: f64) -> bool {
    (number - number.round()).abs() < 1e-9
}

/// The standard deviation of what was rounded to steps of this size.
pub(super) fn rounding(step: f64) -> f64 {
    step / 12_f64.sqrt()
}

/// When a session ended, in milliseconds since the epoch; where nobody knows, when it was unplugged.
pub(super) fn end(session: &Record) -> Option<i64> {
    time(session, "end_at").or_else(|| time(session, "unplugged_at"))
}

/// Whether anything came to the battery: not in a plug-in without energy whose charge did not rise.
pub(super) fn has_charged(session: &Record) -> bool {
    let marks = text(session, "mark").unwrap_or_default();
    let has_energy = !marks.split(',').any(|mark| mark.trim() == "no_energy");
    let rise = number(session, "soc_end").zip(number(session, "soc_start"));
    has_energy || rise.is_some_and(|(last, first)| last > first)
}
