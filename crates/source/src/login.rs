//! Waiting for the owner to log in again, without spending a call.

use std::time::Duration;

use cardata_auth::Authenticator;
use collector_core::Name;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

/// How often the token file is looked at, in real time: a person is logging in.
const LOOK: Duration = Duration::from_secs(2);

/// Tells the tokens of one login or refresh from those of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoginId {
    logged_in_at: Option<Timestamp>,
    obtained_at: Timestamp,
}

impl LoginId {
    /// When somebody logged in, whatever was refreshed since; `None` where that is not known.
    pub fn logged_in_at(self) -> Option<Timestamp> {
        self.logged_in_at
    }
}

/// The login of an account, and who waits for it.
#[derive(Debug, Clone)]
pub struct Login {
    pub account: Name,
    pub authenticator: Authenticator,
}

impl Login {
    /// Waits until somebody has logged in since `dead` was stored. A login that BMW refused to refresh may also come
    /// to life again: it is tried once an hour. One that can be refreshed and that the API refuses all the same is
    /// not; each refresh would cost a call. Returns whether there is a login; `false` when cancelled.
    pub async fn returned(&self, dead: Option<LoginId>, cancelled: &CancellationToken) -> bool {
        let refused = self.authenticator.is_refused().await;
        while !cancelled.is_cancelled() {
            let now = self.id().await;
            if now.is_some_and(|now| is_alive(now, dead, refused)) {
                return true;
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                () = cancelled.cancelled() => {}
            }
        }
        false
    }

    /// Which tokens are stored. Ask before a call, so that tokens which are stored while it fails are seen to be
    /// others.
    pub async fn id(&self) -> Option<LoginId> {
        let tokens = self.authenticator.tokens().await.ok()??;
        Some(LoginId {
            logged_in_at: tokens.logged_in_at,
            obtained_at: tokens.obtained_at,
        })
    }
}

/// Whether polls may go on with what is stored now. `refused`: the server did not refresh what was stored before.
fn is_alive(now: LoginId, dead: Option<LoginId>, refused: bool) -> bool {
    match dead {
        None => true,
        Some(dead) if refused => now != dead,
        Some(dead) => now.logged_in_at != dead.logged_in_at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login(logged_in_at: Option<i64>, obtained_at: i64) -> LoginId {
        let at = |second| Timestamp::from_second(second).unwrap();
        LoginId {
            logged_in_at: logged_in_at.map(at),
            obtained_at: at(obtained_at),
        }
    }

    #[test]
    fn a_refresh_revives_a_login_that_was_refused_and_no_other() {
        let dead = Some(login(Some(1), 1));
        for (now, refused, alive) in [
            (login(Some(1), 1), true, false),
            (login(Some(1), 9), true, true),
            (login(Some(1), 9), false, false),
            (login(Some(9), 9), false, true),
            (login(Some(9), 9), true, true),
        ] {
            assert_eq!(is_alive(now, dead, refused), alive, "{now:?} {refused}");
        }
        assert!(is_alive(login(None, 1), None, false));
        assert!(is_alive(login(Some(9), 9), Some(login(None, 1)), false));
        assert!(!is_alive(login(None, 9), Some(login(None, 1)), false));
    }
}
