//! The refresh token in the token file of another client of BMW CarData.
//!
//! Those files are a bare token, or JSON with `refresh_token` at the top or one level below it. Nothing else is
//! looked through: deeper files hold the logins of other services too, and theirs must not be sent to BMW.

use secrecy::SecretString;
use serde_json::{Map, Value};

use crate::id_token;

/// Token files are a few kilobytes long.
const MAX_BYTES: usize = 1 << 20;
/// BMW's tokens have 30 to 2,000 characters.
const MIN_LENGTH: usize = 8;
const MAX_LENGTH: usize = 16 * 1024;
const REFRESH_KEYS: [&str; 2] = ["refresh_token", "refreshToken"];
const CLIENT_KEYS: [&str; 2] = ["client_id", "clientId"];
const OTHER_TOKENS: [&str; 4] = ["access_token", "accessToken", "id_token", "idToken"];
/// Claims that an id token has and a refresh token has not.
const ID_CLAIMS: [&str; 3] = ["at_hash", "nonce", "dynamic_scopes"];

/// What another client's file told. `Debug` hides the token.
#[derive(Debug, Clone)]
pub struct Imported {
    pub refresh_token: SecretString,
    /// The client that the token belongs to, where the file names it. As it is written there.
    pub client_id: Option<String>,
}

/// Why no refresh token was found. Never repeats what the file holds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    #[error("it is longer than 1 MiB, so it is no token file")]
    TooLong,
    #[error("there is nothing in it")]
    Empty,
    #[error("it is not text in UTF-8")]
    NotText,
    #[error("it begins like JSON and is not (line {line}, column {column})")]
    NotJson { line: usize, column: usize },
    /// Only the refresh token lives long enough to be handed over.
    #[error("it holds an access or id token and no refresh token; find the file with `refresh_token` in it")]
    OtherToken,
    #[error("it holds several refresh tokens; write the one of this account into a file of its own")]
    Several,
    #[error("its `refresh_token` is empty or damaged")]
    Damaged,
    #[error("there is no refresh token in it: expected the bare token, or JSON with `refresh_token`")]
    None,
}

/// Finds the refresh token in the bytes of a token file. A byte order mark, the line ends of Windows and quotes
/// around a bare token do not matter.
///
/// # Errors
/// See [`ImportError`].
pub fn read_refresh_token(bytes: &[u8]) -> Result<Imported, ImportError> {
    if bytes.len() > MAX_BYTES {
        return Err(ImportError::TooLong);
    }
    let text = std::str::from_utf8(bytes).map_err(|_| ImportError::NotText)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).trim();
    match text.as_bytes().first() {
        None => Err(ImportError::Empty),
        Some(b'{' | b'[') => in_json(text),
        Some(_) => bare(text),
    }
}

fn bare(text: &str) -> Result<Imported, ImportError> {
    let quotes = ['"', '\'', '`'];
    let quoted = quotes
        .into_iter()
        .find_map(|quote| text.strip_prefix(quote)?.strip_suffix(quote));
    let token = quoted.unwrap_or(text).trim();
    if !is_token(token) || token.contains(quotes) {
        return Err(ImportError::None);
    }
    accepted(token, None)
}

fn in_json(text: &str) -> Result<Imported, ImportError> {
    let root: Value = serde_json::from_str(text).map_err(|error| ImportError::NotJson {
        line: error.line(),
        column: error.column(),
    })?;
    let tables = tables(&root);
    let mut tokens: Vec<(&Map<String, Value>, &Value)> = tables
        .iter()
        .flat_map(|table| {
            REFRESH_KEYS
                .iter()
                .filter_map(|key| Some((*table, table.get(*key)?)))
        })
        .filter(|(_, token)| !token.is_null())
        .collect();
    tokens.dedup_by(|one, other| one.1 == other.1);
    match tokens.as_slice() {
        [] => {
            let has = |table: &&Map<String, Value>| OTHER_TOKENS.iter().any(|key| table.contains_key(*key));
            let other = tables.iter().any(has);
            Err(if other {
                ImportError::OtherToken
            } else {
                ImportError::None
            })
        }
        [(table, token)] => {
            let token = token.as_str().map(str::trim).filter(|token| is_token(token));
            let around = [*table].into_iter().chain(root.as_object());
            accepted(
                token.ok_or(ImportError::Damaged)?,
                around.filter_map(client_id).next(),
            )
        }
        _ => Err(ImportError::Several),
    }
}

/// The root, where it is a table, and the tables directly in it.
fn tables(root: &Value) -> Vec<&Map<String, Value>> {
    let inner: Vec<&Value> = match root {
        Value::Object(object) => object.values().collect(),
        Value::Array(items) => items.iter().collect(),
        _ => Vec::new(),
    };
    let own = root.as_object().into_iter();
    own.chain(inner.into_iter().filter_map(Value::as_object))
        .collect()
}

fn client_id(table: &Map<String, Value>) -> Option<String> {
    let written = CLIENT_KEYS.iter().find_map(|key| table.get(*key)?.as_str())?;
    Some(written.trim().to_owned()).filter(|id| !id.is_empty())
}

fn accepted(token: &str, client_id: Option<String>) -> Result<Imported, ImportError> {
    if is_of_another_kind(token) {
        return Err(ImportError::OtherToken);
    }
    Ok(Imported {
        refresh_token: token.into(),
        client_id,
    })
}

/// What fits into a form and is not just a word.
fn is_token(text: &str) -> bool {
    (MIN_LENGTH..=MAX_LENGTH).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// A JSON Web Token says of itself when it is an id token or an access token.
fn is_of_another_kind(token: &str) -> bool {
    let is_jwt = token.matches('.').count() >= 2;
    let Some(claims) = id_token::claims(token).filter(|_| is_jwt) else {
        return false;
    };
    match claims.get("tokenName").and_then(Value::as_str) {
        Some(name) => name != "refresh_token",
        None => ID_CLAIMS.iter().any(|claim| claims.contains_key(*claim)),
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use proptest::prelude::*;
    use secrecy::ExposeSecret;

    use super::*;

    const TOKEN: &str = "jZ3q-refresh_token.of/another+client=";

    fn read(text: &str) -> Result<(String, Option<String>), ImportError> {
        read_refresh_token(text.as_bytes()).map(|imported| {
            (
                imported.refresh_token.expose_secret().to_owned(),
                imported.client_id,
            )
        })
    }

    fn jwt(claims: &str) -> String {
        format!(
            "eyJhbGciOiJSUzI1NiJ9.{}.c2lnbmF0dXJl",
            URL_SAFE_NO_PAD.encode(claims)
        )
    }

    #[test]
    fn a_bare_token_is_found_whatever_stands_around_it() {
        for text in [
            TOKEN.to_owned(),
            format!("{TOKEN}\n"),
            format!("\u{feff}{TOKEN}\r\n\r\n"),
            format!("  \"{TOKEN}\"\n"),
            format!("'{TOKEN}'"),
        ] {
            assert_eq!(read(&text), Ok((TOKEN.to_owned(), None)), "{text}");
        }
    }

    #[test]
    fn json_holds_it_at_the_top_or_one_level_below() {
        let id = Some("0F1E2D3C".to_owned());
        for (text, client_id) in [
            (format!(r#"{{"refresh_token":"{TOKEN}"}}"#), None),
            (
                format!(
                    "\u{feff}{{\r\n \"access_token\": \"a\", \"expires_in\": 3599,\r\n \"refresh_token\": \" {TOKEN} \", \"x\": [1, null]}}\r\n"
                ),
                None,
            ),
            (
                format!(r#"{{"client_id":"0F1E2D3C","refresh_token":"{TOKEN}"}}"#),
                id.clone(),
            ),
            (
                format!(r#"{{"clientId":"0F1E2D3C","tokens":{{"refresh_token":"{TOKEN}","id_token":"i"}}}}"#),
                id.clone(),
            ),
            (
                format!(r#"{{"session":{{"refreshToken":"{TOKEN}"}},"client_id":7}}"#),
                None,
            ),
            (
                format!(r#"[{{"refresh_token":"{TOKEN}","client_id":"0F1E2D3C"}}]"#),
                id,
            ),
            (
                format!(
                    r#"{{"refresh_token":"{TOKEN}","refreshToken":"{TOKEN}","old":{{"refresh_token":null}}}}"#
                ),
                None,
            ),
        ] {
            assert_eq!(read(&text), Ok((TOKEN.to_owned(), client_id)), "{text}");
        }
    }

    #[test]
    fn what_holds_no_refresh_token_is_refused_with_the_reason() {
        let id_token = jwt(r#"{"sub":"x","at_hash":"y"}"#);
        for (text, expected) in [
            (String::new(), ImportError::Empty),
            (" \r\n".to_owned(), ImportError::Empty),
            ("{}".to_owned(), ImportError::None),
            ("two words".to_owned(), ImportError::None),
            ("short".to_owned(), ImportError::None),
            ("<html></html> ".repeat(3), ImportError::None),
            (format!("REFRESH\n{TOKEN}"), ImportError::None),
            (
                r#"{"access_token":"abcdefghij"}"#.to_owned(),
                ImportError::OtherToken,
            ),
            (
                r#"{"tokens":{"idToken":"abcdefghij"}}"#.to_owned(),
                ImportError::OtherToken,
            ),
            (id_token.clone(), ImportError::OtherToken),
            (
                format!(r#"{{"refresh_token":"{id_token}"}}"#),
                ImportError::OtherToken,
            ),
            (jwt(r#"{"tokenName":"access_token"}"#), ImportError::OtherToken),
            (r#"{"refresh_token":""}"#.to_owned(), ImportError::Damaged),
            (r#"{"refresh_token":17}"#.to_owned(), ImportError::Damaged),
            (
                r#"{"refresh_token":"a b c d e f"}"#.to_owned(),
                ImportError::Damaged,
            ),
            (
                format!(r#"{{"a":{{"b":{{"refresh_token":"{TOKEN}"}}}}}}"#),
                ImportError::None,
            ),
            (
                r#"{"a":{"refresh_token":"abcdefghij"},"b":{"refresh_token":"jihgfedcba"}}"#.to_owned(),
                ImportError::Several,
            ),
            (
                "{\n\"refresh".to_owned(),
                ImportError::NotJson { line: 2, column: 8 },
            ),
            ("x".repeat(MAX_BYTES + 1), ImportError::TooLong),
        ] {
            let refused = read(&text).unwrap_err();
            assert_eq!(refused, expected, "{}", &text[..text.len().min(80)]);
        }
        assert_eq!(read_refresh_token(b"\xff\xfe").unwrap_err(), ImportError::NotText);
    }

    #[test]
    fn a_refresh_token_may_be_a_web_token() {
        for claims in [r#"{"tokenName":"refresh_token"}"#, r#"{"sub":"x","exp":1}"#] {
            assert!(read(&jwt(claims)).is_ok(), "{claims}");
        }
    }

    proptest! {
        #[test]
        fn any_file_is_read_without_panic(bytes in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..300),
            r#"(\{"[a-z]{0,5}":)?\{"(refresh_token|client_id|id_token)":("\PC{0,20}"|[0-9]{1,4}|null|\[\])\}\}?"#
                .prop_map(String::into_bytes),
        ]) {
            if let Ok(imported) = read_refresh_token(&bytes) {
                prop_assert!(is_token(imported.refresh_token.expose_secret()));
            }
        }

        #[test]
        fn every_token_survives_json(token in "[!-~]{8,60}", client in "[a-f0-9-]{1,36}") {
            let json = serde_json::json!({"x": {"refresh_token": token, "client_id": client}}).to_string();
            prop_assert_eq!(read(&json), Ok((token, Some(client))));
        }
    }
}
