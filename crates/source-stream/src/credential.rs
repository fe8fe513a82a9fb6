//! What a stream logs in with, and where it comes from.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use cardata_api::stream::StreamLogin;
use cardata_auth::{AuthError, OPENID_SCOPE, STREAM_SCOPE, TokenSet};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use tokio_util::sync::CancellationToken;

use runtime::Clock;
use runtime::clock::until;
use source::{Login, LoginId};

/// How often it is looked whether another process stored a login, in real time.
const LOOK: Duration = Duration::from_secs(10);

/// User name and password of the stream.
#[derive(Debug, Clone)]
pub struct Credential {
    pub gcid: String,
    id_token: SecretString,
    access_token: SecretString,
    obtained_at: Timestamp,
    expires_at: Timestamp,
    logged_in_at: Option<Timestamp>,
    /// Whether the owner granted the stream, as far as the login says.
    pub covers_stream: bool,
}

impl Credential {
    /// # Errors
    /// [`AuthError::Incomplete`] where the login has no id token or no GCID, [`AuthError::MissingScopes`] where it does not
    /// cover them.
    pub fn of(tokens: TokenSet) -> Result<Self, AuthError> {
        let mut missing = tokens.missing_scopes();
        missing.retain(|scope| [OPENID_SCOPE, STREAM_SCOPE].contains(&scope.as_str()));
        let lacks = match tokens.id_token {
            None => "id token",
            Some(_) => "account id (GCID)",
        };
        let covers_stream = tokens.scope.has(STREAM_SCOPE);
        let expires_at = tokens.id_expires_at();
        match (tokens.id_token, tokens.gcid, expires_at) {
            (Some(id_token), Some(gcid), Some(expires_at)) => Ok(Self {
                gcid,
                id_token,
                access_token: tokens.access_token,
                obtained_at: tokens.obtained_at,
                expires_at,
                logged_in_at: tokens.logged_in_at,
                covers_stream,
            }),
            _ if missing.is_empty() => Err(AuthError::Incomplete { lacks }),
            _ => Err(AuthError::MissingScopes { missing }),
        }
    }

    pub fn login(&self, mqtt_client_id: &str) -> StreamLogin {
        StreamLogin {
            gcid: self.gcid.clone(),
            id_token: self.id_token.clone(),
            client_id: mqtt_client_id.to_owned(),
        }
    }

    /// Whether both are one password of one user.
    pub fn is(&self, other: &Self) -> bool {
        self.gcid == other.gcid && self.id_token.expose_secret() == other.id_token.expose_secret()
    }

    /// Whether somebody has logged in between the two.
    pub fn is_of_same_login(&self, other: &Self) -> bool {
        self.logged_in_at == other.logged_in_at
    }

    pub fn has_expired(&self, now: Timestamp) -> bool {
        now >= self.expires_at
    }

    /// Whether the broker may have ended a connection because its password ended. It does so by its own clock.
    pub fn may_have_expired(&self, now: Timestamp) -> bool {
        self.left(now) <= self.life() / 50
    }

    /// How long it is until it expires, by our clock.
    pub fn left(&self, now: Timestamp) -> Duration {
        until(now, self.expires_at)
    }

    /// When another one is asked for: a third of its life is left.
    pub fn renew_at(&self) -> Timestamp {
        self.expires_at - self.life() / 3
    }

    /// The least time between two rotations: a bug that makes a new password of every look must not become a storm.
    pub fn shortest_use(&self) -> Duration {
        (self.life() / 8).max(Duration::from_secs(2))
    }

    fn life(&self) -> Duration {
        until(self.obtained_at, self.expires_at)
    }
}

/// Where credentials come from.
#[async_trait]
pub trait Credentials: Send + Sync {
    /// What is stored, refreshed if that is due.
    async fn current(&self) -> Result<Credential, AuthError>;

    /// What is stored, as it is.
    async fn stored(&self) -> Result<Credential, AuthError>;

    /// Another one than `used`, which ends before the access token does; refreshes unless somebody already did.
    async fn renewed(&self, used: &Credential) -> Result<Credential, AuthError>;

    /// Another one than `refused`, which has not expired; refreshes unless somebody already did.
    async fn replaced(&self, refused: &Credential) -> Result<Credential, AuthError>;

    /// Returns when it is worth a look whether something else is stored now.
    async fn look(&self);

    /// Which login is stored.
    async fn login_id(&self) -> Option<LoginId>;

    /// Returns when another login than `dead` is stored, or when stopped.
    async fn login_returned(&self, dead: Option<LoginId>, stop: &CancellationToken);
}

/// The credentials of a login that is stored.
pub struct Stored {
    pub login: Login,
    pub clock: Arc<dyn Clock>,
}

impl Stored {
    async fn were_refreshed(&self) -> bool {
        let stored = self.login.authenticator.tokens().await.ok().flatten();
        stored.is_none_or(|tokens| tokens.were_refreshed())
    }
}

#[async_trait]
impl Credentials for Stored {
    async fn current(&self) -> Result<Credential, AuthError> {
        let access_token = self.login.authenticator.access_token().await?;
        match self.stored().await {
            // Asked for at once; from then on it is left to the refreshes that are due.
            Err(AuthError::Incomplete { .. }) if !self.were_refreshed().await => {
                self.login.authenticator.force_refresh(&access_token).await?;
                self.stored().await
            }
            found => found,
        }
    }

    async fn stored(&self) -> Result<Credential, AuthError> {
        let tokens = self.login.authenticator.tokens().await?;
        Credential::of(tokens.ok_or_else(|| AuthError::NotLoggedIn {
            account: self.login.account.to_string(),
            reason: "there are no tokens".to_owned(),
        })?)
    }

    async fn renewed(&self, used: &Credential) -> Result<Credential, AuthError> {
        let current = self.current().await?;
        let due = self.login.authenticator.tokens().await?;
        let now = self.clock.now();
        // Where a refresh is due, it has just failed.
        if !current.is(used) || due.is_some_and(|tokens| tokens.due_for_refresh(now)) {
            return Ok(current);
        }
        self.replaced(&current).await
    }

    async fn replaced(&self, refused: &Credential) -> Result<Credential, AuthError> {
        self.login
            .authenticator
            .force_refresh(&refused.access_token)
            .await?;
        self.stored().await
    }

    async fn look(&self) {
        tokio::time::sleep(LOOK).await;
    }

    async fn login_id(&self) -> Option<LoginId> {
        self.login.id().await
    }

    async fn login_returned(&self, dead: Option<LoginId>, stop: &CancellationToken) {
        self.login.returned(dead, stop).await;
    }
}

#[cfg(test)]
mod tests {
    use cardata_auth::{OAuthClient, TokenStore};
    use cardata_sim::{Approval, Sim, SimConfig};
    use runtime::testing::ManualClock;

    use super::*;

    #[tokio::test]
    async fn what_a_login_left_out_is_asked_for_once() {
        // It fails only when there is one already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        for brought in [true, false] {
            let folder = tempfile::tempdir().unwrap();
            let hands = Arc::new(ManualClock::jumping("2026-03-01T06:00:00Z".parse().unwrap()));
            let clock: Arc<dyn Clock> = hands.clone();
            let config = SimConfig {
                approval: Approval::Auto {
                    after: Duration::ZERO,
                },
                poll_interval: Duration::ZERO,
                id_token_in_login: false,
                id_token_in_refresh: brought,
                ..SimConfig::default()
            };
            let now = clock.clone();
            let sim = Sim::start_with_now(config, Arc::new(move || now.now()))
                .await
                .unwrap();
            let url: reqwest::Url = sim.api_url().parse().unwrap();
            let http = cardata_api::http_client(&collector_core::Trust::default()).unwrap();
            let login = source::testing::account(&http, &url, folder.path(), &clock)
                .handles
                .login;
            let oauth = OAuthClient::new(http, url, clock.clone());
            let client_id = "4f9a1c52-8d0e-4b6c-9c2b-1a2b3c4d5e6f".parse().unwrap();
            let tokens = cardata_auth::login(&oauth, &client_id, |_| {}).await.unwrap();
            TokenStore::new(folder.path().to_owned(), "home")
                .save(&tokens)
                .unwrap();
            hands.advance(Duration::from_secs(1));
            let stored = Stored { login, clock };
            let refresh_token = async || {
                let tokens = stored.login.authenticator.tokens().await.unwrap().unwrap();
                tokens.refresh_token.expose_secret().to_owned()
            };
            for _ in 0..3 {
                let found = stored.current().await;
                assert_eq!(found.is_ok(), brought, "{:?}", found.err());
                if let Err(error) = found {
                    assert!(!error.needs_login() && error.to_string().contains("no id token"));
                }
            }
            let once = refresh_token().await;
            assert_ne!(once, tokens.refresh_token.expose_secret());
            stored.current().await.ok();
            assert_eq!(refresh_token().await, once);
        }
    }
}
