//! Quantities that cars tell by different keys: the charge of the battery, and whether it is plugged in. What shows the
//! present takes them from whichever key of the car is alive, and says from which.
//!
//! Source of the order: the Neue Klasse has null for the first key of the charge, for good, and tells it by the second
//! (evcc-io/evcc#29709, kvanbiesen/bmw-cardata-ha#334); `charging.level` is a prediction that BMW stamps with the time
//! of the call; a petrol X2 tells `hvSoc` 0 for ever, and no other key (kvanbiesen/bmw-cardata-ha#408).

use jiff::SignedDuration;

use crate::{Descriptor, Reading, Stamp, Unit, Value, ValueType};

/// A key that is later in the order takes the place of one whose value is older than its own by more than this.
const STALE: SignedDuration = SignedDuration::from_hours(24);
const TRIP_END: &str = "vehicle.trip.segment.end.drivetrain.batteryManagement.hvSoc";
const PREDICTION: &str = "vehicle.drivetrain.electricEngine.charging.level";

/// A quantity, and the keys that tell it.
#[derive(Debug)]
pub struct Quantity {
    /// As the short name of a descriptor; no descriptor has it.
    pub name: &'static str,
    pub value_type: ValueType,
    pub unit: Option<&'static str>,
    /// BMW's identifiers, the most trusted first.
    pub keys: &'static [&'static str],
    choice: Choice,
}

/// Which of several keys with a value tells the quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Choice {
    /// The first of the order, unless a later one was measured more than a day after it. A stamp that BMW made at a
    /// request is no measurement, nor is a prediction.
    Trusted,
    /// The newest, and the first of the order where several are. A stamp that BMW made at a request counts from when the
    /// value came as a new one: a repeat is no reading.
    Newest,
}

/// Every quantity. Of the single positions of a charging port none is asked: a car with two ports says "not plugged" of
/// one while it charges at the other.
pub static QUANTITIES: [Quantity; 2] = [
    Quantity {
        name: "state_of_charge",
        value_type: ValueType::Number,
        unit: Some("%"),
        keys: &[
            "vehicle.drivetrain.batteryManagement.header",
            "vehicle.powertrain.electric.battery.stateOfCharge.displayed",
            TRIP_END,
            PREDICTION,
        ],
        choice: Choice::Trusted,
    },
    Quantity {
        name: "plugged",
        value_type: ValueType::Bool,
        unit: None,
        keys: &[
            "vehicle.body.chargingPort.status",
            "vehicle.body.chargingPort.combinedStatus",
            "vehicle.powertrain.tractionBattery.charging.port.anyPosition.isPlugged",
            "vehicle.drivetrain.electricEngine.charging.connectorStatus",
            "vehicle.body.chargingPort.statusClearText",
        ],
        choice: Choice::Newest,
    },
];

impl Quantity {
    /// The quantity as a descriptor, for what takes one.
    pub fn to_descriptor(&self) -> Descriptor {
        Descriptor::new(self.name, self.name, self.value_type, self.unit.map(Unit::new))
    }

    pub fn is_told_by(&self, descriptor: &Descriptor) -> bool {
        self.keys.contains(&descriptor.as_str())
    }

    /// The value of the quantity, and the reading that tells it. `newest` gives the newest reading of a key, and `None`
    /// where there is none or its value has ended. The charge is told by the first key of the order that has a value,
    /// unless a later one was measured more than a day after it; whether it is plugged in by the newest.
    pub fn resolve<'a>(&self, newest: impl Fn(&str) -> Option<&'a Reading>) -> Option<(Value, &'a Reading)> {
        let alive = self.keys.iter().filter_map(|key| newest(key));
        let mut told = alive.filter_map(|reading| Some((self.value(reading)?, reading)));
        let first = told.next()?;
        let is_nothing = first.1.descriptor.as_str() == TRIP_END && first.0 == Value::Number(0.0);
        let mut told = told.peekable();
        if is_nothing && told.peek().is_none() {
            return None;
        }
        Some(
            told.fold(first, |best, other| match self.takes_over(best.1, other.1) {
                true => other,
                false => best,
            }),
        )
    }

    /// Whether a key takes the place of one that comes before it in the order.
    fn takes_over(&self, best: &Reading, other: &Reading) -> bool {
        let newer_by = other.measured_at.duration_since(best.measured_at);
        match self.choice {
            Choice::Trusted => {
                let is_measured = other.stamp == Stamp::Measured && other.descriptor.as_str() != PREDICTION;
                is_measured && newer_by > STALE
            }
            Choice::Newest => newer_by.is_positive(),
        }
    }

    /// What a reading says of the quantity; `None` where it says nothing.
    fn value(&self, reading: &Reading) -> Option<Value> {
        match (self.value_type, &reading.value) {
            (ValueType::Bool, Value::Text(word)) => match word.trim().to_ascii_uppercase().as_str() {
                "CONNECTED" => Some(Value::Bool(true)),
                "DISCONNECTED" => Some(Value::Bool(false)),
                _ => None,
            },
            (ValueType::Number, Value::Number(_)) | (ValueType::Bool, Value::Bool(_)) => {
                Some(reading.value.clone())
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    const HOUR: i64 = 3_600;

    /// The value and the place of the key in the order, out of place, value and hour of some readings.
    fn resolved(quantity: &Quantity, told: &[(usize, Value, i64)]) -> Option<(Value, usize)> {
        let readings: Vec<_> = told
            .iter()
            .map(|(place, value, hour)| {
                let key = quantity.keys[*place];
                let descriptor = Descriptor::new(key, key, ValueType::Text, None);
                let at = Timestamp::from_second(hour * HOUR).unwrap();
                Reading::new(descriptor, value.clone(), None, at)
            })
            .collect();
        let newest = |key: &str| readings.iter().find(|it| it.descriptor.as_str() == key);
        let (value, from) = quantity.resolve(newest)?;
        let place = quantity
            .keys
            .iter()
            .position(|key| *key == from.descriptor.as_str());
        Some((value, place.unwrap()))
    }

    fn charge(told: &[(usize, f64, i64)]) -> Option<(Value, usize)> {
        let told = told
            .iter()
            .map(|(place, value, hour)| (*place, Value::Number(*value), *hour));
        resolved(&QUANTITIES[0], &told.collect::<Vec<_>>())
    }

    #[test]
    fn the_first_key_that_is_alive_wins() {
        let number = |value, place| Some((Value::Number(value), place));
        assert_eq!(charge(&[]), None);
        assert_eq!(
            charge(&[(0, 50.0, 0), (1, 51.0, 24), (3, 52.0, 90)]),
            number(50.0, 0)
        );
        assert_eq!(
            charge(&[(1, 63.5, 0), (2, 60.0, 5)]),
            number(63.5, 1),
            "the Neue Klasse"
        );
        assert_eq!(
            charge(&[(3, 40.0, 0)]),
            number(40.0, 3),
            "a prediction is better than nothing"
        );
    }

    #[test]
    fn a_later_key_wins_when_it_is_newer_by_more_than_a_day() {
        let number = |value, place| Some((Value::Number(value), place));
        assert_eq!(charge(&[(0, 50.0, 0), (1, 51.0, 25)]), number(51.0, 1));
        assert_eq!(
            charge(&[(0, 50.0, 0), (1, 51.0, 25), (2, 52.0, 26)]),
            number(51.0, 1)
        );
        assert_eq!(
            charge(&[(0, 50.0, 0), (1, 51.0, 20), (2, 52.0, 25)]),
            number(52.0, 2)
        );
        assert_eq!(
            charge(&[(2, 50.0, 0), (3, 51.0, 900)]),
            number(50.0, 2),
            "but no prediction"
        );
    }

    #[test]
    fn nothing_but_an_empty_end_of_a_trip_is_a_car_without_a_battery() {
        let number = |value, place| Some((Value::Number(value), place));
        assert_eq!(charge(&[(2, 0.0, 0)]), None);
        assert_eq!(charge(&[(2, 0.5, 0)]), number(0.5, 2));
        assert_eq!(charge(&[(2, 0.0, 0), (3, 1.0, 0)]), number(0.0, 2));
        assert_eq!(charge(&[(0, 0.0, 0)]), number(0.0, 0));
        assert_eq!(charge(&[(0, 9.0, 0), (2, 0.0, 25)]), number(0.0, 2));
    }

    #[test]
    fn the_newest_key_tells_whether_it_is_plugged() {
        let plugged = |told: &[(usize, bool, i64)]| {
            let word = |is| Value::Text(if is { "CONNECTED" } else { "DISCONNECTED" }.into());
            let told = told.iter().map(|&(place, is, hour)| (place, word(is), hour));
            resolved(&QUANTITIES[1], &told.collect::<Vec<_>>())
        };
        let truth = |value, place| Some((Value::Bool(value), place));
        assert_eq!(plugged(&[(1, true, 0), (3, false, 3)]), truth(false, 3));
        assert_eq!(plugged(&[(1, true, 3), (3, false, 0)]), truth(true, 1));
        assert_eq!(
            plugged(&[(1, true, 0), (3, false, 0)]),
            truth(true, 1),
            "the order"
        );
        assert_eq!(
            plugged(&[(0, true, 0), (2, false, 2), (4, true, 1)]),
            truth(false, 2)
        );
    }

    #[test]
    fn whether_it_is_plugged_is_told_by_words_and_truths() {
        let plugged = |told: &[(usize, Value, i64)]| resolved(&QUANTITIES[1], told);
        let word = |word: &str| Value::Text(word.into());
        let truth = |value, place| Some((Value::Bool(value), place));
        assert_eq!(plugged(&[(0, word("CONNECTED"), 0)]), truth(true, 0));
        assert_eq!(plugged(&[(1, word("disconnected"), 0)]), truth(false, 1));
        assert_eq!(plugged(&[(2, Value::Bool(true), 0)]), truth(true, 2));
        assert_eq!(
            plugged(&[(0, word("ERROR"), 9), (2, Value::Bool(false), 0)]),
            truth(false, 2),
            "what is neither says nothing"
        );
        assert_eq!(plugged(&[(0, word("ERROR"), 0)]), None);
    }
}
