//! Finds another password before the one in use ends.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use runtime::clock::until;
use runtime::{Chain, Clock};

use super::credential::{Credential, Credentials};

/// How often it is looked again when the password in use should have been replaced, at the least.
const SOONEST_LOOK: Duration = Duration::from_millis(500);

/// Finds another password than the one in use.
pub struct Renewal {
    pub credentials: Arc<dyn Credentials>,
    pub clock: Arc<dyn Clock>,
    pub used: Credential,
    /// It was refused; another one is asked for once.
    pub refused: Option<Credential>,
}

impl Renewal {
    /// Returns it when there is one, not before this time.
    pub async fn run(mut self, not_before: Timestamp) -> Credential {
        self.clock.sleep(until(self.clock.now(), not_before)).await;
        let mut asked = false;
        loop {
            let due = self.clock.now() >= self.used.renew_at();
            let found = match self.refused.take() {
                Some(refused) => self.credentials.replaced(&refused).await,
                None if due && !asked => {
                    let renewed = self.credentials.renewed(&self.used).await;
                    // A failure is the authenticator's to space out; an answer that brings nothing new is not
                    // asked for again.
                    asked = renewed.is_ok();
                    renewed
                }
                None if due => self.credentials.current().await,
                None => self.credentials.stored().await,
            };
            match found {
                Ok(found) if !found.is(&self.used) => return found,
                Ok(_) => {}
                Err(error) => {
                    tracing::debug!(error = %Chain(&error), "there is no other login for the stream yet");
                }
            }
            tokio::select! {
                () = self.clock.sleep(self.next_look()) => {}
                () = self.credentials.look() => {}
            }
        }
    }

    /// Until another one is due; where it is overdue, sooner the less time is left.
    fn next_look(&self) -> Duration {
        let now = self.clock.now();
        let due = until(now, self.used.renew_at());
        if !due.is_zero() {
            return due;
        }
        (self.used.left(now) / 4).max(SOONEST_LOOK)
    }
}
