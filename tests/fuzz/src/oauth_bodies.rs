//! The answers of the OAuth server: device codes, tokens, errors.

use std::time::Duration;

use cardata_auth::TokenSet;
use cardata_auth::fuzzing::{Received, decode, encode};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};

use crate::{Reached, Target};

pub static TARGET: Target = Target {
    name: "oauth_bodies",
    places: &[
        "device code",
        "error",
        "gateway fault",
        "id token",
        "login",
        "refresh",
    ],
    run,
};

pub(crate) const CLIENT_ID: &str = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0";
/// In the seeds, and in no message.
const REFRESH_TOKEN: &str = "hunter2-the-refresh-token";
/// Shorter values are parts of too many words to be looked for.
const RECOGNISABLE: usize = 16;

fn run(input: &[u8], reached: &mut Reached) {
    let secret = SecretString::from(REFRESH_TOKEN);
    for status in [200, 400, 403, 500] {
        let received = Received::new(status, input).expect("an HTTP status");
        let reason = received.reason(&[&secret]);
        assert!(
            !reason.is_empty() && !reason.chars().any(char::is_control),
            "{reason:?}"
        );
        assert!(
            reason.chars().count() < 300 && !reason.contains(REFRESH_TOKEN),
            "{reason}"
        );
        if received.error().is_some() {
            reached.reach("error");
        }
        if received.is_gateway_fault() {
            reached.reach("gateway fault");
        }
    }
    let received = Received::new(200, input).expect("an HTTP status");
    device_code(&received, reached);
    tokens(&received, reached);
}

fn device_code(received: &Received, reached: &mut Reached) {
    let Ok(code) = received.device_code(Timestamp::UNIX_EPOCH) else {
        return;
    };
    reached.reach("device code");
    let seconds = |from, to| Duration::from_secs(from)..=Duration::from_secs(to);
    assert!(seconds(1, 60).contains(&code.interval), "{:?}", code.interval);
    assert!(
        seconds(1, 86_400).contains(&code.expires_in),
        "{:?}",
        code.expires_in
    );
    assert!(code.expires_at() > code.requested_at);
    assert!(code.link().starts_with("http"), "{}", code.link());
    assert!(!code.link().chars().any(char::is_control));
    let shown = format!("{code:?}");
    let told = format!(
        "{} {} {:?}",
        code.user_code, code.verification_uri, code.verification_uri_complete
    );
    hidden(&code.device_code, &shown, &told);
}

fn tokens(received: &Received, reached: &mut Reached) {
    let Some(refreshed) = received.refreshed(Timestamp::UNIX_EPOCH) else {
        return;
    };
    reached.reach("refresh");
    let shown = format!("{refreshed:?}");
    let told = format!("{:?} {:?}", refreshed.gcid, refreshed.scope);
    hidden(&refreshed.access_token, &shown, &told);
    let client_id = CLIENT_ID.parse().expect("a client id");
    let Some(login) = received.login(client_id, Timestamp::UNIX_EPOCH) else {
        return;
    };
    reached.reach("login");
    if login.id_token.is_some() && login.gcid.is_some() {
        reached.reach("id token");
    }
    assert!(login.access_expires_at > login.obtained_at);
    stored(&login);
    stored(&login.renewed(refreshed));
}

/// What is stored is read back.
fn stored(tokens: &TokenSet) {
    let file = encode(tokens);
    let read = decode(&file).expect("what was written is readable");
    assert_eq!(encode(&read), file);
}

fn hidden(secret: &SecretString, shown: &str, told: &str) {
    let secret = secret.expose_secret();
    let is_told = secret.len() < RECOGNISABLE || told.contains(secret);
    assert!(is_told || !shown.contains(secret), "{shown}");
}
