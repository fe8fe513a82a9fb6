//! The context of entries: the display units that a vehicle shows, as BMW last sent them, and the unit that last came with
//! what may come without one, so that a value without a unit of its own means the same wherever a replay starts.
//!
//! A JSON object of descriptor and value, both texts, with sorted keys and without white space. The value of a display unit
//! is that; of any other descriptor it is the unit of its newest value that had one.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use collector_core::{UnitSystem, VehicleSettings, Vin};
use normalise::unlabelled::Unlabelled;

use crate::Stored;
use crate::observe::Observed;

const DISTANCE: [&str; 2] = [
    "vehicle.cabin.infotainment.hmi.distanceUnit",
    // The instrument panel, whose numbers BMW sends, has the last word.
    "vehicle.cabin.infotainment.displayUnit.distance",
];

/// The units of what comes without one in this context; `owner` is what the pipeline file says.
pub fn unlabelled(context: Option<&str>, owner: Option<UnitSystem>) -> Unlabelled {
    let mut unlabelled = Unlabelled::new(owner);
    let units: BTreeMap<String, String> = context
        .and_then(|context| serde_json::from_str(context).ok())
        .unwrap_or_default();
    for shown in DISTANCE.iter().filter_map(|descriptor| units.get(*descriptor)) {
        unlabelled.shows(shown);
    }
    for (descriptor, label) in units
        .iter()
        .filter(|(descriptor, _)| !is_display_unit(descriptor))
    {
        unlabelled.label(descriptor, label);
    }
    unlabelled
}

/// Contexts that were read: neighbouring entries share theirs.
#[derive(Debug, Default)]
pub struct Contexts {
    owners: HashMap<Vin, UnitSystem>,
    read: HashMap<(Vin, Option<Arc<str>>), Arc<Unlabelled>>,
    /// That of most entries.
    none: Arc<Unlabelled>,
}

impl Contexts {
    /// With what the owners say of their vehicles.
    pub fn new(settings: &HashMap<Vin, VehicleSettings>) -> Self {
        let units = |(vin, settings): (&Vin, &VehicleSettings)| Some((vin.clone(), settings.units?));
        Self {
            owners: settings.iter().filter_map(units).collect(),
            ..Self::default()
        }
    }

    /// The units of what an entry tells without one.
    pub fn of(&mut self, entry: &Stored) -> Arc<Unlabelled> {
        let owner = self.owners.get(&entry.vin).copied();
        if owner.is_none() && entry.context.is_none() {
            return self.none.clone();
        }
        let key = (entry.vin.clone(), entry.context.clone());
        let read = || Arc::new(unlabelled(entry.context.as_deref(), owner));
        self.read.entry(key).or_insert_with(read).clone()
    }
}

/// What the newest value of a descriptor tells of units, if anything.
pub fn told<'a>(descriptor: &str, observed: &'a Observed) -> Option<&'a str> {
    match is_display_unit(descriptor) {
        // Without the letter of its kind: as it was sent, but for the spelling of numbers.
        true => observed.form.as_ref()?.get(1..),
        false => observed.label.as_deref(),
    }
}

/// Whether a descriptor tells of a display unit.
fn is_display_unit(descriptor: &str) -> bool {
    descriptor.starts_with("vehicle.cabin.infotainment.displayUnit.")
        || descriptor == "vehicle.cabin.infotainment.hmi.distanceUnit"
}

/// The context `known`, changed by what a newer value [told]; `None` where that changes nothing.
pub fn changed(known: Option<&str>, descriptor: &str, value: &str) -> Option<String> {
    // What is not what this writes is begun anew.
    let mut units: BTreeMap<String, String> = known
        .and_then(|known| serde_json::from_str(known).ok())
        .unwrap_or_default();
    if units.get(descriptor).is_some_and(|known| known == value) {
        return None;
    }
    units.insert(descriptor.to_owned(), value.to_owned());
    Some(serde_json::Value::from_iter(units).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_context_has_sorted_keys_and_the_newest_values() {
        let one = changed(None, "b", "km").unwrap();
        assert_eq!(one, r#"{"b":"km"}"#);
        assert_eq!(changed(Some(&one), "b", "km"), None);
        let two = changed(Some(&one), "a", "1e0").unwrap();
        assert_eq!(two, r#"{"a":"1e0","b":"km"}"#);
        assert_eq!(changed(Some(&two), "b", "mi").unwrap(), r#"{"a":"1e0","b":"mi"}"#);
    }

    #[test]
    fn what_is_no_context_is_begun_anew() {
        for known in ["", "[]", r#"{"a":1}"#] {
            assert_eq!(changed(Some(known), "b", "km").unwrap(), r#"{"b":"km"}"#);
        }
    }

    #[test]
    fn a_context_says_what_comes_without_a_unit() {
        let mileage = "vehicle.vehicle.travelledDistance";
        let unit = |context: Option<&str>, owner| {
            let known = normalise::known::KnownDescriptors::default();
            let unlabelled = unlabelled(context, owner);
            let unit = unlabelled.of(&known.get(mileage).unwrap().descriptor);
            unit.map(str::to_owned)
        };
        let hmi = changed(None, DISTANCE[0], "MILES").unwrap();
        assert_eq!(unit(Some(&hmi), None).as_deref(), Some("mi"));
        let panel = changed(Some(&hmi), DISTANCE[1], "km").unwrap();
        assert_eq!(unit(Some(&panel), None).as_deref(), Some("km"));
        let label = changed(Some(&panel), mileage, "miles").unwrap();
        assert_eq!(unit(Some(&label), None).as_deref(), Some("mi"));
        let owner = Some(UnitSystem::Metric);
        assert_eq!(unit(Some(&label), owner).as_deref(), Some("km"));
        for none in [None, Some(""), Some("[]")] {
            assert_eq!(unit(none, None), None);
        }
    }
}
