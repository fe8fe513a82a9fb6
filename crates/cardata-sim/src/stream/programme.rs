//! What the cars will say and when: worked out ahead, from nothing but the seed and the clock.

use std::collections::VecDeque;

use jiff::Timestamp;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::config::StreamConfig;
use super::message;
use crate::car::{Car, Entry, HEADER, LATITUDE, LONGITUDE, Told, View, keys};

/// How far ahead the messages are worked out, in milliseconds.
const AHEAD: i64 = 3_600_000;
/// The milliseconds between a measurement and its message.
const DELAY: std::ops::RangeInclusive<i64> = 1_600..=5_000;
/// The most milliseconds between two messages that say the same.
const REPEATED_WITHIN: i64 = 3_000;
const MOST_REPEATS: usize = 5;
/// Seconds by which a message may come after, or before, the report that it belongs to.
const REACH: i64 = 30;
/// Degrees of latitude in 198 km.
const JUMP: f64 = 198.0 / 111.32;

/// A message at its time.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Emission {
    /// When it leaves, in milliseconds since 1970.
    pub sent: i64,
    pub vin: String,
    pub descriptor: &'static str,
    pub payload: String,
}

/// The messages that are still to come.
#[derive(Debug, Default)]
pub(super) struct Programme {
    /// Up to when they are worked out; nothing before the first question.
    until: Option<i64>,
    coming: VecDeque<Emission>,
}

/// What the messages depend on beside the car.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms<'a> {
    pub gcid: &'a str,
    pub seed: u64,
    pub config: &'a StreamConfig,
}

impl Programme {
    /// The messages that have become due since the last question, in order. There are none before the first one.
    pub fn due(&mut self, cars: &[Car], terms: Terms<'_>, now: Timestamp) -> Vec<Emission> {
        let now = now.as_millisecond();
        let mut until = *self.until.get_or_insert(now);
        while until <= now {
            let mut hour = Vec::new();
            for car in cars.iter().filter(|car| car.vehicle.mapping.is_owners()) {
                emissions(car, terms, until, until + AHEAD, &mut hour);
            }
            hour.sort_by(|a, b| (a.sent, &a.vin, a.descriptor).cmp(&(b.sent, &b.vin, b.descriptor)));
            self.coming.extend(hour);
            until += AHEAD;
        }
        self.until = Some(until);
        let due = self.coming.partition_point(|emission| emission.sent <= now);
        self.coming.drain(..due).collect()
    }
}

/// Adds what leaves in `from..to`, in milliseconds.
fn emissions(car: &Car, terms: Terms<'_>, from: i64, to: i64, all: &mut Vec<Emission>) {
    let (first, last) = (from.div_euclid(1_000) - REACH, to.div_euclid(1_000) + REACH);
    let Ok(end) = Timestamp::from_second(last) else {
        return;
    };
    let view = car.view(end);
    for told in view.told_between(first, last) {
        let mut chance = chance(terms.seed, &car.vehicle.vin, &told);
        for (delay, told) in said(car, &view, terms.config, told, &mut chance) {
            let mut sent = told.at.saturating_mul(1_000).saturating_add(delay);
            for _ in 0..=MOST_REPEATS {
                all.extend(emission(car, terms, &told, sent).filter(|_| (from..to).contains(&sent)));
                if !chance.random_bool(terms.config.duplicates.clamp(0.0, 0.99)) {
                    break;
                }
                sent += chance.random_range(0..REPEATED_WITHIN);
            }
        }
    }
}

/// What is said when a value is told, each with its milliseconds from measurement to message: the value, and what goes
/// wrong with it.
fn said(
    car: &Car,
    view: &View<'_>,
    config: &StreamConfig,
    told: Told,
    chance: &mut StdRng,
) -> Vec<(i64, Told)> {
    let orderly = (DELAY.start() + DELAY.end()) / 2;
    let drawn = chance.random_range(DELAY);
    let delay = if config.disorder { drawn } else { orderly };
    let mut said = Vec::new();
    let late = chance.random_bool(config.late.clamp(0.0, 1.0));
    let jumps = chance.random_bool(config.position_jumps.clamp(0.0, 1.0));
    if told.descriptor == HEADER
        && late
        && let Some(older) = older(car, &told)
    {
        said.push(((told.at - older.at) * 1_000 + delay, older));
    }
    if told.descriptor == LATITUDE && jumps && view.drove(told.at - 12, told.at) {
        said.extend(jump(view, told.at).map(|told| (delay, told)));
    }
    said.push((delay, told));
    said
}

/// The state of charge as it was known an hour earlier.
fn older(car: &Car, told: &Told) -> Option<Told> {
    let then = Timestamp::from_second(told.at - 3_600).ok()?;
    let entry = car.view(then).entry(told.descriptor)?;
    let at: Timestamp = entry.timestamp.as_deref()?.parse().ok()?;
    Some(Told {
        descriptor: told.descriptor,
        at: at.as_second(),
        entry,
    })
}

/// Where the car is, where it is not, in the twelve seconds before a report.
fn jump(view: &View<'_>, report: i64) -> impl Iterator<Item = Told> {
    let keys = [LATITUDE, LONGITUDE];
    let before = keys.map(|key| view.measured(key, report - 12));
    let away = keys.map(|key| view.measured(key, report - 6).map(moved));
    before.into_iter().chain(away).flatten()
}

fn moved(mut told: Told) -> Told {
    if told.descriptor == LATITUDE {
        let value = told.entry.value.as_deref();
        let degrees = value.and_then(|value| value.parse::<f64>().ok());
        told.entry.value = degrees.map(|degrees| format!("{:.6}", degrees + JUMP));
    }
    told
}

/// `None` for what is not streamed, or has nothing to say.
fn emission(car: &Car, terms: Terms<'_>, told: &Told, sent: i64) -> Option<Emission> {
    keys::find(told.descriptor)?.form?;
    let Entry { value, timestamp, .. } = &told.entry;
    if timestamp.is_none() || (value.is_none() && !terms.config.nulls) {
        return None;
    }
    let time = Timestamp::from_millisecond(sent).ok()?;
    let vin = &car.vehicle.vin;
    Some(Emission {
        sent,
        vin: vin.clone(),
        descriptor: told.descriptor,
        payload: message::payload(terms.gcid, vin, told.descriptor, &told.entry, time),
    })
}

/// Random numbers of one value that was told, the same whenever they are drawn (FNV-1a).
fn chance(seed: u64, vin: &str, told: &Told) -> StdRng {
    let time = told.at.to_le_bytes();
    let bytes = vin.bytes().chain(told.descriptor.bytes()).chain(time);
    let hash = bytes.fold(seed ^ 0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    StdRng::seed_from_u64(hash)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use jiff::SignedDuration;

    use super::*;
    use crate::config::SimVehicle;

    const GCID: &str = "11111111-2222-4333-8444-555555555555";

    fn start() -> Timestamp {
        "2026-11-20T12:00:00Z".parse().unwrap()
    }

    /// Two days of messages, asked for every `step`.
    fn two_days(config: &StreamConfig, step: SignedDuration) -> Vec<Emission> {
        let cars = [Car::new(&SimVehicle::default(), start(), 7, 0.4)];
        let terms = Terms {
            gcid: GCID,
            seed: 7,
            config,
        };
        let mut programme = Programme::default();
        let mut now = start();
        let mut all = Vec::new();
        while now <= start() + SignedDuration::from_hours(48) {
            all.extend(programme.due(&cars, terms, now));
            now += step;
        }
        all
    }

    #[test]
    fn the_messages_do_not_depend_on_when_they_are_asked_for() {
        let config = StreamConfig::default();
        let rarely = two_days(&config, SignedDuration::from_hours(16));
        let often = two_days(&config, SignedDuration::from_secs(40));
        assert!(rarely.len() > 2_000, "{}", rarely.len());
        assert!(rarely == often);
        assert!(rarely.is_sorted_by_key(|emission| emission.sent));
    }

    #[test]
    fn as_many_messages_as_asked_say_it_again() {
        let distinct = |emissions: &[Emission]| {
            let said = emissions.iter().map(|emission| {
                let (_, data) = emission.payload.split_once("\"data\":").unwrap();
                (emission.vin.clone(), data.to_owned())
            });
            said.collect::<HashSet<_>>().len()
        };
        let all = two_days(&StreamConfig::default(), SignedDuration::from_hours(16));
        let repeats = 1.0 - distinct(&all) as f64 / all.len() as f64;
        assert!((0.35..0.43).contains(&repeats), "{repeats}");
        let orderly = StreamConfig {
            duplicates: 0.0,
            late: 0.0,
            ..StreamConfig::default()
        };
        let once = two_days(&orderly, SignedDuration::from_hours(16));
        assert_eq!(distinct(&once), once.len());
    }

    #[test]
    fn a_jump_leads_198_kilometres_away_and_back() {
        let config = StreamConfig {
            duplicates: 0.0,
            disorder: false,
            position_jumps: 1.0,
            ..StreamConfig::default()
        };
        let all = two_days(&config, SignedDuration::from_hours(16));
        let latitudes: Vec<(i64, f64)> = all
            .iter()
            .filter(|emission| emission.descriptor == LATITUDE)
            .map(|emission| {
                let payload: serde_json::Value = serde_json::from_str(&emission.payload).unwrap();
                let said = &payload["data"][LATITUDE];
                let at: Timestamp = said["timestamp"].as_str().unwrap().parse().unwrap();
                (at.as_second(), said["value"].as_f64().unwrap())
            })
            .collect();
        let jumps = latitudes.windows(3).filter(|points| {
            let [(first, here), (_, away), (last, back)] = points else {
                return false;
            };
            last - first == 12 && (away - here - JUMP).abs() < 0.02 && (away - back - JUMP).abs() < 0.02
        });
        assert!(jumps.count() > 10);
    }
}
