//! BMW's side of the live stream on a real broker, and what must be stored of it.
//!
//! * [`message`]: one message in BMW's form, and the row that a store must have of it.
//! * [`flow`]: what a car says, repeated and disordered.
//! * [`gate`]: a way to a server that can be shut.
//! * [`publisher`]: puts messages on a broker and knows which ones the broker accepted.
//! * [`listener`]: a subscriber that knows nothing of the program.
//! * [`rival`]: another program that takes the connection.
//! * [`stage`]: a broker beside a scene.
//! * [`merge`]: one history of polls and messages.
//! * [`connections`]: what a broker says about who came and went.

pub mod connections;
pub mod flow;
pub mod gate;
pub mod listener;
pub mod merge;
pub mod message;
pub mod publisher;
pub mod rival;
pub mod stage;

use std::sync::Arc;

use rumqttc::{MqttOptions, Transport};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::servers::Mosquitto;

/// The largest packet that a helper sends or takes.
const LARGEST_PACKET: usize = 4 << 20;
/// Messages on their way without an acknowledgement.
const INFLIGHT: u16 = 1_000;

/// How a client of this name reaches the broker: over TLS, trusting its authority alone.
pub fn options(broker: &Mosquitto, client: &str) -> MqttOptions {
    // An error says that the process has a provider already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut roots = rustls::RootCertStore::empty();
    let authority = CertificateDer::from_pem_slice(broker.ca_pem().as_bytes()).expect("a certificate in PEM");
    roots.add(authority).expect("a certificate of an authority");
    let tls = rustls::ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let mut options = MqttOptions::new(client, ("localhost", broker.port()));
    options
        .set_transport(Transport::tls_with_config(rumqttc::TlsConfiguration::Rustls(
            Arc::new(tls),
        )))
        .set_credentials(client, "anything")
        .set_keep_alive(30)
        .set_max_packet_size(LARGEST_PACKET, LARGEST_PACKET)
        .set_max_request_batch(usize::from(INFLIGHT))
        .set_inflight(INFLIGHT);
    options
}
