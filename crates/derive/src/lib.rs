//! Charging sessions, trips, standstills and the battery's health, folded out of the entries of the journal. Pure.
//!
//! ```text
//! Entry ──► fact: what a reading says ──► timeline: in the order of measurement ──► folds ──► telling ──► Record
//!                                          (late ones: back to a checkpoint)     sessions    what changed,
//!                                                                               trips …      revision by revision
//! ```
//!
//! The same entries give the same records, revisions included, wherever the state was stored and restored in between.
//! Nothing here reads a clock: what has ended is told when an entry shows it.
//!
//! * [`kinds`]: the records. [`rules`]: what the owner decides. [`fact`]: what a reading says.
//! * RULES.md: every rule with its number, for the owner.
#![cfg_attr(not(test), warn(unused_crate_dependencies))]

pub mod battery;
pub mod documents;
pub mod fact;
mod fold;
pub mod kinds;
pub mod rules;
pub mod sessions;
pub mod standstills;
mod timeline;
pub mod trips;

pub use fold::Fold;
pub use rules::Rules;

use catalogue as _;
use collector_core::{Entry, Record};
use serde_json as _;
use thiserror as _;

/// Folds the entries of all vehicles into records.
#[derive(Debug)]
pub struct Deriver {
    rules: Rules,
}

impl Deriver {
    /// Begins with the first entry of a journal.
    pub fn new(rules: Rules) -> Self {
        Self { rules }
    }

    /// Takes in the next entry of the journal: what is to be told now, in this order, each with its revision. Entries that
    /// are records are passed over.
    pub fn fold(&mut self, _: &Entry) -> Vec<Record> {
        let _ = &self.rules;
        Vec::new()
    }
}
