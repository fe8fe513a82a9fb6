//! What stands in for the login and for the ledger.

use std::sync::{Arc, Mutex, Once};

use async_trait::async_trait;
use cardata_api::{
    AccessTokens, ApiError, Call, CallGate, Client, ContainerId, Outcome, Refusal, http_client,
};
use cardata_auth::AuthError;
use collector_core::{Trust, Vin};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

pub const TOKEN: &str = "first-token";
pub const REPLACED: &str = "second-token";

/// Hands out [`TOKEN`], and [`REPLACED`] in its place, or fails with `failure`.
#[derive(Default)]
pub struct Tokens {
    pub failure: Option<AuthError>,
    pub rejected: Mutex<Vec<String>>,
}

/// Admits everything; with a `refusal`, only so many calls before it. Remembers.
#[derive(Default)]
pub struct Gate {
    pub refusal: Option<(usize, Refusal)>,
    pub events: Mutex<Vec<Event>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    Admitted(Call),
    Settled(Call, Outcome),
}

/// A client with its doubles.
pub struct Bench {
    pub client: Client,
    pub tokens: Arc<Tokens>,
    pub gate: Arc<Gate>,
}

impl Bench {
    pub fn new(url: &Url) -> Self {
        Self::with(url, Tokens::default(), Gate::default())
    }

    pub fn with(url: &Url, tokens: Tokens, gate: Gate) -> Self {
        static PROVIDER: Once = Once::new();
        PROVIDER.call_once(|| {
            // Fails only where it is installed already.
            let _ = rustls::crypto::ring::default_provider().install_default();
        });
        let http = http_client(&Trust::default()).unwrap();
        let (tokens, gate) = (Arc::new(tokens), Arc::new(gate));
        let client = Client::new(http, url.clone(), tokens.clone(), gate.clone());
        Self { client, tokens, gate }
    }

    pub fn events(&self) -> Vec<Event> {
        self.gate.events.lock().unwrap().clone()
    }

    /// The error of a poll that must fail.
    pub async fn poll_error(&self) -> ApiError {
        self.client
            .telematic_data(&vin(), &container())
            .await
            .unwrap_err()
    }
}

/// The HTTP status, if an answer came.
pub fn status_of(error: &ApiError) -> Option<u16> {
    match error {
        ApiError::Reported(answer) => Some(answer.status),
        ApiError::NotJson(unreadable) | ApiError::Unexpected(unreadable) => Some(unreadable.status),
        _ => None,
    }
}

pub fn vin() -> Vin {
    "WBY8P210X07A12345".parse().unwrap()
}

pub fn container() -> ContainerId {
    "S00I001234567".parse().unwrap()
}

#[async_trait]
impl AccessTokens for Tokens {
    async fn access_token(&self) -> Result<SecretString, AuthError> {
        match &self.failure {
            Some(error) => Err(error.clone()),
            None => Ok(TOKEN.into()),
        }
    }

    async fn replace(&self, rejected: &SecretString) -> Result<SecretString, AuthError> {
        self.rejected
            .lock()
            .unwrap()
            .push(rejected.expose_secret().to_owned());
        Ok(REPLACED.into())
    }
}

#[async_trait]
impl CallGate for Gate {
    async fn admit(&self, call: Call) -> Result<(), Refusal> {
        let mut events = self.events.lock().unwrap();
        let admitted = events
            .iter()
            .filter(|event| matches!(event, Event::Admitted(_)))
            .count();
        match &self.refusal {
            Some((limit, refusal)) if admitted >= *limit => return Err(refusal.clone()),
            _ => events.push(Event::Admitted(call)),
        }
        Ok(())
    }

    async fn settle(&self, call: Call, outcome: Outcome) {
        self.events.lock().unwrap().push(Event::Settled(call, outcome));
    }
}
