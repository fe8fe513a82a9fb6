//! What charging costs by the owner's tariffs: rule S5. RULES.md states the arithmetic, so that anybody can do it again.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;

use super::MINUTE;
use crate::rules::{CurrentType, Price, Rules, Tariff};

/// A stretch of charging with one power. Times in milliseconds since the epoch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Block {
    pub start: i64,
    pub end: i64,
    /// How long energy flowed in it.
    pub charging_ms: i64,
    pub kwh: f64,
}

/// What a price depends on beside the tariffs.
#[derive(Debug, Clone, Copy)]
pub struct Charge<'a> {
    /// In the order of time.
    pub blocks: &'a [Block],
    /// The energy is known; else only fees can be.
    pub has_energy: bool,
    /// It is what the grid gave, where it is sold; else it lacks what was lost on the way.
    pub is_metered: bool,
    pub place: Option<&'a str>,
    pub current: Option<CurrentType>,
    pub unplugged_at: Option<i64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CostState {
    Known,
    Partial,
    Unknown,
}

/// What a charge costs.
#[derive(Debug, Clone, PartialEq)]
pub struct Cost {
    pub state: CostState,
    /// What is priced of it; `None` where nothing is.
    pub amount: Option<f64>,
    pub currency: Option<String>,
    /// Of the energy, from 0 to 1; `None` where it is not known how much more the grid gave.
    pub unpriced_share: Option<f64>,
    /// Of the energy of each block, without fees; `None` where some of it has no price.
    pub blocks: Vec<Option<f64>>,
    /// Of the amount: energy, the session, its minutes, idle minutes.
    pub parts: [f64; 4],
    /// The names of the tariffs, in the order of use.
    pub tariffs: Vec<String>,
}

impl CostState {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Known => "known",
            Self::Partial => "partial",
            Self::Unknown => "unknown",
        }
    }
}

pub fn price(charge: &Charge<'_>, rules: &Rules) -> Cost {
    let mut sum = Sum::default();
    let mut blocks = Vec::new();
    let cuts = cuts(charge, rules);
    for block in charge.blocks {
        blocks.push(sum.block(block, charge, &cuts, rules));
    }
    sum.session_and_idle(charge, rules);
    sum.cost(charge, blocks)
}

#[derive(Debug, Default)]
struct Sum<'a> {
    currency: Option<&'a str>,
    tariffs: Vec<&'a str>,
    priced: bool,
    /// In kWh.
    energy: f64,
    unpriced: f64,
    /// Stretches without a price, whatever their energy.
    gaps: bool,
    /// Energy that costs something was not measured where it is sold.
    is_less: bool,
    parts: [f64; 4],
}

impl<'a> Sum<'a> {
    /// The energy and the minutes of one block, cut where a price can change.
    fn block(&mut self, block: &Block, charge: &Charge<'_>, cuts: &[i64], rules: &'a Rules) -> Option<f64> {
        let mut cost = Some(0.0);
        self.energy += block.kwh;
        for (from, until) in pieces(block, cuts) {
            let share = share(until - from, block.end - block.start);
            let local = local(middle(from, until), &rules.timezone);
            let Some((tariff, per_kwh)) =
                priced(charge, local, rules).filter(|(tariff, _)| self.is_ours(tariff))
            else {
                self.unpriced += block.kwh * share;
                self.gaps = true;
                cost = None;
                continue;
            };
            self.uses(tariff);
            let energy = block.kwh * share * per_kwh;
            self.parts[0] += energy;
            self.is_less |= per_kwh != 0.0 && !charge.is_metered;
            self.parts[2] += minutes(block.charging_ms) * share * tariff.per_minute.unwrap_or(0.0);
            cost = cost.map(|sum| sum + energy);
        }
        cost
    }

    fn session_and_idle(&mut self, charge: &Charge<'_>, rules: &'a Rules) {
        let (Some(first), Some(last)) = (
            charge.blocks.first(),
            charge.blocks.iter().map(|block| block.end).max(),
        ) else {
            return;
        };
        let at = |ms: i64| tariff(charge, local(ms, &rules.timezone), rules);
        if let Some(tariff) = at(first.start).filter(|tariff| self.is_ours(tariff)) {
            self.parts[1] += tariff.per_session.unwrap_or(0.0);
        }
        if let Some(tariff) = at(last).filter(|tariff| self.is_ours(tariff))
            && let Some(out) = charge.unplugged_at
        {
            let idle = minutes(out - last) - tariff.idle_grace_minutes;
            self.parts[3] += idle.max(0.0) * tariff.per_idle_minute.unwrap_or(0.0);
        }
    }

    /// Sums of two currencies are none: the first one counts.
    fn is_ours(&self, tariff: &Tariff) -> bool {
        self.currency.is_none_or(|ours| ours == tariff.currency)
    }

    fn uses(&mut self, tariff: &'a Tariff) {
        self.priced = true;
        self.currency = Some(&tariff.currency);
        if !self.tariffs.contains(&&*tariff.name) {
            self.tariffs.push(&tariff.name);
        }
    }

    fn cost(self, charge: &Charge<'_>, blocks: Vec<Option<f64>>) -> Cost {
        let known = self.priced && charge.has_energy;
        let unpriced_share = match (known, self.energy > 0.0) {
            (false, _) => 1.0,
            (true, true) => (self.unpriced / self.energy).clamp(0.0, 1.0),
            (true, false) => f64::from(u8::from(self.gaps)),
        };
        let unpriced_share = (!self.is_less).then_some(unpriced_share);
        let state = match (known, self.gaps || self.is_less) {
            (false, _) => CostState::Unknown,
            (true, true) => CostState::Partial,
            (true, false) => CostState::Known,
        };
        let [energy, session, minutes, idle] = self.parts;
        Cost {
            state,
            amount: known.then_some(energy + session + minutes + idle),
            currency: self.currency.filter(|_| known).map(str::to_owned),
            unpriced_share,
            blocks: if known { blocks } else { vec![None; blocks.len()] },
            parts: self.parts,
            tariffs: self.tariffs.into_iter().map(str::to_owned).collect(),
        }
    }
}

/// The first tariff that fits the place, the current and the day.
fn tariff<'a>(charge: &Charge<'_>, local: DateTime, rules: &'a Rules) -> Option<&'a Tariff> {
    let day = local.date();
    rules.tariffs.iter().find(|tariff| {
        let here = tariff.places.is_empty() || tariff.places.iter().any(|name| Some(&**name) == charge.place);
        let current = tariff.current_type.is_none() || tariff.current_type == charge.current;
        let valid =
            tariff.from.is_none_or(|from| day >= from) && tariff.until.is_none_or(|until| day <= until);
        here && current && valid
    })
}

/// It and its price of a kWh. One that asks for a session or for minutes and names no price of a kWh asks none for it.
fn priced<'a>(charge: &Charge<'_>, local: DateTime, rules: &'a Rules) -> Option<(&'a Tariff, f64)> {
    let tariff = tariff(charge, local, rules)?;
    if tariff.prices.is_empty() && (tariff.per_session.is_some() || tariff.per_minute.is_some()) {
        return Some((tariff, 0.0));
    }
    let price = tariff.prices.iter().find(|price| holds(price, local))?;
    Some((tariff, price.per_kwh))
}

/// Whether a price is that of a moment by the clock on the wall.
fn holds(price: &Price, local: DateTime) -> bool {
    let Some(day) = day_of(price, local) else {
        return false;
    };
    let weekday = price.weekdays.is_empty() || price.weekdays.contains(&day.weekday());
    let season = price.season.is_none_or(|(first, last)| {
        let day = (day.month(), day.day());
        if first <= last {
            first <= day && day <= last
        } else {
            first <= day || day <= last
        }
    });
    weekday && season
}

/// The day that a moment belongs to: behind midnight, the one on which the night began. `None` outside the hours.
fn day_of(price: &Price, local: DateTime) -> Option<Date> {
    let (date, time) = (local.date(), local.time());
    let Some((from, until)) = price.hours else {
        return Some(date);
    };
    if from < until {
        return (from <= time && time < until).then_some(date);
    }
    if time >= from {
        return Some(date);
    }
    (time < until).then(|| date.yesterday().ok()).flatten()
}

/// Every moment at which a price can change while it charges: midnight, the hours that a price names, and where the clock
/// is changed. In the order of time.
fn cuts(charge: &Charge<'_>, rules: &Rules) -> Vec<i64> {
    let ends = charge.blocks.iter().map(|block| block.end).max();
    let (Some(first), Some(end), false) = (charge.blocks.first(), ends, rules.tariffs.is_empty()) else {
        return Vec::new();
    };
    let zone = &rules.timezone;
    let hours = rules.tariffs.iter().flat_map(|tariff| &tariff.prices);
    let hours = hours
        .filter_map(|price| price.hours)
        .flat_map(|(from, until)| [from, until]);
    let mut times: Vec<_> = hours.chain([Time::midnight()]).collect();
    times.sort();
    times.dedup();
    let mut cuts = Vec::new();
    let last = local(end, zone).date();
    let mut day = local(first.start, zone).date();
    while day <= last {
        cuts.extend(
            times
                .iter()
                .flat_map(|time| moments(day.to_datetime(*time), zone)),
        );
        let Ok(next) = day.tomorrow() else { break };
        day = next;
    }
    let from = Timestamp::from_millisecond(first.start).unwrap_or_default();
    let changes = zone
        .following(from)
        .map(|change| change.timestamp().as_millisecond());
    cuts.extend(changes.take_while(|change| *change < end));
    cuts.sort_unstable();
    cuts.dedup();
    cuts
}

/// A block in the pieces that the cuts leave.
fn pieces(block: &Block, cuts: &[i64]) -> impl Iterator<Item = (i64, i64)> {
    let from = cuts.partition_point(|cut| *cut <= block.start);
    let to = cuts.partition_point(|cut| *cut < block.end).max(from);
    let inner = cuts.get(from..to).unwrap_or_default().to_vec();
    let starts = [block.start].into_iter().chain(inner.clone());
    starts.zip(inner.into_iter().chain([block.end]))
}

/// When the clock on the wall shows a time: twice where it is set back.
fn moments(wall: DateTime, zone: &TimeZone) -> Vec<i64> {
    let ambiguous = zone.to_ambiguous_timestamp(wall);
    let both = [ambiguous.earlier(), ambiguous.later()];
    both.into_iter()
        .flatten()
        .map(|moment| moment.as_millisecond())
        .collect()
}

fn local(ms: i64, zone: &TimeZone) -> DateTime {
    zone.to_datetime(Timestamp::from_millisecond(ms).unwrap_or_default())
}

fn middle(from: i64, until: i64) -> i64 {
    from + (until - from) / 2
}

/// Of a block without a length, all.
#[expect(clippy::cast_precision_loss, reason = "milliseconds of a session are exact")]
fn share(part: i64, whole: i64) -> f64 {
    if whole <= 0 {
        1.0
    } else {
        part as f64 / whole as f64
    }
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of a session are exact")]
fn minutes(ms: i64) -> f64 {
    ms as f64 / MINUTE as f64
}
