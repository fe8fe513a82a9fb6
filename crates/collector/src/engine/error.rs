//! Why a pipeline cannot run, and the exit code that says so.

use cardata_auth::{AuthError, StoreError};
use collector_core::{Name, SinkError, SourceError};

use crate::http::ClientError;
use crate::journal::JournalError;
use crate::state::StateError;

/// Why a pipeline cannot be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    #[error(transparent)]
    State(#[from] StateError),
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// No account is logged in.
    #[error("no account is logged in")]
    LoginNeeded {
        /// The accounts, and what is wrong with each.
        accounts: Vec<(Name, String)>,
    },
    /// Tokens are encrypted, and the passphrase is missing or another one.
    #[error(transparent)]
    Tokens(StoreError),
    #[error(transparent)]
    Http(#[from] ClientError),
    #[error("the sink {name} cannot be built")]
    Sink { name: Name, source: SinkError },
    #[error("the source {name} cannot be built")]
    Source { name: Name, source: SourceError },
    #[error("the simulator cannot start")]
    Simulator(#[source] std::io::Error),
    #[error("the login to the simulator failed")]
    SimulatorLogin(#[source] AuthError),
}

impl RunError {
    /// 2: the configuration has to change; 3: log in; 5: the state directory is in use; 70: a bug.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::State(StateError::InUse { .. }) => 5,
            Self::LoginNeeded { .. } => 3,
            Self::SimulatorLogin(_) => 70,
            Self::Http(error) if !error.is_mistake() => 70,
            _ => 2,
        }
    }
}
