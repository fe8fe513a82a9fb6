//! Whose certificates are believed: those of whom the engine trusts, and the owner's own.

use std::path::PathBuf;
use std::sync::Arc;

use collector_core::{SinkError, Trust};
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};

#[derive(Debug, Clone)]
pub struct Authorities {
    pub usual: Trust,
    /// Read at every connection, so that a renewed one is taken.
    pub ca: Option<PathBuf>,
}

impl Authorities {
    /// The client's side of TLS 1.2 and 1.3.
    ///
    /// # Errors
    /// A file `ca` that cannot be read or holds no certificate.
    pub fn client_config(&self) -> Result<Arc<ClientConfig>, SinkError> {
        let mut trust = self.usual.clone();
        if let Some(ca) = &self.ca {
            let pem = std::fs::read(ca).map_err(|error| self.unusable(&error))?;
            trust = trust.with_pem(&pem).map_err(|error| self.unusable(&error))?;
        }
        let mut roots = RootCertStore::empty();
        for authority in trust.authorities().map(CertificateDer::from) {
            roots.add(authority).map_err(|error| self.unusable(&error))?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| SinkError::misconfigured(format!("TLS cannot be set up: {error}")))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Arc::new(config))
    }

    fn unusable(&self, reason: &dyn std::error::Error) -> SinkError {
        let ca = self.ca.as_deref().unwrap_or("".as_ref()).display();
        SinkError::misconfigured(format!("`ca` {ca} cannot be used: {reason}"))
    }
}
