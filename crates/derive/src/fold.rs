//! What every set of rules is to the timeline.

use collector_core::{Record, Vehicle};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::fact::Fact;
use crate::rules::Rules;

/// One set of rules of one vehicle, folded over its facts. A clone is a checkpoint, so it is cheap: what grows lies behind
/// an `Arc`. As JSON it is the state that the journal keeps.
pub trait Fold: Clone + Default + Serialize + DeserializeOwned {
    /// Takes in a fact. They come in the order of measurement: where a late one arrives, the timeline goes back to a
    /// checkpoint and hands out all behind it again. Of one moment they come in the order of arrival.
    fn step(&mut self, fact: &Fact, rules: &Rules);

    /// The records that can have changed since the last call on this or an earlier checkpoint, as they are now, with
    /// [`Record::state`]: all that still go on, and those that ended or were changed not long ago (two days of facts at
    /// least). What the timeline told before, began within that time and is not among them any more is withdrawn.
    /// Revisions are the timeline's.
    fn records(&self, vehicle: &Vehicle, rules: &Rules) -> Vec<Record>;
}
