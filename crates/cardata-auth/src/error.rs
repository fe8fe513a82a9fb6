//! Why there is no access token, in a form that a program can act on.

use jiff::Timestamp;

use crate::client_id::ClientId;
use crate::store::TokenStoreError;

/// A failed login or refresh. Holds no token.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum AuthError {
    /// There are no tokens that could be used. Needs a person.
    #[error("account {account} is not logged in: {reason}; log in with `cardata login`")]
    NotLoggedIn { account: String, reason: String },

    /// The stored login is of a BMW account that another one is logged in to, and an account has one quota and one stream.
    /// Needs a person.
    #[error(
        "account {account} has a login to the BMW account that `{other}` is logged in to, which has 50 calls a day and one stream: \
         run `cardata login --account {account}` with the other BMW account, or remove one of them from the pipeline file"
    )]
    SameAccount { account: String, other: String },

    /// The refresh token is dead: older than 14 days, used by another program, or revoked in the portal.
    /// Needs a person. The server says `invalid_request` for it as often as `invalid_grant`.
    #[error("the stored login is no longer accepted ({reason}); log in again with `cardata login`")]
    LoginExpired { reason: String },

    /// `access_denied`, which seldom means that the owner declined.
    #[error(
        "the login was refused ({reason}); if nobody declined it: in the BMW portal, subscribe the client to \
         CarData API and CarData Stream, do not click \"Authenticate device\", wait two minutes after a change \
         there, and compare the client id; in the car, accept a privacy consent that may be waiting; then log in \
         again"
    )]
    Denied { reason: String },

    /// The code was not approved in time, or was already used.
    #[error(
        "the code expired before the login was approved{}; ask for a new one",
        trouble.as_ref().map(|trouble| format!(" (at last: {trouble})")).unwrap_or_default()
    )]
    CodeExpired {
        /// The last failure while waiting, when it was not just "pending".
        trouble: Option<String>,
    },

    /// BMW's gateway failed while the code was polled, and consumed it: ask for a new code. Nobody declined.
    #[error("the gateway at {url} failed and the code was lost with it; ask for a new one")]
    GatewayFault { url: String },

    /// The server does not know the client id. Needs a person.
    #[error(
        "client id {client_id} is not accepted ({reason}); compare it with the BMW portal, where it may have been \
         deleted, and log in again"
    )]
    InvalidClient { client_id: ClientId, reason: String },

    /// The owner granted less than what the program needs. Needs a person.
    #[error(
        "the login does not cover {}; subscribe the client to CarData API and CarData Stream in the BMW portal, \
         then log in again with `cardata login`",
        missing.join(" ")
    )]
    MissingScopes { missing: Vec<String> },

    /// The stored login covers the stream and has not all that it logs in with. A refresh may bring it.
    #[error(
        "the login brought no {lacks}, with which the stream logs in; the next refresh may bring it; if it goes on for \
         hours, log in again with `cardata login`"
    )]
    Incomplete { lacks: &'static str },

    /// Will pass by itself: the server cannot be reached, is overloaded or has failed.
    #[error(
        "{operation} at {url}: {reason}{}",
        retry_at.map(|time| format!("; next try at {time:.0}")).unwrap_or_default()
    )]
    Transient {
        operation: &'static str,
        url: String,
        reason: String,
        /// Not before this time, by the clock of the client.
        retry_at: Option<Timestamp>,
    },

    /// An answer that is not in any description of the server.
    #[error("{operation} at {url}: HTTP {status}, {detail}")]
    Unexpected {
        operation: &'static str,
        url: String,
        status: u16,
        /// What is wrong with it, or how its body begins.
        detail: String,
    },

    /// The base URL cannot be used for requests.
    #[error("{url} cannot be used as the address of the login server: {reason}")]
    Endpoint { url: String, reason: String },

    /// The token file could not be read or written.
    #[error(transparent)]
    Store(#[from] TokenStoreError),
}

impl AuthError {
    /// Whether only `cardata login` helps.
    pub fn needs_login(&self) -> bool {
        matches!(
            self,
            Self::NotLoggedIn { .. }
                | Self::SameAccount { .. }
                | Self::LoginExpired { .. }
                | Self::Denied { .. }
                | Self::InvalidClient { .. }
                | Self::MissingScopes { .. }
        )
    }

    /// Whether the same call may succeed later without anybody doing anything.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Transient { .. })
    }

    /// When the same call may be tried again, if the error says so.
    pub fn retry_at(&self) -> Option<Timestamp> {
        match self {
            Self::Transient { retry_at, .. } => *retry_at,
            _ => None,
        }
    }
}
