//! BMW's side: puts messages on a broker, and knows which ones the broker accepted.

use std::collections::VecDeque;

use rumqttc::{AsyncClient, PublishNotice, PublishOptions};
use tokio::task::JoinHandle;

use super::message::Told;
use crate::servers::Mosquitto;

/// Messages on their way at a time.
const WINDOW: usize = 1_000;

/// A client that publishes for one BMW account. Its connection ends with the broker's: then make a new one.
pub struct Publisher {
    client: AsyncClient,
    connection: JoinHandle<()>,
    gcid: String,
}

impl Publisher {
    pub fn connect(broker: &Mosquitto, gcid: &str) -> Self {
        let options = super::options(broker, "bmw");
        let (client, mut events) = AsyncClient::builder(options).capacity(WINDOW).build();
        // What goes wrong ends the loop, and with it every notice that waits.
        let connection = tokio::spawn(async move { while events.poll().await.is_ok() {} });
        Self {
            client,
            connection,
            gcid: gcid.to_owned(),
        }
    }

    /// Publishes in this order and returns when the broker has answered for all. Gives the messages that it
    /// accepted: all of them, unless it was stopped meanwhile.
    pub async fn publish(&self, told: &[Told]) -> Vec<Told> {
        let mut waiting: VecDeque<(&Told, PublishNotice)> = VecDeque::with_capacity(WINDOW);
        let mut accepted = Vec::with_capacity(told.len());
        for one in told {
            if waiting.len() == WINDOW {
                accepted.extend(answered(&mut waiting).await);
            }
            let topic = format!("{}/{}", self.gcid, one.vin);
            let Some(notice) = self.send(topic, one.payload(&self.gcid).into_bytes()).await else {
                break;
            };
            waiting.push_back((one, notice));
        }
        while !waiting.is_empty() {
            accepted.extend(answered(&mut waiting).await);
        }
        accepted
    }

    /// Publishes and returns when the broker has accepted all.
    pub async fn publish_all(&self, told: &[Told]) {
        let accepted = self.publish(told).await.len();
        assert_eq!(accepted, told.len(), "the broker took all");
    }

    /// Publishes anything and returns when the broker has accepted it.
    pub async fn publish_raw(&self, topic: &str, payload: impl Into<Vec<u8>>) {
        let notice = self.send(topic.to_owned(), payload.into()).await;
        let notice = notice.expect("a connection to the broker");
        notice.wait_completion_async().await.expect("the broker takes it");
    }

    /// Publishes what a vehicle says as BMW's broker delivers it: at QoS 0, acknowledged by nobody. Returns when it is on
    /// its way.
    pub async fn publish_as_bmw(&self, vin: &str, payload: impl Into<Vec<u8>>) {
        let sent = self
            .client
            .publish(self.topic(vin), payload.into(), PublishOptions::at_most_once());
        sent.await.expect("a connection to the broker");
    }

    /// The topic of a vehicle.
    pub fn topic(&self, vin: &str) -> String {
        format!("{}/{vin}", self.gcid)
    }

    async fn send(&self, topic: String, payload: Vec<u8>) -> Option<PublishNotice> {
        if self.connection.is_finished() {
            return None;
        }
        let options = PublishOptions::at_least_once();
        self.client.publish_tracked(topic, payload, options).await.ok()
    }
}

/// Waits for the oldest message; `None` where the broker did not accept it.
async fn answered(waiting: &mut VecDeque<(&Told, PublishNotice)>) -> Option<Told> {
    let (told, notice) = waiting.pop_front()?;
    let answer = notice.wait_completion_async().await;
    answer.is_ok().then(|| told.clone())
}

impl Drop for Publisher {
    fn drop(&mut self) {
        self.connection.abort();
    }
}
