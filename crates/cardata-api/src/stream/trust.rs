//! Whose signature on a broker's certificate counts.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

/// The certificate authorities that are trusted, and how TLS is spoken: 1.2 or 1.3, with ring.
///
/// Built once; a copy shares it.
#[derive(Debug, Clone)]
pub struct Trust(Arc<ClientConfig>);

/// Why the authorities that were named cannot be trusted.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    #[error("cannot read the certificates in {}", path.display())]
    Unreadable { path: PathBuf, source: std::io::Error },
    #[error("{} holds no certificate in PEM (`-----BEGIN CERTIFICATE-----`)", path.display())]
    NoCertificate { path: PathBuf },
    #[error("a certificate in {} is damaged", path.display())]
    Damaged { path: PathBuf },
    #[error("TLS 1.2 and 1.3 are not available")]
    Provider { source: rustls::Error },
}

impl Trust {
    /// Trusts the system's authorities (`SSL_CERT_FILE` and `SSL_CERT_DIR` name others), Mozilla's, so that a
    /// container without any works too, and those in a file of PEM.
    ///
    /// # Errors
    /// When the file cannot be read or holds anything but certificates. A system without authorities is no error.
    pub fn new(extra: Option<&Path>) -> Result<Self, TrustError> {
        let mut roots = RootCertStore::empty();
        let system = rustls_native_certs::load_native_certs();
        for error in &system.errors {
            tracing::debug!(error = %error, "some of the system's certificates cannot be read");
        }
        // Most of the system's are Mozilla's.
        let mut known: HashSet<_> = system.certs.into_iter().collect();
        known.extend(webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().cloned());
        roots.add_parsable_certificates(known);
        if let Some(path) = extra {
            for certificate in read(path)? {
                roots.add(certificate).map_err(|_| TrustError::Damaged {
                    path: path.to_owned(),
                })?;
            }
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
            .map_err(|source| TrustError::Provider { source })?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self(Arc::new(config)))
    }

    pub(crate) fn config(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.0)
    }
}

/// The certificates in a file; at least one.
fn read(path: &Path) -> Result<Vec<CertificateDer<'static>>, TrustError> {
    let text = std::fs::read(path).map_err(|source| TrustError::Unreadable {
        path: path.to_owned(),
        source,
    })?;
    let certificates = CertificateDer::pem_slice_iter(&text)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| TrustError::Damaged {
            path: path.to_owned(),
        })?;
    if certificates.is_empty() {
        return Err(TrustError::NoCertificate {
            path: path.to_owned(),
        });
    }
    Ok(certificates)
}
