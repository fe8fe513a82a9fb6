//! What the cars say now, read beside the process that may be running: what `cardata values` tells.
//!
//! The same present that sinks are shown. [`text`]: for people; [`json`]: for programs; [`changes`]: one after the other.

pub mod changes;
pub mod json;
pub mod text;

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use collector_core::resolved::QUANTITIES;
use collector_core::{Descriptor, Name, Names, Origin, Reading, Snapshot, Unit, Vehicle, Vin};
use jiff::Timestamp;
use journal::JournalError;
use journal::log::latest::Look as Present;
use journal::log::overview::Overview as JournalOverview;
use ledger::overview::Overview as LedgerOverview;
use pipeline::Pipeline;

/// What is told of one descriptor, or of a quantity.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// Of a quantity, with its name, value and unit.
    pub reading: Reading,
    pub origin: Origin,
    /// Its name in the pipeline file.
    pub source: Name,
    /// Which descriptor tells the quantity.
    pub from: Option<Descriptor>,
}

impl Told {
    /// Its short name.
    pub fn name(&self) -> &str {
        self.reading.descriptor.name()
    }
}

/// A value that has ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Gone {
    pub descriptor: Descriptor,
    pub since: Timestamp,
    pub origin: Origin,
    pub source: Name,
}

/// One vehicle.
#[derive(Debug, Clone, PartialEq)]
pub struct Car {
    pub vehicle: Vehicle,
    pub quantities: Vec<Told>,
    /// Ordered by short name.
    pub values: Vec<Told>,
    /// Ordered by short name.
    pub ended: Vec<Gone>,
}

impl Car {
    fn nothing_of(vehicle: Vehicle) -> Self {
        Self {
            vehicle,
            quantities: Vec::new(),
            values: Vec::new(),
            ended: Vec::new(),
        }
    }

    fn has_nothing(&self) -> bool {
        self.values.is_empty() && self.ended.is_empty()
    }
}

/// What all cars say.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Values {
    /// Ordered by VIN.
    pub cars: Vec<Car>,
    /// The newest moment that is noted anywhere; a simulation's time runs ahead of the clock.
    pub newest: Option<Timestamp>,
}

impl Values {
    /// The pipeline's time, at `now` of the clock.
    pub fn now(&self, now: Timestamp) -> Timestamp {
        self.newest.map_or(now, |newest| newest.max(now))
    }
}

/// Where values are looked at, as often as somebody wants to. Holds up nobody who writes.
pub struct Look {
    present: Present,
    journal: JournalOverview,
    ledger: LedgerOverview,
    names: Names,
}

impl Look {
    /// At the state directory `state` of a pipeline; `None` where nothing was recorded yet.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn open(pipeline: &Pipeline, state: &Path) -> Result<Option<Self>, JournalError> {
        let (Some(journal), Some(ledger)) = (JournalOverview::open(state)?, LedgerOverview::open(state)?)
        else {
            return Ok(None);
        };
        let names = pipeline.vehicles.names(ledger.old_names()?);
        let names = names.without(ledger.forgotten()?);
        let present = Present::open(state, &names, pipeline.types.clone())?;
        Ok(present.map(|present| Self {
            present,
            journal,
            ledger,
            names,
        }))
    }

    pub fn names(&self) -> &Names {
        &self.names
    }

    /// What is committed now; `None` where nothing was written since the last look.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn values(&mut self) -> Result<Option<Values>, JournalError> {
        let Some(latest) = self.present.latest()? else {
            return Ok(None);
        };
        let noted = self.journal.newest_arrival()?.max(self.ledger.newest_call()?);
        let newest = latest
            .iter()
            .map(|snapshot| snapshot.received_at)
            .max()
            .max(noted);
        let mut cars: BTreeMap<Vin, Car> = BTreeMap::new();
        for known in self.ledger.vehicles()? {
            if !self.names.is_forgotten(&known.vin) {
                let car = Car::nothing_of(self.names.vehicle(&known.vin));
                cars.insert(known.vin, car);
            }
        }
        for snapshot in latest {
            let nothing = || Car::nothing_of(snapshot.vehicle.clone());
            let car = cars.entry(snapshot.vehicle.vin.clone()).or_insert_with(nothing);
            take(car, snapshot);
        }
        let mut cars: Vec<_> = cars.into_values().collect();
        cars.iter_mut().for_each(finish);
        Ok(Some(Values { cars, newest }))
    }
}

fn take(car: &mut Car, snapshot: Snapshot) {
    let (origin, source) = (snapshot.origin, snapshot.source);
    car.values
        .extend(snapshot.readings.into_iter().map(|reading| Told {
            reading,
            origin,
            source: source.clone(),
            from: None,
        }));
    car.ended.extend(snapshot.ended.into_iter().map(|ended| Gone {
        descriptor: ended.descriptor,
        since: ended.at,
        origin,
        source: source.clone(),
    }));
}

/// Puts a car's values in order, and takes its quantities from them.
fn finish(car: &mut Car) {
    car.values.sort_by(|one, other| one.name().cmp(other.name()));
    car.ended
        .sort_by(|one, other| one.descriptor.name().cmp(other.descriptor.name()));
    let by_key: HashMap<&str, &Told> = car
        .values
        .iter()
        .map(|told| (told.reading.descriptor.as_str(), told))
        .collect();
    let resolved = QUANTITIES.iter().filter_map(|quantity| {
        let (value, by) = quantity.resolve(|key| by_key.get(key).map(|told| &told.reading))?;
        let mut told = (*by_key.get(by.descriptor.as_str())?).clone();
        told.from = Some(by.descriptor.clone());
        told.reading.descriptor = quantity.to_descriptor();
        (told.reading.value, told.reading.unit) = (value, quantity.unit.map(Unit::new));
        Some(told)
    });
    car.quantities = resolved.collect();
}

#[cfg(test)]
mod tests {
    use collector_core::Value;
    use collector_core::testkit::{reading, vehicle};

    use super::*;

    pub const NOON: i64 = 1_772_366_400_000;

    /// A car of which one snapshot came.
    pub fn car(origin: Origin, readings: Vec<Reading>) -> Car {
        let mut car = Car::nothing_of(vehicle(false));
        let at = Timestamp::from_millisecond(NOON).unwrap();
        let snapshot = Snapshot::new(vehicle(false), "home".into(), "stream".into(), origin, at);
        take(&mut car, snapshot.with(readings, Vec::new()));
        finish(&mut car);
        car
    }

    #[test]
    fn quantities_come_from_the_key_that_tells_them() {
        let key = "vehicle.powertrain.electric.battery.stateOfCharge.displayed";
        let charge = reading(key, "soc_displayed", Value::Number(63.5), Some("%"), NOON);
        let port = reading(
            "vehicle.body.chargingPort.status",
            "charging_port",
            Value::Text("CONNECTED".into()),
            None,
            NOON,
        );
        let car = car(Origin::Stream, vec![charge, port]);
        let told: Vec<_> = car
            .quantities
            .iter()
            .map(|told| {
                let from = told.from.as_ref().unwrap().name().to_owned();
                (told.name().to_owned(), told.reading.value.to_string(), from)
            })
            .collect();
        let wanted = [
            ("state_of_charge", "63.5", "soc_displayed"),
            ("plugged", "true", "charging_port"),
        ];
        assert_eq!(
            told,
            wanted.map(|(name, value, from)| (name.to_owned(), value.to_owned(), from.to_owned()))
        );
        assert_eq!(car.values[0].name(), "charging_port", "in order");
    }
}
