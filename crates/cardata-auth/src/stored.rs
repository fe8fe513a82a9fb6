//! The JSON of the token file.

use std::path::Path;

use jiff::Timestamp;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};

use crate::scopes::Scopes;
use crate::store::TokenStoreError;
use crate::tokens::TokenSet;

/// Raised when an older program would misread the file.
const VERSION: u64 = 1;

#[derive(Deserialize)]
struct Head {
    version: Option<u64>,
}

#[derive(Serialize, Deserialize)]
struct Stored<T> {
    version: u64,
    client_id: T,
    gcid: Option<T>,
    scope: T,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    logged_in_at: Option<Timestamp>,
    obtained_at: Timestamp,
    access_token: T,
    access_expires_at: Timestamp,
    refresh_token: T,
    refresh_expires_at: Timestamp,
    id_token: Option<T>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id_obtained_at: Option<Timestamp>,
}

/// The token file of a login.
pub fn encode(tokens: &TokenSet) -> Vec<u8> {
    let scope = tokens.scope.to_string();
    let stored = Stored::<&str> {
        version: VERSION,
        client_id: tokens.client_id.as_str(),
        gcid: tokens.gcid.as_deref(),
        scope: &scope,
        logged_in_at: tokens.logged_in_at,
        obtained_at: tokens.obtained_at,
        access_token: tokens.access_token.expose_secret(),
        access_expires_at: tokens.access_expires_at,
        refresh_token: tokens.refresh_token.expose_secret(),
        refresh_expires_at: tokens.refresh_expires_at,
        id_token: tokens.id_token.as_ref().map(ExposeSecret::expose_secret),
        id_obtained_at: Some(tokens.id_obtained_at),
    };
    #[expect(clippy::expect_used, reason = "texts and times always have a JSON form")]
    let mut json = serde_json::to_vec_pretty(&stored).expect("a JSON form");
    json.push(b'\n');
    json
}

/// The login in a token file. `path` is for the error.
pub(crate) fn decode(bytes: &[u8], path: &Path) -> Result<TokenSet, TokenStoreError> {
    let no_login = |reason: String| TokenStoreError::NoLogin {
        path: path.to_owned(),
        reason,
    };
    let head: Head = read(bytes).map_err(no_login)?;
    match head.version {
        Some(found) if found > VERSION => {
            return Err(TokenStoreError::Newer {
                path: path.to_owned(),
                found,
                known: VERSION,
            });
        }
        Some(_) => {}
        None => return Err(no_login("there are no tokens in it".to_owned())),
    }
    let stored: Stored<String> = read(bytes).map_err(no_login)?;
    for (name, token) in [
        ("access", &stored.access_token),
        ("refresh", &stored.refresh_token),
    ] {
        if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(no_login(format!("its {name} token is empty or damaged")));
        }
    }
    let client_id = stored
        .client_id
        .parse()
        .map_err(|_| no_login("its client id is not a UUID".to_owned()))?;
    Ok(TokenSet {
        client_id,
        access_token: stored.access_token.into(),
        refresh_token: stored.refresh_token.into(),
        id_token: stored.id_token.map(Into::into),
        // Older versions did not know better.
        id_obtained_at: stored.id_obtained_at.unwrap_or(stored.obtained_at),
        gcid: stored.gcid,
        scope: Scopes::parse(&stored.scope),
        logged_in_at: stored.logged_in_at,
        obtained_at: stored.obtained_at,
        access_expires_at: stored.access_expires_at,
        refresh_expires_at: stored.refresh_expires_at,
    })
}

/// The message of a JSON error may quote what it found, which may be a token: it is reduced to its place.
fn read<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, String> {
    serde_json::from_slice(bytes).map_err(|error| {
        let fault = match error.classify() {
            serde_json::error::Category::Eof => "it ends too early",
            serde_json::error::Category::Data => "a part of it is missing or of the wrong kind",
            _ => "it is not JSON",
        };
        format!("{fault} (line {}, column {})", error.line(), error.column())
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::tokens;

    fn decode(bytes: &[u8]) -> Result<TokenSet, TokenStoreError> {
        super::decode(bytes, Path::new("home.json"))
    }

    #[test]
    fn what_was_written_is_read_back() {
        let mut tokens = tokens(1, "2026-01-02T03:04:05.678Z".parse().unwrap());
        for _ in 0..2 {
            let json = encode(&tokens);
            assert_eq!(encode(&decode(&json).unwrap()), json);
            tokens.gcid = None;
            tokens.id_token = None;
        }
    }

    #[test]
    fn what_lacks_a_token_is_no_login() {
        let whole = String::from_utf8(encode(&tokens(1, Timestamp::UNIX_EPOCH))).unwrap();
        for damaged in [
            "{}".to_owned(),
            String::new(),
            "[]".to_owned(),
            "\u{feff}{}".to_owned(),
            whole.replace("access-1", ""),
            whole.replace("refresh-1", "a\\nb"),
            whole.replace("\"refresh_token\"", "\"other\""),
            whole[..whole.len() / 2].to_owned(),
        ] {
            assert!(
                matches!(decode(damaged.as_bytes()), Err(TokenStoreError::NoLogin { .. })),
                "{damaged}"
            );
        }
    }

    #[test]
    fn the_file_of_a_later_program_is_left_alone() {
        let refused = decode(br#"{"version":2,"tokens":[]}"#);
        assert!(matches!(refused, Err(TokenStoreError::Newer { found: 2, .. })));
    }

    #[test]
    fn a_fault_never_quotes_a_token() {
        let json = r#"{"version":1,"client_id":"x","obtained_at":"hunter2"}"#;
        let Err(TokenStoreError::NoLogin { reason, .. }) = decode(json.as_bytes()) else {
            panic!("not a login");
        };
        assert!(!reason.contains("hunter2"), "{reason}");
    }

    proptest! {
        #[test]
        fn any_file_is_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(decode(&bytes).is_err());
        }
    }
}
