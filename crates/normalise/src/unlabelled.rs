//! The units of numbers that come without one: BMW sends some as the car shows them, and a car set to miles shows miles.

use collector_core::{Descriptor, Unit, UnitSystem, ValueType};
use hashbrown::HashMap;

use super::unit;

/// What a driver in miles reads of altitudes and consumption: BMW's catalogue names both units for these, too. No car says which
/// it shows, so the owner's word alone decides. Litres stay litres: a British car shows miles and litres.
const BY_OWNER: [(&str, &str); 2] = [
    (
        "vehicle.cabin.infotainment.navigation.currentLocation.altitude",
        "ft",
    ),
    ("vehicle.drivetrain.avgElectricRangeConsumption", "mi/kWh"),
];

/// What is known of the units of a vehicle at one moment: first what its owner says, then the unit that came with the same
/// descriptor before, then what the car shows. Where nothing is known the catalogue is right.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unlabelled {
    owner: Option<UnitSystem>,
    labels: HashMap<Box<str>, Box<str>>,
    shown: Option<UnitSystem>,
}

impl Unlabelled {
    pub fn new(owner: Option<UnitSystem>) -> Self {
        Self {
            owner,
            ..Self::default()
        }
    }

    /// A number of the descriptor came with this unit.
    pub fn label(&mut self, descriptor: &str, unit: &str) {
        self.labels.insert(descriptor.into(), unit.into());
    }

    /// The car shows distances in this unit.
    pub fn shows(&mut self, distance: &str) {
        self.shown = match unit::spelled(distance).as_ref().map(Unit::as_str) {
            Some("km") => Some(UnitSystem::Metric),
            Some("mi") => Some(UnitSystem::Imperial),
            _ => self.shown,
        };
    }

    /// The unit of a number of the descriptor that came without one; `None` where nothing is known of it.
    pub fn of(&self, descriptor: &Descriptor) -> Option<&'static str> {
        let canonical = descriptor.unit()?.as_str();
        let in_system = |system: UnitSystem| match system {
            UnitSystem::Metric => imperial(canonical).and(unit::of_kind(canonical, descriptor)),
            UnitSystem::Imperial => imperial(canonical),
        };
        let owned = |system: UnitSystem| {
            let mut units = BY_OWNER.iter().filter(|_| system == UnitSystem::Imperial);
            let unit = units.find(|(id, _)| *id == descriptor.as_str());
            in_system(system).or(unit.map(|(_, unit)| *unit))
        };
        let label = || unit::of_kind(self.labels.get(descriptor.as_str())?, descriptor);
        let shown = || self.shown.and_then(in_system);
        self.owner.and_then(owned).or_else(label).or_else(shown)
    }
}

/// Whether a number of the descriptor may come without a unit and not be in the canonical one.
pub fn may_be(descriptor: &Descriptor) -> bool {
    descriptor.value_type() == ValueType::Number
        && descriptor
            .unit()
            .is_some_and(|unit| imperial(unit.as_str()).is_some())
}

/// What a car set to miles shows in the place of a unit: BMW's catalogue names both for these.
fn imperial(canonical: &str) -> Option<&'static str> {
    match canonical {
        "km" => Some("mi"),
        "km/h" => Some("mph"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::known::KnownDescriptors;

    const MILEAGE: &str = "vehicle.vehicle.travelledDistance";
    const SPEED: &str = "vehicle.vehicle.avgSpeed";
    const SOC: &str = "vehicle.drivetrain.batteryManagement.header";

    fn unit(unlabelled: &Unlabelled, descriptor: &str) -> Option<String> {
        let known = KnownDescriptors::default();
        let descriptor = &known.get(descriptor).unwrap().descriptor;
        unlabelled.of(descriptor).map(str::to_owned)
    }

    #[test]
    fn the_owner_knows_best_then_the_label_then_the_display() {
        let mut known = Unlabelled::default();
        assert_eq!(unit(&known, MILEAGE), None);
        known.shows("miles");
        assert_eq!(unit(&known, MILEAGE).as_deref(), Some("mi"));
        assert_eq!(unit(&known, SPEED).as_deref(), Some("mph"));
        assert_eq!(unit(&known, SOC), None);
        known.shows("furlongs");
        assert_eq!(unit(&known, MILEAGE).as_deref(), Some("mi"));
        known.label(MILEAGE, "KILOMETERS");
        assert_eq!(unit(&known, MILEAGE).as_deref(), Some("km"));
        assert_eq!(unit(&known, SPEED).as_deref(), Some("mph"));
        known.shows("km");
        assert_eq!(unit(&known, SPEED).as_deref(), Some("km/h"));

        assert_eq!(unit(&known, MILEAGE).as_deref(), Some("km"));

        let mut owned = Unlabelled::new(Some(UnitSystem::Imperial));
        owned.label(MILEAGE, "km");
        owned.shows("km");
        assert_eq!(unit(&owned, MILEAGE).as_deref(), Some("mi"));
        assert_eq!(unit(&owned, SOC), None);
    }

    #[test]
    fn the_owner_alone_decides_where_no_car_says_what_it_shows() {
        const FUEL: &str = "vehicle.drivetrain.fuelSystem.remainingFuel";
        // 62 miles are 100 kilometres there.
        const RECUPERATION: &str =
            "vehicle.trip.segment.accumulated.drivetrain.electricEngine.recuperationTotal";
        let mut shown = Unlabelled::default();
        shown.shows("mi");
        let [imperial, metric] =
            [UnitSystem::Imperial, UnitSystem::Metric].map(|owner| Unlabelled::new(Some(owner)));
        for (descriptor, named) in BY_OWNER {
            assert_eq!(unit(&imperial, descriptor).as_deref(), Some(named));
            assert_eq!(unit(&shown, descriptor).or(unit(&metric, descriptor)), None);
        }
        for descriptor in [FUEL, RECUPERATION] {
            assert_eq!(unit(&imperial, descriptor).or(unit(&shown, descriptor)), None);
        }
    }
}
