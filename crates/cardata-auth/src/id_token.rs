//! The claims of an id token: the account's GCID, for the answers that leave it out, and how long it lives.
//!
//! The signature is not checked: the token came from BMW over TLS, and the GCID grants nothing by itself.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use crate::uuid;

/// The GCID, from the claim `gcid`, from `sub` when that is a UUID, or from the stream's access rule
/// `read:streaming/*/{gcid}.*` in `dynamic_scopes`.
pub fn gcid(id_token: &str) -> Option<String> {
    let claims = claims(id_token)?;
    let named = ["gcid", "sub"]
        .into_iter()
        .filter_map(|claim| claims.get(claim)?.as_str())
        .find(|text| uuid::is_uuid(text))
        .map(str::to_owned);
    named.or_else(|| claims.get("dynamic_scopes").and_then(uuid_within))
}

/// The time between `iat` and `exp`; none where one of them is missing or they contradict each other.
pub(crate) fn lifetime(id_token: &str) -> Option<Duration> {
    let claims = claims(id_token)?;
    let [from, until] = ["iat", "exp"].map(|claim| claims.get(claim).and_then(Value::as_i64));
    let seconds = until?.checked_sub(from?)?;
    let lifetime = Duration::from_secs(u64::try_from(seconds).ok()?);
    (!lifetime.is_zero()).then_some(lifetime)
}

/// What a JSON Web Token says; none of what is not one.
pub(crate) fn claims(id_token: &str) -> Option<Map<String, Value>> {
    let payload = id_token.split('.').nth(1)?.trim_end_matches('=');
    let bytes = URL_SAFE_NO_PAD.decode(payload).ok()?;
    serde_json::from_slice(&bytes).ok()
}

fn uuid_within(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => (0..text.len())
            .filter_map(|start| text.get(start..start + uuid::LENGTH))
            .find(|part| uuid::is_uuid(part))
            .map(str::to_owned),
        Value::Array(values) => values.iter().find_map(uuid_within),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const GCID: &str = "aa111192-d570-4d3d-8835-656ee00edcd7";

    fn token(claims: &Value) -> String {
        format!("e30.{}.signature", URL_SAFE_NO_PAD.encode(claims.to_string()))
    }

    #[test]
    fn every_claim_that_may_hold_it_is_read() {
        for claims in [
            json!({"gcid": GCID, "sub": "owner@example.com"}),
            json!({"sub": GCID}),
            json!({"sub": "owner@example.com", "dynamic_scopes": format!("read:streaming/*/{GCID}.*")}),
            json!({"dynamic_scopes": ["é", 1, format!("read:streaming/*/{GCID}.*")]}),
        ] {
            assert_eq!(gcid(&token(&claims)).as_deref(), Some(GCID), "{claims}");
        }
    }

    #[test]
    fn anything_else_gives_none() {
        assert_eq!(
            gcid(&token(&json!({"sub": "owner@example.com", "dynamic_scopes": 7}))),
            None
        );
        assert_eq!(gcid(&token(&json!([GCID]))), None);
        for text in ["", ".", "a.b.c", "a.é.c", GCID] {
            assert_eq!(gcid(text), None);
        }
    }

    proptest! {
        #[test]
        fn what_is_found_is_a_uuid(text in "\\PC{0,60}", claim in "\\PC{0,80}", rule in "[0-9a-f-]{30,50}") {
            let claims = json!({ "sub": claim, "dynamic_scopes": [claim, rule] });
            for token in [text.clone(), format!("a.{text}.b"), token(&claims)] {
                prop_assert!(gcid(&token).is_none_or(|gcid| uuid::is_uuid(&gcid)));
            }
        }
    }
}
