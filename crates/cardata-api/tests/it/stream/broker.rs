//! A broker whose every word a test decides. It speaks with the same codec as the client.

use std::sync::Arc;

use bytes::BytesMut;
use collector_core::BrokerAddress;
use rumqttc::mqttbytes::v4::{ConnAck, ConnectReturnCode, Packet, Publish, SubAck, SubscribeReasonCode};
use rumqttc::mqttbytes::{Error, QoS};
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// Waits for connections on loopback.
pub struct Broker {
    listener: TcpListener,
    tls: Option<Arc<ServerConfig>>,
}

pub trait Socket: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Socket for T {}

/// The broker's side of one connection.
pub struct Peer {
    pub socket: Box<dyn Socket>,
    received: BytesMut,
}

impl Broker {
    pub async fn start() -> Self {
        Self {
            listener: TcpListener::bind("127.0.0.1:0").await.unwrap(),
            tls: None,
        }
    }

    pub async fn with_tls(config: ServerConfig) -> Self {
        let plain = Self::start().await;
        Self {
            tls: Some(Arc::new(config)),
            ..plain
        }
    }

    /// Its address, under this name.
    pub fn address(&self, host: &str) -> BrokerAddress {
        let scheme = if self.tls.is_some() { "mqtts" } else { "mqtt" };
        let port = self.listener.local_addr().unwrap().port();
        format!("{scheme}://{host}:{port}").parse().unwrap()
    }

    pub async fn accept_tcp(&self) -> TcpStream {
        self.listener.accept().await.unwrap().0
    }

    /// The next connection; fails where its TLS does.
    pub async fn try_accept(&self) -> std::io::Result<Peer> {
        let socket = self.accept_tcp().await;
        let socket: Box<dyn Socket> = match &self.tls {
            Some(config) => Box::new(TlsAcceptor::from(Arc::clone(config)).accept(socket).await?),
            None => Box::new(socket),
        };
        Ok(Peer {
            socket,
            received: BytesMut::new(),
        })
    }

    pub async fn accept(&self) -> Peer {
        self.try_accept().await.unwrap()
    }
}

impl Peer {
    /// The next packet; nothing at the end of the connection.
    pub async fn next(&mut self) -> Option<Packet> {
        loop {
            match Packet::read(&mut self.received, usize::MAX) {
                Ok(packet) => return Some(packet),
                Err(Error::InsufficientBytes(_)) => {}
                Err(error) => panic!("the client speaks MQTT 3.1.1: {error}"),
            }
            if self.socket.read_buf(&mut self.received).await.ok()? == 0 {
                return None;
            }
        }
    }

    /// All packets that one read brings.
    pub async fn one_read(&mut self) -> Vec<Packet> {
        self.received.reserve(64 << 10);
        self.socket.read_buf(&mut self.received).await.unwrap();
        let mut packets = Vec::new();
        while !self.received.is_empty() {
            packets.push(Packet::read(&mut self.received, usize::MAX).unwrap());
        }
        packets
    }

    /// Sends packets in one write.
    pub async fn send(&mut self, packets: &[Packet]) {
        self.socket.write_all(&written(packets)).await.unwrap();
        self.socket.flush().await.unwrap();
    }

    /// Reads a login and a subscription, and says nothing to them.
    pub async fn greeted(&mut self) {
        assert!(matches!(self.next().await, Some(Packet::Connect(_))));
        assert!(matches!(self.next().await, Some(Packet::Subscribe(_))));
    }

    /// Grants the login and the subscription.
    pub async fn grant(&mut self) {
        self.greeted().await;
        self.send(&[connack(ConnectReturnCode::Success), suback()]).await;
    }
}

pub fn written(packets: &[Packet]) -> Vec<u8> {
    let mut bytes = BytesMut::new();
    for packet in packets {
        packet.write(&mut bytes, usize::MAX).unwrap();
    }
    bytes.to_vec()
}

pub fn connack(code: ConnectReturnCode) -> Packet {
    Packet::ConnAck(ConnAck::new(code, false))
}

/// Grants QoS 1.
pub fn suback() -> Packet {
    let granted = SubscribeReasonCode::Success(QoS::AtLeastOnce);
    Packet::SubAck(SubAck::new(1, vec![granted]))
}

pub fn no_suback() -> Packet {
    Packet::SubAck(SubAck::new(1, vec![SubscribeReasonCode::Failure]))
}

/// A message with a number, which has to be acknowledged.
pub fn publish(id: u16, payload: &str) -> Packet {
    let mut publish = Publish::new("gcid/vin", QoS::AtLeastOnce, payload);
    publish.pkid = id;
    Packet::Publish(publish)
}

/// Messages `1` to this one.
pub fn publishes(last: u16) -> Vec<Packet> {
    (1..=last).map(|id| publish(id, &id.to_string())).collect()
}
