//! Where the bearer token of a call comes from.

use async_trait::async_trait;
use cardata_auth::{AuthError, Authenticator};
use secrecy::SecretString;

/// Hands out access tokens.
#[async_trait]
pub trait AccessTokens: Send + Sync {
    /// A token that should be valid.
    async fn access_token(&self) -> Result<SecretString, TokenError>;

    /// A token in place of one that the API refused before its time.
    async fn replace(&self, rejected: &SecretString) -> Result<SecretString, TokenError>;
}

/// Why there is no access token.
#[derive(Debug, Clone, thiserror::Error)]
#[error(transparent)]
pub struct TokenError(#[from] pub AuthError);

impl TokenError {
    /// Whether only `cardata login` helps.
    pub fn needs_login(&self) -> bool {
        self.0.needs_login()
    }
}

#[async_trait]
impl AccessTokens for Authenticator {
    async fn access_token(&self) -> Result<SecretString, TokenError> {
        Ok(Self::access_token(self).await?)
    }

    async fn replace(&self, rejected: &SecretString) -> Result<SecretString, TokenError> {
        Ok(self.force_refresh(rejected).await?)
    }
}
