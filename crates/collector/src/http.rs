//! The HTTP client that login and API share.

use cardata_api::stream::{Trust, TrustError};

use pipeline::Account;

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The certificates that `endpoints.ca` of an account names cannot be used.
    #[error("`endpoints.ca` of the account {account} cannot be used: {source}")]
    Certificates {
        account: collector_core::Name,
        source: TrustError,
    },
    #[error("the HTTP client cannot be made")]
    Http(#[from] reqwest::Error),
}

impl ClientError {
    /// Whether the pipeline file has to change.
    pub fn is_mistake(&self) -> bool {
        matches!(self, Self::Certificates { .. })
    }
}

/// Builds a client that trusts the system's certificates and Mozilla's: a container without CA files works
/// too. The process needs a rustls crypto provider before this.
pub fn client() -> reqwest::Result<reqwest::Client> {
    build(Vec::new())
}

/// The same, which trusts the certificates that the accounts name, too.
///
/// # Errors
/// A file of certificates cannot be read or holds anything else.
pub fn client_for(accounts: &[Account]) -> Result<reqwest::Client, ClientError> {
    let mut extra = Vec::new();
    for account in accounts {
        let Some(path) = &account.ca else { continue };
        let wrong = |source| ClientError::Certificates {
            account: account.name.clone(),
            source,
        };
        // The stream reads the same file; both must find the same in it.
        Trust::new(Some(path)).map_err(wrong)?;
        let text = std::fs::read(path).map_err(|source| {
            wrong(TrustError::Unreadable {
                path: path.clone(),
                source,
            })
        })?;
        extra.extend(reqwest::Certificate::from_pem_bundle(&text)?);
    }
    Ok(build(extra)?)
}

fn build(extra: Vec<reqwest::Certificate>) -> reqwest::Result<reqwest::Client> {
    let roots = webpki_root_certs::TLS_SERVER_ROOT_CERTS
        .iter()
        .filter_map(|certificate| reqwest::Certificate::from_der(certificate).ok());
    cardata_api::http_client_builder()
        .tls_certs_merge(roots.chain(extra))
        .build()
}

/// Makes ring the process's crypto provider. A second call changes nothing.
pub fn install_crypto() {
    // It fails only when there is one already.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(ca: &std::path::Path) -> Account {
        Account {
            name: "home".into(),
            client_id: "4f9a1c52-8d0e-4b6c-9c2b-1a2b3c4d5e6f".parse().unwrap(),
            auth: "https://127.0.0.1:9".parse().unwrap(),
            api: "https://127.0.0.1:9".parse().unwrap(),
            stream: "mqtts://127.0.0.1:9".parse().unwrap(),
            ca: Some(ca.to_owned()),
            calls_per_day: 50,
            passphrase: None,
        }
    }

    #[test]
    fn certificates_that_cannot_be_used_are_told_with_their_file() {
        install_crypto();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.pem");
        let told = || {
            let error = client_for(&[account(&path)]).unwrap_err();
            assert!(error.is_mistake());
            let text = error.to_string();
            assert!(text.contains("account home") && text.contains("ca.pem"), "{text}");
        };
        told();
        std::fs::write(&path, "no certificate").unwrap();
        told();
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        std::fs::write(&path, broken).unwrap();
        told();
    }
}
