//! What a vehicle says now, by whichever of its keys.

use collector_core::resolved::{QUANTITIES, Quantity};
use collector_core::{Descriptor, Origin, Reading as Told, Stamp, Unit, Value, Vin};
use history::read::{Latest, ReadingRow};
use jiff::Timestamp;
use status::values::Values;

use crate::cells::{Reading, alive, live};
use crate::shown;
use crate::view::parts::Fact;

pub const CHARGE: &str = "state_of_charge";
pub const PLUGGED: &str = "plugged";
/// Of an electric car; the last one is told for all that can drive.
pub const RANGES: [&str; 4] = [
    "cluster_electric_range",
    "electric_range",
    "range_last_sent",
    "total_range",
];
pub const ODOMETER: [&str; 1] = ["mileage"];
pub const RANGE: &str = "range";
/// What Now shows of one of several keys, by their short names: the first that has a value.
const CHOSEN: [(&str, &[&str]); 2] = [(RANGE, &RANGES), ("odometer", &ODOMETER)];

/// A quantity, and the key that tells it.
#[derive(Clone)]
pub struct Resolved {
    /// Of the quantity.
    pub name: String,
    pub value: Value,
    pub unit: Option<Unit>,
    pub at: Timestamp,
    pub stamp: Stamp,
    pub origin: Origin,
    pub from: Option<Descriptor>,
}

/// The newest of each key, and the quantities.
#[derive(Default)]
pub struct Present {
    pub latest: Vec<Latest>,
    quantities: Vec<Resolved>,
}

impl Present {
    /// Of what the database of the page has, and of what the program knows now, which is newer.
    pub fn new(latest: Vec<Latest>, values: Option<&Values>, vin: &Vin) -> Self {
        let car = values.and_then(|values| values.cars.iter().find(|car| car.vehicle.vin == *vin));
        let quantities = match car {
            Some(car) => car.quantities.iter().map(known).collect(),
            None => QUANTITIES
                .iter()
                .filter_map(|quantity| resolved(quantity, &latest))
                .collect(),
        };
        Self { latest, quantities }
    }

    pub fn quantity(&self, name: &str) -> Option<&Resolved> {
        self.quantities.iter().find(|quantity| quantity.name == name)
    }

    /// Each quantity that has a value, and what else Now shows of one of several keys.
    pub fn all(&self) -> impl Iterator<Item = Resolved> {
        let chosen = CHOSEN.iter().filter_map(|(name, keys)| self.chosen(name, keys));
        self.quantities.iter().cloned().chain(chosen)
    }

    /// The first of these keys that has a value, as a quantity of that name.
    fn chosen(&self, name: &str, keys: &[&'static str]) -> Option<Resolved> {
        let latest = keys.iter().find_map(|key| alive(&self.latest, key))?;
        let row = &latest.reading;
        Some(Resolved {
            name: name.to_owned(),
            value: row.value.clone(),
            unit: row.unit.as_deref().map(Unit::other),
            at: row.measured_at,
            stamp: row.stamp,
            origin: row.origin,
            from: Some(Descriptor::new(
                &latest.descriptor,
                &latest.name,
                latest.value_type,
                None,
            )),
        })
    }

    /// The first of these keys, by short names, that has a value.
    pub fn first(&self, names: &[&'static str]) -> Option<(&'static str, &ReadingRow)> {
        names
            .iter()
            .find_map(|name| Some((*name, &alive(&self.latest, name)?.reading)))
    }

    pub fn number(&self, name: &str) -> Option<f64> {
        match alive(&self.latest, name)?.reading.value {
            Value::Number(number) => Some(number),
            _ => None,
        }
    }

    pub fn text(&self, name: &str) -> Option<&str> {
        match &alive(&self.latest, name)?.reading.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Whether the battery is being charged, by what the car says of it.
    pub fn is_charging(&self) -> bool {
        let says = |name, word| self.text(name).map(|said| said.eq_ignore_ascii_case(word));
        let told = says("charging_status", "CHARGINGACTIVE").or_else(|| says("hv_status", "CHARGING"));
        let is_plugged = || {
            self.quantity(PLUGGED)
                .is_some_and(|plug| plug.value == Value::Bool(true))
        };
        told.unwrap_or_else(|| is_plugged() && self.number("charging_power").is_some_and(|watts| watts > 0.0))
    }
}

impl Resolved {
    pub fn number(&self) -> Option<f64> {
        match self.value {
            Value::Number(number) => Some(number),
            _ => None,
        }
    }

    pub fn fact(&self, reading: &Reading<'_>, label: &str, vehicle: &str) -> Fact {
        let shown = shown::named(&self.name, &self.value, self.unit.as_ref(), reading.options);
        let from = self.from.as_ref().map(Descriptor::name);
        Fact {
            live: live(vehicle, &self.name),
            label: label.to_owned(),
            value: shown.text,
            unit: shown.unit,
            is_words: !matches!(self.value, Value::Number(_)),
            at: Some(reading.moment(self.at)),
            origin: shown::whence(self.origin, self.stamp, from),
            ..Fact::default()
        }
    }
}

fn known(told: &status::values::Told) -> Resolved {
    Resolved {
        name: told.name().to_owned(),
        value: told.reading.value.clone(),
        unit: told.reading.unit.clone(),
        at: told.reading.measured_at,
        stamp: told.reading.stamp,
        origin: told.origin,
        from: told.from.clone(),
    }
}

fn resolved(quantity: &Quantity, latest: &[Latest]) -> Option<Resolved> {
    let alive = latest.iter().filter(|one| one.ended_at.is_none());
    let of_it = alive.filter(|one| quantity.keys.contains(&one.descriptor.as_str()));
    let readings: Vec<(Told, Origin)> = of_it.map(|one| (told(one), one.reading.origin)).collect();
    let newest = |key: &str| {
        let mut all = readings.iter().map(|(reading, _)| reading);
        all.find(|reading| reading.descriptor.as_str() == key)
    };
    let (value, reading) = quantity.resolve(newest)?;
    let origin = readings.iter().find(|(one, _)| one == reading)?.1;
    Some(Resolved {
        name: quantity.name.to_owned(),
        value,
        unit: quantity.unit.map(Unit::new),
        at: reading.measured_at,
        stamp: reading.stamp,
        origin,
        from: Some(reading.descriptor.clone()),
    })
}

fn told(latest: &Latest) -> Told {
    let descriptor = Descriptor::new(&latest.descriptor, &latest.name, latest.value_type, None);
    let row = &latest.reading;
    let mut reading = Told::new(descriptor, row.value.clone(), None, row.measured_at);
    reading.stamp = row.stamp;
    reading
}
