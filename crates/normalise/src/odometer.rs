//! The unit of an odometer that came without one: cars have been seen to change it within minutes. It is the one in which
//! the odometer goes on where it stood.

use collector_core::Descriptor;
use hashbrown::HashMap;

use super::unit;
use super::unlabelled::Unlabelled;

/// Odometers are whole numbers, of miles too.
const ROUNDING: f64 = 2.0;
/// No car goes further between two values of its odometer, but after a silence of weeks.
const FARTHEST: f64 = 3_000.0;

/// Where the odometers of vehicles stood last, in kilometres, by the number of the vehicle and the descriptor.
#[derive(Debug, Default)]
pub struct Odometers {
    stood: HashMap<(i64, Box<str>), f64>,
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

    /// Takes in a number, whose unit is that in `units` where none came with it; `before` finds out where the odometer stood,
    /// where that is not known here. The unit that it must have instead, if any.
    ///
    /// # Errors
    /// Those of `before`.
    pub fn told<E>(
        &mut self,
        told: &Told,
        units: &Unlabelled,
        before: impl FnOnce() -> Result<Option<f64>, E>,
    ) -> Result<Option<&'static str>, E> {
        let (descriptor, number) = (&told.descriptor, told.number);
        let key = (told.vehicle_id, descriptor.as_str().into());
        let label = told.label.as_deref();
        let label = label.and_then(|label| unit::of_kind(label, descriptor));
        let assumed = units.of(descriptor).unwrap_or("km");
        let unit = match (label, self.stood.get(&key)) {
            (Some(unit), _) => unit,
            (None, Some(before)) => goes_on(*before, number, assumed),
            (None, None) => before()?.map_or(assumed, |before| goes_on(before, number, assumed)),
        };
        if let Some(kilometres) = unit::converted(number, unit, "km") {
            self.stood.insert(key, kilometres);
        }
        Ok((label.is_none() && unit != assumed).then_some(unit))
    }
}

/// Whether it counts the kilometres of a vehicle's life.
pub fn is_odometer(descriptor: &str) -> bool {
    descriptor == "vehicle.vehicle.travelledDistance"
        || descriptor == "vehicle.trip.segment.end.travelledDistance"
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

#[cfg(test)]
mod tests {
    use super::*;

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
