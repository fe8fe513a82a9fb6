//! Which descriptors a container asks for: presets, and lists with globs over the catalogue.

use catalogue::CATALOGUE;

use collector_core::Glob;

/// The 30 descriptors of the Node-RED flow that this program replaces, every key by which a car tells its charge, its plug or its
/// electric range, for each tells them by others, and what tells miles from kilometres.
const BATTERY: [&str; 38] = [
    "vehicle.body.chargingPort.combinedStatus",
    "vehicle.body.chargingPort.lockedStatus",
    "vehicle.body.chargingPort.plugEventId",
    "vehicle.body.chargingPort.status",
    "vehicle.body.chargingPort.statusClearText",
    "vehicle.cabin.infotainment.displayUnit.distance",
    "vehicle.cabin.infotainment.hmi.distanceUnit",
    "vehicle.drivetrain.batteryManagement.batterySizeMax",
    "vehicle.drivetrain.batteryManagement.header",
    "vehicle.drivetrain.batteryManagement.maxEnergy",
    "vehicle.drivetrain.electricEngine.charging.acAmpere",
    "vehicle.drivetrain.electricEngine.charging.acVoltage",
    "vehicle.drivetrain.electricEngine.charging.connectorStatus",
    "vehicle.drivetrain.electricEngine.charging.hvStatus",
    "vehicle.drivetrain.electricEngine.charging.lastChargingReason",
    "vehicle.drivetrain.electricEngine.charging.lastChargingResult",
    "vehicle.drivetrain.electricEngine.charging.level",
    "vehicle.drivetrain.electricEngine.charging.method",
    "vehicle.drivetrain.electricEngine.charging.phaseNumber",
    "vehicle.drivetrain.electricEngine.charging.reasonChargingEnd",
    "vehicle.drivetrain.electricEngine.charging.status",
    "vehicle.drivetrain.electricEngine.charging.timeRemaining",
    "vehicle.drivetrain.electricEngine.charging.timeToFullyCharged",
    "vehicle.drivetrain.electricEngine.kombiRemainingElectricRange",
    "vehicle.drivetrain.electricEngine.remainingElectricRange",
    "vehicle.powertrain.electric.battery.charging.acLimit.selected",
    "vehicle.powertrain.electric.battery.charging.power",
    "vehicle.powertrain.electric.battery.preconditioning.automaticMode.statusFeedback",
    "vehicle.powertrain.electric.battery.preconditioning.manualMode.statusFeedback",
    "vehicle.powertrain.electric.battery.stateOfCharge.displayed",
    "vehicle.powertrain.electric.battery.stateOfCharge.target",
    "vehicle.powertrain.electric.battery.stateOfHealth.displayed",
    "vehicle.powertrain.tractionBattery.charging.port.anyPosition.flap.isOpen",
    "vehicle.powertrain.tractionBattery.charging.port.anyPosition.isPlugged",
    "vehicle.trip.segment.accumulated.drivetrain.electricEngine.recuperationTotal",
    "vehicle.trip.segment.end.drivetrain.batteryManagement.hvSoc",
    "vehicle.vehicle.avgAuxPower",
    "vehicle.vehicleIdentification.basicVehicleData",
];

/// Where the car is, how far it went and how far it can go.
const DRIVING: [&str; 28] = [
    "vehicle.cabin.infotainment.displayUnit.distance",
    "vehicle.cabin.infotainment.hmi.distanceUnit",
    "vehicle.cabin.infotainment.navigation.currentLocation.altitude",
    "vehicle.cabin.infotainment.navigation.currentLocation.fixStatus",
    "vehicle.cabin.infotainment.navigation.currentLocation.heading",
    "vehicle.cabin.infotainment.navigation.currentLocation.latitude",
    "vehicle.cabin.infotainment.navigation.currentLocation.longitude",
    "vehicle.drivetrain.avgElectricRangeConsumption",
    "vehicle.drivetrain.batteryManagement.header",
    "vehicle.drivetrain.electricEngine.kombiRemainingElectricRange",
    "vehicle.drivetrain.electricEngine.remainingElectricRange",
    "vehicle.drivetrain.engine.isActive",
    "vehicle.drivetrain.fuelSystem.level",
    "vehicle.drivetrain.fuelSystem.remainingFuel",
    "vehicle.drivetrain.lastRemainingRange",
    "vehicle.drivetrain.totalRemainingRange",
    "vehicle.isMoving",
    "vehicle.powertrain.electric.battery.stateOfCharge.displayed",
    "vehicle.trip.segment.accumulated.acceleration.starsAverage",
    "vehicle.trip.segment.accumulated.chassis.brake.starsAverage",
    "vehicle.trip.segment.accumulated.drivetrain.electricEngine.energyConsumptionComfort",
    "vehicle.trip.segment.accumulated.drivetrain.electricEngine.recuperationTotal",
    "vehicle.trip.segment.end.drivetrain.batteryManagement.hvSoc",
    "vehicle.trip.segment.end.time",
    "vehicle.trip.segment.end.travelledDistance",
    "vehicle.vehicle.avgAuxPower",
    "vehicle.vehicle.avgSpeed",
    "vehicle.vehicle.travelledDistance",
];

/// What tells miles from kilometres; both presets ask for it, and so does a list of distances or speeds.
pub const DISPLAY: [&str; 2] = [
    "vehicle.cabin.infotainment.displayUnit.distance",
    "vehicle.cabin.infotainment.hmi.distanceUnit",
];

/// The names that `container:` takes besides a list.
pub const PRESETS: [&str; 3] = ["battery", "driving", "everything"];

/// The descriptors of a preset, sorted; `None` for a name that is no preset.
pub fn preset(name: &str) -> Option<Vec<String>> {
    match name {
        "battery" => Some(BATTERY.map(str::to_owned).to_vec()),
        "driving" => Some(DRIVING.map(str::to_owned).to_vec()),
        "everything" => Some(returnable().map(str::to_owned).collect()),
        _ => None,
    }
}

/// Whether a descriptor is in one of the small presets, which are taken from containers that work in the field.
pub fn is_common(descriptor: &str) -> bool {
    BATTERY.contains(&descriptor) || DRIVING.contains(&descriptor)
}

/// The descriptors that one item of a list stands for: a glob's matches among all that telematicData can
/// return, or the descriptor itself, be it in the catalogue or newer than it.
pub fn expand(item: &str) -> Vec<String> {
    if !item.contains('*') {
        return vec![item.to_owned()];
    }
    let glob = Glob::new(item);
    returnable()
        .filter(|descriptor| glob.matches_descriptor(descriptor))
        .map(str::to_owned)
        .collect()
}

/// A list with what it lacks of [`DISPLAY`], where it has distances or speeds: BMW sends these as the car shows them.
pub fn with_display(mut items: Vec<String>) -> Vec<String> {
    let wanted: Vec<String> = items.iter().flat_map(|item| expand(item)).collect();
    let unit = |descriptor: &String| catalogue::find(descriptor)?.unit.as_ref();
    let mut units = wanted.iter().filter_map(unit);
    if units.any(|unit| matches!(unit.as_str(), "km" | "km/h")) {
        let lacks = |descriptor: &&str| !wanted.iter().any(|wanted| wanted == descriptor);
        items.extend(DISPLAY.into_iter().filter(lacks).map(str::to_owned));
    }
    items
}

fn returnable() -> impl Iterator<Item = &'static str> {
    CATALOGUE
        .iter()
        .filter(|entry| !entry.endpoint_bound)
        .map(|entry| entry.descriptor)
}

#[cfg(test)]
mod tests {
    use collector_core::resolved::QUANTITIES;

    use super::*;

    #[test]
    fn presets_are_sorted_and_in_the_catalogue() {
        for name in PRESETS {
            let descriptors = preset(name).unwrap();
            assert!(descriptors.is_sorted(), "{name}");
            for descriptor in &descriptors {
                assert!(catalogue::find(descriptor).is_some(), "{descriptor}");
            }
        }
        assert!(preset("everything").unwrap().len() > 250);
    }

    /// An i5 tells whether it is plugged by `chargingPort.status` alone, an i3 by `connectorStatus`.
    #[test]
    fn the_battery_is_asked_for_by_every_key_that_tells_of_it() {
        let quantities = QUANTITIES.iter().flat_map(|quantity| quantity.keys);
        let range = catalogue::CATALOGUE.iter().map(|entry| &entry.descriptor);
        let range = range.filter(|key| key.ends_with("emainingElectricRange"));
        for key in quantities.chain(range) {
            assert!(BATTERY.contains(key), "{key}");
        }
    }

    #[test]
    fn a_glob_stands_for_what_a_poll_can_return() {
        let wheels = expand("vehicle.chassis.axle.*.wheel.*.tire.pressure");
        assert_eq!(wheels.len(), 4);
        assert!(expand("vehicle.**").len() > 250);
        assert_eq!(expand("vehicle.made.up"), ["vehicle.made.up"]);
    }

    #[test]
    fn a_list_with_distances_asks_for_what_the_car_shows_them_in() {
        let mileage = "vehicle.vehicle.travelledDistance";
        let with = |items: &[&str]| with_display(items.iter().map(|item| (*item).to_owned()).collect());
        assert_eq!(with(&[mileage]), [mileage, DISPLAY[0], DISPLAY[1]]);
        assert_eq!(with(&["vehicle.vehicle.avgSpeed", DISPLAY[1]])[2..], [DISPLAY[0]]);
        for without in [
            "vehicle.**",
            "vehicle.made.up",
            "vehicle.drivetrain.fuelSystem.level",
        ] {
            assert_eq!(with(&[without]), [without]);
        }
    }
}
