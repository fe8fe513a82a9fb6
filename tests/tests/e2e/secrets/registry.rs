//! Everything that nobody may read, in all the forms that it may take in a text.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// Shorter texts are parts of too many words to be looked for.
const RECOGNISABLE: usize = 6;

/// Secrets with what they are.
#[derive(Debug, Default)]
pub struct Registry {
    forms: BTreeMap<String, String>,
}

impl Registry {
    /// A secret: as it is, and as URLs, JSON, programs and HTTP write it.
    pub fn add(&mut self, what: &str, secret: &str) {
        assert!(
            secret.len() >= RECOGNISABLE,
            "{what} is too short to be looked for: {secret}"
        );
        let percent = |byte: u8| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        };
        let url: String = secret.bytes().map(percent).collect();
        let json = serde_json::Value::from(secret).to_string();
        let forms = [
            secret.to_owned(),
            url.replace("%20", "+"),
            url.to_lowercase(),
            url,
            json[1..json.len() - 1].to_owned(),
            secret.escape_debug().to_string(),
            secret.escape_default().to_string(),
            STANDARD_NO_PAD.encode(secret),
            URL_SAFE_NO_PAD.encode(secret),
        ];
        for form in forms {
            self.forms.entry(form).or_insert_with(|| what.to_owned());
        }
    }

    /// A token: also the parts of a JWT, of which one alone tells too much.
    pub fn add_token(&mut self, token: &str) {
        self.add("a token", token);
        let parts = token.split('.').filter(|part| part.len() > 20);
        for part in parts {
            self.add("a part of a token", part);
        }
    }

    /// What is in none of the texts, told with the text that has it.
    pub fn assert_absent(&self, place: &str, text: &str) {
        for line in text.lines().map(without_times) {
            for (form, what) in &self.forms {
                assert!(
                    !line.contains(form.as_str()),
                    "{what} is in {place}, as {form}:\n{line}"
                );
            }
        }
    }

    pub fn len(&self) -> usize {
        self.forms.len()
    }
}

/// Without moments: a part of a second has the digits of a place now and then.
fn without_times(line: &str) -> String {
    let is_end = |sign: char| sign.is_whitespace() || matches!(sign, '=' | '"');
    let times = line
        .split(is_end)
        .filter(|word| word.parse::<jiff::Timestamp>().is_ok());
    times.fold(line.to_owned(), |line, time| line.replace(time, ""))
}

#[test]
fn a_moment_is_no_place() {
    let mut registry = Registry::default();
    registry.add("a position", "11.618");
    registry.assert_absent("a log", r#"until=2026-12-02T12:27:11.618273379Z missing="""#);
    let told = std::panic::catch_unwind(|| registry.assert_absent("a log", "longitude=11.618"));
    assert!(told.is_err());
}

#[test]
fn a_secret_is_found_in_every_dress() {
    let mut registry = Registry::default();
    registry.add("the password", "p\"ä w\\+/=!");
    for text in [
        "x p\"ä w\\+/=! x",
        "pw=p%22%C3%A4+w%5C%2B%2F%3D%21",
        "\"p\\\"ä w\\\\+/=!\"",
        "cCLDpCB3XCsvPSE=",
    ] {
        let found = std::panic::catch_unwind(|| registry.assert_absent("the log", text));
        assert!(found.is_err(), "{text}");
    }
    registry.assert_absent("the log", "nothing of the kind");
}
