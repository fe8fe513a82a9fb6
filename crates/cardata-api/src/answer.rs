//! What came back: recognised as an error, or handed on to be read.

use std::time::Duration;

use collector_core::mask;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::{Map, Value};

use crate::classify::{ErrorKind, classify};
use crate::endpoint::Endpoint;
use crate::error::{ApiError, Body, ErrorAnswer, UnreadableAnswer};

/// Of each of BMW's texts, in characters.
const SHOWN: usize = 200;
/// So much is kept of a success that cannot be read; the largest answer known has 50 kB.
const KEPT: usize = 4 << 20;
/// More bytes than are read for what is shown of a body.
const BEGINNING: usize = 64 * 1024;

/// The key of BMW's number of an error.
const ERROR_ID: &str = "exveErrorId";

/// One answer with what it answers.
#[derive(Debug)]
pub(crate) struct Answer<'a> {
    pub endpoint: &'a Endpoint,
    /// The token of the request, which no message may show.
    pub secret: &'a str,
    pub status: u16,
    pub retry_after: Option<Duration>,
    /// When the server says that it answered, in its own words.
    pub date: Option<String>,
    /// The host to which a redirect points.
    pub redirected: Option<String>,
    /// How the server says that the body is packed, where it was not unpacked.
    pub encoding: Option<String>,
    pub body: Vec<u8>,
    /// Why the body is not whole.
    pub damage: Option<&'static str>,
}

impl Answer<'_> {
    /// Refuses what is not a whole success: an error status, a damaged body, and an error that comes with a
    /// success status.
    pub fn check(&self) -> Result<(), ApiError> {
        if self.is_success() && self.damage.is_none() && !may_name_an_error(&self.body) {
            return Ok(());
        }
        let object = match self.damage {
            // What stands there is not from the API.
            _ if self.is_redirect() => None,
            None => serde_json::from_slice::<Map<String, Value>>(self.json_text()).ok(),
            Some(_) => None,
        };
        match object {
            Some(object) if !self.is_success() || object.contains_key(ERROR_ID) => {
                Err(ApiError::Reported(Box::new(self.reported(&object))))
            }
            None if !self.is_success() || self.damage.is_some() => Err(self.not_json(false)),
            _ => Ok(()),
        }
    }

    /// The body as JSON. `expected` completes the sentence "the body is JSON, but …".
    pub fn json<T: DeserializeOwned>(&self, expected: &'static str) -> Result<T, ApiError> {
        serde_json::from_slice(self.json_text()).map_err(|error| {
            // What is ignored is not looked at for its letters either.
            let text = std::str::from_utf8(self.json_text());
            if text.is_ok_and(|text| serde_json::from_str::<IgnoredAny>(text).is_ok()) {
                self.unexpected(expected)
            } else {
                self.not_json(error.is_eof())
            }
        })
    }

    /// An answer that is JSON, but not what the call asks for. `expected` as for [`json`](Self::json).
    pub fn unexpected(&self, expected: &'static str) -> ApiError {
        let problem = format!("JSON, but {expected}");
        ApiError::Unexpected(self.unreadable(ErrorKind::Unknown, problem, self.start()))
    }

    /// A redirect is never followed: it would take the token to whatever it names.
    fn is_redirect(&self) -> bool {
        (300..400).contains(&self.status)
    }

    fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The body without the byte order mark that JSON does not allow and some servers send.
    fn json_text(&self) -> &[u8] {
        self.body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&self.body)
    }

    fn start(&self) -> String {
        let text = self.json_text();
        self.shown(&String::from_utf8_lossy(&text[..text.len().min(BEGINNING)]))
    }

    /// BMW's words, without what no message may show.
    fn shown(&self, text: &str) -> String {
        mask::quoted(text, &[self.secret], SHOWN)
    }

    /// The number of an error, which may be as long as a token.
    fn reference(&self, text: &str) -> String {
        mask::cut(&mask::personal(&mask::without(text, &[self.secret])), SHOWN)
    }

    fn reported(&self, object: &Map<String, Value>) -> ErrorAnswer {
        let text = |key| object.get(key).and_then(scalar);
        let shown = |text: String| self.shown(&text);
        let id = text(ERROR_ID);
        // Gateways in front of the API speak OAuth's dialect or Apigee's.
        let message = text("exveErrorMsg")
            .or_else(|| text("error"))
            .or_else(|| text("message"))
            .or_else(|| object.get("fault")?.get("faultstring").and_then(scalar));
        let note = text("exveNote").or_else(|| text("error_description"));
        let descriptors = [&message, &note]
            .into_iter()
            .flatten()
            .flat_map(|text| named_descriptors(text));
        ErrorAnswer {
            descriptors: descriptors.filter(|name| shown(name.clone()) == *name).collect(),
            call: self.endpoint.call,
            url: self.endpoint.shown.clone(),
            kind: classify(self.endpoint.call, self.status, id.as_deref(), message.as_deref()),
            status: self.status,
            id: id.map(shown),
            message: message.map(shown),
            reference: text("exveErrorRef").map(|text| self.reference(&text)),
            note: note.map(shown),
            retry_after: self.retry_after,
        }
    }

    fn not_json(&self, ends_early: bool) -> ApiError {
        let start = match self.is_redirect() || self.is_packed() {
            true => String::new(),
            false => self.start(),
        };
        let id = error_id(&self.body);
        let kind = match self.is_success() || self.is_redirect() {
            true => ErrorKind::Unknown,
            false => classify(self.endpoint.call, self.status, id.as_deref(), Some(&start)),
        };
        if kind != ErrorKind::Quota {
            return ApiError::NotJson(self.unreadable(kind, self.problem(ends_early), start));
        }
        ApiError::Reported(Box::new(ErrorAnswer {
            call: self.endpoint.call,
            url: self.endpoint.shown.clone(),
            kind,
            status: self.status,
            id,
            message: Some(start).filter(|start| !start.is_empty()),
            reference: None,
            note: None,
            descriptors: Vec::new(),
            retry_after: self.retry_after,
        }))
    }

    fn problem(&self, ends_early: bool) -> String {
        if let Some(damage) = self.damage {
            return format!("the body is {damage}");
        }
        if self.is_redirect() {
            let host = self.redirected.as_deref().map(|host| self.shown(host));
            return format!(
                "sent on to {}, which is not followed: a proxy or a network that wants a login of its own stands before BMW",
                host.as_deref().unwrap_or("nowhere")
            );
        }
        if self.is_packed() {
            let how = self.encoding.as_deref().map(|encoding| self.shown(encoding));
            return format!(
                "the body is packed ({}), which was not asked for",
                how.as_deref().unwrap_or("gzip")
            );
        }
        match self.json_text().trim_ascii_start() {
            [] => "the body is empty".to_owned(),
            [b'<', ..] => "the body is HTML or XML, not JSON".to_owned(),
            text if std::str::from_utf8(text).is_err() => "the body is not UTF-8".to_owned(),
            _ if ends_early => "the body ends before its JSON does".to_owned(),
            _ => "the body is not JSON".to_owned(),
        }
    }

    /// Whether the body is still packed: nothing but gzip is asked for, and that is unpacked where the server says that it
    /// is.
    fn is_packed(&self) -> bool {
        self.encoding
            .as_deref()
            .is_some_and(|encoding| encoding != "identity")
            || self.body.starts_with(&[0x1f, 0x8b])
    }

    fn unreadable(&self, kind: ErrorKind, problem: String, start: String) -> Box<UnreadableAnswer> {
        let kept = if self.is_success() {
            self.body.len().min(KEPT)
        } else {
            0
        };
        Box::new(UnreadableAnswer {
            body: Body(self.body[..kept].to_vec()),
            call: self.endpoint.call,
            url: self.endpoint.shown.clone(),
            kind,
            status: self.status,
            problem,
            start,
            retry_after: self.retry_after,
        })
    }
}

/// Whether a body may have the key of an error, as it is or in JSON's escapes. It spares what it is not a second
/// reading: an answer that is a whole success is read by its call alone.
fn may_name_an_error(body: &[u8]) -> bool {
    let has = |bytes: &[u8]| body.windows(bytes.len()).any(|window| window == bytes);
    has(ERROR_ID.as_bytes()) || has(b"\\u")
}

/// The words of a text that are descriptors.
fn named_descriptors(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_')));
    words
        .map(|word| word.trim_end_matches('.'))
        .filter(|word| word.starts_with("vehicle."))
        .map(str::to_owned)
        .collect()
}

/// A text, or a number in its place.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// BMW's error id in a body that is not JSON: the API answers in XML at times, whatever is asked for.
fn error_id(body: &[u8]) -> Option<String> {
    let start = body.windows(3).position(|window| window == b"CU-")?;
    let digits = body.get(start + 3..start + 6)?;
    let digits = std::str::from_utf8(digits)
        .ok()
        .filter(|text| text.bytes().all(|b| b.is_ascii_digit()))?;
    Some(format!("CU-{digits}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use url::Url;

    use super::*;
    use crate::call::Call;
    use crate::endpoint::Base;
    use crate::{basic_data, container, document, mapping, telematic_data};

    const SECRET: &str = "the-token";

    /// Reads the answer in every way there is, and all that could be shown of it.
    fn read(status: u16, body: Vec<u8>, damage: Option<&'static str>) -> Vec<String> {
        let endpoint = Base::new(Url::parse("http://localhost").unwrap()).endpoint(Call::Mappings, &[]);
        let answer = Answer {
            endpoint: &endpoint,
            secret: SECRET,
            status,
            retry_after: None,
            date: None,
            redirected: None,
            encoding: None,
            body,
            damage,
        };
        let errors = [
            answer.check().err(),
            mapping::read(&answer).err(),
            basic_data::read(&answer).err(),
            container::read_list(&answer).err(),
            container::read_one(&answer).err(),
            telematic_data::read(&answer).err(),
            document::read_page(&answer).err(),
            document::read_object(&answer).err(),
            document::read_image(&answer).err(),
        ];
        errors
            .into_iter()
            .flatten()
            .map(|error| format!("{error} {error:?}"))
            .collect()
    }

    /// Bytes, text, and JSON that is nearly right.
    fn body() -> impl Strategy<Value = Vec<u8>> {
        let word = prop::sample::select(vec![
            "{",
            "}",
            "[",
            "]",
            ":",
            ",",
            "null",
            "1e999",
            "-",
            "\"vin\"",
            "\"containers\"",
            "\"telematicData\"",
            "\"WBY8P210X07A12345\"",
            "\"exveErrorId\"",
            "\"CU-429\"",
            "\"\\ud800\"",
            "the-token",
            "<a>",
            "\u{1b}",
        ]);
        prop_oneof![
            any::<Vec<u8>>(),
            ".*".prop_map(String::into_bytes),
            prop::collection::vec(word, 0..12).prop_map(|words| words.concat().into_bytes()),
        ]
    }

    proptest! {
        #[test]
        fn any_body_is_read_without_a_panic_or_a_leak(
            status in 200_u16..600,
            body in body(),
            damage in prop::option::of(Just("cut short")),
        ) {
            for shown in read(status, body, damage) {
                prop_assert!(!shown.contains(SECRET) && !shown.contains("WBY8P210X07A12345"), "{shown}");
                prop_assert!(!shown.contains('\u{1b}'), "{shown}");
            }
        }
    }

    #[test]
    fn an_error_that_comes_with_a_success_is_found_however_it_is_written() {
        for key in ["exveErrorId", r"exve\u0045rrorId"] {
            let body = format!(r#"{{"telematicData":{{}},"{key}":"CU-104"}}"#);
            let found = read(200, body.into_bytes(), None);
            assert!(found[0].contains("CU-104"), "{found:?}");
        }
        let fine = r#"{"telematicData":{"a.b":{"value":"CU-104"}}}"#;
        assert!(
            read(200, fine.into(), None)
                .iter()
                .all(|error| !error.contains("CU-104 "))
        );
    }

    #[test]
    fn deep_nesting_is_no_stack_overflow() {
        for body in ["[", "{\"telematicData\":{\"a\":[", "{\"a\":"].map(|text| text.repeat(100_000)) {
            assert!(!read(200, body.clone().into_bytes(), None).is_empty());
            assert!(!read(500, body.into_bytes(), None).is_empty());
        }
    }
}
