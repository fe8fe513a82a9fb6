//! How likely BMW is to take a descriptor, so that those that are surely taken are tried first.
//!
//! Users report containers of 294 descriptors that were refused, then those without what other endpoints
//! return (image, session list, settings, tyre diagnosis), then those that can be streamed, while 75 were
//! taken.

use crate::presets;

/// From 0, taken in the field, to 4, suspected by users.
pub fn class(descriptor: &str) -> u8 {
    match catalogue::find(descriptor) {
        Some(entry) if entry.endpoint_bound => 4,
        None => 3,
        Some(entry) if !entry.streamable => 2,
        Some(_) if presets::is_common(descriptor) => 0,
        Some(_) => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_users_suspect_comes_last() {
        for suspect in [
            "vehicle.look.image",
            "vehicle.chassis.axle.wheel.tire.diagnosis",
            "vehicle.powertrain.electric.battery.charging.history.sessionsList",
            "vehicle.powertrain.electric.battery.charging.settingsList",
        ] {
            assert_eq!(class(suspect), 4, "{suspect}");
        }
        assert_eq!(class("vehicle.drivetrain.batteryManagement.header"), 0);
        assert_eq!(class("vehicle.made.up"), 3);
    }
}
