//! Neue Klasse: the state of charge is in one key and the plug in another, and the older keys are null for good. What is told
//! of a charge ends with it: null, with a stamp of its own.

use super::{Group, Key, Manner, Said, Telemetry, i4};
use crate::car::timeline::Activity;

#[derive(Debug)]
pub(super) struct NeueKlasse;

const STATE_OF_CHARGE: &str = "vehicle.powertrain.electric.battery.stateOfCharge.displayed";

/// What no longer has a value.
const NULL: [&str; 10] = [
    "vehicle.drivetrain.batteryManagement.header",
    "vehicle.drivetrain.electricEngine.charging.level",
    "vehicle.trip.segment.end.drivetrain.batteryManagement.hvSoc",
    "vehicle.body.chargingPort.status",
    "vehicle.body.chargingPort.statusClearText",
    "vehicle.body.chargingPort.dcStatus",
    "vehicle.drivetrain.electricEngine.charging.connectionType",
    "vehicle.drivetrain.electricEngine.charging.connectorStatus",
    "vehicle.powertrain.tractionBattery.charging.port.anyPosition.isPlugged",
    "vehicle.powertrain.tractionBattery.charging.port.rearRight.isPlugged",
];

/// What has a value only during a charge.
const OF_A_CHARGE: [&str; 5] = [
    "vehicle.drivetrain.electricEngine.charging.acAmpere",
    "vehicle.drivetrain.electricEngine.charging.acVoltage",
    "vehicle.drivetrain.electricEngine.charging.timeRemaining",
    "vehicle.drivetrain.electricEngine.charging.timeToFullyCharged",
    "vehicle.powertrain.electric.battery.charging.power",
];

impl Manner for NeueKlasse {
    fn group(&self, key: &Key) -> Group {
        match key.descriptor {
            STATE_OF_CHARGE => Group::Battery,
            descriptor if NULL.contains(&descriptor) => Group::Null,
            _ => key.group,
        }
    }

    fn cadence(&self, group: Group, activity: Activity) -> Option<i64> {
        let cadence = i4::cadence(group, activity);
        match activity {
            Activity::Driving => cadence.map(|seconds| seconds.min(120)),
            _ => cadence,
        }
    }

    fn say(&self, key: &Key, car: &Telemetry<'_>, said: Said) -> Said {
        if key.descriptor == STATE_OF_CHARGE {
            let unit = key.unit;
            return Said {
                unit,
                ..said.with(format!("{:.1}", car.soc()))
            };
        }
        if OF_A_CHARGE.contains(&key.descriptor) && car.charges_with().is_none() {
            return Said {
                value: None,
                unit: key.unit,
                timed: true,
            };
        }
        said
    }
}
