//! Whose certificates are believed: the system's authorities, Mozilla's, and the owner's own.

use std::path::Path;
use std::sync::Arc;

use collector_core::SinkError;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

/// The client's side of TLS 1.2 and 1.3.
///
/// # Errors
/// A file `ca` that cannot be read or holds no certificate.
pub fn client_config(ca: Option<&Path>) -> Result<Arc<ClientConfig>, SinkError> {
    let mut roots = RootCertStore::empty();
    // A system without a store of its own, as in a small container, has none; Mozilla's are there in any case.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots.add_parsable_certificates(webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().cloned());
    if let Some(ca) = ca {
        add(&mut roots, ca)?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| SinkError::misconfigured(format!("TLS cannot be set up: {error}")))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

fn add(roots: &mut RootCertStore, ca: &Path) -> Result<(), SinkError> {
    let pem =
        std::fs::read(ca).map_err(|error| SinkError::from_io("cannot read the certificate", ca, &error))?;
    let no_certificate = |reason: &dyn std::fmt::Display| {
        let path = ca.display();
        SinkError::misconfigured(format!(
            "{path} (`ca`) holds no certificate in PEM form: {reason}"
        ))
    };
    let mut added = 0;
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|error| no_certificate(&error))?;
        roots.add(certificate).map_err(|error| no_certificate(&error))?;
        added += 1;
    }
    if added == 0 {
        return Err(no_certificate(&"no section CERTIFICATE"));
    }
    Ok(())
}
