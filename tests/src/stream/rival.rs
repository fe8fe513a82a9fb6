//! Another program of the household that wants the same connection, and never gives up.

use std::time::Duration;

use tokio::task::JoinHandle;

use crate::servers::Mosquitto;

/// What such programs wait before they connect again.
const PAUSE: Duration = Duration::from_millis(100);

/// Logs in with a client id that is in use, again and again. A broker evicts the older of two clients of one id, as
/// BMW's does with two of one account.
pub struct Rival(JoinHandle<()>);

impl Rival {
    /// Its user name in the broker's log.
    pub const USER: &str = "rival";

    pub fn of(broker: &Mosquitto, client: &str) -> Self {
        let mut options = super::options(broker, client);
        options.set_credentials(Self::USER, "anything");
        let task = tokio::spawn(async move {
            loop {
                let (_client, mut events) =
                    rumqttc::AsyncClient::builder(options.clone()).capacity(1).build();
                while events.poll().await.is_ok() {}
                tokio::time::sleep(PAUSE).await;
            }
        });
        Self(task)
    }
}

impl Drop for Rival {
    fn drop(&mut self) {
        self.0.abort();
    }
}
