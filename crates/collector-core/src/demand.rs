//! Polls that somebody asks for now: a person at a page, an automation behind a broker.
//!
//! A demand costs a call of the account's day like any poll, so most answers that are no poll say why there is none.

use std::fmt;

use async_trait::async_trait;
use jiff::Timestamp;

use crate::Vin;

/// A vehicle was polled; what that brought is in the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Polled {
    /// When BMW was asked, by the engine's clock. Up to a minute before the demand, where somebody else had just asked.
    pub at: Timestamp,
}

impl Polled {
    pub fn at(at: Timestamp) -> Self {
        Self { at }
    }
}

/// Why a demand brought nothing. Each is a sentence for the one who asked; none names a vehicle.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PollRefused {
    #[error("no account that is polled has this vehicle: see `vehicles:` in the pipeline file")]
    Unknown,
    #[error("BMW says that the account may not read this vehicle (CU-104): it is not polled")]
    Barred,
    #[error("no source polls this vehicle: `type: telematics` in the pipeline file does")]
    NoSource,
    /// Every call of the day is spent, or needed by the polls that are planned.
    #[error("no call can be spared for this: the next one is free at {free_at:.0}, as far as is known now")]
    BudgetSpent { free_at: Timestamp },
    #[error("BMW refuses the login of the account: run `cardata login`")]
    LoginNeeded,
    #[error("other demands are under way: ask again when they are answered")]
    UnderWay,
    #[error(
        "the account is not being polled for the moment, `cardata status` says why: ask again in a while"
    )]
    NotReady,
    /// A call was spent all the same.
    #[error("the poll failed: {reason}")]
    Failed { reason: String },
    #[error("the program is about to stop, or polls nothing")]
    Stopped,
}

/// Whoever has vehicles polled. An account's demands are answered one by one; a vehicle that was asked for within a minute is not
/// asked for again, and everybody has the same answer.
#[async_trait]
pub trait Demands: Send + Sync + fmt::Debug {
    /// Whether any vehicle of the pipeline can be polled at all: where not, nobody is to be offered it.
    fn are_taken(&self) -> bool;

    /// Has a vehicle polled now, and returns when what that brought is in the journal. Who no longer waits for the answer takes
    /// nothing back.
    ///
    /// # Errors
    /// Why it was not polled, or that it failed.
    async fn poll(&self, vin: &Vin) -> Result<Polled, PollRefused>;
}

/// Takes no demand: where there is no engine.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoDemands;

#[async_trait]
impl Demands for NoDemands {
    fn are_taken(&self) -> bool {
        false
    }

    async fn poll(&self, _: &Vin) -> Result<Polled, PollRefused> {
        Err(PollRefused::Stopped)
    }
}
