//! The i5 and its generation: the odometer is the only bracket of a drive. There is no movement flag, no ignition and no
//! end of a trip; what was told of the trip before comes again during a drive, with new stamps. The boot lid can be stopped half way.

use super::{Group, Key, Manner, Said, Segment, Telemetry, i4};
use crate::car::timeline::Activity;

#[derive(Debug)]
pub(super) struct I5;

impl Manner for I5 {
    fn group(&self, key: &Key) -> Group {
        match key.descriptor {
            "vehicle.isMoving"
            | "vehicle.drivetrain.engine.isActive"
            | "vehicle.drivetrain.engine.isIgnitionOn" => Group::Absent,
            _ => key.group,
        }
    }

    fn cadence(&self, group: Group, activity: Activity) -> Option<i64> {
        match (group, activity) {
            (Group::Trip, Activity::Driving) => Some(900),
            (_, Activity::Driving) => i4::cadence(group, activity).map(|seconds| seconds.min(120)),
            _ => i4::cadence(group, activity),
        }
    }

    fn is_told(&self, group: Group, before: &Segment, after: &Segment) -> bool {
        group != Group::Trip && i4::is_told(group, before, after)
    }

    fn lag(&self) -> Option<i64> {
        Some(1)
    }

    fn say(&self, key: &Key, car: &Telemetry<'_>, said: Said) -> Said {
        if key.descriptor != "vehicle.body.trunk.isOpen" {
            return said;
        }
        let half_open = car.activity() == Activity::Parked;
        let word = if half_open { "INTERMEDIATE" } else { "CLOSED" };
        said.with(word)
    }
}
