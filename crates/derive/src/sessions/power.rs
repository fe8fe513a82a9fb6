//! How fast it charged, the kind of current, and the blocks that prices are put on: rule S4.

use super::energies::{Basis, Energies};
use super::identity::Session;
use super::listed::Listed;
use super::price::Block;
use super::signals::Of;
use super::windows::{Window, hours};
use crate::rules::CurrentType;

/// The most that AC gives a car, in kW.
const MOST_AC: f64 = 22.5;
/// What a car takes by AC, in kW: more in the mean is AC only by a rare charger.
const USUAL_AC: f64 = 11.5;

/// In kW; `None` is unknown.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Power {
    pub mean: Option<f64>,
    pub peak: Option<f64>,
    pub current: Option<CurrentType>,
    /// In milliseconds.
    pub charging: i64,
}

pub fn power(session: &Session, energies: &Energies, blocks: &[Block]) -> Power {
    let charging = blocks.iter().map(|block| block.charging_ms).sum();
    let energy = energies.chosen.map(|(kwh, _)| kwh);
    let mean = energy.filter(|_| charging > 0).map(|kwh| kwh / hours(charging));
    let told = session
        .windows()
        .filter_map(|window| window.power.peak)
        .map(|peak| peak.value);
    let listed = session
        .listed
        .iter()
        .flat_map(|charge| &charge.blocks)
        .filter_map(|block| block.kw);
    let peak = told.chain(listed).reduce(f64::max);
    let loose = session.listed.is_empty() && session.windows().any(|window| window.loose);
    Power {
        mean,
        peak,
        current: current_type(mean, peak, told_current(session), loose),
        charging,
    }
}

/// For which current the plug is, as the car says.
fn told_current(session: &Session) -> Option<CurrentType> {
    let told = session
        .plug_ins
        .iter()
        .rev()
        .find_map(|plug_in| plug_in.current)?;
    match told.of {
        Of::CurrentType(kind) => Some(kind),
        _ => None,
    }
}

/// By power where it is more than AC can give, else by the plug, else by a low power. `loose`: the times are so vague that a
/// low mean says nothing.
fn current_type(
    mean: Option<f64>,
    peak: Option<f64>,
    told: Option<CurrentType>,
    loose: bool,
) -> Option<CurrentType> {
    if mean.into_iter().chain(peak).any(|kw| kw > MOST_AC) {
        return Some(CurrentType::Dc);
    }
    let slow = mean.is_some_and(|kw| kw > 0.0 && kw <= USUAL_AC) && (peak.is_some() || !loose);
    told.or(slow.then_some(CurrentType::Ac))
}

/// The charging as stretches, whose energies add up to that of the session. By BMW's blocks or charges where its energy is
/// told, else by what was seen.
pub fn blocks(session: &Session, energies: &Energies) -> Vec<Block> {
    let by_bmw = session.is_listed();
    let mut parts: Vec<(Block, f64)> = if by_bmw {
        session
            .listed
            .iter()
            .flat_map(|charge| listed(charge, energies, session))
            .collect()
    } else {
        let basis = energies.chosen.map(|(_, basis)| basis);
        session.windows().map(|window| seen(window, basis)).collect()
    };
    parts.sort_by_key(|(block, _)| block.start);
    let total = energies.chosen.map_or(0.0, |(kwh, _)| kwh);
    share(&mut parts, total);
    parts.into_iter().map(|(block, _)| block).collect()
}

/// A charge of BMW's in its blocks, else as one, weighed so that it gets its own energy.
fn listed(charge: &Listed, energies: &Energies, session: &Session) -> Vec<(Block, f64)> {
    let battery = energies.chosen.is_some_and(|(_, basis)| basis == Basis::Battery);
    let own = if battery {
        charge.battery
    } else {
        charge.grid_kwh()
    };
    let own = if session.listed.len() == 1 {
        own.or(Some(1.0))
    } else {
        own
    };
    let mut parts: Vec<_> = charge
        .blocks
        .iter()
        .map(|block| {
            let length = block.length();
            (stretch(block.start, block.end, length), block.kwh())
        })
        .collect();
    if parts.is_empty() {
        parts.push((stretch(charge.start, charge.last(), charge.charging_ms()), None));
    }
    let told = parts.iter().all(|(_, kwh)| kwh.is_some())
        && parts.iter().any(|(_, kwh)| kwh.is_some_and(|kwh| kwh > 0.0));
    let mut parts: Vec<_> = parts
        .into_iter()
        .map(|(block, kwh)| {
            let length = hours(block.end - block.start);
            (block, if told { kwh.unwrap_or_default() } else { length })
        })
        .collect();
    share(&mut parts, own.unwrap_or_default());
    parts.into_iter().map(|(block, _)| (block, block.kwh)).collect()
}

fn seen(window: &Window, basis: Option<Basis>) -> (Block, f64) {
    let weight = match basis {
        Some(Basis::Power) => window.power.kwh().unwrap_or_default(),
        Some(Basis::Soc) => window.rise().unwrap_or_else(|| hours(window.charging())),
        _ => hours(window.charging()),
    };
    (stretch(window.start.at, window.end.at, window.charging()), weight)
}

fn stretch(start: i64, end: i64, charging_ms: i64) -> Block {
    Block {
        start,
        end,
        charging_ms,
        kwh: 0.0,
    }
}

/// Shares an energy out by weight; evenly over time where nothing has a weight.
fn share(parts: &mut [(Block, f64)], total: f64) {
    let weights: f64 = parts.iter().map(|(_, weight)| weight).sum();
    if weights <= 0.0 {
        let whole: f64 = parts
            .iter()
            .map(|(block, _)| hours(block.charging_ms.max(1)))
            .sum();
        for (block, _) in parts {
            block.kwh = total * (hours(block.charging_ms.max(1)) / whole);
        }
        return;
    }
    for (block, weight) in parts {
        block.kwh = total * (*weight / weights);
    }
}
