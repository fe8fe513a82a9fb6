//! The MQTT stream: one connection a login, on which BMW sends every change at once.
//!
//! The engine sees three traits, so that it does not depend on an MQTT library and its tests need no broker. They
//! mirror how a connection is taken over without losing a message: a second line is built up to the point where the
//! login would be sent, then the login and the subscription leave in one write. The broker drops the older session
//! when it reads the newer login, and what it had already sent there can still be read to the end.

mod connector;
mod error;
mod framing;
mod login;
mod mailbox;
mod manner;
mod message;
mod session;
mod socket;

use async_trait::async_trait;
use bytes::Bytes;
use secrecy::SecretString;

pub use connector::BrokerConnector;
pub use error::StreamError;
pub use message::{ParsedMessage, Unreadable, parse};

/// Who logs in to the stream, and as which client.
#[derive(Debug, Clone)]
pub struct StreamLogin {
    /// The user name, and the first level of every topic.
    pub gcid: String,
    /// The password.
    pub id_token: SecretString,
    /// The same for every connection of one installation, so that a broker that keeps sessions keeps ours.
    pub client_id: String,
}

/// Builds connections to one broker.
#[async_trait]
pub trait MqttConnector: Send + Sync {
    /// Connects TCP and TLS, and sends nothing yet.
    async fn reach(&self) -> Result<Box<dyn MqttLine>, StreamError>;
}

/// A connection on which nobody has logged in.
#[async_trait]
pub trait MqttLine: Send {
    /// Logs in and subscribes to every vehicle of the login, in one write where the broker takes that. Returns when it has
    /// granted both.
    async fn log_in(self: Box<Self>, login: &StreamLogin) -> Result<Box<dyn MqttSession>, StreamError>;
}

/// A connection that brings messages. It keeps itself alive, whatever its owner does meanwhile.
#[async_trait]
pub trait MqttSession: Send {
    /// Waits for a message, and returns all that have arrived up to a bound of some thousand messages and some MiB.
    /// Never empty. May be dropped at any await point without losing one.
    ///
    /// # Errors
    /// When the connection is over and everything that had arrived was returned; for ever after that.
    async fn receive(&mut self) -> Result<Vec<Message>, StreamError>;

    /// Tells the broker that these messages are safe. On a connection that is over this does nothing: the broker may
    /// send them again on the next one.
    async fn acknowledge(&mut self, messages: &[Message]);

    /// Says goodbye and closes.
    async fn close(self: Box<Self>);
}

/// A message as it came; of one beyond 4 MiB, only the beginning.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    pub topic: String,
    pub payload: Bytes,
    /// The broker sends it again unless it is acknowledged under this number; `None` where it expects no answer.
    pub id: Option<u16>,
}

impl Message {
    /// Whether it is as long as what is kept of one that is longer.
    fn may_be_cut(&self) -> bool {
        let number = if self.id.is_some() { 2 } else { 0 };
        2 + self.topic.len() + number + self.payload.len() == framing::LONGEST
    }
}

/// Shows neither topic nor payload: both may hold a VIN or a position.
impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Message({} bytes, {:?})", self.payload.len(), self.id)
    }
}
