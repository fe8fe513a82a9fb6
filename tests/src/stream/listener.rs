//! A subscriber that knows nothing of the program.

use std::time::Duration;

use rumqttc::{AsyncClient, Event, Packet, QoS};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::servers::Mosquitto;

/// A message as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    pub topic: String,
    pub payload: Vec<u8>,
    /// It had been published before the subscription.
    pub retained: bool,
}

impl Heard {
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.payload).expect("text")
    }

    /// In one line.
    fn shown(&self) -> String {
        format!("{} {}", self.topic, String::from_utf8_lossy(&self.payload))
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.payload).expect("JSON")
    }
}

/// Collects what a broker sends on some topics, with QoS 1, in its order. Its connection ends with the broker's.
pub struct Listener {
    client: AsyncClient,
    heard: watch::Receiver<Vec<Heard>>,
    connection: JoinHandle<()>,
}

impl Listener {
    /// Returns when the subscription is granted.
    pub async fn subscribe(broker: &Mosquitto, client: &str, filter: &str) -> Self {
        let options = super::options(broker, client);
        let (client, mut events) = AsyncClient::builder(options).capacity(16).build();
        let (granted, is_granted) = tokio::sync::oneshot::channel();
        let (sender, heard) = watch::channel(Vec::new());
        client
            .subscribe(filter, QoS::AtLeastOnce)
            .await
            .expect("room for a request");
        let connection = tokio::spawn(async move {
            let mut granted = Some(granted);
            while let Ok(event) = events.poll().await {
                match event {
                    Event::Incoming(Packet::SubAck(_)) => {
                        let _ = granted.take().map(|granted| granted.send(()));
                    }
                    Event::Incoming(Packet::Publish(publish)) => sender.send_modify(|heard| {
                        heard.push(Heard {
                            topic: String::from_utf8_lossy(&publish.topic).into_owned(),
                            payload: publish.payload.to_vec(),
                            retained: publish.retain,
                        });
                    }),
                    _ => {}
                }
            }
        });
        is_granted.await.expect("the broker grants a subscription");
        Self {
            client,
            heard,
            connection,
        }
    }

    pub fn heard(&self) -> Vec<Heard> {
        self.heard.borrow().clone()
    }

    /// Waits until what was heard is enough.
    pub async fn wait_until(&self, what: &str, deadline: Duration, enough: impl FnMut(&Vec<Heard>) -> bool) {
        let mut heard = self.heard.clone();
        let waited = timeout(deadline, heard.wait_for(enough)).await;
        let arrived = matches!(waited, Ok(Ok(_)));
        assert!(
            arrived,
            "no {what} within {deadline:?} in {} messages, the last of which are {:#?}",
            self.heard().len(),
            self.heard()
                .iter()
                .rev()
                .take(20)
                .map(Heard::shown)
                .collect::<Vec<_>>()
        );
    }

    /// Says goodbye.
    pub async fn leave(self) {
        let _ = self.client.disconnect().await;
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.connection.abort();
    }
}
