//! The readers of what the OAuth server says and of the token file, open to the fuzz targets, which stand
//! outside of this package. No part of the interface: they change with the readers.

use std::path::Path;

use jiff::Timestamp;
use reqwest::StatusCode;
use secrecy::SecretString;

use crate::client::read_tokens;
use crate::reply::Reply;
use crate::{ClientId, DeviceCode, Refreshed, TokenSet, stored};

pub use crate::id_token::gcid;
pub use crate::stored::encode;

/// An answer of the OAuth server.
pub struct Received(Reply);

impl Received {
    /// `None` for what is no HTTP status.
    pub fn new(status: u16, body: &[u8]) -> Option<Self> {
        let status = StatusCode::from_u16(status).ok()?;
        Some(Self(Reply::new(status, None, body.to_vec())))
    }

    /// The answer to a request for a device code; the error says what it lacks.
    pub fn device_code(&self, requested_at: Timestamp) -> Result<DeviceCode, &'static str> {
        DeviceCode::from_reply(&self.0, requested_at)
    }

    /// The tokens of a refresh.
    pub fn refreshed(&self, obtained_at: Timestamp) -> Option<Refreshed> {
        read_tokens(&self.0, obtained_at)
    }

    /// The tokens of a login.
    pub fn login(&self, client_id: ClientId, obtained_at: Timestamp) -> Option<TokenSet> {
        TokenSet::of_login(client_id, self.refreshed(obtained_at)?)
    }

    /// The error string of RFC 6749.
    pub fn error(&self) -> Option<&str> {
        self.0.error()
    }

    /// Whether BMW's gateway answered in place of the server.
    pub fn is_gateway_fault(&self) -> bool {
        self.0.is_gateway_fault()
    }

    /// What an error says of the answer. `secrets` are what the request held.
    pub fn reason(&self, secrets: &[&SecretString]) -> String {
        self.0.reason(secrets)
    }
}

/// The login in a token file.
pub fn decode(file: &[u8]) -> Result<TokenSet, String> {
    stored::decode(file, Path::new("home.json")).map_err(|error| format!("{error:?}"))
}
