//! The containers that sources poll: found again by name and fingerprint, created when missing, and without
//! what BMW refuses.
//!
//! The API lists containers without their descriptors, so the fingerprint of what is in one stands in its
//! `purpose`. Containers that do not carry our mark belong to somebody else and are never touched.
//!
//! * [`search`]: which descriptors BMW takes. [`state`]: which container comes and goes. Both are pure.
//! * [`keeper`]: carries it out within the quota. [`room`]: when ten containers exist.
//! * [`sync`]: what `cardata containers sync` would do.

mod error;
mod keeper;
mod room;
pub mod search;
pub mod state;
pub mod sync;
#[cfg(test)]
mod tests;
mod trust;

use std::sync::Arc;

use cardata_api::Client;
use collector_core::Name;
use ledger::Containers;
use runtime::Clock;
use source::{Budget, Handles, WantedSets, fingerprint};

pub use error::ContainerError;

/// The beginning of every purpose that we write; the number is the version of the mark.
const MARK: &str = "cardata/1 ";

/// What is needed of an account to keep its containers. Clones share everything.
#[derive(Debug, Clone)]
pub struct Access {
    /// The account.
    pub name: Name,
    pub client: Client,
    pub clock: Arc<dyn Clock>,
    pub ledger: Arc<dyn Containers>,
    pub budget: Budget,
    /// What is wanted of it; a container that holds nothing of that is obsolete.
    pub sets: Arc<WantedSets>,
}

impl Access {
    /// Of the account with these handles.
    pub fn new(handles: &Handles) -> Self {
        Self {
            name: handles.login.account.clone(),
            client: handles.client.clone(),
            clock: handles.clock.clone(),
            ledger: handles.ledger.clone(),
            budget: handles.budget.clone(),
            sets: handles.sets.clone(),
        }
    }
}

/// Whether a container with this purpose was made by this program.
pub fn is_ours(purpose: Option<&str>) -> bool {
    marked(purpose).is_some()
}

/// The fingerprint in a purpose that carries our mark.
fn marked(purpose: Option<&str>) -> Option<&str> {
    purpose?.strip_prefix(MARK)
}

fn purpose(descriptors: &[String]) -> String {
    format!("{MARK}{}", fingerprint(descriptors))
}
