//! Why there is no container to poll.

use cardata_api::ApiError;
use collector_core::SourceError;

use ledger::StoreError;
use runtime::Chain;
use source::source_error;

/// Why a container could not be found or made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ContainerError {
    #[error(transparent)]
    Api(#[from] ApiError),
    /// BMW takes none of what is wanted, or did not within the calls that may be spent at a time.
    #[error("BMW refuses every container that was tried for `{name}`, even of one descriptor: {words}")]
    Refused { name: String, words: String },
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
            Self::Refused { .. } | Self::Full { .. } => SourceError::Misconfigured { reason },
            Self::NoCalls => SourceError::Quota { reason },
            Self::Ledger(_) | Self::Outage { .. } => SourceError::Transient {
                reason,
                retry_after: None,
            },
        }
    }

    /// Whether only a login helps.
    pub fn needs_login(&self) -> bool {
        matches!(self, Self::Api(error) if error.needs_login())
    }
}
