//! The requests to BMW's OAuth server, and what each of its answers means.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::client_id::ClientId;
use crate::device_code::DeviceCode;
use crate::endpoint::{Endpoint, shown};
use crate::error::AuthError;
use crate::pkce::Pkce;
use crate::reply::Reply;
use crate::scopes::{SCOPES, Scopes};
use crate::tokens::TokenSet;
use runtime::Chain;
use runtime::clock::{Clock, later, until};

/// Of one request from the connection to the end of the body, in real time.
const TIMEOUT: Duration = Duration::from_secs(30);
/// RFC 8628 section 3.5: `slow_down` adds five seconds, for good.
const SLOW_DOWN: Duration = Duration::from_secs(5);
/// Of an access token, when the answer does not say (BMW's integration guide, 2.4).
const DEFAULT_LIFETIME: u64 = 3600;
const MAX_LIFETIME: u64 = 366 * 86_400;
const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

const REQUEST_CODE: &str = "asking for a device code";
const POLL: &str = "asking whether the login was approved";
const REFRESH: &str = "refreshing the login";

/// A client of BMW's OAuth server. Cheap to clone.
#[derive(Debug, Clone)]
pub struct OAuthClient {
    http: reqwest::Client,
    endpoint: Endpoint,
    clock: Arc<dyn Clock>,
}

/// What a refresh brought. The server leaves out at times what is optional here.
#[derive(Debug, Clone)]
pub struct Refreshed {
    pub access_token: SecretString,
    /// From now on the only one that works.
    pub refresh_token: Option<SecretString>,
    pub id_token: Option<SecretString>,
    pub gcid: Option<String>,
    pub scope: Option<Scopes>,
    /// Counted from `obtained_at`.
    pub expires_in: Duration,
    /// When the request left.
    pub obtained_at: Timestamp,
}

enum Poll {
    Granted(Box<TokenSet>),
    Pending,
    SlowDown,
}

impl OAuthClient {
    /// `http` should follow no redirects: the requests carry secrets.
    pub fn new(http: reqwest::Client, base: Url, clock: Arc<dyn Clock>) -> Self {
        Self {
            http,
            endpoint: Endpoint::new(base),
            clock,
        }
    }

    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// Starts a login that asks for [`SCOPES`].
    ///
    /// # Errors
    /// Any but those of polling and of the store.
    pub async fn request_code(&self, client_id: &ClientId, pkce: &Pkce) -> Result<DeviceCode, AuthError> {
        let url = self.endpoint.device_code();
        let requested_at = self.clock.now();
        let scope = SCOPES.join(" ");
        let form = [
            ("client_id", client_id.as_str()),
            ("response_type", "device_code"),
            ("scope", &scope),
            ("code_challenge", pkce.challenge()),
            ("code_challenge_method", "S256"),
        ];
        let reply = self.post(REQUEST_CODE, &url, &form).await?;
        if !accepted(&reply) {
            return Err(self.refused(REQUEST_CODE, &url, client_id, &reply, &[]));
        }
        DeviceCode::from_reply(&reply, requested_at)
            .map_err(|lack| unexpected(REQUEST_CODE, &url, &reply, lack))
    }

    /// Polls until the owner has approved the login, or it is clear that he will not. Failures of the network
    /// and of the server are waited out.
    ///
    /// # Errors
    /// [`AuthError::GatewayFault`] when a new code is needed though nobody declined; [`AuthError::Denied`],
    /// [`AuthError::CodeExpired`], [`AuthError::InvalidClient`], [`AuthError::Unexpected`].
    pub async fn wait_for_approval(
        &self,
        client_id: &ClientId,
        pkce: &Pkce,
        code: &DeviceCode,
    ) -> Result<TokenSet, AuthError> {
        let mut interval = code.interval;
        let mut pause = interval;
        let mut trouble: Option<AuthError> = None;
        loop {
            self.clock.sleep(pause).await;
            pause = interval;
            match self.poll(client_id, pkce, code).await {
                Ok(Poll::Granted(tokens)) => return Ok(*tokens),
                // Both prove that the code is alive, whatever was lost before.
                Ok(Poll::Pending) => trouble = None,
                Ok(Poll::SlowDown) => {
                    trouble = None;
                    interval += SLOW_DOWN;
                    pause = interval;
                }
                Err(error @ AuthError::Transient { .. }) => {
                    tracing::warn!(%error, "could not ask whether the login was approved; asking again");
                    let asked = error
                        .retry_at()
                        .map_or(Duration::ZERO, |time| until(self.clock.now(), time));
                    pause = interval.max(asked.min(code.expires_in));
                    trouble = Some(error);
                }
                // An answer that was lost may have been the fault, or the tokens: both end the code.
                Err(AuthError::Denied { .. } | AuthError::CodeExpired { .. })
                    if trouble.is_some() && self.clock.now() < code.expires_at() =>
                {
                    let url = shown(&self.endpoint.token());
                    return Err(AuthError::GatewayFault { url });
                }
                Err(error) => return Err(error),
            }
            if self.clock.now() >= code.expires_at() {
                let trouble = trouble.map(|error| error.to_string());
                return Err(AuthError::CodeExpired { trouble });
            }
        }
    }

    async fn poll(&self, client_id: &ClientId, pkce: &Pkce, code: &DeviceCode) -> Result<Poll, AuthError> {
        let url = self.endpoint.token();
        let obtained_at = self.clock.now();
        let form = [
            ("client_id", client_id.as_str()),
            ("grant_type", DEVICE_GRANT),
            ("device_code", code.device_code.expose_secret()),
            ("code_verifier", pkce.verifier()),
        ];
        let reply = self.post(POLL, &url, &form).await?;
        if accepted(&reply) {
            return read_tokens(&reply, obtained_at)
                .and_then(|answer| TokenSet::of_login(client_id.clone(), answer))
                .map(|tokens| Poll::Granted(Box::new(tokens)))
                .ok_or_else(|| unexpected(POLL, &url, &reply, "an answer without access or refresh token"));
        }
        if reply.is_gateway_fault() {
            return Err(AuthError::GatewayFault { url: shown(&url) });
        }
        match reply.error() {
            Some("authorization_pending") => Ok(Poll::Pending),
            Some("slow_down") => Ok(Poll::SlowDown),
            Some("expired_token" | "expired_device_code" | "invalid_grant") => {
                Err(AuthError::CodeExpired { trouble: None })
            }
            _ => {
                let verifier = SecretString::from(pkce.verifier());
                Err(self.refused(POLL, &url, client_id, &reply, &[&code.device_code, &verifier]))
            }
        }
    }

    /// Trades the refresh token for new tokens. If the answer is lost on the way, so is the login: call it
    /// through an [`Authenticator`](crate::Authenticator), which does not let go.
    ///
    /// # Errors
    /// [`AuthError::LoginExpired`] when the refresh token is dead, [`AuthError::Transient`] and others.
    pub async fn refresh(
        &self,
        client_id: &ClientId,
        refresh_token: &SecretString,
    ) -> Result<Refreshed, AuthError> {
        let url = self.endpoint.token();
        let obtained_at = self.clock.now();
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh_token.expose_secret()),
            ("client_id", client_id.as_str()),
        ];
        let reply = self.post(REFRESH, &url, &form).await?;
        if accepted(&reply) {
            return read_tokens(&reply, obtained_at)
                .ok_or_else(|| unexpected(REFRESH, &url, &reply, "an answer without access token"));
        }
        match reply.error() {
            Some("invalid_request" | "invalid_grant" | "invalid_token" | "expired_token") => {
                Err(AuthError::LoginExpired {
                    reason: reply.reason(&[refresh_token]),
                })
            }
            _ => Err(self.refused(REFRESH, &url, client_id, &reply, &[refresh_token])),
        }
    }

    async fn post(
        &self,
        operation: &'static str,
        url: &Url,
        form: &[(&str, &str)],
    ) -> Result<Reply, AuthError> {
        let request = self
            .http
            .post(url.clone())
            .header(reqwest::header::ACCEPT, "application/json")
            .timeout(TIMEOUT)
            .form(form);
        let reply = match request.send().await {
            Ok(response) => Reply::read(response).await,
            Err(error) => Err(error),
        };
        reply.map_err(|error| {
            let unusable = error.is_builder();
            let reason = Chain(&error.without_url()).to_string();
            let url = shown(url);
            if unusable {
                return AuthError::Endpoint { url, reason };
            }
            AuthError::Transient {
                operation,
                url,
                reason,
                retry_at: None,
            }
        })
    }

    /// What a refusal means that has no meaning special to its operation.
    fn refused(
        &self,
        operation: &'static str,
        url: &Url,
        client_id: &ClientId,
        reply: &Reply,
        secrets: &[&SecretString],
    ) -> AuthError {
        let reason = reply.reason(secrets);
        match reply.error() {
            // Nothing else in the request of a code is the owner's.
            Some("invalid_request") if operation == REQUEST_CODE => AuthError::InvalidClient {
                client_id: client_id.clone(),
                reason,
            },
            Some("invalid_client" | "unauthorized_client") => AuthError::InvalidClient {
                client_id: client_id.clone(),
                reason,
            },
            Some("access_denied") => AuthError::Denied { reason },
            _ if reply.is_transient() => AuthError::Transient {
                operation,
                url: shown(url),
                reason: format!("HTTP {}, {reason}", reply.status.as_u16()),
                retry_at: reply.retry_after.map(|pause| later(self.clock.now(), pause)),
            },
            _ => unexpected(operation, url, reply, reason),
        }
    }
}

/// Errors are told by their string, so an error with status 200 is none the less an error.
fn accepted(reply: &Reply) -> bool {
    reply.status.is_success() && reply.is_json() && reply.error().is_none()
}

fn unexpected(operation: &'static str, url: &Url, reply: &Reply, detail: impl Into<String>) -> AuthError {
    AuthError::Unexpected {
        operation,
        url: shown(url),
        status: reply.status.as_u16(),
        detail: detail.into(),
    }
}

pub(crate) fn read_tokens(reply: &Reply, obtained_at: Timestamp) -> Option<Refreshed> {
    let expires_in = reply.seconds("expires_in").unwrap_or(DEFAULT_LIFETIME);
    Some(Refreshed {
        access_token: reply.token("access_token")?,
        refresh_token: reply.token("refresh_token"),
        id_token: reply.token("id_token"),
        gcid: reply.text("gcid").map(str::to_owned),
        scope: reply.text("scope").map(Scopes::parse),
        expires_in: Duration::from_secs(expires_in.min(MAX_LIFETIME)),
        obtained_at,
    })
}
