//! Access tokens that are always fresh, for a program that runs for months.

use std::sync::Arc;

use jiff::Timestamp;
use secrecy::SecretString;
use tokio::sync::Mutex;

use crate::client::OAuthClient;
use crate::client_id::ClientId;
use crate::error::AuthError;
use crate::failures::Failures;
use crate::store::{TokenStore, TokenStoreError, blocking, finished};
use crate::tokens::{TokenSet, same};

/// Hands out the access token of one account and refreshes it when less than a third of its life is left.
///
/// The token file is the only truth: it is looked at for every call, so tokens that another process stored are used at
/// once. One refresh runs at a time, in this process and among processes, and its result is on disk before it is
/// used. Cheap to clone; clones share everything.
#[derive(Debug, Clone)]
pub struct Authenticator(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    account: Arc<str>,
    client_id: ClientId,
    oauth: OAuthClient,
    store: TokenStore,
    others: Vec<TokenStore>,
    refreshing: Mutex<Refreshing>,
}

/// What is known of past refreshes.
#[derive(Debug, Default)]
struct Refreshing {
    failures: Failures,
    unsaved: Option<Unsaved>,
}

/// Tokens that could not be stored. They are all that is left of the login, so storing is tried again.
#[derive(Debug)]
struct Unsaved {
    /// What they take the place of.
    replaced: SecretString,
    tokens: TokenSet,
}

/// How a login fares that is kept alive for its own sake.
#[derive(Debug)]
pub struct Upkeep {
    /// What is stored; none where there is no login that could be used.
    pub tokens: Option<TokenSet>,
    /// Why the refresh that is due did not succeed.
    pub error: Option<AuthError>,
    /// When something is to be done next; none as long as only a new login helps.
    pub next: Option<Timestamp>,
}

impl Authenticator {
    /// `others` are the logins that go before this one: tokens of a BMW account that one of them is logged in to are refused.
    pub fn new(
        account: Arc<str>,
        client_id: ClientId,
        oauth: OAuthClient,
        store: TokenStore,
        others: Vec<TokenStore>,
    ) -> Self {
        Self(Arc::new(Inner {
            account,
            client_id,
            oauth,
            store,
            others,
            refreshing: Mutex::default(),
        }))
    }

    pub fn account(&self) -> &Arc<str> {
        &self.0.account
    }

    /// An access token that has not expired. A refresh that is due but fails is told by a warning as long as the
    /// old token is valid.
    ///
    /// # Errors
    /// [`AuthError::NotLoggedIn`], [`AuthError::SameAccount`], [`AuthError::LoginExpired`] and
    /// [`AuthError::InvalidClient`] until somebody logs in; [`AuthError::Transient`], with the time of the next try, while the server is away.
    pub async fn access_token(&self) -> Result<SecretString, AuthError> {
        let tokens = self.0.login().await?;
        if !tokens.due_for_refresh(self.0.oauth.clock().now()) {
            return Ok(tokens.access_token);
        }
        self.renew(None).await
    }

    /// A token in place of one that the API refused before its time. Refreshes unless somebody already did.
    ///
    /// # Errors
    /// As [`access_token`](Self::access_token).
    pub async fn force_refresh(&self, rejected: &SecretString) -> Result<SecretString, AuthError> {
        self.renew(Some(rejected.clone())).await
    }

    /// Refreshes the login if that is due and not too early after a failure, and tells how it fares. Called again at
    /// [`Upkeep::next`], it keeps the login alive through an outage of any length and renews it when that is over.
    pub async fn upkeep(&self) -> Upkeep {
        let error = self.access_token().await.err();
        let tokens = self.tokens().await.ok().flatten();
        let tokens = tokens.filter(|tokens| tokens.client_id == self.0.client_id);
        let Some(stored) = &tokens else {
            let next = None;
            return Upkeep { tokens, error, next };
        };
        // A failure is no error to a caller as long as the old access token is good for something.
        let (failure, retry_at) = self.0.failure(stored).await.unzip();
        let next = Some(retry_at.unwrap_or_else(|| stored.refresh_due_at()));
        let error = failure.or(error);
        Upkeep { tokens, error, next }
    }

    /// Whether the server refused the stored login when it was last to be refreshed.
    pub async fn is_refused(&self) -> bool {
        let Ok(Some(tokens)) = self.tokens().await else {
            return false;
        };
        let failure = self.0.failure(&tokens).await;
        failure.is_some_and(|(error, _)| error.needs_login())
    }

    /// Encrypts tokens that were stored in plain, if there is a passphrase for them.
    ///
    /// # Errors
    /// [`TokenStoreError::Io`], and those of tokens that are encrypted and cannot be read.
    pub async fn protect(&self) -> Result<(), TokenStoreError> {
        let store = self.0.store.clone();
        if !store.may_need_sealing() {
            return Ok(());
        }
        let _lock = store.lock().await?;
        blocking(move || store.protect()).await
    }

    /// What is stored now, of whatever client id and age.
    ///
    /// # Errors
    /// [`AuthError::NotLoggedIn`] when the file holds no login, [`AuthError::SameAccount`], [`AuthError::Store`].
    pub async fn tokens(&self) -> Result<Option<TokenSet>, AuthError> {
        self.0.load().await
    }

    /// Returns when no refresh is under way. Await it before the runtime ends: a refresh that is cut off may
    /// lose the login.
    pub async fn settled(&self) {
        drop(self.0.refreshing.lock().await);
    }

    /// Runs on its own, because a caller that stops waiting must not take a rotated token with it.
    async fn renew(&self, rejected: Option<SecretString>) -> Result<SecretString, AuthError> {
        let inner = Arc::clone(&self.0);
        finished(tokio::spawn(async move { inner.renew(rejected).await })).await
    }
}

impl Inner {
    /// Why these tokens could not be refreshed when that was last tried, and when it is tried again.
    async fn failure(&self, tokens: &TokenSet) -> Option<(AuthError, Timestamp)> {
        let refreshing = self.refreshing.lock().await;
        refreshing.failures.last(&tokens.refresh_token)
    }

    async fn renew(&self, rejected: Option<SecretString>) -> Result<SecretString, AuthError> {
        let mut refreshing = self.refreshing.lock().await;
        let _lock = self.store.lock().await?;
        self.save_unsaved(&mut refreshing).await?;
        let tokens = self.login().await?;
        let now = self.oauth.clock().now();
        let refused = rejected.is_some_and(|rejected| same(&rejected, &tokens.access_token));
        if !refused && !tokens.due_for_refresh(now) {
            return Ok(tokens.access_token);
        }
        if let Some(error) = refreshing.failures.holds_back(&tokens.refresh_token, now) {
            return self.make_do(tokens, refused, error);
        }
        match self.oauth.refresh(&self.client_id, &tokens.refresh_token).await {
            Ok(answer) => {
                if refreshing.failures.last(&tokens.refresh_token).is_some() {
                    tracing::info!(account = %self.account, "could refresh the login again");
                }
                refreshing.failures.succeeded();
                let renewed = tokens.renewed(answer);
                refreshing.unsaved = Some(Unsaved {
                    replaced: tokens.refresh_token,
                    tokens: renewed.clone(),
                });
                self.save_unsaved(&mut refreshing).await?;
                let missing = renewed.missing_scopes().join(" ");
                tracing::debug!(account = %self.account, until = %renewed.access_expires_at, missing, "refreshed the login");
                Ok(renewed.access_token)
            }
            Err(error) => {
                let now = self.oauth.clock().now();
                let is_first = refreshing.failures.last(&tokens.refresh_token).is_none();
                let error = refreshing
                    .failures
                    .failed(&tokens.refresh_token, now, error, &mut rand::rng());
                if !error.needs_login() && is_first {
                    tracing::warn!(account = %self.account, %error, "could not refresh the login; trying on until it works");
                } else {
                    tracing::debug!(account = %self.account, %error, "could not refresh the login");
                }
                self.make_do(tokens, refused, error)
            }
        }
    }

    /// The old access token, where it is still good for something.
    fn make_do(&self, tokens: TokenSet, refused: bool, error: AuthError) -> Result<SecretString, AuthError> {
        if refused || error.needs_login() || !tokens.access_fresh(self.oauth.clock().now()) {
            return Err(error);
        }
        Ok(tokens.access_token)
    }

    /// Stores what could not be stored before, unless somebody logged in anew in the meantime.
    async fn save_unsaved(&self, refreshing: &mut Refreshing) -> Result<(), AuthError> {
        let Some(unsaved) = &refreshing.unsaved else {
            return Ok(());
        };
        let stored = load(&self.store).await.ok().flatten();
        if stored.is_none_or(|stored| same(&stored.refresh_token, &unsaved.replaced)) {
            let (store, tokens) = (self.store.clone(), unsaved.tokens.clone());
            blocking(move || store.save(&tokens)).await?;
        }
        refreshing.unsaved = None;
        Ok(())
    }

    /// The stored tokens, if they are a login of the configured client.
    async fn login(&self) -> Result<TokenSet, AuthError> {
        let Some(tokens) = self.load().await? else {
            return Err(self.not_logged_in(format!("{} does not exist", self.store.path().display())));
        };
        if tokens.client_id != self.client_id {
            return Err(self.not_logged_in(format!(
                "the stored login belongs to client id {}, and the configured one is {}",
                tokens.client_id, self.client_id
            )));
        }
        Ok(tokens)
    }

    async fn load(&self) -> Result<Option<TokenSet>, AuthError> {
        let tokens = match load(&self.store).await {
            Err(TokenStoreError::NoLogin { path, reason }) => {
                return Err(self.not_logged_in(format!("{}: {reason}", path.display())));
            }
            result => result?,
        };
        if let Some(gcid) = tokens.as_ref().and_then(|tokens| tokens.gcid.as_deref()) {
            self.check_apart(gcid).await?;
        }
        Ok(tokens)
    }

    /// Nobody before this account is logged in to its BMW account: a token file may be copied at any time.
    async fn check_apart(&self, gcid: &str) -> Result<(), AuthError> {
        for other in &self.others {
            // One that cannot be read is of nobody.
            let theirs = load(other).await.ok().flatten().and_then(|tokens| tokens.gcid);
            if theirs.as_deref() == Some(gcid) {
                return Err(AuthError::SameAccount {
                    account: self.account.to_string(),
                    other: other.account().to_owned(),
                });
            }
        }
        Ok(())
    }

    fn not_logged_in(&self, reason: String) -> AuthError {
        AuthError::NotLoggedIn {
            account: self.account.to_string(),
            reason,
        }
    }
}

async fn load(store: &TokenStore) -> Result<Option<TokenSet>, TokenStoreError> {
    if let Some(tokens) = store.known() {
        return Ok(Some(tokens));
    }
    let store = store.clone();
    blocking(move || store.load()).await
}
