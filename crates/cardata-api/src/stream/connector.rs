//! From an address to a session.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use collector_core::{BrokerAddress, Trust};
use rustls::ClientConfig;

use super::manner::Manner;
use super::session::{Session, Timing};
use super::socket::{self, Socket};
use super::{MqttConnector, MqttLine, MqttSession, StreamError, StreamLogin};
use crate::trust;

/// What BMW's broker needs: it cuts connections that are silent for 60 s.
const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// How long each step of a connection may take: the name, TCP, TLS, the login, the subscription.
const PATIENCE: Duration = Duration::from_secs(10);

/// Connects to one broker.
#[derive(Debug, Clone)]
pub struct BrokerConnector {
    address: BrokerAddress,
    tls: Arc<ClientConfig>,
    timing: Timing,
    manner: Arc<Manner>,
}

impl BrokerConnector {
    /// Connects with a keep-alive of 30 s and waits 10 s for each step. `trust` is for addresses with TLS.
    pub fn new(address: BrokerAddress, trust: &Trust) -> Self {
        Self {
            address,
            tls: trust::tls(trust),
            timing: Timing {
                keep_alive: KEEP_ALIVE,
                patience: PATIENCE,
            },
            manner: Arc::default(),
        }
    }

    /// Lets the broker hear from us this often; the connection is over when nothing is heard from it for one and a
    /// half times as long. The broker is told whole seconds, at least one.
    #[must_use]
    pub fn with_keep_alive(mut self, keep_alive: Duration) -> Self {
        self.timing.keep_alive = keep_alive;
        self
    }

    /// Waits this long for each step of a connection.
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.timing.patience = patience;
        self
    }
}

#[async_trait]
impl MqttConnector for BrokerConnector {
    async fn reach(&self) -> Result<Box<dyn MqttLine>, StreamError> {
        let patience = self.timing.patience;
        let tcp = socket::tcp(&self.address, patience).await?;
        let socket: Box<dyn Socket> = if self.address.is_encrypted() {
            socket::tls(&self.address, Arc::clone(&self.tls), tcp, patience).await?
        } else {
            Box::new(tcp)
        };
        Ok(Box::new(Line {
            address: self.address.to_string(),
            socket,
            timing: self.timing,
            manner: self.manner.clone(),
        }))
    }
}

/// A connection on which nothing was said.
struct Line {
    address: String,
    socket: Box<dyn Socket>,
    timing: Timing,
    manner: Arc<Manner>,
}

#[async_trait]
impl MqttLine for Line {
    async fn log_in(self: Box<Self>, login: &StreamLogin) -> Result<Box<dyn MqttSession>, StreamError> {
        let plain = self.manner.is_plain();
        let session = Session::log_in(self.socket, &self.address, self.timing, (login, plain)).await;
        self.manner.learn(plain, session.as_ref().err());
        Ok(Box::new(session?))
    }
}
