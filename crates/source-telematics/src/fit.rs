//! Whether the preset `battery` is for a vehicle at all.
//!
//! It is not where three polls or more were answered and none ever brought a value for any of its descriptors but those of
//! any car: BMW answers with the last known values, so that a car that sleeps still brings those of before. What basicData says of an electric car
//! outweighs that, for its data may only begin to flow. `driveTrain` comes before `propulsionType`: a petrol X2 was seen
//! with `CONV` and `BE`.

use serde_json::Value;

use crate::presets;

/// What its owner is told.
pub const ADVICE: &str = "nothing of the preset battery comes from this vehicle; `container: driving` is for cars without a \
                          high-voltage battery";
/// So many polls must have been answered.
pub const POLLS: u32 = 3;

/// Whether these are the descriptors of the preset.
pub fn is_battery<'a>(descriptors: impl Iterator<Item = &'a str>) -> bool {
    let mut descriptors: Vec<&str> = descriptors.collect();
    descriptors.sort_unstable();
    presets::preset("battery").is_some_and(|preset| preset == descriptors)
}

/// A petrol X2 tells a charge of 0 at the end of its trips (kvanbiesen/bmw-cardata-ha#408); an electric car tells more.
const TRIP_END: &str = "vehicle.trip.segment.end.drivetrain.batteryManagement.hvSoc";

/// Whether a value of a descriptor of the preset says nothing of a battery, where it is all that comes: every car tells
/// what it shows miles in.
pub fn is_of_any_car(descriptor: &str) -> bool {
    presets::DISPLAY.contains(&descriptor) || descriptor == TRIP_END
}

/// Whether a car has a high-voltage battery, by what is remembered of basicData: an object with `driveTrain` and
/// `propulsionType`, where they are known.
pub fn is_electric(details: &str) -> bool {
    let details: Value = serde_json::from_str(details).unwrap_or_default();
    let says = |key: &str, words: &[&str]| {
        let said = details[key].as_str()?.to_ascii_uppercase();
        Some(words.iter().any(|word| said.starts_with(word)))
    };
    says("driveTrain", &["BEV", "PHEV", "REX"])
        .or_else(|| says("propulsionType", &["BE", "EL", "PH"]))
        .unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_drive_train_is_believed_before_the_propulsion() {
        for (details, electric) in [
            (r#"{"driveTrain":"CONV","propulsionType":"BE"}"#, false),
            (r#"{"driveTrain":"BEV","propulsionType":"EL"}"#, true),
            (r#"{"driveTrain":null,"propulsionType":"BE"}"#, true),
            (r#"{"propulsionType":"VE"}"#, false),
            (r#"{"asked_at":1}"#, false),
            ("", false),
        ] {
            assert_eq!(is_electric(details), electric, "{details}");
        }
    }

    #[test]
    fn the_preset_is_known_in_any_order() {
        let preset = presets::preset("battery").unwrap();
        assert!(is_battery(preset.iter().rev().map(String::as_str)));
        assert!(!is_battery(preset[1..].iter().map(String::as_str)));
        assert_eq!(preset.iter().filter(|it| is_of_any_car(it)).count(), 3);
    }
}
