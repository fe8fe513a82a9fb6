//! When a refresh that failed may be tried again.

use std::time::Duration;

use jiff::Timestamp;
use rand::Rng;
use runtime::Backoff;
use runtime::clock::{later, until};
use secrecy::SecretString;

use crate::error::AuthError;
use crate::tokens::same;

const FIRST: Duration = Duration::from_secs(30);
/// Short enough that a login is renewed within minutes of the end of an outage, however long that was.
const LONGEST: Duration = Duration::from_secs(300);
/// A token that the server called dead is asked for again at times: the server errs too.
const DEAD: Duration = Duration::from_secs(3600);

/// The failures in a row of one refresh token.
#[derive(Debug, Default)]
pub(crate) struct Failures {
    last: Option<Failed>,
}

#[derive(Debug)]
struct Failed {
    refresh_token: SecretString,
    error: AuthError,
    backoff: Backoff,
    retry_at: Timestamp,
}

impl Failures {
    /// The error to give instead of trying `refresh_token` now, if it is too early for that.
    pub(crate) fn holds_back(&self, refresh_token: &SecretString, now: Timestamp) -> Option<AuthError> {
        let failed = self.last.as_ref()?;
        let wait = until(now, failed.retry_at);
        // A longer wait than was ever set comes from a clock that was set back.
        let held = same(&failed.refresh_token, refresh_token) && !wait.is_zero() && wait <= DEAD;
        held.then(|| failed.error.clone())
    }

    /// The last failure of `refresh_token` and when it is tried again; none after a success.
    pub(crate) fn last(&self, refresh_token: &SecretString) -> Option<(AuthError, Timestamp)> {
        let failed = self.last.as_ref()?;
        same(&failed.refresh_token, refresh_token).then(|| (failed.error.clone(), failed.retry_at))
    }

    /// Remembers a failure and returns it with the time of the next try. Half of the wait is drawn by lot, so that
    /// the many who were locked out together do not come back together; never is it shorter than the server asked.
    pub(crate) fn failed(
        &mut self,
        refresh_token: &SecretString,
        now: Timestamp,
        mut error: AuthError,
        random: &mut impl Rng,
    ) -> AuthError {
        let before = self.last.take();
        let mut backoff = match before.filter(|failed| same(&failed.refresh_token, refresh_token)) {
            Some(failed) => failed.backoff,
            None => Backoff::new(FIRST, LONGEST).half_drawn(),
        };
        let asked = error.retry_at().map(|time| until(now, time));
        let wait = backoff.next(asked, random).min(DEAD);
        let retry_at = later(now, if error.needs_login() { DEAD } else { wait });
        if let AuthError::Transient { retry_at: told, .. } = &mut error {
            *told = Some(retry_at);
        }
        self.last = Some(Failed {
            refresh_token: refresh_token.clone(),
            error: error.clone(),
            backoff,
            retry_at,
        });
        error
    }

    pub(crate) fn succeeded(&mut self) {
        self.last = None;
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::StdRng;

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

    /// How long each of some failures in a row is waited for, in seconds.
    fn waits(seed: u64, error: impl Fn() -> AuthError, times: usize) -> Vec<f64> {
        let (mut failures, mut random) = (Failures::default(), StdRng::seed_from_u64(seed));
        let token = "token".into();
        let mut wait = || {
            failures.failed(&token, at(0), error(), &mut random);
            let (_, retry_at) = failures.last(&token).unwrap();
            assert!(failures.holds_back(&token, retry_at).is_none());
            assert!(failures.holds_back(&token, at(0)).is_some());
            retry_at.duration_since(at(0)).as_secs_f64()
        };
        (0..times).map(|_| wait()).collect()
    }

    #[test]
    fn the_wait_doubles_up_to_five_minutes_and_half_of_it_is_drawn() {
        for seed in 0..20 {
            let bounds = [30.0, 60.0, 120.0, 240.0, 300.0, 300.0];
            for (wait, bound) in waits(seed, || transient(None), 6).into_iter().zip(bounds) {
                assert!((bound / 2.0..=bound).contains(&wait), "{wait} of {bound}");
            }
        }
        assert_ne!(waits(1, || transient(None), 6), waits(2, || transient(None), 6));
    }

    #[test]
    fn the_server_may_ask_for_more_up_to_an_hour() {
        assert_eq!(waits(1, || transient(Some(at(90))), 1), [90.0]);
        assert_eq!(waits(1, || transient(Some(Timestamp::MAX)), 1), [3600.0]);
    }

    #[test]
    fn a_dead_token_is_left_alone_for_an_hour() {
        let dead = || AuthError::LoginExpired {
            reason: String::new(),
        };
        assert_eq!(waits(1, dead, 1), [3600.0]);
    }

    #[test]
    fn another_token_a_success_and_a_clock_set_back_end_the_wait() {
        let mut failures = Failures::default();
        let mut random = StdRng::seed_from_u64(1);
        let error = failures.failed(&"old".into(), at(10_000), transient(None), &mut random);
        let retry_at = error.retry_at().unwrap();
        assert!(retry_at > at(10_014) && retry_at <= at(10_030), "{retry_at}");
        assert!(failures.holds_back(&"old".into(), at(10_014)).is_some());
        assert!(failures.holds_back(&"old".into(), retry_at).is_none());
        assert!(failures.holds_back(&"new".into(), at(10_014)).is_none());
        assert!(failures.last(&"new".into()).is_none());
        assert!(failures.holds_back(&"old".into(), at(0)).is_none());
        failures.succeeded();
        assert!(failures.holds_back(&"old".into(), at(10_014)).is_none());
        assert!(failures.last(&"old".into()).is_none());
    }
}
