//! Charging sessions, trips, standstills and the battery's health, folded out of the entries of the journal. Pure.
//!
//! ```text
//! Entry ──► fact: what a reading says ──► timeline: in the order of measurement ──► folds ──► telling ──► Record
//!                                          (late ones: back to a checkpoint)     sessions    what changed,
//!                                                                               trips …      revision by revision
//! ```
//!
//! The same entries give the same records, revisions included, wherever the state was stored and restored in between.
//! Nothing here reads a clock: what has ended is told when an entry shows it, be it by when it came.
//!
//! * [`battery`]: capacity, health and consumption. [`facts`]: what a reading says, what the owner decides, and the kinds of records.
//! * RULES.md: every rule with its number, for the owner.
#![cfg_attr(not(test), warn(unused_crate_dependencies))]

pub mod documents;
mod fold;
pub mod sessions;
pub mod standstills;
mod steps;
mod timeline;
pub mod trips;

pub use facts::{Rules, fact, kinds, rules};
pub use fold::Fold;

use std::collections::BTreeMap;

use collector_core::{Body, Entry, Record, Vin};
use serde::{Deserialize, Serialize};

use timeline::Timeline;

/// What the rules are, for the owner: each begins with its number and its title in bold.
pub const RULES: &str = include_str!("../RULES.md");

/// Rises when a stored state means something else.
const VERSION: u32 = 2;

/// Folds the entries of all vehicles into records.
#[derive(Debug)]
pub struct Deriver {
    rules: Rules,
    vehicles: BTreeMap<Vin, Timeline>,
}

/// Why a stored state cannot be gone on from. What it was folded out of stands in the journal.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    #[error(
        "the stored state of derived records has the version {found}, this program writes {VERSION}: derive anew with `cardata replay --derived`"
    )]
    Version { found: u32 },
    #[error(
        "the stored state of derived records cannot be read: derive anew with `cardata replay --derived`"
    )]
    Form(#[source] serde_json::Error),
}

/// The state as it is stored.
#[derive(Serialize, Deserialize)]
struct Stored<V> {
    version: u32,
    vehicles: V,
}

impl Deriver {
    /// Begins with the first entry of a journal.
    pub fn new(rules: Rules) -> Self {
        Self {
            rules,
            vehicles: BTreeMap::new(),
        }
    }

    /// Goes on behind the entry at which [`Deriver::state`] was taken.
    pub fn restore(rules: Rules, state: &str) -> Result<Self, StateError> {
        #[derive(Deserialize)]
        struct Versioned {
            version: u32,
        }
        let Versioned { version } = serde_json::from_str(state).map_err(StateError::Form)?;
        if version != VERSION {
            return Err(StateError::Version { found: version });
        }
        let stored: Stored<BTreeMap<Vin, Timeline>> =
            serde_json::from_str(state).map_err(StateError::Form)?;
        Ok(Self {
            rules,
            vehicles: stored.vehicles,
        })
    }

    /// All that is known, as JSON: two days of facts and what may still change of records, about a megabyte of a vehicle
    /// that streams.
    pub fn state(&self) -> String {
        let stored = Stored {
            version: VERSION,
            vehicles: &self.vehicles,
        };
        // A state has a form in JSON, whatever is in it. Were there one without, it would be empty, and `restore` refuses that.
        serde_json::to_string(&stored).unwrap_or_default()
    }

    /// Takes in the next entry of the journal: what is to be told now, in this order, each with its revision, of its vehicle
    /// and of what has ended by now of others of its account. Entries that are records are passed over.
    pub fn fold(&mut self, entry: &Entry) -> Vec<Record> {
        let Body::Snapshot(snapshot) = &entry.body else {
            return Vec::new();
        };
        let vin = &snapshot.vehicle.vin;
        let timeline = self.vehicles.entry(vin.clone()).or_default();
        let mut told = timeline.take(entry.seq, snapshot, &self.rules);
        for (other, timeline) in self.vehicles.iter_mut().filter(|(other, _)| *other != vin) {
            told.extend(timeline.pass_with(other, snapshot, &self.rules));
        }
        told
    }

    /// This revision of a record stands in the journal as the newest: it is told again when it changes, with the next one.
    /// For whoever has folded a journal anew and compared: called for the newest revision of every record of the journal,
    /// behind the last [`Deriver::fold`], it makes what follows go on from there.
    pub fn told_before(&mut self, record: &Record) {
        let timeline = self.vehicles.entry(record.vehicle.vin.clone()).or_default();
        timeline.stands(record);
    }

    /// How many facts were more than two days late and are in no record.
    pub fn left_out(&self) -> u64 {
        self.vehicles.values().map(Timeline::left_out).sum()
    }
}
