//! What a car is known to show now: readings that are made whole, and freed of what cannot be, before a rule sees them.

use serde::{Deserialize, Serialize};

use crate::fact::{Fact, Key, SocKey, What};
use crate::rules::metres_between;

/// Latitude and longitude that were measured further apart belong to different places (T3). i5 cars send them as two
/// messages about a second apart.
const PAIR_MS: i64 = 2_000;
/// No car is faster, in kilometres an hour; and how far off two sound readings of one moment may lie.
const FASTEST_KMH: f64 = 250.0;
const SLACK_KM: f64 = 2.0;
const MILE_KM: f64 = 1.609_344;
/// A key that is less trusted tells the charge once the better one is silent for so long.
const SOC_STALE_MS: i64 = 24 * 3_600_000;

/// A value with the time of its measurement and its entry.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Seen<T> {
    pub at: i64,
    pub seq: u64,
    pub key: Key,
    pub value: T,
}

impl<T> Seen<T> {
    pub fn of(fact: &Fact, value: T) -> Self {
        Self {
            at: fact.at,
            seq: fact.seq,
            key: fact.key,
            value,
        }
    }
}

/// Latitude and longitude in degrees.
pub type Position = (f64, f64);

/// A state of charge in percent, with its key.
pub type Soc = Seen<(f64, SocKey)>;

/// What a car shows at one moment, each value as it was measured last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Snap {
    /// In kilometres.
    pub odometer: Option<Seen<f64>>,
    pub position: Option<Seen<Position>>,
    pub soc: Option<Soc>,
    /// In litres.
    pub fuel: Option<Seen<f64>>,
}

/// What a reading of the odometer says beside the one before.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Step {
    /// The first one, or one that nothing speaks for.
    Nothing,
    /// The car stood where it stands, as far as the odometer can tell.
    Same,
    /// It has driven so many kilometres.
    Driven(f64),
}

/// The odometer; falls and leaps that no second reading confirms are left out.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Odometer {
    /// When it was read last, whatever it said.
    pub read_at: i64,
    doubtful: Option<Seen<f64>>,
}

/// Of what kind the numbers of an odometer are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grain {
    Fine,
    Kilometre,
    Mile,
}

impl Grain {
    pub fn of(km: f64) -> Self {
        let is_whole = |number: f64, slack: f64| (number - number.round()).abs() < slack;
        match () {
            () if is_whole(km, 0.001) => Self::Kilometre,
            () if is_whole(km / MILE_KM, 0.002) => Self::Mile,
            () => Self::Fine,
        }
    }

    /// How far the true way may lie from the difference of two such numbers, in kilometres.
    pub fn spread(self) -> f64 {
        match self {
            Self::Fine => 0.1,
            Self::Kilometre => 1.0,
            Self::Mile => MILE_KM,
        }
    }
}

/// The least difference that means driving. A label that flips between whole kilometres and whole miles moves the number
/// of a parked car by up to 1.6 km.
pub fn least_step(from: f64, to: f64) -> f64 {
    match (Grain::of(from), Grain::of(to)) {
        (Grain::Kilometre, Grain::Kilometre) => 0.5,
        (Grain::Mile, Grain::Mile) => 0.8,
        (Grain::Kilometre, Grain::Mile) | (Grain::Mile, Grain::Kilometre) => 1.7,
        _ => 0.05,
    }
}

/// Whether a car can drive so far in that time.
pub fn can_be(km: f64, ms: i64) -> bool {
    -SLACK_KM <= km && km <= SLACK_KM + FASTEST_KMH * ms as f64 / 3_600_000.0
}

impl Odometer {
    /// How far the car can have driven at `at` since the odometer stood at `from`, in kilometres, having last been read as
    /// `last`.
    pub fn reach_km(&self, from: f64, last: f64, at: i64) -> f64 {
        let since = (at - self.read_at).max(0) as f64 / 3_600_000.0;
        (last - from).max(0.0) + SLACK_KM + FASTEST_KMH * since
    }

    /// Takes in a reading; `last` is the highest that was believed, and becomes this one where the car has driven.
    pub fn tell(&mut self, last: &mut Option<Seen<f64>>, new: Seen<f64>) -> Step {
        let Some(old) = *last else {
            (*last, self.read_at) = (Some(new), new.at);
            return Step::Nothing;
        };
        let km = new.value - old.value;
        if !can_be(km, new.at - self.read_at.max(old.at)) {
            let doubted = self.doubtful.replace(new);
            let is_confirmed = doubted.is_some_and(|it| can_be((new.value - it.value).abs(), new.at - it.at));
            if !is_confirmed {
                return Step::Nothing;
            }
            (*last, self.read_at, self.doubtful) = (Some(new), new.at, None);
            return if km > 0.0 { Step::Driven(km) } else { Step::Nothing };
        }
        (self.read_at, self.doubtful) = (new.at, None);
        if km < least_step(old.value, new.value) {
            if km == 0.0 {
                *last = Some(new);
            }
            return Step::Same;
        }
        *last = Some(new);
        Step::Driven(km)
    }
}

/// Pairs latitudes with longitudes (T3).
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Positions {
    latitude: Option<Seen<f64>>,
    longitude: Option<Seen<f64>>,
    /// With whether it is further away than the odometer lets the car be.
    doubtful: Option<(Seen<Position>, bool)>,
    /// The last one is where a doubtful one was that the odometer denies: on a ferry or a trailer a car does not drive.
    pub is_carried: bool,
}

impl Positions {
    /// A whole position that can be trusted, once the second half of it is there. The null island, and a leap that the
    /// next position does not confirm, are left out: one that no car can do, or further than `reach_km`. Two halves are one
    /// where they were measured together, or since the car stands.
    pub fn tell(
        &mut self,
        last: Option<Seen<Position>>,
        fact: &Fact,
        stands_since: Option<i64>,
        reach_km: Option<f64>,
    ) -> Option<Seen<Position>> {
        match fact.what {
            What::Latitude(degrees) => self.latitude = Some(Seen::of(fact, degrees)),
            What::Longitude(degrees) => self.longitude = Some(Seen::of(fact, degrees)),
            _ => return None,
        }
        let (latitude, longitude) = (self.latitude?, self.longitude?);
        let in_one_place = stands_since.is_some_and(|since| latitude.at.min(longitude.at) >= since);
        if (latitude.at - longitude.at).abs() > PAIR_MS && !in_one_place {
            return None;
        }
        (self.latitude, self.longitude) = (None, None);
        if latitude.value.abs() < 0.01 && longitude.value.abs() < 0.01 {
            return None;
        }
        let new = Seen {
            key: latitude.key,
            ..Seen::of(fact, (latitude.value, longitude.value))
        };
        let km_to = |other: Seen<Position>| metres_between(other.value, new.value) / 1_000.0;
        let fits = |other| can_be(km_to(other), (new.at - other.at).abs());
        let is_beyond = last
            .zip(reach_km)
            .is_some_and(|(last, reach)| km_to(last) > reach);
        let doubted = self.doubtful.filter(|(other, _)| fits(*other));
        let is_there = |other| last.is_some_and(|last| km_to(other) < km_to(last));
        self.is_carried = doubted.is_some_and(|(other, was_beyond)| was_beyond && is_there(other));
        let is_trusted = doubted.is_some() || last.is_none_or(|last| fits(last) && !is_beyond);
        self.doubtful = (!is_trusted).then_some((new, is_beyond));
        is_trusted.then_some(new)
    }
}

/// Whether this reading tells the charge now: by the best key that is alive. A prediction is no measurement.
pub fn tells_soc(last: Option<Soc>, key: SocKey, at: i64) -> bool {
    key != SocKey::Predicted && last.is_none_or(|last| key <= last.value.1 || at - last.at > SOC_STALE_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(at: i64, value: f64) -> Seen<f64> {
        Seen {
            at,
            seq: 1,
            key: Key::default(),
            value,
        }
    }

    fn told(readings: &[(i64, f64)]) -> Vec<Step> {
        let (mut odometer, mut last) = (Odometer::default(), None);
        let steps = readings
            .iter()
            .map(|(minute, km)| odometer.tell(&mut last, seen(minute * 60_000, *km)));
        steps.collect()
    }

    #[test]
    fn a_label_that_flips_is_no_drive() {
        let miles = |miles: f64| (miles * MILE_KM * 1e4).round() / 1e4;
        let steps = told(&[
            (0, miles(35_897.0)),
            (60, 57_771.0),
            (120, miles(35_897.0)),
            (180, 57_771.0),
        ]);
        assert_eq!(steps, [Step::Nothing, Step::Same, Step::Same, Step::Same]);
        assert_eq!(told(&[(0, 57_771.0), (9, 57_772.0)])[1], Step::Driven(1.0));
        assert!(
            matches!(told(&[(0, miles(18_204.0)), (9, miles(18_205.0))])[1], Step::Driven(km) if km > 1.6)
        );
        assert!(matches!(told(&[(0, 100.2), (9, 100.3)])[1], Step::Driven(_)));
    }

    #[test]
    fn what_cannot_be_counts_once_it_is_confirmed() {
        assert_eq!(
            told(&[(0, 12_000.0), (1, 99_999.0), (2, 12_000.0)])[1..],
            [Step::Nothing, Step::Same]
        );
        assert_eq!(
            told(&[(0, 12_000.0), (1, 4.0), (2, 4.0), (3, 6.0)])[1..],
            [Step::Nothing, Step::Nothing, Step::Driven(2.0)]
        );
        assert_eq!(
            told(&[(0, 100.0), (1, 900.0), (2, 900.0)])[2],
            Step::Driven(800.0)
        );
    }

    fn pairs(halves: &[(i64, What)], stands_since: Option<i64>) -> Vec<Position> {
        let (mut positions, mut last) = (Positions::default(), None);
        let mut found = Vec::new();
        for (second, half) in halves {
            let fact = Fact {
                at: second * 1_000,
                seq: 1,
                received_at: 0,
                requested: false,
                key: Key::default(),
                what: half.clone(),
            };
            if let Some(pair) = positions.tell(last, &fact, stands_since, None) {
                last = Some(pair);
                found.push(pair.value);
            }
        }
        found
    }

    #[test]
    fn halves_belong_together_where_the_car_stands() {
        use What::{Latitude as Lat, Longitude as Lon};
        let apart = [(60, Lat(48.0)), (176, Lon(11.0))];
        assert_eq!(pairs(&apart, Some(60_000)), [(48.0, 11.0)]);
        assert_eq!(pairs(&apart, Some(61_000)), [], "one of them was measured before");
    }

    #[test]
    fn halves_belong_together_within_two_seconds() {
        use What::{Latitude as Lat, Longitude as Lon};
        let moving = |halves: &[_]| pairs(halves, None);
        assert_eq!(moving(&[(0, Lat(48.0)), (2, Lon(11.0))]), [(48.0, 11.0)]);
        assert_eq!(
            moving(&[(0, Lat(48.0)), (3, Lon(11.0)), (4, Lat(48.1))]),
            [(48.1, 11.0)]
        );
        assert_eq!(moving(&[(0, Lat(0.0)), (0, Lon(0.0))]), []);
        let leap = [
            (0, Lat(48.0)),
            (0, Lon(11.0)),
            (6, Lat(49.8)),
            (6, Lon(11.0)),
            (12, Lat(48.0)),
            (12, Lon(11.001)),
        ];
        assert_eq!(
            moving(&leap),
            [(48.0, 11.0), (48.0, 11.001)],
            "198 km and back in 12 s"
        );
    }
}
