//! Certificates: an authority of one's own is trusted when it is named, and only then.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use collector_core::testkit::{entries, entry_with, reading};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};

use crate::{misconfigured, sink};

/// A server certificate for localhost and the certificate of its authority, whose key is thrown away.
fn certificate(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/certificates")
        .join(name)
}

/// An https server that takes one connection and answers one request with 204.
fn serve_once() -> (u16, JoinHandle<()>) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let chain = vec![CertificateDer::from_pem_file(certificate("server.pem")).unwrap()];
    let key = PrivateKeyDer::from_pem_file(certificate("server.key")).unwrap();
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = std::thread::spawn(move || {
        let (socket, _) = listener.accept().unwrap();
        let mut stream = StreamOwned::new(ServerConnection::new(Arc::new(config)).unwrap(), socket);
        // A client that does not trust the certificate breaks off here.
        if stream.read(&mut [0; 4096]).is_ok_and(|length| length > 0) {
            let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n");
        }
    });
    (port, server)
}

fn options(scheme: &str, port: u16, ca: Option<&Path>) -> Value {
    json!({ "url": format!("{scheme}://localhost:{port}"), "database": "cars", "ca": ca })
}

#[tokio::test]
async fn an_authority_that_is_named_is_trusted() {
    let (port, server) = serve_once();
    let ca = certificate("authority.pem");
    let entry = entry_with(
        1,
        vec![reading("a", "a", collector_core::Value::Bool(true), None, 0)],
    );
    sink(options("https", port, Some(&ca)))
        .write(&[entry])
        .await
        .unwrap();
    server.join().unwrap();
}

#[tokio::test]
async fn an_unknown_authority_needs_a_person() {
    let (port, server) = serve_once();
    let reason = misconfigured(sink(options("https", port, None)).write(&entries(1, 1)).await);
    assert!(
        reason.contains("UnknownIssuer") && reason.contains("`ca`"),
        "{reason}"
    );
    server.join().unwrap();
}

#[tokio::test]
async fn a_certificate_file_that_is_none_is_told() {
    let missing = misconfigured(
        sink(options("https", 1, Some(Path::new("/nowhere.pem"))))
            .check()
            .await,
    );
    assert!(missing.contains("/nowhere.pem"), "{missing}");
    let other = certificate("server.key");
    let other = misconfigured(sink(options("https", 1, Some(&other))).check().await);
    assert!(other.contains("holds no certificate in PEM"), "{other}");
}

#[tokio::test]
async fn https_to_an_http_server_is_told() {
    let mock = crate::mock::Mock::start(|_| axum::response::Response::default()).await;
    let port = mock.url.rsplit_once(':').unwrap().1.parse().unwrap();
    let reason = misconfigured(sink(options("https", port, None)).check().await);
    assert!(reason.contains("with http:"), "{reason}");
}
