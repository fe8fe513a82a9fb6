//! The tokens of one login and their lifetimes.

use std::time::Duration;

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};

use crate::client::Refreshed;
use crate::client_id::ClientId;
use crate::id_token;
use crate::scopes::Scopes;
use runtime::clock::{later, until};

/// The refresh token lives for 14 days and starts anew whenever it is replaced (BMW's integration guide, 2.4).
const REFRESH_LIFETIME: Duration = Duration::from_secs(14 * 86_400);
/// How far the clock may be set back before a refresh is due for that reason alone.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(60);

/// What a login gave, kept up to date by refreshes. `Debug` hides the tokens.
#[derive(Debug, Clone)]
pub struct TokenSet {
    /// The client that the tokens belong to; another one cannot refresh them.
    pub client_id: ClientId,
    /// For the API.
    pub access_token: SecretString,
    /// Good for one refresh, which replaces it.
    pub refresh_token: SecretString,
    /// The password of the stream.
    pub id_token: Option<SecretString>,
    /// When it was asked for: a refresh may bring no other.
    pub id_obtained_at: Timestamp,
    /// The account's id, and its user name on the stream.
    pub gcid: Option<String>,
    /// What the owner granted.
    pub scope: Scopes,
    /// When somebody logged in; refreshes do not change it. Unknown for logins of an earlier version.
    pub logged_in_at: Option<Timestamp>,
    /// When the access token was asked for.
    pub obtained_at: Timestamp,
    pub access_expires_at: Timestamp,
    pub refresh_expires_at: Timestamp,
}

impl TokenSet {
    /// The tokens of a new login; none when the answer has no refresh token, without which a login is over
    /// within the hour.
    pub(crate) fn of_login(client_id: ClientId, answer: Refreshed) -> Option<Self> {
        let refresh_token = answer.refresh_token?;
        let gcid = answer.gcid.or_else(|| gcid_of(answer.id_token.as_ref()));
        Some(Self {
            client_id,
            access_token: answer.access_token,
            refresh_token,
            id_token: answer.id_token,
            id_obtained_at: answer.obtained_at,
            gcid,
            // RFC 6749 section 5.1: no scope means the scope that was asked for.
            scope: answer.scope.unwrap_or_else(Scopes::wanted),
            logged_in_at: Some(answer.obtained_at),
            obtained_at: answer.obtained_at,
            access_expires_at: later(answer.obtained_at, answer.expires_in),
            refresh_expires_at: later(answer.obtained_at, REFRESH_LIFETIME),
        })
    }

    /// These tokens after a refresh. What the answer leaves out stays as it is.
    #[must_use]
    pub fn renewed(&self, answer: Refreshed) -> Self {
        let mut renewed = Self {
            access_token: answer.access_token,
            obtained_at: answer.obtained_at,
            access_expires_at: later(answer.obtained_at, answer.expires_in),
            ..self.clone()
        };
        if let Some(rotated) = answer
            .refresh_token
            .filter(|token| !same(token, &self.refresh_token))
        {
            renewed.refresh_token = rotated;
            renewed.refresh_expires_at = later(answer.obtained_at, REFRESH_LIFETIME);
        }
        if answer.id_token.is_some() {
            (renewed.id_token, renewed.id_obtained_at) = (answer.id_token, answer.obtained_at);
        }
        let known_gcid = answer.gcid.or(renewed.gcid);
        renewed.gcid = known_gcid.or_else(|| gcid_of(renewed.id_token.as_ref()));
        renewed.scope = answer.scope.unwrap_or(renewed.scope);
        renewed
    }

    /// Whether the access token has not expired.
    pub fn access_fresh(&self, now: Timestamp) -> bool {
        now < self.access_expires_at
    }

    /// Whether less than a third of the access token's lifetime is left, or the clock was set back so far that
    /// its lifetime cannot be told.
    pub fn due_for_refresh(&self, now: Timestamp) -> bool {
        let lifetime = until(self.obtained_at, self.access_expires_at);
        let left = until(now, self.access_expires_at);
        left < lifetime / 3 || left.is_zero() || left > lifetime.saturating_add(CLOCK_TOLERANCE)
    }

    /// Whether these came by a refresh since somebody logged in.
    pub fn were_refreshed(&self) -> bool {
        self.logged_in_at != Some(self.obtained_at)
    }

    /// When a third of the access token's lifetime is left.
    pub fn refresh_due_at(&self) -> Timestamp {
        let lifetime = until(self.obtained_at, self.access_expires_at);
        // The two moments must agree: due a moment after this.
        later(
            self.obtained_at,
            lifetime - lifetime / 3 + Duration::from_millis(1),
        )
        .min(self.access_expires_at)
    }

    /// When the id token ends; none where there is none. Its life is read from its claims, where it tells one, and
    /// counted from when it was asked for, so that BMW's clock and ours need not agree.
    pub fn id_expires_at(&self) -> Option<Timestamp> {
        let id_token = self.id_token.as_ref()?;
        let lifetime = id_token::lifetime(id_token.expose_secret());
        let lifetime = lifetime.unwrap_or_else(|| until(self.obtained_at, self.access_expires_at));
        Some(later(self.id_obtained_at, lifetime))
    }

    /// How long the login lasts without another refresh, in days of 24 hours; 0 when it is over.
    pub fn refresh_days_left(&self, now: Timestamp) -> f64 {
        until(now, self.refresh_expires_at).as_secs_f64() / 86_400.0
    }

    /// The scopes of [`SCOPES`](crate::SCOPES) that the owner did not grant.
    pub fn missing_scopes(&self) -> Vec<String> {
        self.scope.missing(&Scopes::wanted())
    }

    /// What is not there of that with which a stream logs in: the id token is its password, the GCID its user.
    pub fn lacks_for_stream(&self) -> Option<&'static str> {
        match (&self.id_token, &self.gcid) {
            (None, _) => Some("id token"),
            (_, None) => Some("account id (GCID)"),
            _ => None,
        }
    }
}

pub(crate) fn same(left: &SecretString, right: &SecretString) -> bool {
    left.expose_secret() == right.expose_secret()
}

fn gcid_of(id_token: Option<&SecretString>) -> Option<String> {
    id_token::gcid(id_token?.expose_secret())
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;
    use crate::error::AuthError;
    use crate::testing::{CLIENT, GCID, answer, tokens};

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    #[test]
    fn a_refresh_is_due_when_less_than_a_third_is_left() {
        let tokens = tokens(1, at(10_000));
        assert!(!tokens.due_for_refresh(at(10_000)));
        assert!(!tokens.due_for_refresh(at(12_400)));
        assert!(tokens.due_for_refresh(at(12_401)));
        assert!(tokens.access_fresh(at(13_599)));
        assert!(!tokens.access_fresh(at(13_600)));
        assert!(tokens.due_for_refresh(at(99_999)));
    }

    #[test]
    fn a_clock_that_was_set_back_makes_a_refresh_due() {
        let tokens = tokens(1, at(10_000));
        assert!(!tokens.due_for_refresh(at(9_990)));
        assert!(tokens.due_for_refresh(at(0)));
    }

    #[test]
    fn what_a_refresh_leaves_out_is_carried_forward() {
        let first = tokens(1, at(0));
        let bare = Refreshed {
            refresh_token: None,
            id_token: None,
            gcid: None,
            scope: None,
            ..answer(2, at(86_400))
        };
        let next = first.renewed(bare);
        assert_eq!(next.access_token.expose_secret(), "access-2");
        assert_eq!(next.refresh_token.expose_secret(), "refresh-1");
        assert_eq!(next.id_token.as_ref().unwrap().expose_secret(), "a.b.c");
        assert_eq!(next.gcid.as_deref(), Some(GCID));
        assert_eq!(next.scope, Scopes::wanted());
        assert_eq!(next.access_expires_at, at(90_000));
        assert!((next.refresh_days_left(at(86_400)) - 13.0).abs() < 1e-9);
    }

    #[test]
    fn a_rotated_refresh_token_starts_its_14_days_anew() {
        let next = tokens(1, at(0)).renewed(answer(2, at(86_400)));
        assert_eq!(next.refresh_token.expose_secret(), "refresh-2");
        assert!((next.refresh_days_left(at(86_400)) - 14.0).abs() < 1e-9);
        assert_eq!(next.refresh_days_left(at(9_000_000)), 0.0);
    }

    #[test]
    fn a_gcid_that_is_missing_is_taken_from_the_id_token() {
        // {"sub":"aa111192-d570-4d3d-8835-656ee00edcd7"}
        let id_token = "e30.eyJzdWIiOiJhYTExMTE5Mi1kNTcwLTRkM2QtODgzNS02NTZlZTAwZWRjZDcifQ.sig";
        let without = Refreshed {
            gcid: None,
            id_token: Some(id_token.into()),
            ..answer(1, at(0))
        };
        let tokens = TokenSet::of_login(CLIENT.parse().unwrap(), without).unwrap();
        assert_eq!(tokens.gcid.as_deref(), Some(GCID));
    }

    #[test]
    fn an_id_token_lives_as_long_as_it_says_or_as_the_access_token() {
        let with = |claims: &str| {
            let id_token = format!("e30.{}.sig", URL_SAFE_NO_PAD.encode(claims));
            TokenSet {
                id_token: Some(id_token.into()),
                ..tokens(1, at(10_000))
            }
        };
        let claims = r#"{"iat":1000,"exp":1900}"#;
        assert_eq!(with(claims).id_expires_at(), Some(at(10_900)));
        for claims in [
            "{}",
            r#"{"exp":1900}"#,
            r#"{"iat":1900,"exp":1900}"#,
            r#"{"iat":-1,"exp":9e99}"#,
        ] {
            assert_eq!(with(claims).id_expires_at(), Some(at(13_600)), "{claims}");
        }
        let none = TokenSet {
            id_token: None,
            ..tokens(1, at(0))
        };
        assert_eq!(none.id_expires_at(), None);
    }

    #[test]
    fn a_refresh_without_an_id_token_does_not_prolong_the_one_before() {
        let first = tokens(1, at(0));
        let ends = first.id_expires_at();
        let bare = Refreshed {
            id_token: None,
            ..answer(2, at(3_000))
        };
        assert_eq!(first.renewed(bare).id_expires_at(), ends);
        let whole = first.renewed(answer(3, at(3_000)));
        assert_eq!(whole.id_expires_at(), Some(at(6_600)));
    }

    #[test]
    fn a_scope_that_was_not_granted_is_named() {
        let mut tokens = tokens(1, at(0));
        assert_eq!(tokens.missing_scopes(), [""; 0]);
        tokens.scope = Scopes::parse("openid authenticate_user");
        assert_eq!(
            tokens.missing_scopes(),
            ["cardata:api:read", "cardata:streaming:read"]
        );
        let missing = tokens.missing_scopes();
        let refused = AuthError::MissingScopes { missing }.to_string();
        assert!(
            refused.contains("does not cover cardata:api:read cardata:streaming:read;"),
            "{refused}"
        );
    }

    #[test]
    fn debug_hides_the_tokens() {
        let shown = format!("{:?}", tokens(7, at(0)));
        assert!(
            !["access-7", "refresh-7", "a.b.c"]
                .iter()
                .any(|token| shown.contains(token)),
            "{shown}"
        );
    }
}
