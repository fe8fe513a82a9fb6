//! What can go wrong with the stream, by what helps against it.

/// Why there is no connection, or none any more. The texts hold no token, no VIN and no account.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StreamError {
    /// No connection to the broker, or no answer to a login: it or the network is away. Passes by itself.
    #[error("cannot reach {address}: {reason}")]
    Unreachable {
        address: String,
        reason: String,
        /// Whether somebody had taken the connection before it came to nothing.
        connected: bool,
    },
    /// The broker's certificate is not trusted, or it speaks no TLS. Needs a person, or passes with a renewal.
    #[error("no secure connection to {address}: {reason}")]
    Tls { address: String, reason: String },
    /// The login was refused: a token that has expired, or one that must be replaced before its time
    /// (3.1.1: return codes 4 and 5).
    #[error("the broker refused the login (return code {code})")]
    Refused { code: u8 },
    /// The broker cannot serve now, or does not take this client (3.1.1: return codes 1, 2 and 3).
    #[error("the broker is not ready (return code {code})")]
    Unavailable { code: u8 },
    /// The login is good, the subscription is not: streaming was not set up in BMW's portal.
    #[error(
        "the broker refused the subscription; select data for streaming in the CarData section of BMW's portal"
    )]
    NoSubscription,
    /// The broker closed a connection that was logged in: its end of a token, an eviction, a restart.
    #[error("the connection ended, cause unknown: {0}")]
    Closed(String),
    /// What was given to log in with cannot be sent.
    #[error("this login cannot be sent: {0}; log in again with `cardata login`")]
    Login(String),
    /// Nothing was heard for one and a half times the keep-alive, though asked for.
    #[error("the broker is silent")]
    Silent,
    /// What came was no MQTT 3.1.1.
    #[error("the broker does not speak MQTT 3.1.1: {0}")]
    Protocol(String),
}

impl StreamError {
    /// Whether there was a connection, of which a broker takes so many in a minute.
    pub fn was_connected(&self) -> bool {
        !matches!(self, Self::Unreachable { connected: false, .. })
    }
}
