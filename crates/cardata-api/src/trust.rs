//! Whose signature on a server's certificate counts, read from this machine.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use collector_core::{InvalidPem, Trust};
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};

/// Why the authorities that were named cannot be trusted.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    #[error("cannot read the certificates in {}", path.display())]
    Unreadable { path: PathBuf, source: std::io::Error },
    #[error("{} {reason}", path.display())]
    Invalid { path: PathBuf, reason: InvalidPem },
}

/// The system's authorities (`SSL_CERT_FILE` and `SSL_CERT_DIR` name others) and Mozilla's, so that a container
/// without any works too. A system without authorities is no error.
pub fn load() -> Trust {
    let system = rustls_native_certs::load_native_certs();
    for error in &system.errors {
        tracing::debug!(error = %error, "some of the system's certificates cannot be read");
    }
    let mozilla = webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().cloned();
    let usable = system.certs.into_iter().chain(mozilla).filter(is_usable);
    Trust::new(usable.map(|certificate| certificate.to_vec()))
}

/// Trusts the authorities in a file of PEM, too.
///
/// # Errors
/// When the file cannot be read or holds anything but certificates.
pub fn with_file(trust: &Trust, path: &Path) -> Result<Trust, TrustError> {
    let path = path.to_owned();
    let invalid = |reason| TrustError::Invalid {
        path: path.clone(),
        reason,
    };
    let pem = std::fs::read(&path).map_err(|source| TrustError::Unreadable {
        path: path.clone(),
        source,
    })?;
    let own = Trust::default().with_pem(&pem).map_err(invalid)?;
    if own.authorities().all(|der| is_usable(&der.into())) {
        return trust.with_pem(&pem).map_err(invalid);
    }
    Err(invalid(InvalidPem::Damaged))
}

fn is_usable(certificate: &CertificateDer<'_>) -> bool {
    RootCertStore::empty().add(certificate.clone()).is_ok()
}

/// The client's side of TLS 1.2 and 1.3, with ring: one for all who are given copies of `trust`.
pub(crate) fn tls(trust: &Trust) -> Arc<ClientConfig> {
    trust.made(client_config)
}

fn client_config(trust: &Trust) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(trust.authorities().map(CertificateDer::from));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    #[expect(
        clippy::expect_used,
        reason = "it fails only without cipher suites for both, and ring has them"
    )]
    let builder = builder.expect("ring speaks TLS 1.2 and 1.3");
    builder.with_root_certificates(roots).with_no_client_auth()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_of_one_trust_share_what_tls_needs() {
        let (usual, other) = (Trust::default(), Trust::new([]));
        assert!(Arc::ptr_eq(&tls(&usual), &tls(&usual.clone())));
        assert!(!Arc::ptr_eq(&tls(&usual), &tls(&other)));
    }
}
