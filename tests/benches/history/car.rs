//! A busy car: sixty keys, told one after the other, two drives a day. It is plugged in nowhere.

use catalogue::{CATALOGUE, CatalogueEntry, Limits};
use collector_core::{Unit, ValueType};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

/// Readings of a year.
pub const A_YEAR: usize = 1_500_000;
/// Keys that it tells, and so readings of a burst.
pub const KEYS: usize = 60;
/// Every half a minute of a drive each key is told once.
const BURSTS_A_DRIVE: i64 = 35;
const BETWEEN_BURSTS: SignedDuration = SignedDuration::from_secs(30);
/// Two drives a day, at six and at eighteen hours.
const BETWEEN_DRIVES: SignedDuration = SignedDuration::from_hours(12);
/// Long ago whenever this is run, so that all of it is history: 2024 has 366 days.
const BEGIN: Timestamp = Timestamp::constant(1_704_088_800, 0);

/// What the car says next.
pub struct Car {
    keys: Vec<&'static CatalogueEntry>,
    told: u64,
}

/// A key with the object that BMW sends for it.
pub type Told = (&'static str, Value);

/// Steps that visit every key once.
const STEPS: [u64; 8] = [1, 7, 11, 13, 17, 19, 23, 29];

impl Car {
    pub fn new() -> Self {
        let streamable = CATALOGUE.iter().filter(|entry| entry.streamable);
        // Spread over the catalogue, so that every part of the car speaks.
        let step = streamable.clone().count() / KEYS;
        Self {
            keys: streamable.step_by(step).take(KEYS).collect(),
            told: 0,
        }
    }

    /// The next key, stamped with this time in whole seconds. Each round has all keys, in an order of its own.
    pub fn say(&mut self, at: Timestamp) -> Told {
        let (round, place) = (self.told / KEYS as u64, self.told % KEYS as u64);
        let order = mix(round, 0);
        let step = STEPS[(order % 8) as usize];
        let key = self.keys[((order / 8 % KEYS as u64 + place * step) % KEYS as u64) as usize];
        self.told += 1;
        let at = Timestamp::from_second(at.as_second()).unwrap();
        let mut body = json!({ "timestamp": at.to_string(), "value": value(key, round) });
        if let Some(unit) = key.unit.as_ref().map(Unit::as_str) {
            body["unit"] = unit.into();
        }
        (key.descriptor, body)
    }
}

/// When the reading of this number was made in the year, and when its message came: those of a burst follow one another
/// within a second and a half.
pub fn moment(number: usize) -> (Timestamp, Timestamp) {
    let (burst, place) = ((number / KEYS) as i64, (number % KEYS) as i64);
    let (drive, burst) = (burst / BURSTS_A_DRIVE, burst % BURSTS_A_DRIVE);
    let drive = i32::try_from(drive).unwrap();
    let at = BEGIN + BETWEEN_DRIVES * drive + BETWEEN_BURSTS * i32::try_from(burst).unwrap();
    (at, at + SignedDuration::from_millis(3_400 + place * 20))
}

/// Numbers wander by uneven steps; words and truth values stay for a drive and mostly beyond it.
fn value(key: &CatalogueEntry, round: u64) -> Value {
    let changes = match key.value_type {
        ValueType::Number | ValueType::Timestamp => round,
        _ if key.descriptor.contains("harging") => 0,
        _ => round / BURSTS_A_DRIVE as u64,
    };
    let noise = key
        .descriptor
        .bytes()
        .fold(changes, |noise, byte| mix(noise, byte.into()));
    match key.value_type {
        ValueType::Number if key.descriptor.ends_with("itude") => {
            json!((48_000_000 + noise % 900_000) as f64 / 1e6)
        }
        ValueType::Number => json!(within(
            &key.limits,
            (round / 7 % 5_000 + noise % 400) as f64 / 10.0
        )),
        ValueType::Timestamp => json!(
            Timestamp::from_second(1_704_088_800 + round as i64)
                .unwrap()
                .to_string()
        ),
        ValueType::Bool => json!(changes > 0 && noise.is_multiple_of(16)),
        _ if key.descriptor.ends_with("charging.hvStatus") => json!("NOT_CHARGING"),
        _ if key.options.is_empty() => json!(format!("STATE_{}", noise % 5)),
        _ if changes > 0 && noise.is_multiple_of(8) => {
            json!(key.options[noise as usize / 8 % key.options.len()])
        }
        _ => json!(key.options[0]),
    }
}

/// The number, or one that a vehicle can mean in its place.
fn within(limits: &Limits, number: f64) -> f64 {
    let span = limits.greatest - limits.least;
    let number = match limits.allow(number) {
        true => number,
        false => ((limits.least + number % span) * 10.0).round() / 10.0,
    };
    match limits.sentinels.contains(&number) {
        true => number + 1.0,
        false => number,
    }
}

/// The same for the same numbers, and like nothing for others (the last step of SplitMix64).
fn mix(one: u64, other: u64) -> u64 {
    let mut mixed = one.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ other.wrapping_mul(0xd1b5_4a32_d192_ed03);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (mixed ^ (mixed >> 31)) >> 8
}
