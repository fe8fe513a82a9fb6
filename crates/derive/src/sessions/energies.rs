//! The four energies of a session, never mixed, and which of them is the one to tell: rule S3.

use super::identity::Session;
use super::signals::{Of, Sign};
use super::windows::{Integral, Window};

/// BMW's two energies differ by less where one is computed from the other, and by more where they are not of one charge.
const PLAUSIBLE_LOSS: (f64, f64) = (0.005, 0.4);
/// Half of this stands at both ends of a difference of charges that BMW lists, in percent.
const STEP: f64 = 1.0;

/// A rise of the charge, in percent, that no rounding and no warmer battery makes.
const SURE_RISE: f64 = 3.0;

/// From here on the charge says little of the energy, in percent: rule B2.
const TOP: f64 = 99.0;

/// Energy goes on into a battery that shows this, in percent: up to a step of it.
pub const FULL: f64 = 100.0;

/// The capacity of a battery in kWh, with what it can be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Capacity {
    pub low: f64,
    pub high: f64,
    /// BMW's maxEnergy, or what a charge showed; `None` where the owner said it.
    pub told: Option<Sign>,
}

/// Which energy is told as that of the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    Grid,
    Battery,
    Power,
    Soc,
}

/// In kWh; `None` is unknown.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Energies {
    pub grid: Option<f64>,
    pub battery: Option<f64>,
    pub soc: Option<(f64, f64)>,
    pub power: Option<(f64, f64)>,
    pub returned: Option<f64>,
    pub loss: Option<f64>,
    /// Of a charge to the top: up to which charge, in percent, and how much the battery took until then.
    pub below: Option<(f64, (f64, f64))>,
    pub chosen: Option<(f64, Basis)>,
}

impl Basis {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Grid => "grid",
            Self::Battery => "battery",
            Self::Power => "power",
            Self::Soc => "soc",
        }
    }
}

/// The owner's word, else BMW's newest with its rounding, else what a charge showed.
pub fn capacity(session: &Session, owner: Option<f64>) -> Option<Capacity> {
    if let Some(kwh) = owner {
        return Some(Capacity {
            low: kwh,
            high: kwh,
            told: None,
        });
    }
    let seen = session
        .plug_ins
        .iter()
        .rev()
        .find_map(|plug_in| plug_in.max_energy);
    let listed = || session.listed.iter().rev().find_map(|charge| charge.max_energy);
    let told = seen.or_else(listed).filter(|sign| sign.value > 0.0)?;
    let half = if told.value.fract() == 0.0 { 0.5 } else { 0.05 };
    let (low, high) = match told.of {
        // Half a step at both ends of the rise; BMW's end may be of unplugging, a percent later.
        Of::Shown(rise) => {
            let rise = f64::from(rise);
            (told.value * rise / (rise + 2.0), told.value * rise / (rise - 1.0))
        }
        _ => (told.value - half, told.value + half),
    };
    let told = Some(told);
    Some(Capacity { low, high, told })
}

pub fn energies(session: &Session, capacity: Option<Capacity>) -> Energies {
    let gained = gained(session);
    // Nothing does not make the charge rise: it is what BMW says that does not know yet.
    let rose = gained.is_some_and(|(low, _)| low >= SURE_RISE);
    let can_be = |kwh: &f64| *kwh > 0.0 || !rose;
    let grid = sum(session.listed.iter().map(|charge| charge.grid_kwh())).filter(can_be);
    let battery = sum(session.listed.iter().map(|charge| charge.battery)).filter(can_be);
    let soc = capacity
        .zip(gained)
        .map(|(capacity, (low, high))| (capacity.low * low / 100.0, capacity.high * high / 100.0));
    let power = power(session.windows().map(|window| (&window.power, window)));
    Energies {
        grid,
        battery,
        soc,
        power,
        returned: returned(session, capacity),
        loss: grid.zip(battery).and_then(|(grid, battery)| loss(grid, battery)),
        below: battery.and_then(|battery| below(session, battery)),
        chosen: choose(session.is_listed(), grid, battery, power, soc),
    }
}

/// Grid before battery before power before charge. What BMW lists counts where it lists all of the charging; power gives
/// way where its silences leave it wider than the charge does.
fn choose(
    is_listed: bool,
    grid: Option<f64>,
    battery: Option<f64>,
    power: Option<(f64, f64)>,
    soc: Option<(f64, f64)>,
) -> Option<(f64, Basis)> {
    let bmw = [(grid, Basis::Grid), (battery, Basis::Battery)];
    let mut bmw = bmw.into_iter().filter_map(|(kwh, basis)| Some((kwh?, basis)));
    let told = bmw.next();
    if is_listed && told.is_some() {
        return told;
    }
    let middle = |(low, high): (f64, f64)| f64::midpoint(low, high);
    let wide = |(low, high): (f64, f64)| high - low;
    let soc_is_better = power.zip(soc).is_some_and(|(power, soc)| wide(power) > wide(soc));
    let power = power
        .filter(|_| !soc_is_better)
        .map(|power| (middle(power), Basis::Power));
    power.or(soc.map(|soc| (middle(soc), Basis::Soc))).or(told)
}

/// Loss on the way from the grid into the battery, from 0 to 1; `None` where the two are not independent.
fn loss(grid: f64, battery: f64) -> Option<f64> {
    let share = (grid - battery) / grid;
    let (least, most) = PLAUSIBLE_LOSS;
    Some(share).filter(|share| (least..=most).contains(share))
}

/// What the battery took, less what power says that went in behind the last charge that says something: rule B1.
fn below(session: &Session, battery: f64) -> Option<(f64, (f64, f64))> {
    let is_whole = session.is_listed() && session.listed.iter().all(|charge| charge.battery.is_some());
    let is_full = is_whole && session.state_of_charge().1 >= Some(TOP);
    session.plug_ins.last().filter(|_| is_full)?.below.of(battery)
}

/// By how much the charge rose, in percent, at least and at most.
fn gained(session: &Session) -> Option<(f64, f64)> {
    if session.is_listed() {
        let last = session.listed.len() - 1;
        let (start, end) = session.state_of_charge();
        let rises = session.listed.iter().enumerate().map(|(at, charge)| {
            let start = if at == 0 { start } else { charge.soc_start };
            let end = if at == last { end } else { charge.soc_end };
            Some(end? - start?)
        });
        let rises: Option<Vec<f64>> = rises.collect();
        if let Some(rises) = rises {
            let (fallen, falls) = refilled(session, rises.len() == 1);
            return between(rises.iter().sum::<f64>() + fallen, STEP, rises.len() + falls, end);
        }
    }
    let mut rise = None;
    let (mut parts, mut step, mut end) = (0, 0.0_f64, None);
    for plug_in in &session.plug_ins {
        let (first, last) = plug_in.state_of_charge();
        let (fallen, falls) = plug_in.refilled;
        let Some((first, last)) = first.zip(last) else {
            continue;
        };
        rise = Some(rise.unwrap_or(0.0) + last.value - first.value + fallen);
        parts += 1 + falls as usize;
        step = step.max(plug_in.steps.size());
        end = Some(last.value);
    }
    between(rise?, step, parts, end)
}

/// Within one charge of BMW, what fell was charged again; between two it is in neither.
fn refilled(session: &Session, is_within: bool) -> (f64, usize) {
    let seen = session
        .plug_ins
        .iter()
        .filter(|_| is_within)
        .map(|plug_in| plug_in.refilled);
    seen.fold((0.0, 0), |(sum, parts), (fallen, falls)| {
        (sum + fallen, parts + falls as usize)
    })
}

#[expect(clippy::cast_precision_loss, reason = "a handful of parts")]
fn between(rise: f64, step: f64, parts: usize, end: Option<f64>) -> Option<(f64, f64)> {
    let around = step * parts as f64;
    let full = if end >= Some(FULL) { STEP } else { 0.0 };
    Some(((rise - around).max(0.0), rise + around + full)).filter(|_| rise > 0.0)
}

/// From the trapezoids of the windows that told power, where those are most of the charging.
fn power<'a>(windows: impl Iterator<Item = (&'a Integral, &'a Window)>) -> Option<(f64, f64)> {
    let (mut low, mut high) = (0.0, 0.0);
    let (mut told, mut all) = (0, 0);
    for (integral, window) in windows {
        all += window.charging();
        if integral.kwh().is_none() {
            continue;
        }
        told += window.charging();
        low += integral.low;
        high += integral.high;
    }
    Some((low, high)).filter(|(_, high)| *high > 0.0 && told * 10 >= all * 9)
}

/// What BMW says, else falls of the charge while plugged in.
fn returned(session: &Session, capacity: Option<Capacity>) -> Option<f64> {
    let listed = session.listed.iter().filter_map(|charge| charge.returned);
    if let Some(listed) = listed.reduce(|a, b| a + b).filter(|kwh| *kwh > 0.0) {
        return Some(listed);
    }
    let fallen: f64 = session.plug_ins.iter().map(|plug_in| plug_in.fallen().0).sum();
    let capacity = capacity.filter(|_| fallen > 0.0)?;
    Some(f64::midpoint(capacity.low, capacity.high) * fallen / 100.0)
}

/// The sum of those that are known; unknown where none is.
fn sum(parts: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    parts.flatten().reduce(|a, b| a + b)
}
