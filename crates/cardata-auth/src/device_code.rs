//! The code that the owner confirms in a browser.

use std::time::Duration;

use jiff::Timestamp;
use secrecy::SecretString;
use url::Url;

use crate::reply::Reply;
use runtime::clock::later;

const DEFAULT_INTERVAL: u64 = 5;
const DEFAULT_EXPIRES_IN: u64 = 300;
const MAX_INTERVAL: u64 = 60;
const MAX_EXPIRES_IN: u64 = 86_400;

/// The answer to the request of a device code, RFC 8628 section 3.2.
#[derive(Debug, Clone)]
pub struct DeviceCode {
    /// What the owner types where the link does not carry it; eight characters, case matters.
    pub user_code: String,
    /// What is polled with.
    pub device_code: SecretString,
    /// The least time between two polls.
    pub interval: Duration,
    /// How long the code lives.
    pub expires_in: Duration,
    /// Where the owner types the code.
    pub verification_uri: Url,
    /// The same with the code in it. The server leaves it out at times.
    pub verification_uri_complete: Option<Url>,
    /// When the code was asked for.
    pub requested_at: Timestamp,
}

impl DeviceCode {
    /// The link that the owner opens; the code is in it.
    pub fn link(&self) -> String {
        if let Some(complete) = &self.verification_uri_complete {
            return complete.to_string();
        }
        let mut link = self.verification_uri.clone();
        link.query_pairs_mut().append_pair("user_code", &self.user_code);
        link.into()
    }

    /// When the code is worth nothing any more.
    pub fn expires_at(&self) -> Timestamp {
        later(self.requested_at, self.expires_in)
    }

    /// Reads a successful answer; the error says what it lacks.
    pub(crate) fn from_reply(reply: &Reply, requested_at: Timestamp) -> Result<Self, &'static str> {
        let user_code = reply
            .text("user_code")
            .filter(|code| code.bytes().all(|byte| byte.is_ascii_graphic()))
            .ok_or("an answer without a user_code")?;
        let device_code = reply
            .token("device_code")
            .ok_or("an answer without a device_code")?;
        let complete = web_link(reply, "verification_uri_complete");
        let verification_uri = web_link(reply, "verification_uri")
            .or_else(|| complete.clone())
            .ok_or("an answer without a verification_uri")?;
        let interval = reply.seconds("interval").unwrap_or(DEFAULT_INTERVAL);
        let expires_in = reply.seconds("expires_in").unwrap_or(DEFAULT_EXPIRES_IN);
        Ok(Self {
            user_code: user_code.to_owned(),
            device_code,
            interval: Duration::from_secs(interval.clamp(1, MAX_INTERVAL)),
            expires_in: Duration::from_secs(expires_in.clamp(1, MAX_EXPIRES_IN)),
            verification_uri,
            verification_uri_complete: complete,
            requested_at,
        })
    }
}

fn web_link(reply: &Reply, key: &str) -> Option<Url> {
    let url = Url::parse(reply.text(key)?).ok()?;
    matches!(url.scheme(), "https" | "http").then_some(url)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use reqwest::StatusCode;
    use serde_json::{Value, json};

    use super::*;

    fn read(body: &Value) -> Result<DeviceCode, &'static str> {
        let reply = Reply::new(StatusCode::OK, None, body.to_string().into_bytes());
        DeviceCode::from_reply(&reply, Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn the_complete_link_is_used_when_there_is_one() {
        let code = read(&json!({
            "user_code": "sDzZXXmD", "device_code": "d.e.v", "interval": 7, "expires_in": "200",
            "verification_uri": "https://bmw.example/link",
            "verification_uri_complete": "https://bmw.example/oneid/link?user_code=sDzZXXmD",
        }))
        .unwrap();
        assert_eq!(code.link(), "https://bmw.example/oneid/link?user_code=sDzZXXmD");
        assert_eq!((code.interval.as_secs(), code.expires_at().as_second()), (7, 200));
        assert!(!format!("{code:?}").contains("d.e.v"));
    }

    #[test]
    fn else_the_link_is_built_and_keeps_its_query() {
        for (uri, link) in [
            (
                "https://bmw.example/link",
                "https://bmw.example/link?user_code=a%26b",
            ),
            (
                "https://bmw.example/link?lang=de",
                "https://bmw.example/link?lang=de&user_code=a%26b",
            ),
        ] {
            let code = read(&json!({
                "user_code": "a&b", "device_code": "d", "verification_uri": uri,
                "verification_uri_complete": "javascript:alert(1)",
            }))
            .unwrap();
            assert_eq!(code.link(), link);
            assert_eq!((code.interval.as_secs(), code.expires_in.as_secs()), (5, 300));
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        let lacking =
            read(&json!({"device_code": "d", "verification_uri": "https://bmw.example"})).unwrap_err();
        assert!(lacking.contains("user_code"));
        let lacking = read(&json!({"user_code": "u\u{1b}", "device_code": "d"})).unwrap_err();
        assert!(lacking.contains("user_code"));
        let lacking =
            read(&json!({"user_code": "u", "device_code": "d", "verification_uri": "/link"})).unwrap_err();
        assert!(lacking.contains("verification_uri"));
    }

    proptest! {
        #[test]
        fn whatever_is_answered_is_within_bounds(
            code in "\\PC{0,12}",
            number in any::<f64>(),
            link in prop_oneof!["https://\\PC{0,20}", "\\PC{0,20}"],
        ) {
            let body = json!({
                "user_code": code, "device_code": "d.e.v", "interval": number, "expires_in": number.to_string(),
                "verification_uri": "http://localhost/", "verification_uri_complete": link,
            });
            if let Ok(code) = read(&body) {
                prop_assert!((1..=MAX_INTERVAL).contains(&code.interval.as_secs()));
                prop_assert!((1..=MAX_EXPIRES_IN).contains(&code.expires_in.as_secs()));
                prop_assert!(code.link().starts_with("http") && code.expires_at() > code.requested_at);
            }
        }
    }
}
