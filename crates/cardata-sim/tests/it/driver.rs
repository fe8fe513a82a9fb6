//! An MQTT client that does what the test says, packet by packet.

#![expect(clippy::unwrap_used, reason = "the helpers of tests fail as tests do")]

use std::sync::Arc;

use bytes::BytesMut;
use rumqttc::mqttbytes::QoS;
use rumqttc::mqttbytes::v4::{
    Connect, ConnectReturnCode, Packet, PubAck, Publish, Subscribe, SubscribeReasonCode,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::desk::{Desk, VIN};

const MARKER: &str = "the end";

pub struct Driver {
    tls: TlsStream<TcpStream>,
    bytes: BytesMut,
}

impl Driver {
    /// Connects TCP and TLS, trusting nobody but the simulator's authority.
    pub async fn reach(desk: &Desk) -> std::io::Result<Self> {
        let url: url::Url = desk.sim.stream_url().parse().unwrap();
        let mut roots = RootCertStore::empty();
        let certificate = CertificateDer::from_pem_slice(desk.sim.stream_ca().as_bytes()).unwrap();
        roots.add(certificate).unwrap();
        let config = ClientConfig::builder()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let stream = TcpStream::connect(("127.0.0.1", url.port().unwrap())).await?;
        let name = ServerName::try_from(url.host_str().unwrap().to_owned()).unwrap();
        let tls = TlsConnector::from(Arc::new(config)).connect(name, stream).await?;
        Ok(Self {
            tls,
            bytes: BytesMut::new(),
        })
    }

    /// Logged in and subscribed to everything with QoS 1, in one write.
    pub async fn subscribed(desk: &Desk) -> Self {
        let mut driver = Self::reach(desk).await.unwrap();
        driver.send(&[connect(desk), subscribe(desk, "+")]).await;
        assert_eq!(driver.login_code().await, ConnectReturnCode::Success);
        let granted = SubscribeReasonCode::Success(QoS::AtLeastOnce);
        assert_eq!(driver.granted().await, [granted]);
        driver
    }

    pub async fn send(&mut self, packets: &[Packet]) {
        let mut bytes = BytesMut::new();
        for packet in packets {
            packet.write(&mut bytes, usize::MAX).unwrap();
        }
        self.send_bytes(&bytes).await;
    }

    pub async fn send_bytes(&mut self, bytes: &[u8]) {
        self.tls.write_all(bytes).await.unwrap();
        self.tls.flush().await.unwrap();
    }

    /// The next packet; `None` when the connection has ended as it should, an error when it has broken.
    pub async fn next(&mut self) -> std::io::Result<Option<Packet>> {
        loop {
            if let Ok(packet) = Packet::read(&mut self.bytes, usize::MAX) {
                return Ok(Some(packet));
            }
            if self.tls.read_buf(&mut self.bytes).await? == 0 {
                return Ok(None);
            }
        }
    }

    pub async fn packet(&mut self) -> Packet {
        self.next().await.unwrap().unwrap()
    }

    pub async fn login_code(&mut self) -> ConnectReturnCode {
        match self.packet().await {
            Packet::ConnAck(answer) => answer.code,
            other => panic!("{other:?} where an answer to the login was expected"),
        }
    }

    pub async fn granted(&mut self) -> Vec<SubscribeReasonCode> {
        match self.packet().await {
            Packet::SubAck(answer) => answer.return_codes,
            other => panic!("{other:?} where an answer to the subscription was expected"),
        }
    }

    /// Everything that is published up to now; all of it is acknowledged.
    pub async fn messages(&mut self, desk: &Desk) -> Vec<Publish> {
        assert!(desk.control.publish(VIN, MARKER));
        let mut messages = Vec::new();
        loop {
            let Packet::Publish(publish) = self.packet().await else {
                continue;
            };
            if publish.pkid > 0 {
                self.send(&[Packet::PubAck(PubAck::new(publish.pkid))]).await;
            }
            if publish.payload == MARKER {
                return messages;
            }
            messages.push(publish);
        }
    }

    /// Asks for a sign of life, which comes after all that the broker has read.
    pub async fn ping(&mut self) {
        self.send(&[Packet::PingReq]).await;
        while self.packet().await != Packet::PingResp {}
    }
}

pub fn connect(desk: &Desk) -> Packet {
    connect_as(&desk.control.gcid(), &desk.id_token)
}

pub fn connect_as(user: &str, password: &str) -> Packet {
    let mut connect = Connect::new("a test");
    connect.keep_alive = 30;
    connect.set_credentials(user, password.to_owned());
    Packet::Connect(connect)
}

/// To `{gcid}/` and this.
pub fn subscribe(desk: &Desk, level: &str) -> Packet {
    subscribe_to(&format!("{}/{level}", desk.control.gcid()))
}

pub fn subscribe_to(topic: &str) -> Packet {
    let mut subscribe = Subscribe::new(topic, QoS::AtLeastOnce);
    subscribe.pkid = 7;
    Packet::Subscribe(subscribe)
}

pub fn json(publish: &Publish) -> Value {
    serde_json::from_slice(&publish.payload).unwrap()
}
