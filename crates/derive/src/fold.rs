//! What every set of rules is to the timeline.

use collector_core::{Record, Vehicle};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::fact::Fact;
use crate::rules::Rules;

/// One set of rules of one vehicle, folded over its facts. A clone is a checkpoint, so it is cheap: what grows lies behind
/// an `Arc`. As JSON it is the state that the journal keeps, so no number in it is infinite or NaN.
pub trait Fold: Clone + Default + Serialize + DeserializeOwned {
    /// Takes in a fact. They come in the order of measurement: where a late one arrives, the timeline goes back to a
    /// checkpoint and hands out all behind it again. Of one moment, numbers come first, then what opens and closes records
    /// (doors, ignition, moving, plug, charging), then documents; of one kind, in the order of arrival. Where our own clock
    /// was set, [`Fact::received_at`] can go back.
    fn step(&mut self, fact: &Fact, rules: &Rules);

    /// The records that can have changed since the last call on this or an earlier checkpoint, as they are now, with
    /// [`Record::state`]: all that still go on, and those that ended or were changed not long ago (two days of facts at
    /// least; what a late look ends has only just ended). What the timeline told before is withdrawn when it is not among
    /// them any more, and goes on or ended within two days. What ended before is withdrawn by being among them as
    /// [`collector_core::RecordState::Withdrawn`], its values unknown; where it was never told, nothing is said. Revisions
    /// are the timeline's. No key stands in it twice.
    fn records(&self, vehicle: &Vehicle, rules: &Rules) -> Vec<Record>;

    /// Time has passed without a fact until `now`, in milliseconds since the epoch. Asked of a clone that is listed, not
    /// stepped.
    fn passed(&mut self, _now: i64) {}

    /// When the records change if nothing more comes.
    fn changes_at(&self) -> Option<i64> {
        None
    }
}
