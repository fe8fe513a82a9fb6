//! The facts of a vehicle in the order of measurement, and folds over all of them, however late they come.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::fact::{Fact, What};
use crate::fold::Fold;
use crate::rules::Rules;

/// How late a fact may be behind the newest that was measured.
pub const REACH_MS: i64 = 48 * 3_600_000;
/// What BMW stamps with the time of a call, and documents, say little of how far the car has told: after a long sleep its
/// values are older than what the calls in between brought.
const SLEEP_MS: i64 = 14 * 24 * 3_600_000;
/// A checkpoint is made after so many facts at most.
const SPACING: usize = 16;

/// Folds over facts. `base` has taken in all that no late fact can come before, `recent` are the others. Checkpoints lie
/// the closer the nearer to the end, so going back by n facts costs about 2 n steps; they are made again after a restart,
/// and say nothing but what `base` and `recent` do.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(bound = "F: Fold")]
pub struct Order<F> {
    base: F,
    recent: VecDeque<Fact>,
    /// The newest that was measured, in milliseconds since the epoch.
    newest: i64,
    left_out: u64,
    /// How many of `recent` a checkpoint has taken in, ascending.
    #[serde(skip, default = "Vec::new")]
    checkpoints: Vec<(usize, F)>,
}

/// What became of a fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inserted {
    New,
    Doubled,
    TooLate,
}

impl<F: Fold> Default for Order<F> {
    fn default() -> Self {
        Self {
            base: F::default(),
            recent: VecDeque::new(),
            newest: i64::MIN,
            left_out: 0,
            checkpoints: Vec::new(),
        }
    }
}

impl<F: Fold> Order<F> {
    /// Puts a fact where it belongs. It is taken in when [`Order::folded`] is asked.
    pub fn insert(&mut self, fact: Fact) -> Inserted {
        if fact.at < self.floor() {
            self.left_out += 1;
            return Inserted::TooLate;
        }
        let place = self.recent.partition_point(|other| order(other) <= order(&fact));
        let of_its_moment = self.recent.range(..place).rev();
        let mut of_its_moment = of_its_moment.take_while(|other| order(other) == order(&fact));
        if of_its_moment.any(|other| other.what == fact.what) {
            return Inserted::Doubled;
        }
        let is_measured = !fact.requested && !matches!(fact.what, What::Document(_));
        let shows = if is_measured { fact.at } else { fact.at - SLEEP_MS };
        self.newest = self.newest.max(shows);
        self.checkpoints.retain(|(taken, _)| *taken <= place);
        self.recent.insert(place, fact);
        Inserted::New
    }

    /// The folds over all facts.
    pub fn folded(&mut self, rules: &Rules) -> &F {
        let (mut taken, mut folds) = self
            .checkpoints
            .last()
            .cloned()
            .unwrap_or_else(|| (0, self.base.clone()));
        let mut last = taken;
        for fact in self.recent.range(taken..) {
            folds.step(fact, rules);
            taken += 1;
            if taken - last == SPACING {
                self.checkpoints.push((taken, folds.clone()));
                last = taken;
            }
        }
        if self.checkpoints.last().is_none_or(|(last, _)| *last < taken) {
            self.checkpoints.push((taken, folds));
        }
        self.thin();
        self.checkpoints.last().map_or(&self.base, |(_, folds)| folds)
    }

    /// Lets go of the facts that no late one can come before.
    pub fn settle(&mut self, rules: &Rules) {
        let floor = self.floor();
        let settled = self.recent.partition_point(|fact| fact.at < floor);
        for fact in self.recent.drain(..settled) {
            self.base.step(&fact, rules);
        }
        self.checkpoints.retain_mut(|(taken, _)| {
            let remains = *taken >= settled;
            *taken = taken.saturating_sub(settled);
            remains
        });
    }

    /// When the newest fact was, in milliseconds since the epoch.
    pub fn end(&self) -> i64 {
        self.recent.back().map_or(self.newest, |fact| fact.at)
    }

    /// How many facts came too late to count.
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    /// Begins anew: the clock was set back, or entries of before were imported.
    pub fn begin_anew(&mut self) {
        *self = Self {
            left_out: self.left_out,
            ..Self::default()
        };
    }

    fn floor(&self) -> i64 {
        self.newest.saturating_sub(REACH_MS)
    }

    /// Takes away a checkpoint where the gap between its neighbours stays smaller than their distance from the end.
    fn thin(&mut self) {
        let end = self.recent.len();
        let mut at = 1;
        while at + 1 < self.checkpoints.len() {
            let (before, after) = (self.checkpoints[at - 1].0, self.checkpoints[at + 1].0);
            if after - before <= end - after {
                self.checkpoints.remove(at);
            } else {
                at += 1;
            }
        }
    }
}

#[cfg(test)]
impl<F> Order<F> {
    /// How many facts and how many clones of the folds are kept.
    pub fn kept(&self) -> (usize, usize) {
        (self.recent.len(), self.checkpoints.len())
    }
}

fn order(fact: &Fact) -> (i64, u8) {
    (fact.at, fact.what.rank())
}
