//! The record of a month's capacity and health: rules B3 and B4.

use std::collections::BTreeMap;

use collector_core::{Cited, Evidence, Value, Vehicle, document};

use super::estimate::{Estimate, estimate};
use super::month::Month;
use super::sample::{LeftOut, Sample};
use super::{BASELINE, Battery, Bmw};
use facts::Rules;
use facts::kinds::BATTERY_HEALTH;
use facts::row::{Row, moment};

/// A capacity that is known no better than this, as a share of it, is not shown.
const SHOWN_UNDER: f64 = 0.04;
/// So many sessions are said to be enough.
const ENOUGH: usize = 10;
const MOST_CITED: usize = 12;

/// Values and evidence.
pub(super) type Made = (Box<[Option<Value>]>, Box<[Evidence]>);

/// `None` of a month without sessions and without numbers of BMW.
pub(super) fn made(battery: &Battery, month: Month, rules: &Rules, vehicle: &Vehicle) -> Option<Made> {
    let (from, until) = (month.start(&rules.timezone), month.plus(1).start(&rules.timezone));
    let charges = battery.charges.values();
    let here: Vec<_> = charges
        .filter(|charge| (from..until).contains(&charge.end))
        .collect();
    let samples: Vec<(i64, &Sample)> = battery
        .samples
        .iter()
        .filter(|(_, sample)| (from..until).contains(&sample.end))
        .map(|(start, sample)| (*start, sample))
        .collect();
    let bmw = battery.bmw.get(&month);
    if here.is_empty() && samples.is_empty() && bmw.is_none() {
        return None;
    }
    let now = estimate(samples.iter().map(|(_, sample)| *sample));
    let baseline = baseline(battery, month, rules, vehicle);
    let mut row = Row::of(&BATTERY_HEALTH);
    let mut evidence = Vec::new();
    row.number("sessions", Some(samples.len() as f64));
    if let Some(now) = &now {
        let (low, high) = now.interval();
        row.number("capacity_low_kwh", Some(low));
        row.number("capacity_high_kwh", Some(high));
        evidence.push(of_capacity(now, &samples));
    }
    let shown = now.as_ref().filter(|now| now.half_width < SHOWN_UNDER);
    if let Some(now) = shown {
        row.number("capacity_kwh", Some(now.capacity));
    }
    if let Some((now, (then, words))) = shown.zip(baseline) {
        let health = now.capacity / then.capacity * 100.0;
        let away = health * now.half_width.hypot(then.half_width);
        row.number("health_percent", Some(health));
        let note = format!("against {:.1} kWh, {words}", then.capacity);
        evidence.push(why(
            "health_percent",
            "B3",
            Some((health - away, health + away)),
            note,
        ));
    }
    let note = match (&now, shown) {
        (_, Some(_)) => "shown".to_owned(),
        (Some(now), None) if samples.len() >= ENOUGH => {
            format!("the sessions disagree by {:.0} %", now.half_width * 100.0)
        }
        _ => format!("learning, {} of {ENOUGH}", samples.len()),
    };
    row.text("note", Some(&note));
    let left_out = here.iter().filter_map(|charge| charge.left_out);
    evidence.push(of_sessions(samples.len(), left_out));
    if let Some(bmw) = bmw {
        for (column, counts) in [
            ("bmw_max_energy_kwh", &bmw.max_energy),
            ("bmw_health_percent", &bmw.health),
        ] {
            let median = Bmw::median(counts);
            row.number(column, median);
            let note = "the median of what BMW told in the month".to_owned();
            evidence.extend(median.map(|_| why(column, "B4", None, note)));
        }
    }
    Some((row.values().into(), evidence.into()))
}

/// What health is told against, and what that is: the owner's number, else what the first six months show, as far as they
/// have passed.
fn baseline(
    battery: &Battery,
    month: Month,
    rules: &Rules,
    vehicle: &Vehicle,
) -> Option<(Estimate, &'static str)> {
    let owner = rules
        .vehicles
        .get(&vehicle.vin)
        .and_then(|known| known.capacity_kwh);
    if let Some(capacity) = owner {
        let exact = Estimate {
            capacity,
            half_width: 0.0,
            rejected: 0,
        };
        return Some((exact, "the capacity that the pipeline file names"));
    }
    let first = battery.first_month(&rules.timezone)?;
    let until = first.plus(BASELINE).min(month.plus(1)).start(&rules.timezone);
    let then = estimate(battery.between(first.start(&rules.timezone), until))?;
    Some((then, "the median of the first six months"))
}

fn of_capacity(now: &Estimate, samples: &[(i64, &Sample)]) -> Evidence {
    let mut note = format!("the median of {} weighted by their rise", sessions(samples.len()));
    if now.rejected > 0 {
        note.push_str(&format!("; {} too far from it", now.rejected));
    }
    let named = samples.iter().rev().filter(|(_, sample)| sample.seq > 0);
    let cited = named.take(MOST_CITED).map(|(start, sample)| Cited {
        seq: sample.seq,
        descriptor: document::CHARGING_SESSION.into(),
        measured_at: moment(*start),
        value: format!("{:.2} kWh for {} %", sample.energy, sample.rise).into(),
    });
    Evidence {
        cited: cited.collect(),
        ..why("capacity_kwh", "B3", Some(now.interval()), note)
    }
}

fn of_sessions(counted: usize, left_out: impl Iterator<Item = LeftOut>) -> Evidence {
    let mut reasons: BTreeMap<LeftOut, usize> = BTreeMap::new();
    left_out.for_each(|reason| *reasons.entry(reason).or_default() += 1);
    let reasons = reasons
        .iter()
        .map(|(reason, number)| format!("{number} {}", reason.words()));
    let reasons: Vec<String> = reasons.collect();
    let mut note = format!("{} that can be counted on", sessions(counted));
    if !reasons.is_empty() {
        note.push_str(&format!("; left out: {}", reasons.join(", ")));
    }
    why("sessions", "B2", None, note)
}

fn sessions(number: usize) -> String {
    match number {
        1 => "1 session".to_owned(),
        number => format!("{number} sessions"),
    }
}

pub(super) fn why(column: &str, rule: &str, interval: Option<(f64, f64)>, note: String) -> Evidence {
    Evidence {
        column: column.into(),
        rule: rule.into(),
        interval,
        note: note.into(),
        cited: Box::default(),
    }
}
