//! The connection under MQTT: TCP, and TLS unless the address says otherwise.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use collector_core::BrokerAddress;
use rustls::pki_types::ServerName;
use rustls::{AlertDescription, CertificateError, ClientConfig};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::StreamError;

/// Bytes in both directions.
pub(crate) trait Socket: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Socket for T {}

/// Looks the name up and connects to the first of its addresses that answers.
pub(crate) async fn tcp(broker: &BrokerAddress, patience: Duration) -> Result<TcpStream, StreamError> {
    let unreachable = |reason: String| StreamError::Unreachable {
        address: broker.to_string(),
        reason,
        connected: false,
    };
    let name = (broker.host(), broker.port());
    let addresses: Vec<_> = match timeout(patience, lookup_host(name)).await {
        Ok(Ok(addresses)) => addresses.collect(),
        Ok(Err(error)) => {
            return Err(unreachable(format!("its name cannot be looked up: {error}")));
        }
        Err(_) => {
            return Err(unreachable(format!(
                "its name was not found out within {patience:?}"
            )));
        }
    };
    // All of them together get the time of one, or a network without IPv6 would take minutes.
    let share = patience / u32::try_from(addresses.len().max(1)).unwrap_or(u32::MAX);
    let mut reason = "its name has no address".to_owned();
    for address in addresses {
        match timeout(share, TcpStream::connect(address)).await {
            Ok(Ok(socket)) => {
                // Small packets, each of which somebody waits for. Where it cannot be set, they are a little late.
                if let Err(error) = socket.set_nodelay(true) {
                    tracing::debug!(error = %error, "small packets may be held back");
                }
                return Ok(socket);
            }
            Ok(Err(error)) => reason = told(&error),
            Err(_) => reason = format!("no answer within {share:?}"),
        }
    }
    Err(unreachable(reason))
}

/// Speaks TLS on a connection.
pub(crate) async fn tls(
    broker: &BrokerAddress,
    config: Arc<ClientConfig>,
    socket: TcpStream,
    patience: Duration,
) -> Result<Box<dyn Socket>, StreamError> {
    let insecure = |reason: String| StreamError::Tls {
        address: broker.to_string(),
        reason,
    };
    let unreachable = |reason: String| StreamError::Unreachable {
        address: broker.to_string(),
        reason: format!("the connection broke before it was secure: {reason}"),
        connected: true,
    };
    let name = ServerName::try_from(broker.host().to_owned())
        .map_err(|_| insecure("no certificate can be for this name".to_owned()))?;
    let socket = match timeout(patience, TlsConnector::from(config).connect(name, socket)).await {
        Ok(Ok(socket)) => socket,
        Ok(Err(error)) => {
            return Err(match error.get_ref().and_then(|inner| inner.downcast_ref()) {
                Some(error) => insecure(explained(error)),
                None => unreachable(told(&error)),
            });
        }
        Err(_) => return Err(unreachable(format!("no answer within {patience:?}"))),
    };
    let version = socket.get_ref().1.protocol_version();
    tracing::debug!(%broker, version = ?version, "speaks TLS with the broker");
    Ok(Box::new(socket))
}

/// An error of a connection in a few words.
pub(crate) fn told(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => "the broker closed it".to_owned(),
        io::ErrorKind::ConnectionReset => "the broker broke it off".to_owned(),
        _ => error.to_string(),
    }
}

/// What is wrong, and what helps.
fn explained(error: &rustls::Error) -> String {
    use CertificateError as Certificate;
    match error {
        rustls::Error::InvalidCertificate(certificate) => match certificate {
            Certificate::UnknownIssuer | Certificate::BadSignature => {
                "its certificate is signed by nobody this machine trusts; name the file of its \
                                           authority (PEM) in `endpoints: { ca: … }`"
                    .to_owned()
            }
            Certificate::NotValidForName | Certificate::NotValidForNameContext { .. } => {
                "its certificate is for another name; connect to the name that stands in the certificate"
                    .to_owned()
            }
            Certificate::Expired | Certificate::ExpiredContext { .. } => {
                "its certificate has expired; it must be renewed, unless this machine's clock is wrong"
                    .to_owned()
            }
            Certificate::NotValidYet | Certificate::NotValidYetContext { .. } => {
                "its certificate is not valid yet; is this machine's clock wrong?".to_owned()
            }
            other => format!("its certificate is not accepted: {other}"),
        },
        rustls::Error::InvalidMessage(_) => {
            "it does not speak TLS on this port; the address of a broker without TLS begins with `mqtt://`"
                .to_owned()
        }
        rustls::Error::AlertReceived(
            AlertDescription::CertificateRequired | AlertDescription::BadCertificate,
        ) => "it asks for a client's certificate, which CarData does not use".to_owned(),
        rustls::Error::PeerIncompatible(_) | rustls::Error::AlertReceived(_) => {
            format!("it does not agree on TLS 1.2 or 1.3: {error}")
        }
        other => other.to_string(),
    }
}
