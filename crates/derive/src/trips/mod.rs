//! Trips: rules T1 to T4 and T6.
//!
//! [`sense`] frees readings of what cannot be, [`drives`] makes drives of them, [`numbers`] has the rules of a drive's
//! numbers, [`record`] tells it.

pub(crate) mod drive;
pub(crate) mod drives;
mod gaps;
pub(crate) mod numbers;
pub(crate) mod record;
pub(crate) mod sense;
mod stop;
#[cfg(test)]
pub(crate) mod tests;

use collector_core::{Record, Vehicle};
use serde::{Deserialize, Serialize};

use crate::Rules;
use crate::fact::Fact;
use crate::fold::Fold;
use crate::standstills;

/// The fold, of the trips and of the standstills between them.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Trips(drives::Drives);

impl Fold for Trips {
    fn step(&mut self, fact: &Fact, _: &Rules) {
        self.0.step(fact);
    }

    fn records(&self, vehicle: &Vehicle, rules: &Rules) -> Vec<Record> {
        let drives = &self.0;
        let is_moving = drives.moving == Some(true);
        let past = drives.past.iter().map(|drive| (&**drive, true));
        let last = drives.drive.iter().filter(|drive| drive.is_known(drives.now));
        let last = last.map(|drive| (drive, drive.is_over(drives.now, is_moving)));
        let all = past.chain(last);
        let trips = all.filter_map(|(drive, is_over)| record::trip(drive, drives, is_over, vehicle, rules));
        trips.chain(standstills::records(drives, vehicle)).collect()
    }

    fn passed(&mut self, now: i64) {
        self.0.now = self.0.now.max(now);
    }

    fn changes_at(&self) -> Option<i64> {
        let drives = &self.0;
        let drive = drives.drive.as_ref().filter(|drive| drive.is_shown)?;
        let over_at = drive.over_at(drives.moving == Some(true));
        (over_at > drives.now).then_some(over_at)
    }
}
