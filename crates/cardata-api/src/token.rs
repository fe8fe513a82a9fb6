//! Where the bearer token of a call comes from.

use async_trait::async_trait;
use cardata_auth::{AuthError, Authenticator};
use secrecy::SecretString;

/// Hands out access tokens.
#[async_trait]
pub trait AccessTokens: Send + Sync {
    /// A token that should be valid.
    async fn access_token(&self) -> Result<SecretString, AuthError>;

    /// A token in place of one that the API refused before its time.
    async fn replace(&self, rejected: &SecretString) -> Result<SecretString, AuthError>;
}

#[async_trait]
impl AccessTokens for Authenticator {
    async fn access_token(&self) -> Result<SecretString, AuthError> {
        Self::access_token(self).await
    }

    async fn replace(&self, rejected: &SecretString) -> Result<SecretString, AuthError> {
        self.force_refresh(rejected).await
    }
}
