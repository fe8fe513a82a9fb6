//! The login: OAuth 2.0 device flow with PKCE (RFC 8628, RFC 7636) and refresh, as BMW's service does it.
//!
//! [`device_code`] issues codes and lets the owner decide on them, [`token`] turns them into tokens and
//! refreshes those, [`random`] makes the opaque and the signed texts, [`page`] is what the owner sees.

mod device_code;
mod page;
mod random;
mod token;

use std::collections::HashMap;

use jiff::Timestamp;
use rand::rngs::StdRng;
use serde_json::json;

use crate::call::{Answer, Call};
use crate::config::SimConfig;
use crate::world::World;
use device_code::DeviceCode;
pub(crate) use random::uuid;

/// The scope without which the REST API refuses a token (CU-103).
pub(crate) const API_SCOPE: &str = "cardata:api:read";

const MALFORMED: &str = "The request is missing a required parameter, includes an unsupported parameter value \
    (other than grant type), repeats a parameter, includes multiple credentials, utilizes more than one \
    mechanism for authenticating the client, or is otherwise malformed.";
const INVALID_GRANT: &str = "The provided access grant is invalid, expired, or revoked.";

/// What BMW knows of the account's logins.
#[derive(Debug, Default)]
pub(crate) struct Login {
    pub gcid: String,
    url: String,
    codes: Vec<DeviceCode>,
    pub access: HashMap<String, AccessToken>,
    pub refresh: HashMap<String, RefreshToken>,
    /// Id tokens.
    pub id: HashMap<String, IdToken>,
    /// The number of the newest id token.
    pub last_id: u64,
}

#[derive(Debug, Clone)]
pub(crate) struct AccessToken {
    pub expires: Timestamp,
    pub revoked: bool,
    pub scope: String,
}

/// What opens the stream.
#[derive(Debug, Clone)]
pub(crate) struct IdToken {
    /// Counts the tokens that were issued.
    pub number: u64,
    pub expires: Timestamp,
    pub scope: String,
}

#[derive(Debug, Clone)]
pub(crate) struct RefreshToken {
    expires: Timestamp,
    client_id: String,
    scope: String,
}

impl Login {
    pub fn new(url: String, rng: &mut StdRng) -> Self {
        Self {
            gcid: uuid(rng),
            url,
            ..Self::default()
        }
    }
}

/// Answers what concerns the login: both endpoints and the owner's page.
pub(crate) fn answer(world: &mut World, call: &Call, now: Timestamp) -> Answer {
    let answered = match (call.method.as_str(), call.path.as_str()) {
        ("POST", "/gcdm/oauth/device/code") => device_code::answer(world, call, now),
        ("POST", "/gcdm/oauth/token") => token::answer(world, call, now),
        ("GET" | "POST", "/oneid/link") => Ok(page::answer(&mut world.login, call, now)),
        _ => Err(error(404, "invalid_request", "There is no such endpoint.")),
    };
    answered.unwrap_or_else(|refusal| refusal)
}

/// An OAuth error body (RFC 6749, section 5.2).
fn error(status: u16, error: &str, description: &str) -> Answer {
    let body = json!({ "error": error, "error_description": description });
    Answer::json(status, &body)
}

fn malformed() -> Answer {
    error(400, "invalid_request", MALFORMED)
}

fn invalid_grant() -> Answer {
    error(400, "invalid_grant", INVALID_GRANT)
}

fn knows_client(config: &SimConfig, client_id: &str) -> bool {
    let known = config.client_id.as_deref();
    known.is_none_or(|known| known.eq_ignore_ascii_case(client_id))
}
