//! Who answers on a connection: a TLS handshake as strict as every other, which remembers whose certificate it refused.

use std::sync::{Arc, Mutex, PoisonError};

use collector_core::Trust;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use status::doctor::{Fault, Hindrance};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// Parts of a name (X.520): who, and the organisation.
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
const ORGANISATION: &[u8] = &[0x55, 0x04, 0x0a];

/// Shakes hands and says nothing more.
pub async fn greet(host: &str, socket: TcpStream, trust: &Trust) -> Result<(), Hindrance> {
    let no_tls = |reason: String| Hindrance::NoTls(reason);
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(trust.authorities().map(CertificateDer::from));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let judge = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone());
    let judge = judge.build().map_err(|error| no_tls(error.to_string()))?;
    let witness = Arc::new(Witness {
        judge,
        issuer: Mutex::default(),
    });
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config
        .map_err(|error| no_tls(error.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(witness.clone())
        .with_no_client_auth();
    let name = ServerName::try_from(host.to_owned()).map_err(|error| no_tls(error.to_string()))?;
    let Err(error) = TlsConnector::from(Arc::new(config)).connect(name, socket).await else {
        return Ok(());
    };
    Err(match error.get_ref().and_then(|inner| inner.downcast_ref()) {
        Some(Error::InvalidCertificate(wrong)) => Hindrance::Certificate {
            issuer: witness
                .issuer
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take(),
            fault: fault(wrong),
        },
        Some(Error::InvalidMessage(_)) => no_tls("it says something else".to_owned()),
        _ => no_tls(error.to_string()),
    })
}

fn fault(wrong: &CertificateError) -> Fault {
    use CertificateError as Wrong;
    match wrong {
        Wrong::UnknownIssuer | Wrong::BadSignature => Fault::Untrusted,
        Wrong::NotValidForName | Wrong::NotValidForNameContext { .. } => Fault::OtherName,
        Wrong::Expired
        | Wrong::ExpiredContext { .. }
        | Wrong::NotValidYet
        | Wrong::NotValidYetContext { .. } => Fault::NotOfNow,
        other => Fault::Other(other.to_string()),
    }
}

/// Judges as everybody does, and remembers who signed the certificate.
#[derive(Debug)]
struct Witness {
    judge: Arc<WebPkiServerVerifier>,
    issuer: Mutex<Option<String>>,
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        *self.issuer.lock().unwrap_or_else(PoisonError::into_inner) = issuer(end_entity);
        self.judge
            .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.judge.verify_tls12_signature(message, cert, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.judge.verify_tls13_signature(message, cert, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.judge.supported_verify_schemes()
    }
}

/// Who signed a certificate, by the name in it: the common one before the organisation.
fn issuer(certificate: &CertificateDer<'_>) -> Option<String> {
    let certificate = webpki::EndEntityCert::try_from(certificate).ok()?;
    let name = certificate.issuer();
    part(name, COMMON_NAME).or_else(|| part(name, ORGANISATION))
}

/// The value of one part of a name (DER): its kind, and behind that a text with its length. A text of 128 bytes or more,
/// which no name has, is none.
fn part(name: &[u8], kind: &[u8]) -> Option<String> {
    let start = name.windows(kind.len()).position(|window| window == kind)? + kind.len();
    let length = usize::from(*name.get(start + 1)?);
    let text = name.get(start + 2..start + 2 + length)?;
    let text = String::from_utf8_lossy(text).trim().to_owned();
    (length < 128 && !text.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_name_is_read_and_nonsense_is_none() {
        let name =
            b"\x31\x0b\x30\x09\x06\x03\x55\x04\x0a\x0c\x03Org\x31\x0c\x30\x0a\x06\x03\x55\x04\x03\x13\x02Me";
        assert_eq!(part(name, COMMON_NAME).as_deref(), Some("Me"));
        assert_eq!(part(name, ORGANISATION).as_deref(), Some("Org"));
        for broken in [
            &b"\x55\x04\x03"[..],
            b"\x55\x04\x03\x0c\x05Me",
            b"\x55\x04\x03\x0c\x82\x01\x00",
            b"",
        ] {
            assert_eq!(part(broken, COMMON_NAME), None);
        }
    }
}
