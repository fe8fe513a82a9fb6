//! An authority that lives as long as the simulator, and its certificate for this machine.

use std::io;
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::PrivatePkcs8KeyDer;
use tokio_rustls::TlsAcceptor;

/// What speaks TLS for `localhost` and `127.0.0.1`, and the authority's certificate (PEM). Keys are of the elliptic
/// kind: they are made in no time.
pub(crate) fn acceptor() -> io::Result<(TlsAcceptor, String)> {
    let mut authority = CertificateParams::default();
    let name = &mut authority.distinguished_name;
    name.push(DnType::CommonName, "simulated authority");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let key = KeyPair::generate().map_err(io::Error::other)?;
    let authority = CertifiedIssuer::self_signed(authority, key).map_err(io::Error::other)?;

    let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
    let mut server = CertificateParams::new(names).map_err(io::Error::other)?;
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let key = KeyPair::generate().map_err(io::Error::other)?;
    let certificate = server.signed_by(&key, &authority).map_err(io::Error::other)?;

    let key = PrivatePkcs8KeyDer::from(key.serialize_der());
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .and_then(|config| {
            config
                .with_no_client_auth()
                .with_single_cert(vec![certificate.der().clone()], key.into())
        })
        .map_err(io::Error::other)?;
    Ok((TlsAcceptor::from(Arc::new(config)), authority.pem()))
}
