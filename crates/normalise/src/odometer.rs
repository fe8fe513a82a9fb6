//! The unit of an odometer that came without one: cars have been seen to change it within minutes. It is the one in which
//! the odometer goes on where it stood; of one of which that is not known, the one in which it stands where the vehicle's
//! other odometer does.

use collector_core::Descriptor;
use hashbrown::HashMap;

use super::unit;
use super::unlabelled::Unlabelled;

/// Odometers are whole numbers, of miles too.
const ROUNDING: f64 = 2.0;
/// No car goes further between two values of its odometer, but after a silence of weeks.
const FARTHEST: f64 = 3_000.0;

/// They count the kilometres of a vehicle's life: now, and at the end of the last drive.
const ODOMETERS: [&str; 2] = [
    "vehicle.vehicle.travelledDistance",
    "vehicle.trip.segment.end.travelledDistance",
];
/// Two of one vehicle are that far apart at most, the one as many times the other: less than a mile is of a kilometre.
const APART: f64 = 1.25;

/// Where the odometers of vehicles stood last, by the number of the vehicle and the descriptor.
#[derive(Debug, Default)]
pub struct Odometers {
    stood: HashMap<(i64, Box<str>), Stood>,
}

/// Where an odometer stood.
#[derive(Debug, Clone, Copy)]
pub struct Stood {
    pub kilometres: f64,
    /// Whether its unit was known: it came with the number, or the vehicle had told of it. Else it was that of the catalogue.
    pub is_known: bool,
}

/// A newer number of an odometer.
#[derive(Debug, Clone)]
pub struct Told {
    pub vehicle_id: i64,
    pub descriptor: Descriptor,
    pub number: f64,
    /// The unit that came with it.
    pub label: Option<String>,
}

impl Odometers {
    pub fn clear(&mut self) {
        self.stood.clear();
    }

    /// Takes in a number, whose unit is that in `units` where none came with it; `stood` finds out where an odometer of the
    /// vehicle stood, where that is not known here. The unit that it must have instead, if any.
    ///
    /// # Errors
    /// Those of `stood`.
    pub fn told<E>(
        &mut self,
        told: &Told,
        units: &Unlabelled,
        stood: impl Fn(&str) -> Result<Option<Stood>, E>,
    ) -> Result<Option<&'static str>, E> {
        let (descriptor, number) = (&told.descriptor, told.number);
        let label = told.label.as_deref();
        let label = label.and_then(|label| unit::of_kind(label, descriptor));
        let known = units.of(descriptor);
        let assumed = known.unwrap_or("km");
        let last = |of: &str| match self.stood.get(&(told.vehicle_id, of.into())) {
            Some(stood) => Ok(Some(*stood)),
            None => stood(of),
        };
        let before = match label {
            Some(_) => None,
            None => last(descriptor.as_str())?,
        };
        let is_open = label.is_none() && before.is_none_or(|before| !before.is_known);
        let other = ODOMETERS
            .iter()
            .find(|other| is_open && **other != descriptor.as_str());
        let other = other
            .map_or(Ok(None), |other| last(other))?
            .filter(|other| other.is_known);
        let beside = other.and_then(|other| stands_beside(other.kilometres, number));
        let unit = match (label.or(beside), before) {
            (Some(unit), _) => unit,
            // What the vehicle tells of its units counts for more than where it stood as nobody knew them.
            (None, Some(before)) if before.is_known || known.is_none() => {
                goes_on(before.kilometres, number, assumed)
            }
            (None, _) => assumed,
        };
        let key = (told.vehicle_id, descriptor.as_str().into());
        if let Some(kilometres) = unit::converted(number, unit, "km") {
            let is_known = label.or(beside).or(known).is_some() || unit != assumed;
            self.stood.insert(key, Stood { kilometres, is_known });
        }
        Ok((label.is_none() && unit != assumed).then_some(unit))
    }
}

/// Whether it counts the kilometres of a vehicle's life.
pub fn is_odometer(descriptor: &str) -> bool {
    ODOMETERS.contains(&descriptor)
}

/// The unit in which a number goes on behind `before` kilometres: the assumed one, unless only the other does.
fn goes_on(before: f64, number: f64, assumed: &'static str) -> &'static str {
    let follows = |unit: &str| {
        let kilometres = unit::converted(number, unit, "km");
        kilometres.is_some_and(|now| (before - ROUNDING..=before + FARTHEST).contains(&now))
    };
    let other = if assumed == "mi" { "km" } else { "mi" };
    match !follows(assumed) && follows(other) {
        true => other,
        false => assumed,
    }
}

/// The unit in which a number stands where the vehicle's other odometer does; `None` where it does in neither, and for a new
/// car, in which one drive is much of it.
fn stands_beside(other: f64, number: f64) -> Option<&'static str> {
    let stands = |unit: &&str| {
        let times = unit::converted(number, unit, "km").map(|kilometres| kilometres / other);
        other > FARTHEST && times.is_some_and(|times| (1.0 / APART..=APART).contains(&times))
    };
    ["km", "mi"].into_iter().find(stands)
}

#[cfg(test)]
mod tests {
    use collector_core::{Unit, ValueType};

    use super::*;

    #[test]
    fn what_the_vehicle_tells_of_its_units_counts_for_more_than_a_guess() {
        let mut mileage = Told {
            vehicle_id: 1,
            descriptor: Descriptor::new("a", "a", ValueType::Number, Some(Unit::new("km"))),
            number: 18_204.0,
            label: None,
        };
        let mut odometers = Odometers::default();
        let mut told = |number: f64, units: &Unlabelled| {
            mileage.number = number;
            odometers.told(&mileage, units, |_| Ok::<_, ()>(None)).unwrap()
        };
        let (mut miles, mut kilometres) = (Unlabelled::default(), Unlabelled::default());
        miles.shows("mi");
        kilometres.shows("km");
        assert_eq!(
            told(18_204.0, &Unlabelled::default()),
            None,
            "kilometres, as far as anybody knows"
        );
        assert_eq!(told(18_205.0, &miles), None, "it shows miles");
        assert_eq!(told(29_299.0, &miles), Some("km"), "and goes on where it stood");
        assert_eq!(told(18_206.0, &kilometres), Some("mi"), "whatever it shows then");
    }

    /// One came with its unit, before anybody knew in which the car shows the other.
    #[test]
    fn an_odometer_without_a_unit_stands_where_the_other_one_does() {
        let told = |descriptor: &str, number: f64, label: Option<&str>| Told {
            vehicle_id: 1,
            descriptor: Descriptor::new(descriptor, "a", ValueType::Number, Some(Unit::new("km"))),
            number,
            label: label.map(str::to_owned),
        };
        let [now, drive] = ODOMETERS;
        let mut miles = Unlabelled::default();
        miles.shows("mi");
        for (other, number, units, unit) in [
            (
                Some((29_298.0, true)),
                18_204.0,
                Unlabelled::default(),
                Some("mi"),
            ),
            (Some((29_298.0, true)), 28_900.0, Unlabelled::default(), None),
            (Some((29_298.0, true)), 18_204.0, miles.clone(), None),
            (Some((29_298.0, true)), 29_298.0, miles.clone(), Some("km")),
            // Nobody knows of the other either; another engine control; a drive is most of it.
            (Some((29_298.0, false)), 18_204.0, Unlabelled::default(), None),
            (Some((29_298.0, true)), 12.0, miles.clone(), None),
            (Some((200.0, true)), 125.0, Unlabelled::default(), None),
            (None, 18_204.0, Unlabelled::default(), None),
        ] {
            let stood = |of: &str| {
                let found = other.filter(|_| of == now);
                Ok::<_, ()>(found.map(|(kilometres, is_known)| Stood { kilometres, is_known }))
            };
            let found = Odometers::default()
                .told(&told(drive, number, None), &units, stood)
                .unwrap();
            assert_eq!(found, unit, "{number} beside {other:?}");
        }
        let mut odometers = Odometers::default();
        let nowhere = |_: &str| Ok::<_, ()>(None);
        let none = Unlabelled::default();
        let mut tell = |told: Told| odometers.told(&told, &none, nowhere).unwrap();
        assert_eq!(tell(told(drive, 18_204.0, None)), None);
        assert_eq!(tell(told(now, 29_298.0, Some("km"))), None);
        assert_eq!(
            tell(told(drive, 18_205.0, None)),
            Some("mi"),
            "it was a guess until then"
        );
    }

    #[test]
    fn an_odometer_goes_on_where_it_stood() {
        for (before, number, assumed, unit) in [
            (57_773.0, 57_774.0, "km", "km"),
            (57_773.0, 35_898.0, "km", "mi"),
            (57_773.0, 57_774.0, "mi", "km"),
            (57_773.0, 35_899.0, "mi", "mi"),
            // Neither goes on: another engine control, or a year of silence.
            (57_773.0, 12.0, "mi", "mi"),
            (57_773.0, 90_000.0, "km", "km"),
            (0.0, 10.0, "mi", "mi"),
        ] {
            assert_eq!(
                goes_on(before, number, assumed),
                unit,
                "{before}, {number} {assumed}"
            );
        }
    }
}
