//! Device codes: issued, waiting for the owner, decided on, used once.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::random::{signed, text, uuid};
use super::{Login, error, invalid_grant, knows_client, malformed};
use crate::call::{Answer, Call};
use crate::config::{Approval, SimConfig};
use crate::specification::is_client_id;
use crate::world::World;

/// What `slow_down` adds to the interval (RFC 8628, section 3.5).
const SLOW_DOWN: SignedDuration = SignedDuration::from_secs(5);
/// How much real time two polls may come closer to each other than they were sent. With a fast clock it is
/// much virtual time, so half the interval is the most that is forgiven.
const JITTER_SECONDS: f64 = 0.02;

#[derive(Debug)]
pub(super) struct DeviceCode {
    pub code: String,
    pub user_code: String,
    pub client_id: String,
    pub challenge: String,
    pub scope: String,
    /// When the owner approves by himself.
    approves: Option<Timestamp>,
    expires: Timestamp,
    interval: SignedDuration,
    polled: Option<Timestamp>,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum State {
    Waiting,
    Approved,
    Denied,
    /// Tokens were issued for it.
    Used,
}

/// A new device code.
///
/// # Errors
///
/// The refusal.
pub(super) fn answer(world: &mut World, call: &Call, now: Timestamp) -> Result<Answer, Answer> {
    let World {
        config, rng, login, ..
    } = world;
    let form = call.form().unwrap_or_default();
    let client_id = form.get("client_id").ok_or_else(malformed)?;
    let challenge = form.get("code_challenge").ok_or_else(malformed)?;
    // `response_type` may be left out in the live service. A missing scope gives a token without the API.
    let method = form.get("code_challenge_method") == Some("S256");
    let response_type = form.get("response_type").unwrap_or("device_code") == "device_code";
    // 43 characters: SHA-256 in base64url without padding.
    let allowed = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_');
    let well_formed = challenge.len() == 43
        && challenge.bytes().all(allowed)
        && is_client_id(&client_id.to_ascii_lowercase());
    if !method || !response_type || !well_formed || form.has_repeats() || !knows_client(config, client_id) {
        return Err(malformed());
    }
    let user_code = text(rng, 8);
    let lifetime = config.device_code_lifetime.as_secs();
    let issued = now.as_second();
    let claims = json!({
        "aud": "https://forgerock.prod-gcdm.example/am/oauth2",
        "iss": "https://forgerock.prod-gcdm.example/am/oauth2",
        "user_code": user_code,
        "nbf": issued,
        "iat": issued,
        "exp": issued.saturating_add_unsigned(lifetime),
        "jti": uuid(rng),
    });
    let code = signed(rng, "HS256", &claims, 32);
    let verification_uri = format!("{}/oneid/link", login.url);
    let mut body = json!({
        "user_code": user_code,
        "device_code": code,
        "interval": config.poll_interval.as_secs(),
        "expires_in": lifetime,
        "verification_uri": verification_uri,
    });
    if config.verification_uri_complete {
        body["verification_uri_complete"] = format!("{verification_uri}?user_code={user_code}").into();
    }
    // An id in upper case, as the portal shows it, gets a code and is then refused.
    let denied = config.approval == Approval::Deny || !is_client_id(client_id);
    login.codes.push(DeviceCode {
        code,
        user_code,
        client_id: client_id.to_owned(),
        challenge: challenge.to_owned(),
        scope: granted_scope(config, form.get("scope")),
        approves: match config.approval {
            Approval::Auto { after } => Some(now + after),
            _ => None,
        },
        expires: now + config.device_code_lifetime,
        interval: SignedDuration::try_from(config.poll_interval).unwrap_or(SLOW_DOWN),
        polled: None,
        state: if denied { State::Denied } else { State::Waiting },
    });
    Ok(Answer::json(200, &body))
}

/// What the client asks for, as far as it is subscribed to it.
fn granted_scope(config: &SimConfig, asked: Option<&str>) -> String {
    let asked = asked.unwrap_or("authenticate_user openid").split_whitespace();
    let subscribed = |scope: &&str| config.subscribed_scopes.iter().any(|known| known == scope);
    asked.filter(subscribed).collect::<Vec<_>>().join(" ")
}

impl DeviceCode {
    /// One poll for the tokens: they are issued after it, and never again.
    ///
    /// # Errors
    ///
    /// The refusal.
    pub fn poll(&mut self, config: &SimConfig, now: Timestamp) -> Result<(), Answer> {
        self.settle(now);
        if self.state == State::Used {
            return Err(invalid_grant());
        }
        if now >= self.expires {
            return Err(error(401, "expired_token", "The code is expired"));
        }
        let jitter = SignedDuration::from_secs_f64((JITTER_SECONDS * config.speed).min(3_600.0));
        let soonest = self.interval - jitter.min(self.interval / 2);
        let last = self.polled.replace(now);
        if last.is_some_and(|last| now.duration_since(last) < soonest) {
            self.interval += SLOW_DOWN;
            let description = "The polling interval has not elapsed since the last request";
            return Err(error(400, "slow_down", description));
        }
        match self.state {
            State::Waiting => {
                let description = "The user has not yet completed authorization";
                Err(error(403, "authorization_pending", description))
            }
            State::Denied => Err(error(403, "access_denied", "The user has declined authorization")),
            State::Approved | State::Used => {
                self.state = State::Used;
                Ok(())
            }
        }
    }

    /// The owner who approves by himself has done so when his time has come.
    fn settle(&mut self, now: Timestamp) {
        if self.state == State::Waiting && self.approves.is_some_and(|approves| now >= approves) {
            self.state = State::Approved;
        }
    }
}

impl Login {
    pub(super) fn code_mut(&mut self, code: &str) -> Option<&mut DeviceCode> {
        self.codes.iter_mut().find(|known| known.code == code)
    }

    /// The gateway's fault makes the code useless: every later poll is denied.
    pub fn consume(&mut self, code: Option<&str>) {
        if let Some(code) = code.and_then(|code| self.code_mut(code)) {
            code.state = State::Denied;
        }
    }

    /// The codes that wait for the owner, oldest first.
    fn waiting(&mut self, now: Timestamp) -> impl Iterator<Item = &mut DeviceCode> {
        self.codes.iter_mut().filter_map(move |code| {
            code.settle(now);
            (code.state == State::Waiting && now < code.expires).then_some(code)
        })
    }

    pub fn waiting_user_codes(&mut self, now: Timestamp) -> Vec<String> {
        self.waiting(now).map(|code| code.user_code.clone()).collect()
    }

    /// The owner's decision. Says whether the code was waiting for one.
    pub fn decide(&mut self, user_code: &str, approve: bool, now: Timestamp) -> bool {
        let Some(code) = self.waiting(now).find(|code| code.user_code == user_code) else {
            return false;
        };
        code.state = if approve { State::Approved } else { State::Denied };
        true
    }
}
