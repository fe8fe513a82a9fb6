//! The forms in which a server, or what stands before it, may repeat a login.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use url::form_urlencoded::byte_serialize;

/// A token or a password as it is, in a URL, in JSON, as programs print texts (also within another such text), and as HTTP
/// carries it.
pub fn forms(user: Option<&str>, secret: &str) -> Vec<String> {
    let encoded: String = byte_serialize(secret.as_bytes()).collect();
    let json = |text: &str| {
        let quoted = serde_json::Value::from(text).to_string();
        quoted[1..quoted.len() - 1].to_owned()
    };
    let debug = secret.escape_debug().to_string();
    let basic = format!("{}:{secret}", user.unwrap_or_default());
    let mut forms = vec![
        secret.to_owned(),
        encoded.replace('+', "%20"),
        encoded,
        json(secret),
        // A message in a message.
        json(&json(secret)),
        json(&debug),
        debug.escape_debug().to_string(),
        debug,
    ];
    for text in [secret, &basic] {
        forms.extend([
            STANDARD.encode(text),
            STANDARD_NO_PAD.encode(text),
            URL_SAFE_NO_PAD.encode(text),
        ]);
    }
    forms.retain(|form| !form.trim().is_empty());
    forms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_known_in_every_dress() {
        let forms = forms(Some("me"), "p\"ä w\\+/=");
        for form in [
            "p\"ä w\\+/=",
            "p%22%C3%A4+w%5C%2B%2F%3D",
            "p%22%C3%A4%20w%5C%2B%2F%3D",
            "p\\\"ä w\\\\+/=",
            "p\\\\\\\"ä w\\\\\\\\+/=",
            "bWU6cCLDpCB3XCsvPQ==",
            "bWU6cCLDpCB3XCsvPQ",
        ] {
            assert!(forms.iter().any(|known| known == form), "{form}: {forms:?}");
        }
        assert!(super::forms(None, "").iter().all(|form| !form.is_empty()));
    }
}
