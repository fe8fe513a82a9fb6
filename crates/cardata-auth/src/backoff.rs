//! When a refresh that failed may be tried again.

use std::time::Duration;

use jiff::Timestamp;
use secrecy::SecretString;

use crate::clock::{later, until};
use crate::error::AuthError;
use crate::tokens::same;

const FIRST: Duration = Duration::from_secs(30);
const LONGEST: Duration = Duration::from_secs(600);
/// A token that the server called dead is asked for again at times: the server errs too.
const DEAD: Duration = Duration::from_secs(3600);

/// The failures in a row of one refresh token.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    failed: Option<Failed>,
}

#[derive(Debug)]
struct Failed {
    refresh_token: SecretString,
    error: AuthError,
    pause: Duration,
    retry_at: Timestamp,
}

impl Backoff {
    /// The error to give instead of trying `refresh_token` now, if it is too early for that.
    pub(crate) fn holds_back(&self, refresh_token: &SecretString, now: Timestamp) -> Option<AuthError> {
        let failed = self.failed.as_ref()?;
        let wait = until(now, failed.retry_at);
        // A longer wait than was ever set comes from a clock that was set back.
        let held = same(&failed.refresh_token, refresh_token) && !wait.is_zero() && wait <= DEAD;
        held.then(|| failed.error.clone())
    }

    /// Remembers a failure and returns it with the time of the next try.
    pub(crate) fn failed(
        &mut self,
        refresh_token: &SecretString,
        now: Timestamp,
        error: AuthError,
    ) -> AuthError {
        let previous = self
            .failed
            .take()
            .filter(|failed| same(&failed.refresh_token, refresh_token));
        let pause = previous.map_or(FIRST, |failed| (failed.pause * 2).min(LONGEST));
        let asked = error.retry_at().map_or(Duration::ZERO, |time| until(now, time));
        let wait = if error.needs_login() {
            DEAD
        } else {
            pause.max(asked).min(DEAD)
        };
        let retry_at = later(now, wait);
        let error = with_retry_at(error, retry_at);
        self.failed = Some(Failed {
            refresh_token: refresh_token.clone(),
            error: error.clone(),
            pause,
            retry_at,
        });
        error
    }

    pub(crate) fn succeeded(&mut self) {
        self.failed = None;
    }
}

fn with_retry_at(mut error: AuthError, time: Timestamp) -> AuthError {
    if let AuthError::Transient { retry_at, .. } = &mut error {
        *retry_at = Some(time);
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    fn transient(retry_at: Option<Timestamp>) -> AuthError {
        AuthError::Transient {
            operation: "refreshing",
            url: String::new(),
            reason: String::new(),
            retry_at,
        }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn waits(backoff: &mut Backoff, error: impl Fn() -> AuthError, times: usize) -> Vec<i64> {
        let token = "token".into();
        (0..times)
            .map(|_| {
                backoff.failed(&token, at(0), error());
                (0..)
                    .find(|second| backoff.holds_back(&token, at(*second)).is_none())
                    .unwrap()
            })
            .collect()
    }

    #[test]
    fn the_wait_doubles_up_to_ten_minutes() {
        let waits = waits(&mut Backoff::default(), || transient(None), 7);
        assert_eq!(waits, [30, 60, 120, 240, 480, 600, 600]);
    }

    #[test]
    fn the_server_may_ask_for_more_up_to_an_hour() {
        assert_eq!(
            waits(&mut Backoff::default(), || transient(Some(at(90))), 1),
            [90]
        );
        assert_eq!(
            waits(&mut Backoff::default(), || transient(Some(Timestamp::MAX)), 1),
            [3600]
        );
    }

    #[test]
    fn a_dead_token_is_left_alone_for_an_hour() {
        let dead = || AuthError::LoginExpired {
            reason: String::new(),
        };
        assert_eq!(waits(&mut Backoff::default(), dead, 1), [3600]);
    }

    #[test]
    fn another_token_a_success_and_a_clock_set_back_end_the_wait() {
        let mut backoff = Backoff::default();
        let error = backoff.failed(&"old".into(), at(10_000), transient(None));
        assert_eq!(error.retry_at(), Some(at(10_030)));
        assert!(backoff.holds_back(&"old".into(), at(10_029)).is_some());
        assert!(backoff.holds_back(&"new".into(), at(10_029)).is_none());
        assert!(backoff.holds_back(&"old".into(), at(0)).is_none());
        backoff.succeeded();
        assert!(backoff.holds_back(&"old".into(), at(10_029)).is_none());
    }
}
