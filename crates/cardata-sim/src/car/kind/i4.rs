//! The i4: told every three minutes of a drive, every five of a charge, and whenever something else begins.

use super::{Group, Manner, Segment};
use crate::car::timeline::Activity;

#[derive(Debug)]
pub(super) struct I4;

impl Manner for I4 {}

pub(super) fn cadence(group: Group, activity: Activity) -> Option<i64> {
    match (group, activity) {
        (Group::Battery | Group::Call | Group::Position | Group::Odometer, Activity::Driving) => Some(180),
        (Group::Tyres, Activity::Driving) => Some(600),
        (Group::Battery | Group::Call | Group::Charging, Activity::Charging(_)) => Some(300),
        _ => None,
    }
}

pub(super) fn is_told(group: Group, before: &Segment, after: &Segment) -> bool {
    let drove = before.activity == Activity::Driving;
    match group {
        Group::Battery | Group::Call | Group::Body => true,
        Group::Charging => before.activity.supply().is_some() || after.activity.supply().is_some(),
        Group::Position | Group::Odometer | Group::Trip => drove,
        Group::Stale => drove && after.start.div_euclid(86_400) % 11 == 0,
        _ => false,
    }
}
