//! Why a pipeline cannot run, and the exit code that says so.

#[cfg(feature = "simulator")]
use cardata_auth::AuthError;
use cardata_auth::TokenStoreError;
use collector_core::{Name, SinkError, SourceError};

use journal::JournalError;
use pipeline::SourceSpec;

use crate::http::ClientError;
use crate::state::StateError;

/// Why a pipeline cannot be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    #[error(transparent)]
    State(#[from] StateError),
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// No account is logged in, and there is no page where somebody could log in.
    #[error("no account is logged in")]
    LoginNeeded {
        /// The accounts, and what is wrong with each.
        accounts: Vec<(Name, String)>,
    },
    /// Tokens are another user's, or encrypted, and the passphrase is missing or another one.
    #[error(transparent)]
    Tokens(TokenStoreError),
    /// Two accounts are logged in to one BMW account.
    #[error(
        "`{first}` and `{second}` are logged in to the same BMW account, which has 50 calls a day and one stream whatever its client \
         ids: remove one of them from the pipeline file, or run `cardata login --account {second}` with the other BMW account"
    )]
    SameAccount { first: Name, second: Name },
    #[error(transparent)]
    Http(#[from] ClientError),
    #[error("the sink {name} cannot be built")]
    Sink { name: Name, source: SinkError },
    #[error("the source {name} cannot be built")]
    Source { name: Name, source: SourceError },
    #[cfg(feature = "simulator")]
    #[error("the simulator cannot start")]
    Simulator(#[source] std::io::Error),
    #[cfg(feature = "simulator")]
    #[error("the login to the simulator failed")]
    SimulatorLogin(#[source] AuthError),
}

impl RunError {
    /// Nothing that the program is linked with builds this source.
    pub(crate) fn not_linked(source: &SourceSpec) -> Self {
        let reason = format!("no source of type {} is linked", source.plugin.type_name);
        Self::misconfigured(source, reason)
    }

    /// The plugin builds a stream where it announces polls, or the other way round.
    pub(crate) fn other_cadence(source: &SourceSpec) -> Self {
        let reason = format!(
            "sources of type {} do not work as they announce",
            source.plugin.type_name
        );
        Self::misconfigured(source, reason)
    }

    fn misconfigured(source: &SourceSpec, reason: String) -> Self {
        Self::Source {
            name: source.name.clone(),
            source: SourceError::Misconfigured { reason },
        }
    }

    /// 2: the configuration has to change; 3: log in; 5: the state directory is in use; 70: a bug.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::State(StateError::InUse { .. }) => 5,
            Self::LoginNeeded { .. } => 3,
            #[cfg(feature = "simulator")]
            Self::SimulatorLogin(_) => 70,
            Self::Http(error) if !error.is_mistake() => 70,
            _ => 2,
        }
    }
}
