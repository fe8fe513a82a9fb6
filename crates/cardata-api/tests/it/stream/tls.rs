//! Whom the client trusts, and what it says where it does not.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use cardata_api::stream::{BrokerConnector, MqttConnector, StreamError};
use cardata_api::trust;
use collector_core::Trust;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, SupportedProtocolVersion, version};
use tokio::io::AsyncWriteExt;

use super::broker::Broker;
use super::{connected, login};

struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        Self(CertifiedIssuer::self_signed(params, key).unwrap())
    }

    /// What a broker of this name needs.
    fn server(&self, name: &str, until: i32, versions: &[&'static SupportedProtocolVersion]) -> ServerConfig {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        params.not_after = date_time_ymd(until, 1, 1);
        let certificate = params.signed_by(&key, &self.0).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
            )
            .unwrap()
    }

    fn trust(&self, folder: &Path) -> Trust {
        let path = folder.join("ca.pem");
        std::fs::write(&path, self.0.pem()).unwrap();
        trust::with_file(&Trust::default(), &path).unwrap()
    }
}

const BOTH: &[&SupportedProtocolVersion] = &[&version::TLS13, &version::TLS12];

/// The error of a connection to a broker whose TLS fails.
async fn insecure(broker: &Broker, trust: &Trust) -> StreamError {
    let connector = BrokerConnector::new(broker.address("localhost"), trust);
    let (result, _) = tokio::join!(connector.reach(), broker.try_accept());
    result.err().unwrap()
}

fn reason(error: &StreamError) -> &str {
    match error {
        StreamError::Tls { reason, .. } => reason,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn an_authority_of_ones_own_is_trusted_with_tls_1_2_and_1_3() {
    let (folder, authority) = (tempfile::tempdir().unwrap(), Authority::new());
    let trust = authority.trust(folder.path());
    for versions in [BOTH, &[&version::TLS12]] {
        let broker = Broker::with_tls(authority.server("localhost", 4000, versions)).await;
        let connector = BrokerConnector::new(broker.address("localhost"), &trust);
        let (session, mut peer) = connected(&broker, &connector).await;
        session.close().await;
        assert!(peer.next().await.is_some());
        assert_eq!(peer.next().await, None);
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_certificate_is_told_with_what_helps() {
    let (folder, authority) = (tempfile::tempdir().unwrap(), Authority::new());
    let trust = authority.trust(folder.path());
    let stranger = Broker::with_tls(Authority::new().server("localhost", 4000, BOTH)).await;
    let error = insecure(&stranger, &trust).await;
    assert!(reason(&error).contains("`endpoints: { ca: … }`"), "{error}");
    assert!(error.to_string().contains("mqtts://localhost:"), "{error}");

    let elsewhere = Broker::with_tls(authority.server("elsewhere.example", 4000, BOTH)).await;
    let error = insecure(&elsewhere, &trust).await;
    assert!(reason(&error).contains("for another name"), "{error}");

    let old = Broker::with_tls(authority.server("localhost", 2001, BOTH)).await;
    let error = insecure(&old, &trust).await;
    assert!(reason(&error).contains("expired"), "{error}");
}

#[tokio::test]
async fn a_broker_without_tls_is_told_from_one_that_is_away() {
    let authority = Authority::new();
    let folder = tempfile::tempdir().unwrap();
    let trust = authority.trust(folder.path());
    let broker = Broker::with_tls(authority.server("localhost", 4000, BOTH)).await;
    let connector = BrokerConnector::new(broker.address("127.0.0.1"), &trust);

    let (plain, ()) = tokio::join!(connector.reach(), async {
        let mut socket = broker.accept_tcp().await;
        socket.write_all(&[0x20, 2, 0, 1, 0, 0, 0, 0]).await.unwrap();
    });
    let error = plain.err().unwrap();
    assert!(reason(&error).contains("`mqtt://`"), "{error}");

    let (closed, socket) = tokio::join!(connector.reach(), async { drop(broker.accept_tcp().await) });
    let connected = |error| matches!(error, Some(StreamError::Unreachable { connected: true, .. }));
    assert!(connected(closed.err()));
    let () = socket;

    let impatient = connector.clone().with_patience(Duration::from_millis(100));
    let (mute, _socket) = tokio::join!(impatient.reach(), broker.accept_tcp());
    assert!(connected(mute.err()));

    drop(broker);
    let error = connector.reach().await.err().unwrap();
    assert!(!error.was_connected(), "{error}");
}

#[tokio::test]
async fn a_name_that_nobody_has_is_unreachable() {
    let address = "mqtt://nobody.invalid".parse().unwrap();
    let error = BrokerConnector::new(address, &Trust::default())
        .reach()
        .await
        .err()
        .unwrap();
    assert!(matches!(error, StreamError::Unreachable { .. }), "{error}");
    assert!(!format!("{:?}", login()).contains(super::TOKEN));
}

#[test]
fn mozillas_authorities_are_there_whatever_the_system_has() {
    let usual = trust::load();
    let mozilla = Trust::new(
        webpki_root_certs::TLS_SERVER_ROOT_CERTS
            .iter()
            .map(|one| one.to_vec()),
    );
    assert!(
        mozilla
            .authorities()
            .all(|one| usual.authorities().any(|known| known == one))
    );
}

#[test]
fn a_file_without_certificates_is_told_by_its_path() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let missing = folder.path().join("missing.pem");
    let empty = write("empty.pem", "a note\n");
    let damaged = write(
        "damaged.pem",
        "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n",
    );
    let cut = write("cut.pem", "-----BEGIN CERTIFICATE-----\naGVsbG8=\n");
    for (path, expected) in [
        (&missing, "cannot read"),
        (&empty, "no certificate"),
        (&damaged, "damaged"),
        (&cut, "damaged"),
    ] {
        let error = trust::with_file(&Trust::default(), path).unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains(expected) && text.contains(&*path.to_string_lossy()),
            "{text}"
        );
    }
}
