//! The numbers of a trip, each by one rule (T3, T4, T6).

use super::drive::Drive;
use super::sense::{Grain, Seen, can_be};
use crate::rules::VehicleRules;

/// Below these a trip is a manoeuvre (T4).
const LEAST_KM: f64 = 0.5;
const LEAST_MS: i64 = 120_000;
/// One odometer falls by less than this, in km, where its label flips between miles and kilometres.
const FLIP_KM: f64 = 2.0;
/// A charge that rises by more, in percent, where nobody saw the drive, means that the car was charged.
const RISE: f64 = 1.0;
/// And by more than this it does in any case: no pass gives so much back.
const MOST_RISE: f64 = 10.0;
/// BMW tells the capacity in whole kilowatt-hours.
const HALF_KWH: f64 = 0.5;

/// A number with what it is known to lie between.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounded {
    pub value: f64,
    pub low: f64,
    pub high: f64,
}

impl Bounded {
    pub fn around(value: f64, spread: f64) -> Self {
        Self {
            value,
            low: value - spread,
            high: value + spread,
        }
    }
}

/// By which readings a distance is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    Odometer,
    Segment,
    Positions,
}

impl Basis {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Odometer => "odometer",
            Self::Segment => "segment",
            Self::Positions => "positions",
        }
    }
}

/// T3: from the odometer at both ends, else BMW's summary, else from position to position. An odometer of whole kilometres
/// that did not move says less than the positions.
pub fn distance(
    start: Option<f64>,
    end: Option<f64>,
    segment: Option<f64>,
    metres: f64,
) -> Option<(Bounded, Basis)> {
    let positions = (metres > 0.0).then(|| Bounded {
        value: metres / 1_000.0,
        low: metres / 1_000.0,
        high: f64::INFINITY,
    });
    let positions = positions.map(|way| (way, Basis::Positions));
    let between = |from: f64, to: f64| {
        let spread = Grain::of(from).spread().max(Grain::of(to).spread());
        let way = Bounded::around(to - from, spread);
        Bounded {
            low: way.low.max(0.0),
            ..way
        }
    };
    let Some(start) = start else { return positions };
    let summary = segment.filter(|end| *end > start);
    match (end, summary) {
        (Some(end), _) if end > start => Some((between(start, end), Basis::Odometer)),
        (_, Some(end)) => Some((between(start, end), Basis::Segment)),
        (Some(end), None) if start - end <= FLIP_KM => {
            positions.or(Some((between(start, start), Basis::Odometer)))
        }
        // One that fell is another one: it says nothing of the way.
        _ => positions,
    }
}

/// T4: what is so short that it is no trip.
pub fn is_manoeuvre(km: Option<f64>, ms: i64) -> bool {
    km.is_some_and(|km| km < LEAST_KM) || ms < LEAST_MS
}

/// T4: which ends were seen.
pub fn confidence(start_seen: bool, end_seen: bool) -> &'static str {
    match (start_seen, end_seen) {
        (true, true) => "both_ends",
        (false, false) => "odometer",
        _ => "one_end",
    }
}

/// T6: whether the charge rose by more than a drive gives back: then what was told before its start was before a charge.
pub fn has_gained(fall: f64, is_seen: bool) -> bool {
    fall < -if is_seen { MOST_RISE } else { RISE }
}

/// T6: what the battery gave, in kWh: the fall of the charge in percent times the capacity. What it took back counts
/// against it.
pub fn energy(fall: Bounded, capacity: Bounded) -> Bounded {
    let of = |fall: f64, kwh: f64| fall * kwh / 100.0;
    Bounded {
        value: of(fall.value, capacity.value),
        low: of(fall.low, capacity.low).min(of(fall.low, capacity.high)),
        high: of(fall.high, capacity.low).max(of(fall.high, capacity.high)),
    }
}

/// The capacity: the owner's, else what the car told last, which it rounds.
pub fn capacity(owner: Option<&VehicleRules>, car: Option<Seen<f64>>) -> Option<Bounded> {
    let owner = owner.and_then(|rules| rules.capacity_kwh);
    let owner = owner.map(|kwh| Bounded::around(kwh, 0.0));
    owner.or_else(|| car.map(|kwh| Bounded::around(kwh.value, HALF_KWH)))
}

/// T6: what left the tank, in litres. Unknown where it was filled.
pub fn fuel(start: f64, end: f64, is_refuelled: bool) -> Option<Bounded> {
    let used = start - end;
    let spread = if Grain::of(start) == Grain::Kilometre && Grain::of(end) == Grain::Kilometre {
        1.0
    } else {
        0.1
    };
    (!is_refuelled && used >= -spread).then(|| Bounded::around(used.max(0.0), spread))
}

impl Drive {
    pub fn distance(&self) -> Option<(Bounded, Basis)> {
        // One that leapt is another one too: miles that were taken for kilometres until the car said what it shows.
        let lasted = self.driven.at - self.start_at;
        let is_sound = |from: &Seen<f64>| {
            let leaps =
                |to: Seen<f64>| !can_be((to.value - from.value).max(0.0), lasted.max(to.at - from.at));
            !self.after.odometer.is_some_and(leaps)
        };
        distance(
            self.start_odometer().filter(is_sound).map(|seen| seen.value),
            self.after.odometer.map(|seen| seen.value),
            self.segment.map(|seen| seen.value),
            self.metres,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fact::Key;

    #[test]
    fn t3_the_odometer_comes_first_and_positions_last() {
        let found = |start, end, segment, metres| {
            distance(start, end, segment, metres)
                .map(|(way, basis)| ((way.value * 10.0).round() / 10.0, basis))
        };
        let table = [
            (
                (Some(100.0), Some(112.0), Some(111.0), 9_000.0),
                Some((12.0, Basis::Odometer)),
            ),
            (
                (Some(100.0), None, Some(111.0), 9_000.0),
                Some((11.0, Basis::Segment)),
            ),
            (
                (Some(100.0), Some(100.0), Some(99.0), 800.0),
                Some((0.8, Basis::Positions)),
            ),
            (
                (Some(100.0), Some(100.0), None, 0.0),
                Some((0.0, Basis::Odometer)),
            ),
            (
                (None, Some(112.0), Some(111.0), 9_000.0),
                Some((9.0, Basis::Positions)),
            ),
            ((None, Some(112.0), Some(111.0), 0.0), None),
            ((Some(100.0), Some(99.6), None, 0.0), Some((0.0, Basis::Odometer))),
            ((Some(100.0), Some(68.0), None, 0.0), None),
            (
                (Some(100.0), Some(68.0), None, 9_000.0),
                Some((9.0, Basis::Positions)),
            ),
        ];
        for (given, right) in table {
            assert_eq!(found(given.0, given.1, given.2, given.3), right, "{given:?}");
        }
        let (way, _) = distance(Some(100.0), Some(101.0), None, 0.0).unwrap();
        assert_eq!((way.low, way.high), (0.0, 2.0));
    }

    #[test]
    fn t4_what_is_short_is_a_manoeuvre() {
        assert!(is_manoeuvre(Some(0.4), 600_000));
        assert!(is_manoeuvre(None, 100_000));
        assert!(!is_manoeuvre(Some(0.5), 120_000));
        assert!(!is_manoeuvre(None, 600_000));
        let ends = [(true, true), (true, false), (false, true), (false, false)];
        let told = ends.map(|(start, end)| confidence(start, end));
        assert_eq!(told, ["both_ends", "one_end", "one_end", "odometer"]);
    }

    #[test]
    fn t6_energy_has_the_interval_of_its_steps() {
        let car = capacity(
            None,
            Some(Seen {
                at: 0,
                seq: 1,
                key: Key::default(),
                value: 76.0,
            }),
        )
        .unwrap();
        let used = energy(Bounded::around(10.0, 1.0), car);
        assert_eq!(used.value, 7.6);
        assert!(
            (used.low - 6.795).abs() < 1e-9 && (used.high - 8.415).abs() < 1e-9,
            "{used:?}"
        );
        assert!(energy(Bounded::around(10.0, 0.5), car).low > used.low);
        assert!(!has_gained(-2.0, true), "downhill");
        assert!(has_gained(-2.0, false) && has_gained(-20.0, true));
        let rules = VehicleRules {
            capacity_kwh: Some(80.7),
        };
        assert_eq!(capacity(Some(&rules), None), Some(Bounded::around(80.7, 0.0)));
        assert_eq!(capacity(None, None), None);
    }

    #[test]
    fn t6_fuel_is_unknown_where_it_was_filled() {
        assert_eq!(fuel(30.0, 27.0, false), Some(Bounded::around(3.0, 1.0)));
        assert_eq!(fuel(30.0, 31.0, false), Some(Bounded::around(0.0, 1.0)));
        assert_eq!(fuel(30.0, 27.0, true), None);
        assert_eq!(fuel(30.0, 45.0, false), None);
    }
}
