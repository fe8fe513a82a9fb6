//! One connection to the broker, from its login to its end. It is never repaired: a new one is made.

use std::sync::Arc;
use std::time::Duration;

use collector_core::clear::in_the_clear;
use collector_core::{BrokerAddress, Secret, SinkError};
use rumqttc::{
    AsyncClient, ConnectionError, Event, EventLoop, LastWill, MqttOptions, Packet, PublishNotice,
    PublishOptions, QoS, SubscribeFilterInput, TlsConfiguration, Transport,
};
use tokio::task::JoinSet;

use crate::discovery::{OFFLINE, ONLINE};
use crate::failure::failure;
use crate::inbox::Inbox;
use crate::message::{LARGEST_PAYLOAD, Message};
use crate::topics::Topics;
use crate::trust::Authorities;

const KEEP_ALIVE: u16 = 30;
/// For what a broker does at once if it does it at all.
const PATIENCE: Duration = Duration::from_secs(5);
/// Messages that wait to be sent; whoever publishes more waits.
const QUEUE: usize = 256;
const INFLIGHT: u16 = 500;
/// Topics and headers beside the payload.
const LARGEST_PACKET: usize = LARGEST_PAYLOAD + 128 * 1024;

/// Where the broker is and how to get in.
#[derive(Debug)]
pub struct Target {
    pub address: BrokerAddress,
    pub login: Option<(String, Secret)>,
    pub authorities: Authorities,
    pub client_id: String,
    pub qos: QoS,
}

/// What can be done with a connection. Clones share it.
#[derive(Clone)]
pub struct Line {
    client: AsyncClient,
    target: Arc<Target>,
}

/// A connection with what drives it.
pub struct Link {
    pub line: Line,
    /// The one task that polls the connection; its end is the connection's.
    driver: JoinSet<ConnectionError>,
}

impl Link {
    /// Connects and logs in; the broker is to say `offline` when the connection ends without a word.
    pub async fn open(target: &Arc<Target>, topics: &Topics, inbox: Arc<Inbox>) -> Result<Self, SinkError> {
        let mut options = target.options(&target.client_id).await?;
        options.set_last_will(LastWill::new(topics.status(), OFFLINE, QoS::AtLeastOnce, true));
        let (client, connection) = login(options, target).await?;
        let mut driver = JoinSet::new();
        driver.spawn(drive(connection, inbox));
        let target = Arc::clone(target);
        Ok(Self {
            line: Line { client, target },
            driver,
        })
    }

    /// Ends with the connection.
    pub async fn ended(&mut self) -> SinkError {
        match self.driver.join_next().await {
            Some(Ok(error)) => failure(&error, &self.line.target.address),
            _ => self.line.lost(),
        }
    }

    /// Says `offline` and leaves in peace, as far as the broker is there to hear it.
    pub async fn leave(mut self, topics: &Topics) {
        let farewell = Message::retained(topics.status(), OFFLINE.into());
        let leave = async {
            if let Ok(notice) = self.line.publish_with(farewell, QoS::AtLeastOnce).await {
                // Told or not, nothing more can be done about it.
                let _ = notice.wait_completion_async().await;
            }
            if self.line.client.disconnect().await.is_ok() {
                self.ended().await;
            }
        };
        let _ = tokio::time::timeout(PATIENCE, leave).await;
    }
}

impl Line {
    /// Hands a message over; waits while too many are on their way. The notice tells when the broker has it.
    pub async fn publish(&self, message: Message) -> Result<PublishNotice, SinkError> {
        self.publish_with(message, self.target.qos).await
    }

    async fn publish_with(&self, message: Message, qos: QoS) -> Result<PublishNotice, SinkError> {
        let options = PublishOptions::new(qos).retain(message.retain);
        let Message { topic, payload, .. } = message;
        let published = self.client.publish_tracked(topic, payload, options);
        published.await.map_err(|_| self.lost())
    }

    /// Waits until the broker has everything.
    pub async fn delivered(&self, notices: Vec<PublishNotice>) -> Result<(), SinkError> {
        for notice in notices {
            notice.wait_completion_async().await.map_err(|_| self.lost())?;
        }
        Ok(())
    }

    /// Reads what this sink kept at the broker, and says `online`. A broker that does not let its topics be read
    /// gives nothing.
    pub async fn read_kept(&self, topics: &Topics, inbox: &Inbox) -> Result<(), SinkError> {
        let births = filters(topics.births(), QoS::AtLeastOnce);
        // A demand that is lost is made again by whoever waits for the answer; one that comes twice is no better.
        let asked = births.chain(filters([topics.polls()], QoS::AtMostOnce));
        let subscribed = self.client.subscribe_many(asked).await;
        subscribed.map_err(|_| self.lost())?;
        // Without acknowledgements: brokers hold back what waits for too many of them.
        let kept = filters(topics.kept(), QoS::AtMostOnce);
        let subscribed = self.client.subscribe_many_tracked(kept).await;
        let subscribed = subscribed.map_err(|_| self.lost())?;
        let granted = tokio::time::timeout(PATIENCE, subscribed.wait_completion_async()).await;
        let online = Message::retained(topics.status(), ONLINE.into());
        let told = self.publish_with(online, QoS::AtLeastOnce).await?;
        if matches!(granted, Ok(Ok(()))) {
            let _ = tokio::time::timeout(PATIENCE, inbox.all_read()).await;
        } else {
            tracing::warn!(broker = %self.target.address, "the broker does not let this sink read its own topics; what it keeps of descriptors that are not selected any more stays there");
        }
        let unsubscribed = self.client.unsubscribe_many(topics.kept()).await;
        unsubscribed.map_err(|_| self.lost())?;
        self.delivered(vec![told]).await
    }

    fn lost(&self) -> SinkError {
        let address = &self.target.address;
        SinkError::transient(format!("the connection to the broker at {address} broke"))
    }
}

impl Target {
    /// Logs in as another client, and leaves. The broker tells nobody.
    pub async fn try_login(&self) -> Result<(), SinkError> {
        let options = self.options(&format!("{}-check", self.client_id)).await?;
        let (client, mut connection) = login(options, self).await?;
        let leave = async {
            if client.disconnect().await.is_ok() {
                while connection.poll().await.is_ok() {}
            }
        };
        let _ = tokio::time::timeout(PATIENCE, leave).await;
        Ok(())
    }

    /// What is told of a password that can be read on the way.
    pub fn in_the_clear(&self) -> Option<String> {
        self.login.as_ref()?;
        let (host, is_encrypted) = (self.address.host(), self.address.is_encrypted());
        in_the_clear("`password`", host, is_encrypted, "write `url` with mqtts:")
    }

    async fn options(&self, client_id: &str) -> Result<MqttOptions, SinkError> {
        let broker = (self.address.host(), self.address.port());
        let mut options = MqttOptions::new(client_id, broker);
        options.set_keep_alive(KEEP_ALIVE);
        options.set_inflight(INFLIGHT);
        options.set_max_request_batch(64);
        options.set_max_packet_size(LARGEST_PACKET, LARGEST_PACKET);
        if let Some((user, password)) = &self.login {
            options.set_credentials(user.clone(), password.expose().to_owned());
        }
        if self.address.is_encrypted() {
            let authorities = self.authorities.clone();
            // A file is read, and hundreds of certificates.
            let config = tokio::task::spawn_blocking(move || authorities.client_config()).await;
            let config =
                config.map_err(|error| SinkError::transient(format!("TLS was not set up: {error}")))??;
            options.set_transport(Transport::tls_with_config(TlsConfiguration::Rustls(config)));
        }
        Ok(options)
    }
}

/// Connects, and waits for the broker's answer to the login.
async fn login(options: MqttOptions, target: &Target) -> Result<(AsyncClient, EventLoop), SinkError> {
    let (client, mut connection) = AsyncClient::builder(options)
        .capacity(QUEUE)
        .try_build()
        .map_err(|error| SinkError::misconfigured(format!("no client can be made: {error}")))?;
    let connected = async {
        loop {
            match connection.poll().await {
                Ok(Event::Incoming(Packet::ConnAck(_))) => return Ok(()),
                Ok(_) => {}
                Err(error) => return Err(failure(&error, &target.address)),
            }
        }
    };
    let patience = 2 * PATIENCE;
    match tokio::time::timeout(patience, connected).await {
        Ok(connected) => connected?,
        Err(_) => {
            let (address, seconds) = (&target.address, patience.as_secs());
            let reason = format!("no answer from the broker at {address} within {seconds} s");
            return Err(SinkError::transient(reason));
        }
    }
    Ok((client, connection))
}

fn filters(topics: impl IntoIterator<Item = String>, qos: QoS) -> impl Iterator<Item = SubscribeFilterInput> {
    let filter = move |topic| SubscribeFilterInput::new(topic, qos);
    topics.into_iter().map(filter)
}

async fn drive(mut connection: EventLoop, inbox: Arc<Inbox>) -> ConnectionError {
    loop {
        match connection.poll().await {
            Ok(Event::Incoming(Packet::Publish(message))) => inbox.take(&message),
            Ok(_) => {}
            Err(error) => return error,
        }
    }
}
