//! The HTTP client that login and API share.

/// Builds a client that trusts the system's certificates and Mozilla's: a container without CA files works
/// too. The process needs a rustls crypto provider before this.
pub fn client() -> reqwest::Result<reqwest::Client> {
    let roots = webpki_root_certs::TLS_SERVER_ROOT_CERTS
        .iter()
        .filter_map(|certificate| reqwest::Certificate::from_der(certificate).ok());
    cardata_api::http_client_builder().tls_certs_merge(roots).build()
}

/// Makes ring the process's crypto provider. A second call changes nothing.
pub fn install_crypto() {
    // It fails only when there is one already.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
