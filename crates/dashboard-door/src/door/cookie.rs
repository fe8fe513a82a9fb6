//! The cookie that stands for the token.

use axum::http::HeaderMap;
use axum::http::header::COOKIE;
use collector_core::Secret;
use sha2::{Digest, Sha256};

/// As long as browsers keep one at most, in seconds.
const MAX_AGE: u32 = 400 * 86_400;

/// Who finds the cookie can see the page, but does not know the token. Browsers do not tell ports apart: two pages of one
/// host have two names for it.
pub(super) struct Cookie {
    name: String,
    value: String,
}

impl Cookie {
    pub fn of(port: u16, token: &Secret) -> Self {
        let digest = Sha256::digest(format!("cardata page {}", token.expose()));
        Self {
            name: format!("cardata-{port}"),
            value: digest.iter().map(|byte| format!("{byte:02x}")).collect(),
        }
    }

    /// The value of `Set-Cookie`.
    pub fn to_set(&self) -> String {
        let Self { name, value } = self;
        format!("{name}={value}; Path=/; Max-Age={MAX_AGE}; HttpOnly; SameSite=Strict")
    }

    pub fn is_in(&self, headers: &HeaderMap) -> bool {
        let sent = headers
            .get_all(COOKIE)
            .iter()
            .filter_map(|cookies| cookies.to_str().ok());
        let mut pairs = sent
            .flat_map(|cookies| cookies.split(';'))
            .filter_map(|pair| pair.split_once('='));
        pairs.any(|(name, value)| name.trim() == self.name && super::same(value.trim(), &self.value))
    }
}
