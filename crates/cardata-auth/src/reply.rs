//! What the server answered, read with care: any status, any body.

use std::time::Duration;

use collector_core::mask;
use reqwest::{Response, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};

use crate::retry_after::retry_after;

/// Longer bodies are cut off and then are no JSON.
const BODY_LIMIT: usize = 1 << 20;
/// How much of a body or of the server's words an error shows, in characters.
const SHOWN: usize = 80;
const SHOWN_REASON: usize = 200;

/// An answer whose body was read to its end or to the limit.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) retry_after: Option<Duration>,
    /// The host to which a redirect points.
    redirected: Option<String>,
    body: Vec<u8>,
    object: Option<Map<String, Value>>,
}

impl Reply {
    pub(crate) async fn read(mut response: Response) -> Result<Self, reqwest::Error> {
        let status = response.status();
        let retry_after = retry_after(response.headers());
        let redirected = redirected(&response);
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            let room = BODY_LIMIT - body.len();
            body.extend_from_slice(&chunk[..chunk.len().min(room)]);
            if chunk.len() > room {
                break;
            }
        }
        Ok(Self {
            redirected,
            ..Self::new(status, retry_after, body)
        })
    }

    pub(crate) fn new(status: StatusCode, retry_after: Option<Duration>, body: Vec<u8>) -> Self {
        // Some servers send a byte order mark, which JSON does not allow.
        let text = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&body);
        let object = serde_json::from_slice(text).ok();
        Self {
            status,
            retry_after,
            redirected: None,
            body,
            object,
        }
    }

    pub(crate) fn is_json(&self) -> bool {
        self.object.is_some()
    }

    /// A member that is a text with something in it.
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        let text = self.object.as_ref()?.get(key)?.as_str()?.trim();
        (!text.is_empty()).then_some(text)
    }

    /// A member that can go into a header and a form: visible ASCII without blanks.
    pub(crate) fn token(&self, key: &str) -> Option<SecretString> {
        let text = self.text(key)?;
        text.bytes()
            .all(|byte| byte.is_ascii_graphic())
            .then(|| text.into())
    }

    /// A length of time in seconds, written as a number or as a text; none that is over before it began.
    pub(crate) fn seconds(&self, key: &str) -> Option<u64> {
        let value = self.object.as_ref()?.get(key)?;
        let number = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())?;
        // A cast from f64 saturates and makes zero of what is not a number.
        (number >= 1.0).then_some(number as u64)
    }

    /// The error string of RFC 6749 section 5.2, at whatever status.
    pub(crate) fn error(&self) -> Option<&str> {
        self.text("error")
    }

    /// BMW's gateway, not its OAuth server, answered; a device code in the request is consumed.
    pub(crate) fn is_gateway_fault(&self) -> bool {
        let fault = self.object.as_ref().and_then(|object| object.get("fault"));
        let code = fault.and_then(|fault| fault.pointer("/detail/errorcode")?.as_str());
        code == Some("keymanagement.service.invalid_access_token")
    }

    /// The server is overloaded or has failed; the request itself is not at fault.
    pub(crate) fn is_transient(&self) -> bool {
        self.status.is_server_error()
            || matches!(self.status.as_u16(), 408 | 425 | 429)
            || matches!(self.error(), Some("temporarily_unavailable" | "server_error"))
    }

    /// What went wrong, in the server's words or else by the start of the body, on one line. `secrets` are
    /// what the request held: they are hidden should the server repeat them.
    pub(crate) fn reason(&self, secrets: &[&SecretString]) -> String {
        if let Some(error) = self.error() {
            let description = self.text("error_description").unwrap_or_default();
            let separator = if description.is_empty() { "" } else { ": " };
            return quoted(&format!("{error}{separator}{description}"), secrets, SHOWN_REASON);
        }
        if let Some(host) = &self.redirected {
            let host = quoted(host, secrets, SHOWN);
            return format!(
                "sent on to {host}, which is not followed: a proxy or a network that wants a login of its own stands before BMW"
            );
        }
        let body = String::from_utf8_lossy(&self.body);
        if body.trim().is_empty() {
            return "an empty body".to_owned();
        }
        if self.may_hold_tokens(&body) {
            return format!(
                "a body of {} bytes that is not the expected JSON",
                self.body.len()
            );
        }
        format!("a body that begins with `{}`", quoted(&body, secrets, SHOWN))
    }

    /// A successful answer that was cut off begins with a token; one of a captive portal begins with HTML.
    fn may_hold_tokens(&self, body: &str) -> bool {
        let looks_like_html = body.trim_start_matches('\u{feff}').trim_start().starts_with('<');
        self.status.is_success() && (self.is_json() || !looks_like_html || body.contains("token"))
    }
}

/// The host that a redirect names, and nothing else of the address: it may hold what is secret.
fn redirected(response: &Response) -> Option<String> {
    let target = response.headers().get(reqwest::header::LOCATION)?.to_str().ok()?;
    let target = response.url().join(target).ok()?;
    let is_redirect = response.status().is_redirection();
    is_redirect
        .then(|| target.host_str().map(str::to_owned))
        .flatten()
}

fn quoted(text: &str, secrets: &[&SecretString], limit: usize) -> String {
    let secrets: Vec<_> = secrets.iter().map(|secret| secret.expose_secret()).collect();
    mask::quoted(text, &secrets, limit)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn reply(status: u16, body: impl Into<Vec<u8>>) -> Reply {
        Reply::new(StatusCode::from_u16(status).unwrap(), None, body.into())
    }

    #[test]
    fn html_is_shown_without_control_characters_and_cut_after_80() {
        let body = format!("<html>\r\n\u{1b}[31m<h1>Bad gateway</h1>{}", "é".repeat(200));
        let reason = reply(502, body).reason(&[]);
        assert!(reason.contains("<html> [31m<h1>Bad gateway</h1>éé"), "{reason}");
        assert!(!reason.chars().any(char::is_control));
        assert_eq!(
            reason.chars().count(),
            "a body that begins with `".len() + 80 + "…`".chars().count()
        );
    }

    #[test]
    fn a_token_is_never_shown() {
        for (status, body) in [
            (200, r#"{"access_token":"hunter2","refr"#),
            (200, r#"{"access_token":"hunter2"}"#),
            (200, "hunter2"),
            (200, "<!-- token --> hunter2"),
            (400, "<b>hunter2</b>"),
            (
                400,
                r#"{"error":"invalid_request","error_description":"bad hunter2"}"#,
            ),
        ] {
            let reason = reply(status, body).reason(&[&"hunter2".into()]);
            assert!(!reason.contains("hunter2"), "{reason}");
        }
    }

    #[test]
    fn seconds_come_as_number_or_text() {
        let reply = reply(
            200,
            r#"{"a":3599,"b":"3599","c":" 3599.9 ","d":-1,"e":"soon","f":null,"g":1e300,"h":0}"#,
        );
        assert_eq!(["a", "b", "c"].map(|key| reply.seconds(key)), [Some(3599); 3]);
        assert_eq!(
            ["d", "e", "f", "h", "none"].map(|key| reply.seconds(key)),
            [None; 5]
        );
        assert_eq!(reply.seconds("g"), Some(u64::MAX));
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_an_answer() {
        assert_eq!(
            reply(400, "\u{feff}{\"error\":\"slow_down\"}").error(),
            Some("slow_down")
        );
    }

    #[test]
    fn a_token_that_fits_no_header_is_none() {
        let reply = reply(200, r#"{"a":"x\ny","b":"é","c":"","d":7,"e":"good.one_-="}"#);
        assert!(["a", "b", "c", "d"].iter().all(|key| reply.token(key).is_none()));
        assert_eq!(reply.token("e").unwrap().expose_secret(), "good.one_-=");
    }

    proptest! {
        #[test]
        fn any_body_is_read_without_panic(
            status in 100u16..1000,
            body in prop_oneof![
                proptest::collection::vec(any::<u8>(), 0..300),
                r#"\{"(error|fault|expires_in|token)":("\PC{0,200}"|-?[0-9e]{1,9}|\[\]|\{\})\}"#.prop_map(String::into_bytes),
            ],
            secret in ".{0,3}",
        ) {
            let reply = reply(status, body);
            let reason = reply.reason(&[&secret.into()]);
            prop_assert!(!reason.is_empty() && !reason.chars().any(char::is_control));
            let _ = (reply.is_gateway_fault(), reply.is_transient(), reply.seconds("expires_in"), reply.token("token"));
        }
    }
}
