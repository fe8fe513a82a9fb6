//! The battery ledger: rules B1 to B4, and consumption, T5. What it holds came from records of sessions and from BMW's own
//! numbers; nothing is estimated here and then measured against itself.

mod below;
mod consumption;
mod estimate;
mod health;
mod month;
mod sample;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use collector_core::{Record, RecordKind, RecordState, Value, Vehicle};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

pub use self::below::Below;

use self::month::Month;
use self::sample::{LeftOut, Sample};
use facts::Rules;
use facts::fact::{Fact, What};
use facts::kinds::{BATTERY_HEALTH, CHARGING_SESSION, CONSUMPTION};
use facts::row::{moment, number};

const DAY: i64 = 24 * 3_600_000;
/// Charges are kept so long: the longest window of consumption, and the months that are told again.
const KEPT: i64 = 530 * DAY;
/// How many months of consumption before the newest are told again when a charge comes late.
const RETOLD: i32 = 4;
/// By how many months a battery's first capacity is known.
const BASELINE: i32 = 6;

/// What is known of a battery, from the sessions that the timeline told.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Battery {
    /// By the start of the session, in milliseconds since the epoch; kept for ever.
    samples: BTreeMap<i64, Sample>,
    /// Every session of the last time, by its start.
    charges: BTreeMap<i64, Charge>,
    bmw: BTreeMap<Month, Bmw>,
    /// The newest moment of a fact or session, and when its month ends; in milliseconds since the epoch.
    newest: i64,
    month_end: i64,
    /// Months that may have changed since they were told.
    dirty: BTreeSet<Month>,
    /// What was told and not withdrawn: a month, and of consumption a window in days; 0 is the battery's health.
    told: BTreeSet<(Month, u16)>,
    /// What goes on, as it was made the last time.
    #[serde(skip)]
    live: Option<Vec<Record>>,
}

/// What is kept of any session.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Charge {
    /// In milliseconds since the epoch.
    end: i64,
    /// In percent and kilometres.
    first: Option<f64>,
    last: Option<f64>,
    odometer: Option<f64>,
    left_out: Option<LeftOut>,
}

/// BMW's own numbers of one month: how often each was told, in tenths of a kWh or percent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Bmw {
    max_energy: BTreeMap<i64, f64>,
    health: BTreeMap<i64, f64>,
}

impl Battery {
    /// BMW's own numbers, in the order of arrival. Other facts only tell the time.
    pub fn step(&mut self, fact: &Fact, rules: &Rules) {
        self.see(fact.at, rules);
        let (number, is_health) = match fact.what {
            What::MaxEnergy(kwh) => (kwh, false),
            What::Health(percent) => (percent, true),
            _ => return,
        };
        if !number.is_finite() || number <= 0.0 {
            return;
        }
        let month = Month::of(fact.at, &rules.timezone);
        let bmw = self.bmw.entry(month).or_default();
        let counts = if is_health {
            &mut bmw.health
        } else {
            &mut bmw.max_energy
        };
        let before = Bmw::median(counts);
        *counts.entry((number * 10.0).round() as i64).or_default() += 1.0;
        // A car tells the same number all day.
        if Bmw::median(counts) != before {
            self.touch(month);
        }
    }

    /// A session was told, again or for the first time, or withdrawn. The same record takes the place of itself. Other
    /// kinds are passed over.
    pub fn told(&mut self, record: &Record, rules: &Rules) {
        if record.kind.name != CHARGING_SESSION.name {
            return;
        }
        let start = record.at.as_millisecond();
        let is_charge = record.state == RecordState::Final && sample::has_charged(record);
        let end = sample::end(record).filter(|_| is_charge);
        let old = self.charges.remove(&start).map(|charge| charge.end);
        let old = old.or(self.samples.remove(&start).map(|sample| sample.end));
        self.samples.remove(&start);
        if let Some(end) = end {
            self.see(end, rules);
            let sample = Sample::of(record, end);
            let charge = Charge {
                end,
                first: number(record, "soc_start"),
                last: number(record, "soc_end"),
                odometer: number(record, "odometer_km"),
                left_out: sample.err(),
            };
            self.charges.insert(start, charge);
            self.samples.extend(sample.ok().map(|sample| (start, sample)));
        }
        for end in old.into_iter().chain(end) {
            self.changed(Month::of(end, &rules.timezone), rules);
        }
        let kept = self.newest - KEPT;
        self.charges.retain(|_, charge| charge.end >= kept);
    }

    /// Whether any record may have changed since the last call of [`Battery::records`]: also by the end of a month alone.
    pub fn has_changed(&self) -> bool {
        !self.dirty.is_empty()
    }

    /// The records that may have changed since the last call, and those of the month that goes on. What is to be withdrawn
    /// is among them as withdrawn.
    pub fn records(&mut self, vehicle: &Vehicle, rules: &Rules) -> Vec<Record> {
        if let Some(live) = self.live.as_ref().filter(|_| self.dirty.is_empty()) {
            return live.clone();
        }
        let current = self.current(&rules.timezone);
        let mut months = std::mem::take(&mut self.dirty);
        months.insert(current);
        let mut live = Vec::new();
        let mut records = Vec::new();
        for month in months.into_iter().filter(|month| *month <= current) {
            let made = self.of_month(month, vehicle, rules);
            if month == current {
                live.clone_from(&made);
            }
            records.extend(made);
        }
        // What is withdrawn is said once.
        live.retain(|record| record.state == RecordState::Live);
        self.live = Some(live);
        records
    }

    fn of_month(&mut self, month: Month, vehicle: &Vehicle, rules: &Rules) -> Vec<Record> {
        let state = match month == self.current(&rules.timezone) {
            true => RecordState::Live,
            false => RecordState::Final,
        };
        let windows = consumption::WINDOWS.into_iter().map(|days| (&CONSUMPTION, days));
        let kinds = std::iter::once((&BATTERY_HEALTH, 0)).chain(windows);
        let mut records = Vec::new();
        for (kind, days) in kinds {
            let is_reached = days == 0 || month >= self.current(&rules.timezone).plus(-RETOLD);
            let made = is_reached.then(|| match days {
                0 => health::made(self, month, rules, vehicle),
                days => consumption::made(self, month, days, rules, vehicle),
            });
            let mut record = blank(kind, month, days, vehicle, &rules.timezone);
            match made {
                // Months that are out of reach stay as they were told.
                None => continue,
                Some(Some((values, evidence))) => {
                    (record.values, record.evidence, record.state) = (values, evidence, state);
                    self.told.insert((month, days));
                }
                Some(None) if self.told.remove(&(month, days)) => record.state = RecordState::Withdrawn,
                Some(None) => continue,
            }
            records.push(record);
        }
        records
    }

    fn current(&self, timezone: &TimeZone) -> Month {
        Month::of(self.newest, timezone)
    }

    /// What was live ends with the month.
    fn see(&mut self, at: i64, rules: &Rules) {
        if at <= self.newest {
            return;
        }
        if at >= self.month_end {
            let ended = self.current(&rules.timezone);
            self.newest = at;
            self.month_end = self.current(&rules.timezone).plus(1).start(&rules.timezone);
            self.touch(ended);
            self.touch(self.current(&rules.timezone));
        }
        self.newest = at;
    }

    /// A session of this month came, changed or went: the months whose health is told against it, and whose consumption
    /// its charge is part of, may change too.
    fn changed(&mut self, month: Month, rules: &Rules) {
        self.touch(month);
        let current = self.current(&rules.timezone);
        let of_health = match self.first_month(&rules.timezone) {
            Some(first) if month < first.plus(BASELINE) => month,
            _ => current,
        };
        let from = of_health.min(current.plus(-RETOLD).max(month));
        let reached = self.told.range((from, 0)..).map(|(month, _)| *month);
        let reached: Vec<Month> = reached.collect();
        self.dirty.extend(reached);
    }

    fn touch(&mut self, month: Month) {
        self.dirty.insert(month);
        self.live = None;
    }

    /// The month of the first session that counts.
    fn first_month(&self, timezone: &TimeZone) -> Option<Month> {
        let ends = self.samples.values().map(|sample| sample.end);
        ends.min().map(|end| Month::of(end, timezone))
    }

    /// The samples that end between two moments.
    fn between(&self, from: i64, until: i64) -> impl Iterator<Item = &Sample> {
        let ends = move |sample: &&Sample| (from..until).contains(&sample.end);
        self.samples.values().filter(ends)
    }
}

impl Bmw {
    /// The median of what was told.
    fn median(counts: &BTreeMap<i64, f64>) -> Option<f64> {
        let mut half = counts.values().sum::<f64>() / 2.0;
        let found = counts.iter().find(|(_, count)| {
            half -= **count;
            half <= 0.0
        });
        found.map(|(tenths, _)| *tenths as f64 / 10.0)
    }
}

/// A record of a month without values, in state `live`.
fn blank(
    kind: &'static RecordKind,
    month: Month,
    days: u16,
    vehicle: &Vehicle,
    timezone: &TimeZone,
) -> Record {
    let mut key = vec![Value::Text(month.to_string().into())];
    if days > 0 {
        key.push(Value::Number(days.into()));
    }
    let at = moment(month.start(timezone));
    Record::new(kind, vehicle.clone(), at, key, vec![None; kind.columns.len()])
}
