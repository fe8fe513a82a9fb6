//! A bare subscriber of the same client library: it acknowledges what comes, and keeps nothing.

use std::time::{Duration, Instant};

use rumqttc::{AsyncClient, Event, EventLoop, Packet, QoS};
use tests::servers::Mosquitto;
use tests::stream;

const CLIENT: &str = "bare";

/// A subscriber whose session the broker keeps.
pub struct Bare {
    client: AsyncClient,
    events: EventLoop,
}

impl Bare {
    /// Returns when the subscription is granted.
    pub async fn subscribe(broker: &Mosquitto, filter: &str) -> Self {
        let mut bare = Self::connect(broker);
        bare.client.subscribe(filter, QoS::AtLeastOnce).await.unwrap();
        while !matches!(bare.next().await, Event::Incoming(Packet::SubAck(_))) {}
        bare
    }

    /// Takes up a session that was left; what waits there comes at once.
    pub fn connect(broker: &Mosquitto) -> Self {
        let mut options = stream::options(broker, CLIENT);
        options.set_clean_session(false);
        let (client, events) = AsyncClient::builder(options).capacity(1_000).build();
        Self { client, events }
    }

    /// Leaves the session to the broker.
    pub async fn leave(mut self) {
        self.client.disconnect().await.unwrap();
        while self.events.poll().await.is_ok() {}
    }

    /// How long it takes until so many messages have come, from now on.
    pub async fn take(&mut self, messages: usize) -> Duration {
        let began = Instant::now();
        let mut taken = 0;
        while taken < messages {
            taken += usize::from(matches!(self.next().await, Event::Incoming(Packet::Publish(_))));
        }
        began.elapsed()
    }

    async fn next(&mut self) -> Event {
        self.events.poll().await.unwrap()
    }
}
