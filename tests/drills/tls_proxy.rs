//! BMW behind TLS on a port that can go wrong: a proxy in front of the simulator.

use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use tokio::io::{AsyncWriteExt, copy_bidirectional};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;

use crate::local_server::LocalServer;

/// How the port answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// With a certificate of the authority, and BMW behind it.
    Open,
    /// Nobody listens.
    Closed,
    SelfSigned,
    WrongName,
    Expired,
    /// Speaks HTTP without TLS.
    Plain,
    /// Closes during the handshake.
    HangsUp,
    /// Takes the connection and says nothing.
    Silent,
}

impl Door {
    /// All that are not open.
    pub const BAD: [Self; 7] = [
        Self::Closed,
        Self::SelfSigned,
        Self::WrongName,
        Self::Expired,
        Self::Plain,
        Self::HangsUp,
        Self::Silent,
    ];

    /// As the report calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "connection refused",
            Self::SelfSigned => "self-signed certificate",
            Self::WrongName => "certificate of another name",
            Self::Expired => "expired certificate",
            Self::Plain => "plain HTTP on the port",
            Self::HangsUp => "closed in the handshake",
            Self::Silent => "silence in the handshake",
        }
    }
}

/// A running proxy. It lives on the thread that started it.
pub struct TlsProxy {
    behind: String,
    /// The certificate of the authority that has to be trusted.
    pub authority: String,
    certificates: Rc<Certificates>,
    pub server: LocalServer,
}

struct Certificates {
    good: TlsAcceptor,
    self_signed: TlsAcceptor,
    wrong_name: TlsAcceptor,
    expired: TlsAcceptor,
}

impl TlsProxy {
    /// An open door in front of an address such as `http://127.0.0.1:1234`.
    pub async fn start(url: &str) -> Self {
        let behind = url.trim_start_matches("http://").to_owned();
        let (authority, certificates) = certificates();
        let certificates = Rc::new(certificates);
        Self {
            server: LocalServer::start(serving(Door::Open, &behind, &certificates)).await,
            behind,
            authority,
            certificates,
        }
    }

    pub fn url(&self) -> String {
        format!("https://localhost:{}", self.server.port())
    }

    /// Ends all connections and answers so from now on.
    pub async fn set(&self, door: Door) {
        match door {
            Door::Closed => self.server.close().await,
            door => {
                self.server
                    .open(serving(door, &self.behind, &self.certificates))
                    .await
            }
        }
    }
}

fn serving(
    door: Door,
    behind: &str,
    certificates: &Rc<Certificates>,
) -> impl Fn(TcpStream) -> Pin<Box<dyn Future<Output = ()>>> + 'static {
    let (behind, certificates) = (behind.to_owned(), certificates.clone());
    move |stream| Box::pin(serve(stream, door, behind.clone(), certificates.clone()))
}

/// A client that goes away ends it.
async fn serve(mut stream: TcpStream, door: Door, behind: String, certificates: Rc<Certificates>) {
    let acceptor = match door {
        Door::Open => &certificates.good,
        Door::SelfSigned => &certificates.self_signed,
        Door::WrongName => &certificates.wrong_name,
        Door::Expired => &certificates.expired,
        Door::Closed => return,
        Door::Plain => {
            let _ = stream
                .write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")
                .await;
            return;
        }
        Door::HangsUp => {
            let _ = stream.readable().await;
            return;
        }
        Door::Silent => return std::future::pending().await,
    };
    let Ok(mut stream) = acceptor.accept(stream).await else {
        return;
    };
    if let Ok(mut bmw) = TcpStream::connect(&behind).await {
        let _ = copy_bidirectional(&mut stream, &mut bmw).await;
    }
}

fn certificates() -> (String, Certificates) {
    let authority_key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, authority_key).unwrap();
    let signed = |name: &str, expired: bool| {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        if expired {
            params.not_before = date_time_ymd(2020, 1, 1);
            params.not_after = date_time_ymd(2021, 1, 1);
        }
        let certificate = params.signed_by(&key, &authority).unwrap();
        acceptor(&certificate, &key)
    };
    let own_key = KeyPair::generate().unwrap();
    let own = CertificateParams::new(vec!["localhost".to_owned()])
        .unwrap()
        .self_signed(&own_key)
        .unwrap();
    let certificates = Certificates {
        good: signed("localhost", false),
        self_signed: acceptor(&own, &own_key),
        wrong_name: signed("elsewhere.example", false),
        expired: signed("localhost", true),
    };
    (authority.pem(), certificates)
}

fn acceptor(certificate: &rcgen::Certificate, key: &KeyPair) -> TlsAcceptor {
    let key = PrivatePkcs8KeyDer::from(key.serialize_der());
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key.into())
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}
