//! Values as they change, one after the other: for whoever follows them as lines.

use std::collections::HashMap;

use collector_core::mask::readable;
use collector_core::{UnitSystem, Vehicle, Vin};
use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::{Gone, Told, Values, json, text};

/// One thing that is told otherwise than before, or for the first time.
#[derive(Debug, Clone, Copy)]
pub struct Change<'a> {
    pub vehicle: &'a Vehicle,
    pub now: What<'a>,
}

/// What is told now.
#[derive(Debug, Clone, Copy)]
pub enum What<'a> {
    Quantity(&'a Told),
    Value(&'a Told),
    Ended(&'a Gone),
}

/// What is told now and was not told like this: by car, quantities first.
pub fn changes<'a>(before: &Values, now: &'a Values) -> Vec<Change<'a>> {
    let before: HashMap<&Vin, _> = before
        .cars
        .iter()
        .map(|car| (&car.vehicle.vin, Known::of(car)))
        .collect();
    let nothing = Known::default();
    let mut all = Vec::new();
    for car in &now.cars {
        let known = before.get(&car.vehicle.vin).unwrap_or(&nothing);
        let quantities = car.quantities.iter().filter(|told| known.is_new(told));
        let values = car.values.iter().filter(|told| known.is_new(told));
        let ended = car.ended.iter().filter(|gone| known.is_news(gone));
        let what = quantities
            .map(What::Quantity)
            .chain(values.map(What::Value))
            .chain(ended.map(What::Ended));
        all.extend(what.map(|now| Change {
            vehicle: &car.vehicle,
            now,
        }));
    }
    all
}

/// What was told of a car, by name.
#[derive(Default)]
struct Known<'a> {
    told: HashMap<&'a str, &'a Told>,
    ended: HashMap<&'a str, &'a Gone>,
}

impl<'a> Known<'a> {
    fn of(car: &'a super::Car) -> Self {
        let told = car.quantities.iter().chain(&car.values);
        Self {
            told: told.map(|told| (told.name(), told)).collect(),
            ended: car
                .ended
                .iter()
                .map(|gone| (gone.descriptor.name(), gone))
                .collect(),
        }
    }

    fn is_new(&self, told: &Told) -> bool {
        self.told.get(told.name()).is_none_or(|it| *it != told)
    }

    fn is_news(&self, gone: &Gone) -> bool {
        let known = self.ended.get(gone.descriptor.name());
        known.is_none_or(|known| *known != gone)
    }
}

impl Change<'_> {
    /// One line for people.
    pub fn text(&self, units: UnitSystem) -> String {
        let (at, name, value, origin) = match self.now {
            What::Quantity(told) | What::Value(told) => (
                told.reading.measured_at,
                told.name(),
                text::value(&told.reading.value, told.reading.unit.as_ref(), units),
                told.origin,
            ),
            What::Ended(gone) => (gone.since, gone.descriptor.name(), "none".to_owned(), gone.origin),
        };
        let (vehicle, name) = (readable(&self.vehicle.name), readable(name));
        format!("{at:.0}  {vehicle}  {name}  {value}  {origin}")
    }

    /// One object for programs. `now` is the pipeline's time.
    pub fn json(&self, now: Timestamp) -> Json {
        let (kind, mut object) = match self.now {
            What::Quantity(told) => ("quantity", json::told(told, now)),
            What::Value(told) => ("value", json::told(told, now)),
            What::Ended(gone) => ("ended", json::ended(gone)),
        };
        for key in ["value", "unit", "measured_at", "age_seconds", "stamp", "since"] {
            object.entry(key).or_insert(Json::Null);
        }
        object.insert("vehicle".to_owned(), json!(&*self.vehicle.name));
        object.insert("kind".to_owned(), json!(kind));
        Json::Object(object)
    }
}

#[cfg(test)]
mod tests {
    use collector_core::testkit::reading;
    use collector_core::{Origin, Value};

    use super::super::tests::{NOON, car};
    use super::*;

    #[test]
    fn a_change_is_told_once() {
        let values = |charge: f64, at| {
            let key = "vehicle.drivetrain.batteryManagement.header";
            let charge = reading(key, "soc", Value::Number(charge), Some("%"), at);
            let other = reading("b", "other", Value::Text("a\nb".into()), None, NOON);
            Values {
                cars: vec![car(Origin::Stream, vec![charge, other])],
                newest: None,
            }
        };
        let lines = |before: &Values, now: &Values| -> Vec<String> {
            let changes = changes(before, now);
            changes
                .iter()
                .map(|change| change.text(UnitSystem::Metric))
                .collect()
        };
        let (first, second) = (values(74.0, NOON), values(75.0, NOON + 1_000));
        assert_eq!(
            lines(&Values::default(), &first),
            [
                "2026-03-01T12:00:00Z  i4  state_of_charge  74 %  stream",
                "2026-03-01T12:00:00Z  i4  other  a\\nb  stream",
                "2026-03-01T12:00:00Z  i4  soc  74 %  stream",
            ]
        );
        assert_eq!(lines(&first, &first), [""; 0]);
        assert_eq!(lines(&first, &second).len(), 2);
        let told = changes(&first, &second)[0].json(Timestamp::UNIX_EPOCH);
        assert_eq!(
            (&told["kind"], &told["vehicle"]),
            (&json!("quantity"), &json!("i4"))
        );
    }
}
