//! BMW login: OAuth 2.0 device flow with PKCE, refresh, and the token store.
//!
//! Knows nothing of vehicles. A program logs in once with [`login`] and stores the [`TokenSet`] in a
//! [`TokenStore`]; from then on an [`Authenticator`] hands out access tokens that are always fresh. Time comes
//! from a [`Clock`](runtime::Clock), so that a simulation can run faster than the world.
#![doc = include_str!("../DECISIONS.md")]
#![cfg_attr(not(test), warn(unused_crate_dependencies))]

mod authenticator;
mod client;
mod client_id;
mod device_code;
mod endpoint;
mod error;
mod failures;
mod file_stamp;
#[doc(hidden)]
pub mod fuzzing;
mod id_token;
mod import;
mod login;
mod pkce;
mod reply;
mod retry_after;
mod scopes;
mod seal;
mod store;
mod stored;
#[cfg(test)]
mod testing;
mod tokens;
mod uuid;

pub use authenticator::{Authenticator, Upkeep};
pub use client::{OAuthClient, Refreshed};
pub use client_id::{ClientId, InvalidClientId};
pub use device_code::DeviceCode;
pub use endpoint::Endpoint;
pub use error::AuthError;
pub use import::{ImportError, Imported, read_refresh_token};
pub use login::{adopt, login};
pub use pkce::Pkce;
pub use retry_after::retry_after;
pub use scopes::{API_SCOPE, OPENID_SCOPE, SCOPES, STREAM_SCOPE, Scopes, scopes_message};
pub use store::{StoreLock, TokenStore, TokenStoreError};
pub use tokens::TokenSet;
