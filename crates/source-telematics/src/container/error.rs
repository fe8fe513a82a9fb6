//! Why there is no container to poll.

use cardata_api::{ApiError, ErrorKind};
use collector_core::SourceError;
use jiff::SignedDuration;
use ledger::StoreError;
use runtime::Chain;
use source::source_error;

use super::state::LONG_PAUSE;

const PAUSE: SignedDuration = SignedDuration::from_hours(1);
/// After BMW's server failed: what it means is found out by asking again.
const SHORT_PAUSE: SignedDuration = SignedDuration::from_mins(10);

/// Why a container could not be found or made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ContainerError {
    #[error(transparent)]
    Api(#[from] ApiError),
    /// BMW takes none of what is wanted, or did not within the calls that may be spent at a time.
    #[error("BMW refuses every container that was tried for `{name}`, even of one descriptor: {words}")]
    Refused { name: String, words: String },
    /// CU-403 even for a container of one descriptor.
    #[error(
        "BMW lets this account create no container, not even one of a single descriptor: {0}; see in the BMW portal that the \
         client is subscribed to CarData API and the vehicle is mapped to this account as its primary user, then run `cardata \
         login`; it is tried again once a day, and at once by `cardata containers sync`"
    )]
    Denied(String),
    /// BMW allows no further container, and removing one would free no place, or none may be removed without asking.
    #[error(
        "BMW allows no further container: {places}; active are {existing}; see who needs them and remove one with \
         `cardata containers delete ID`, with `--foreign` where another program made it: a deleted one still counts for 29 days"
    )]
    Full { places: String, existing: String },
    /// BMW's server fails at creations, though it answers other calls.
    #[error(
        "BMW's server fails at every container that was tried for `{name}`, and answers other calls: {words}"
    )]
    Outage { name: String, words: String },
    /// What is left of the day's calls is kept for the owner.
    #[error("the calls of the day that the search for a container may use are used up")]
    NoCalls,
    /// Nothing is created that cannot be written down.
    #[error("the state of a container cannot be stored")]
    Ledger(#[from] StoreError),
}

impl ContainerError {
    /// What it means for a source.
    pub fn source_error(&self) -> SourceError {
        let reason = Chain(self).to_string();
        match self {
            Self::Api(error) => source_error(error),
            Self::Refused { .. } | Self::Full { .. } | Self::Denied(_) => {
                SourceError::Misconfigured { reason }
            }
            Self::NoCalls => SourceError::Quota { reason },
            Self::Ledger(_) | Self::Outage { .. } => SourceError::Transient {
                reason,
                retry_after: None,
            },
        }
    }

    /// How long it is of no use to try again what it kept from being improved.
    pub fn pause(&self) -> SignedDuration {
        match self {
            Self::Full { .. } => LONG_PAUSE,
            Self::Api(error) if error.kind() == Some(ErrorKind::Server) => SHORT_PAUSE,
            _ => PAUSE,
        }
    }

    /// Whether only a login helps.
    pub fn needs_login(&self) -> bool {
        matches!(self, Self::Api(error) if error.needs_login())
    }
}
