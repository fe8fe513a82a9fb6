//! Waiting for the owner to log in again, without spending a call.

use std::time::Duration;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::account::Account;

/// How often the token file is looked at, in real time: a person is logging in.
const LOOK: Duration = Duration::from_secs(2);

impl Account {
    /// Returns when other tokens are stored than now, or when cancelled.
    pub async fn wait_for_login(&self, cancelled: &CancellationToken) {
        let dead = self.obtained_at().await;
        while !cancelled.is_cancelled() {
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                () = cancelled.cancelled() => return,
            }
            let now = self.obtained_at().await;
            if now.is_some() && now != dead {
                tracing::info!(account = %self.name, "logged in again; polling goes on");
                self.publish("polling", None).await;
                return;
            }
        }
    }

    async fn obtained_at(&self) -> Option<Timestamp> {
        Some(self.authenticator.tokens().await.ok()??.obtained_at)
    }
}
