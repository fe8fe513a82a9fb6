//! What vehicles are called, by one rule wherever one is named.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::{Name, Vehicle, VehicleSettings, Vin};

/// The names of vehicles, and what else is decided of them. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Names {
    vehicles: Arc<HashMap<Vin, VehicleSettings>>,
    /// Key names of vehicles that their owner had forgotten.
    forgotten: Arc<HashSet<Name>>,
}

impl Names {
    /// `old` are the names by which stores know vehicles from before, `settings` what the pipeline file says: its names
    /// come first.
    pub fn new(
        old: impl IntoIterator<Item = (Vin, Name)>,
        settings: impl IntoIterator<Item = (Vin, VehicleSettings)>,
    ) -> Self {
        let old = old.into_iter().map(|(vin, name)| {
            let settings = VehicleSettings {
                name: Some(name),
                ..VehicleSettings::default()
            };
            (vin, settings)
        });
        let mut names: HashMap<_, _> = old.collect();
        for (vin, mut given) in settings {
            let known = names.entry(vin).or_default();
            given.name = given.name.or(known.name.take());
            *known = given;
        }
        Self {
            vehicles: Arc::new(names),
            forgotten: Arc::default(),
        }
    }

    /// The same, with the [key names](Vin::key_name) of vehicles that their owner had forgotten.
    #[must_use]
    pub fn without(self, forgotten: impl IntoIterator<Item = Name>) -> Self {
        let forgotten = Arc::new(forgotten.into_iter().collect());
        Self { forgotten, ..self }
    }

    /// Whether its owner had it forgotten, and does not name it in the pipeline file: nothing of it is taken.
    pub fn is_forgotten(&self, vin: &Vin) -> bool {
        self.forgotten.contains(&*vin.key_name()) && !self.vehicles.contains_key(vin)
    }

    /// The vehicle with the name that it goes by.
    pub fn vehicle(&self, vin: &Vin) -> Vehicle {
        let settings = self.vehicles.get(vin);
        Vehicle::named(vin.clone(), settings.and_then(|settings| settings.name.clone()))
    }

    /// The name that the vehicle goes by.
    pub fn of(&self, vin: &Vin) -> Name {
        self.vehicle(vin).name
    }

    /// What is decided of vehicles; of others nothing is.
    pub fn settings(&self) -> HashMap<Vin, VehicleSettings> {
        (*self.vehicles).clone()
    }
}

/// Whether a spreadsheet may take a name for a number, a date or a time: `12`, `7E00123`, `3-5`. `330e` and `E46` are none.
pub fn reads_as_number(name: &str) -> bool {
    let plain = |part: &str| {
        part.contains(|c: char| c.is_ascii_digit())
            && part.chars().all(|c| c.is_ascii_digit() || ".,+-/:% ".contains(c))
    };
    match name.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => plain(mantissa) && plain(exponent),
        None => plain(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_forgotten_is_left_out_until_the_owner_names_it() {
        let vin: Vin = "WBY8P210X07A12345".parse().unwrap();
        let other: Vin = "WBY8P210X07A12346".parse().unwrap();
        let auto = Names::new([], []).without(["v7a12345".into()]);
        assert!(auto.is_forgotten(&vin) && !auto.is_forgotten(&other));
        let named = Names::new([], [(vin.clone(), VehicleSettings::default())]);
        assert!(!named.without(["v7a12345".into()]).is_forgotten(&vin));
    }

    #[test]
    fn the_owner_comes_before_what_stores_know_and_that_before_the_default() {
        let vin = |end: &str| -> Vin { format!("WBYZZZ0000{end}").parse().unwrap() };
        let given = |name: Option<&str>| VehicleSettings {
            name: name.map(Name::from),
            units: None,
        };
        let names = Names::new(
            ["7A12345", "7B67890"].map(|end| (vin(end), end.into())),
            [
                (vin("7A12345"), given(Some("i3"))),
                (vin("7B67890"), given(None)),
                (vin("7E00123"), given(None)),
            ],
        );
        let called = ["7A12345", "7B67890", "7E00123", "FP12345"].map(|end| names.of(&vin(end)));
        assert_eq!(
            called.each_ref().map(|name| &**name),
            ["i3", "7B67890", "v7e00123", "vfp12345"]
        );
    }

    #[test]
    fn names_that_a_spreadsheet_would_read_are_told_from_others() {
        for name in ["12", "7E00123", "1e5", "-3,5", "3/5", "12:30", "50 %"] {
            assert!(reads_as_number(name), "{name}");
        }
        for name in ["i3", "330e", "E46", "v7e00123", "7A12345", "e", "", "-", "1e5e6"] {
            assert!(!reads_as_number(name), "{name}");
        }
    }
}
