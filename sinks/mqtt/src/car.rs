//! One vehicle: the newest value of each of its descriptors, and the ends of values.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use collector_core::resolved::Quantity;
use collector_core::{Descriptor, Ended, Name, Origin, Reading, Value, Vehicle, VehicleFacts};
use jiff::Timestamp;

use crate::discovery::Announcer;
use crate::retained;
use crate::topics::Topics;
use crate::track::{LATITUDE, LOCATION, LONGITUDE, Track};
use crate::traits;

/// By less than this a counter is seen to fall where it did not: cars change between whole kilometres and whole miles.
const WOBBLE: f64 = 2.0;

/// One vehicle.
pub struct Car {
    pub vehicle: Vehicle,
    pub facts: Option<VehicleFacts>,
    pub shown: BTreeMap<Descriptor, Shown>,
    /// The last end of each value that ever ended, and how it came.
    ended: BTreeMap<Descriptor, (Ended, Origin)>,
    /// Of these, what came before any value: nothing is shown of it, as after a restart.
    unseen: BTreeSet<Descriptor>,
    pub track: Track,
    /// In which it was charged last.
    pub currency: Option<String>,
    /// Whether Home Assistant was told how to have it polled.
    pub is_offered: bool,
}

/// The newest value of a descriptor.
pub struct Shown {
    pub reading: Reading,
    pub origin: Origin,
}

/// How a reading stands to what is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Age {
    /// The first of its descriptor, or the first text of one that is in no catalogue and was taken for something else.
    News,
    Newer,
    Same,
    Older,
}

impl Car {
    pub fn new(vehicle: &Vehicle) -> Self {
        Self {
            vehicle: vehicle.clone(),
            facts: None,
            shown: BTreeMap::new(),
            ended: BTreeMap::new(),
            unseen: BTreeSet::new(),
            track: Track::default(),
            currency: None,
            is_offered: false,
        }
    }

    /// The account's id at BMW, else the account's name.
    pub fn gcid<'a>(&'a self, account: &'a Name) -> &'a str {
        let known = self.facts.as_ref().and_then(|facts| facts.gcid.as_deref());
        known.unwrap_or(account)
    }

    pub fn has_model(&self) -> bool {
        self.facts.as_ref().is_some_and(|facts| facts.model.is_some())
    }

    /// The end of this value, where there was one behind it.
    pub fn end_of(&self, reading: &Reading) -> Option<&(Ended, Origin)> {
        let end = self.ended.get(&reading.descriptor);
        end.filter(|(ended, _)| reading.measured_at < ended.at)
    }

    /// The ends of values of which no reading is known: they ended before this program was started.
    pub fn only_ended(&self) -> impl Iterator<Item = &(Ended, Origin)> {
        let is_only = |(ended, _): &&(Ended, Origin)| {
            !self.shown.contains_key(&ended.descriptor) && !self.unseen.contains(&ended.descriptor)
        };
        self.ended.values().filter(is_only)
    }

    /// Notes the end of a value that the present knows.
    pub fn had_ended(&mut self, ended: &Ended, origin: Origin) {
        self.unseen.remove(&ended.descriptor);
        self.note_end(ended, origin);
    }

    /// Notes the end of a value. Whether it ends what is shown.
    pub fn end(&mut self, ended: &Ended, origin: Origin) -> bool {
        let descriptor = &ended.descriptor;
        if !self.shown.contains_key(descriptor) && !self.ended.contains_key(descriptor) {
            self.unseen.insert(descriptor.clone());
        }
        self.note_end(ended, origin)
    }

    fn note_end(&mut self, ended: &Ended, origin: Origin) -> bool {
        let shown = self.shown.get(&ended.descriptor);
        let is_shown = shown.is_some_and(|shown| {
            self.end_of(&shown.reading).is_none() && shown.reading.measured_at < ended.at
        });
        let known = self.ended.get(&ended.descriptor);
        if known.is_none_or(|(known, _)| known.at < ended.at) {
            self.ended
                .insert(ended.descriptor.clone(), (ended.clone(), origin));
        }
        is_shown
    }

    pub fn age(&self, reading: &Reading) -> Age {
        if self.end_of(reading).is_some() {
            return Age::Older;
        }
        let moment = |reading: &Reading| (reading.measured_at, reading.occurrence);
        let shown = self.shown.get(&reading.descriptor);
        match shown.map(|shown| moment(reading).cmp(&moment(&shown.reading))) {
            None => Age::News,
            Some(Ordering::Less) => Age::Older,
            Some(Ordering::Equal) => Age::Same,
            Some(Ordering::Greater) if shown.is_some_and(|it| it.is_wobble(&reading.value)) => Age::Older,
            Some(Ordering::Greater) => Age::Newer,
        }
    }

    /// Shows a reading unless something newer is shown.
    pub fn show(&mut self, reading: &Reading, origin: Origin) -> Age {
        let age = self.age(reading);
        if age == Age::Older {
            return age;
        }
        let descriptor = reading.descriptor.clone();
        let has_type = |shown: &Shown| shown.reading.value.value_type() == reading.value.value_type();
        let is_of_its_type = self.shown.get(&descriptor).is_none_or(has_type);
        if !is_of_its_type {
            // Else the key would keep the old type.
            self.shown.remove(&descriptor);
        }
        let reading = reading.clone();
        self.unseen.remove(&descriptor);
        self.shown.insert(descriptor, Shown { reading, origin });
        if is_of_its_type { age } else { Age::News }
    }

    /// The payload of a quantity's topic: what the vehicle tells of it, or that it tells nothing any more.
    pub fn resolved(&self, quantity: &Quantity) -> Option<Vec<u8>> {
        let alive = |key: &str| {
            let shown = self.shown.get(key)?;
            self.end_of(&shown.reading).is_none().then_some(&shown.reading)
        };
        if let Some((value, reading)) = quantity.resolve(alive) {
            let origin = self.shown.get(&reading.descriptor)?.origin;
            return Some(retained::quantity(quantity, &value, reading, origin));
        }
        let seen = quantity.keys.iter().filter(|key| !self.unseen.contains(**key));
        let ends = seen.filter_map(|key| self.ended.get(*key));
        let (ended, origin) = ends.max_by_key(|(ended, _)| ended.at)?;
        Some(retained::quantity_ended(quantity, ended, *origin))
    }

    /// Whether both halves of a position are delivered at all.
    pub fn has_position(&self) -> bool {
        let parts = || {
            let ended = self.only_ended().map(|(ended, _)| &ended.descriptor);
            let known = self.shown.keys().chain(ended);
            known.filter_map(|it| it.as_str().strip_prefix(LOCATION))
        };
        parts().any(|part| part == "latitude") && parts().any(|part| part == "longitude")
    }

    /// Since when there is no position any more: both of its halves ended behind it.
    pub fn position_ended_at(&self) -> Option<Timestamp> {
        let end = |half| Some(self.ended.get(half)?.0.at);
        let (latitude, longitude) = (end(LATITUDE)?, end(LONGITUDE)?);
        let newest = self.track.newest().map(|position| position.at);
        let is_before = |at| at < latitude && at < longitude;
        newest.is_none_or(is_before).then_some(latitude.max(longitude))
    }

    pub fn announcer<'a>(&'a self, topics: &'a Topics) -> Announcer<'a> {
        Announcer {
            topics,
            vehicle: &self.vehicle,
            facts: self.facts.as_ref(),
        }
    }
}

impl Shown {
    pub fn is_counter(&self) -> bool {
        traits::is_counter(&self.reading.descriptor)
    }

    /// Whether another value of a counter is a little less: that is the rounding of another unit.
    fn is_wobble(&self, other: &Value) -> bool {
        let (Value::Number(shown), Value::Number(other)) = (&self.reading.value, other) else {
            return false;
        };
        self.is_counter() && other < shown && shown - other < WOBBLE
    }

    /// A counter stays where an earlier run showed it, if that is a little more.
    pub fn go_on_from(&mut self, before: f64) {
        let now = std::mem::replace(&mut self.reading.value, Value::Number(before));
        if !self.is_wobble(&now) {
            self.reading.value = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use collector_core::ValueType;
    use collector_core::resolved::QUANTITIES;
    use collector_core::testkit::{reading, vehicle};

    use super::*;

    const ODOMETER: &str = "vehicle.vehicle.travelledDistance";
    const SOC: &str = "vehicle.drivetrain.batteryManagement.header";

    /// What is shown after each of these values, a second apart.
    fn shown(id: &str, name: &str, values: &[f64]) -> Vec<f64> {
        let mut car = Car::new(&vehicle(false));
        let show = |(at, value): (i64, &f64)| {
            car.show(&reading(id, name, Value::Number(*value), None, at), Origin::Poll);
            match car.shown.values().next().map(|it| &it.reading.value) {
                Some(Value::Number(value)) => *value,
                other => panic!("{other:?}"),
            }
        };
        (0..).zip(values).map(show).collect()
    }

    #[test]
    fn a_counter_does_not_fall_by_a_rounding() {
        let values = [57_771.0, 57_770.6, 57_772.0, 57_772.2, 57_772.0, 57_773.0, 5.0];
        assert_eq!(
            shown(ODOMETER, "mileage", &values),
            [57_771.0, 57_771.0, 57_772.0, 57_772.2, 57_772.2, 57_773.0, 5.0],
            "and a new one counts from its beginning"
        );
        assert_eq!(shown(SOC, "soc", &[50.0, 49.5]), [50.0, 49.5]);
    }

    #[test]
    fn a_descriptor_that_turns_out_to_be_text_is_told_anew() {
        let mut car = Car::new(&vehicle(false));
        let mut show = |value: Value, at| car.show(&reading("a", "a", value, None, at), Origin::Poll);
        assert_eq!(show(Value::Number(7.0), 0), Age::News);
        assert_eq!(show(Value::Number(8.0), 1), Age::Newer);
        assert_eq!(show(Value::Text("nine".into()), 2), Age::News);
        assert_eq!(show(Value::Text("ten".into()), 3), Age::Newer);
        let types: Vec<_> = car.shown.keys().map(Descriptor::value_type).collect();
        assert_eq!(types, [ValueType::Text]);
    }

    #[test]
    fn an_end_without_a_value_is_told_when_the_present_knows_it_only() {
        let mut car = Car::new(&vehicle(false));
        let early = reading(SOC, "soc", Value::Number(50.0), None, 1);
        let ended = Ended {
            descriptor: early.descriptor.clone(),
            at: reading(SOC, "soc", Value::Number(0.0), None, 2).measured_at,
        };
        let charge = QUANTITIES
            .iter()
            .find(|it| it.is_told_by(&ended.descriptor))
            .unwrap();
        assert!(!car.end(&ended, Origin::Poll) && !car.end(&ended, Origin::Poll));
        assert_eq!((car.only_ended().count(), car.resolved(charge)), (0, None));
        assert_eq!(
            car.show(&early, Origin::Poll),
            Age::Older,
            "it has ended all the same"
        );
        car.had_ended(&ended, Origin::Poll);
        assert!(car.only_ended().count() == 1 && car.resolved(charge).is_some());
    }

    #[test]
    fn a_counter_goes_on_where_an_earlier_run_showed_it() {
        for (before, stays) in [(57_771.4, 57_771.4), (57_770.0, 57_771.0), (60_000.0, 57_771.0)] {
            let reading = reading(ODOMETER, "mileage", Value::Number(57_771.0), None, 0);
            let mut shown = Shown {
                reading,
                origin: Origin::Poll,
            };
            shown.go_on_from(before);
            assert_eq!(shown.reading.value, Value::Number(stays));
        }
    }
}
