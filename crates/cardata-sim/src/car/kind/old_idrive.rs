//! An old head unit: it speaks when a drive or a charge begins and when it ends, and never between. It writes units in one
//! letter, and `NOT AVAILABLE` for what it does not know.

use super::{Group, Key, Manner, Said, Segment, Telemetry};
use crate::car::timeline::Activity;

#[derive(Debug)]
pub(super) struct OldIdrive;

impl Manner for OldIdrive {
    fn cadence(&self, _group: Group, _activity: Activity) -> Option<i64> {
        None
    }

    fn is_told(&self, group: Group, before: &Segment, after: &Segment) -> bool {
        let either = |what: fn(Activity) -> bool| what(before.activity) || what(after.activity);
        let drive = either(|activity| activity == Activity::Driving);
        let charge = either(|activity| matches!(activity, Activity::Charging(_)));
        match group {
            Group::Battery | Group::Call | Group::Body => drive || charge,
            Group::Charging => charge,
            Group::Position | Group::Odometer | Group::Tyres => drive,
            Group::Trip => before.activity == Activity::Driving,
            Group::Stale => drive && after.start.div_euclid(86_400) % 11 == 0,
            _ => false,
        }
    }

    fn say(&self, key: &Key, _car: &Telemetry<'_>, said: Said) -> Said {
        if matches!(said.value.as_deref(), Some("-NA-" | "INVALID" | "SIGNAL_INVALID")) {
            return said.with("NOT AVAILABLE");
        }
        let unit = match (key.descriptor, said.unit) {
            // Two months.
            ("vehicle.status.serviceTime.hUandAuServiceYellow", _) => {
                return Said {
                    unit: Some("d"),
                    ..said.with("60")
                };
            }
            (_, Some("weeks")) => Some("w"),
            ("vehicle.powertrain.electric.battery.charging.power", Some("W")) => Some("w"),
            (descriptor, Some("min")) if descriptor.contains(".charging.time") => Some("m"),
            (_, unit) => unit,
        };
        Said { unit, ..said }
    }
}
