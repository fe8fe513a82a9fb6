//! A whole login, from the first code to the tokens.

use secrecy::SecretString;

use crate::client::OAuthClient;
use crate::client_id::ClientId;
use crate::device_code::DeviceCode;
use crate::error::AuthError;
use crate::pkce::Pkce;
use crate::tokens::TokenSet;

/// The gateway eats codes in bad hours; nobody wants to approve more of them than this.
const MAX_CODES: usize = 3;

/// Logs in: asks for a code, gives it to `on_code` to show, and waits until the owner has approved it. When
/// BMW's gateway loses the code, `on_code` gets another, up to three in all. Stores nothing.
///
/// # Errors
/// Those of [`OAuthClient::request_code`] and [`OAuthClient::wait_for_approval`].
pub async fn login(
    oauth: &OAuthClient,
    client_id: &ClientId,
    mut on_code: impl FnMut(&DeviceCode),
) -> Result<TokenSet, AuthError> {
    let mut attempt = 1;
    loop {
        let pkce = Pkce::generate(&mut rand::rng());
        let code = oauth.request_code(client_id, &pkce).await?;
        on_code(&code);
        match oauth.wait_for_approval(client_id, &pkce, &code).await {
            Err(AuthError::GatewayFault { url }) if attempt < MAX_CODES => {
                tracing::warn!(attempt, url, "the gateway lost the code; asking for a new one");
                attempt += 1;
            }
            result => return result,
        }
    }
}

/// Takes over the login of another client by its refresh token: refreshes it once, which proves it and takes it away
/// from the other client. Stores nothing. If the answer is lost on the way, so may be the login.
///
/// # Errors
/// Those of [`OAuthClient::refresh`].
pub async fn adopt(
    oauth: &OAuthClient,
    client_id: &ClientId,
    refresh_token: &SecretString,
) -> Result<TokenSet, AuthError> {
    let mut answer = oauth.refresh(client_id, refresh_token).await?;
    answer.refresh_token.get_or_insert_with(|| refresh_token.clone());
    TokenSet::of_login(client_id.clone(), answer).ok_or_else(|| AuthError::LoginExpired {
        reason: "the answer holds no refresh token".to_owned(),
    })
}
