//! What a car says on the stream: typed values of several descriptors, many of them twice, not all in order.

use jiff::{SignedDuration, Timestamp};
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};

use super::message::Told;

/// A descriptor, the unit as the stream writes it, and its value at a number.
type Described = (&'static str, Option<&'static str>, fn(u64) -> Value);

/// One of each form in which values come: whole and broken numbers, numbers in texts, truth values, words, and
/// numbers without a unit or with another one than the store's.
const DESCRIPTORS: [Described; 8] = [
    (
        "vehicle.drivetrain.batteryManagement.header",
        Some("percent"),
        |n| json!(n % 101),
    ),
    (
        "vehicle.cabin.infotainment.navigation.currentLocation.latitude",
        Some("degrees"),
        |n| json!(50.0 + (n % 7_919) as f64 / 10_000.0),
    ),
    (
        "vehicle.cabin.infotainment.navigation.currentLocation.longitude",
        Some("degrees"),
        |n| json!(11.0 + (n % 7_907) as f64 / 10_000.0),
    ),
    ("vehicle.isMoving", None, |n| json!(n.is_multiple_of(2))),
    ("vehicle.drivetrain.electricEngine.charging.status", None, |n| {
        json!(["NOCHARGING", "CHARGINGACTIVE", "CHARGINGENDED"][(n % 3) as usize])
    }),
    ("vehicle.vehicle.travelledDistance", Some("miles"), |n| {
        json!(40_000 + n % 10_007)
    }),
    (
        "vehicle.powertrain.electric.battery.charging.power",
        Some("W"),
        |n| json!(format!("{}.0", n * 37 % 11_000)),
    ),
    (
        "vehicle.drivetrain.electricEngine.charging.acVoltage",
        Some("V"),
        |n| json!(220 + n % 20),
    ),
];

/// Long before any poll of a test, so that no poll can say the same.
const BEGIN: Timestamp = Timestamp::constant(1_748_736_000, 0);
/// In a hundred messages, how many are repeats: more than a third were seen in the field.
const REPEATS_IN_A_HUNDRED: u32 = 39;
/// How far a message may move from its place.
const DISORDER: usize = 16;

/// An endless source of messages; equal seeds give equal messages.
#[derive(Debug, Clone)]
pub struct Flow {
    vins: Vec<String>,
    next: u64,
    random: StdRng,
}

impl Flow {
    /// Of one car.
    pub fn of(vin: &str, seed: u64) -> Self {
        Self::of_all(vec![vin.to_owned()], seed)
    }

    /// Of cars that speak in turn.
    pub fn of_all(vins: Vec<String>, seed: u64) -> Self {
        Self {
            vins,
            next: 0,
            random: StdRng::seed_from_u64(seed),
        }
    }

    /// Messages that are news, each with a time of its own within its series, in order.
    pub fn news(&mut self, count: usize) -> Vec<Told> {
        (0..count).map(|_| self.one()).collect()
    }

    /// Messages of which 39 in a hundred are repeats, not far from their order.
    pub fn life(&mut self, count: usize) -> Vec<Told> {
        let mut life: Vec<Told> = Vec::with_capacity(count);
        while life.len() < count {
            let repeat = self.random.random_ratio(REPEATS_IN_A_HUNDRED, 100);
            let told = if repeat && !life.is_empty() {
                let recent = life.len().saturating_sub(4 * DISORDER);
                life[self.random.random_range(recent..life.len())].clone()
            } else {
                self.one()
            };
            life.push(told);
        }
        for window in life.chunks_mut(DISORDER) {
            window.shuffle(&mut self.random);
        }
        life
    }

    fn one(&mut self) -> Told {
        let number = self.next;
        self.next += 1;
        let (kinds, cars) = (DESCRIPTORS.len() as u64, self.vins.len() as u64);
        let (descriptor, unit, value) = DESCRIPTORS[(number % kinds) as usize];
        let round = number / kinds;
        // Every descriptor of one car, then of the next: latitude and longitude share their second.
        let at = BEGIN + SignedDuration::from_secs(i64::try_from(round / cars).expect("a short life"));
        Told {
            vin: self.vins[(round % cars) as usize].clone(),
            descriptor,
            at,
            value: value(round),
            unit,
        }
    }
}

/// VINs that are valid and differ.
pub fn vins(count: usize) -> Vec<String> {
    (0..count)
        .map(|number| format!("WBA00000000{number:06}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::message::rows;

    #[test]
    fn news_are_all_different_and_lives_repeat_and_disorder_them() {
        let mut flow = Flow::of_all(vins(3), 1);
        assert_eq!(rows(&flow.news(1_000)).len(), 1_000);
        let life = flow.life(1_000);
        let different = rows(&life).len();
        assert!((500..750).contains(&different), "{different}");
        assert!(!life.is_sorted_by_key(|told| told.at));
    }
}
