//! The HTTP clients that login and API use, and whom they trust.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use cardata_api::trust::{self, TrustError};
use collector_core::{Name, Trust};

use pipeline::Account;

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The certificates that `endpoints.ca` of an account names cannot be used.
    #[error("`endpoints.ca` of the account {account} cannot be used")]
    Certificates { account: Name, source: TrustError },
    #[error("the HTTP client cannot be made")]
    Http(#[from] reqwest::Error),
}

impl ClientError {
    /// Whether the pipeline file has to change.
    pub fn is_mistake(&self) -> bool {
        matches!(self, Self::Certificates { .. })
    }
}

/// The clients of a pipeline. Accounts that name certificates of their own have one for those who name the same file, so
/// that nobody else trusts them.
#[derive(Debug)]
pub struct Clients {
    /// The system's authorities and Mozilla's.
    pub trust: Trust,
    /// For everything that names no others.
    pub shared: reqwest::Client,
    /// By the file of certificates.
    own: Mutex<HashMap<PathBuf, (reqwest::Client, Trust)>>,
}

impl Clients {
    /// Reads the system's authorities. The process needs a rustls crypto provider before this.
    pub fn new() -> Result<Self, ClientError> {
        let trust = trust::load();
        let shared = cardata_api::http_client(&trust)?;
        Ok(Self {
            trust,
            shared,
            own: Mutex::default(),
        })
    }

    /// The client of an account, and whom it trusts.
    ///
    /// # Errors
    /// The file of certificates that it names cannot be read or holds anything else.
    pub fn of(&self, account: &Account) -> Result<(reqwest::Client, Trust), ClientError> {
        let Some(path) = &account.ca else {
            return Ok((self.shared.clone(), self.trust.clone()));
        };
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = own.get(path) {
            return Ok(known.clone());
        }
        let trust = trust::with_file(&self.trust, path).map_err(|source| ClientError::Certificates {
            account: account.name.clone(),
            source,
        })?;
        let made = (cardata_api::http_client(&trust)?, trust);
        own.insert(path.clone(), made.clone());
        Ok(made)
    }
}

/// A client that trusts the system's authorities and Mozilla's.
pub fn client() -> reqwest::Result<reqwest::Client> {
    cardata_api::http_client(&trust::load())
}

/// Makes ring the process's crypto provider. A second call changes nothing.
pub fn install_crypto() {
    // It fails only when there is one already.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::path::{Path, PathBuf};
    use std::sync::Arc;

    use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
    use rustls::pki_types::PrivateKeyDer;
    use rustls::{ServerConfig, ServerConnection, StreamOwned};

    use super::*;
    use runtime::Chain;

    fn account(ca: &Path) -> Account {
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
        let clients = Clients::new().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ca.pem");
        let told = || {
            let error = clients.of(&account(&path)).unwrap_err();
            assert!(error.is_mistake());
            let text = Chain(&error).to_string();
            assert!(text.contains("account home") && text.contains("ca.pem"), "{text}");
        };
        told();
        std::fs::write(&path, "no certificate").unwrap();
        told();
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        std::fs::write(&path, broken).unwrap();
        told();
    }

    /// An authority of one's own: the file of its certificate, and a server that it vouches for.
    fn authority(folder: &Path, name: &str) -> (PathBuf, Arc<ServerConfig>) {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &authority).unwrap();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let config = ServerConfig::builder().with_no_client_auth();
        let config = config
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        let path = folder.join(name);
        std::fs::write(&path, authority.pem()).unwrap();
        (path, Arc::new(config))
    }

    /// Whether a server that takes one connection is trusted.
    async fn trusts(client: &reqwest::Client, config: &Arc<ServerConfig>) -> bool {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
        let config = Arc::clone(config);
        let server = std::thread::spawn(move || {
            let (socket, _) = listener.accept().unwrap();
            let mut stream = StreamOwned::new(ServerConnection::new(config).unwrap(), socket);
            // A client that does not trust the certificate breaks off here.
            if stream.read(&mut [0; 4096]).is_ok_and(|length| length > 0) {
                let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n");
            }
        });
        let answer = client.get(url).send().await;
        server.join().unwrap();
        answer.is_ok()
    }

    #[tokio::test]
    async fn an_authority_of_an_account_is_trusted_for_that_account_alone() {
        install_crypto();
        let folder = tempfile::tempdir().unwrap();
        let (first, server) = authority(folder.path(), "first.pem");
        let (second, _) = authority(folder.path(), "second.pem");
        let clients = Clients::new().unwrap();
        let (own, trust) = clients.of(&account(&first)).unwrap();
        assert_eq!(
            trust.authorities().count(),
            clients.trust.authorities().count() + 1
        );
        assert!(trusts(&own, &server).await);
        let (other, trust) = clients.of(&account(&second)).unwrap();
        assert_eq!(
            trust.authorities().count(),
            clients.trust.authorities().count() + 1
        );
        assert!(!trusts(&other, &server).await);
        let none = Account {
            ca: None,
            ..account(&first)
        };
        assert!(!trusts(&clients.of(&none).unwrap().0, &server).await);
        assert!(!trusts(&clients.shared, &server).await);
    }

    #[test]
    fn accounts_share_whom_they_trust() {
        install_crypto();
        let folder = tempfile::tempdir().unwrap();
        let (file, _) = authority(folder.path(), "own.pem");
        let clients = Clients::new().unwrap();
        let trust = |ca: Option<&Path>| {
            let account = Account {
                ca: ca.map(Path::to_owned),
                ..account(&file)
            };
            clients.of(&account).unwrap().1
        };
        let place = |trust: &Trust| trust.authorities().map(<[u8]>::as_ptr).collect::<Vec<_>>();
        let usual = place(&clients.trust);
        assert_eq!(place(&trust(None)), usual);
        let own = place(&trust(Some(&file)));
        assert_eq!(own[..usual.len()], usual);
        assert_eq!((own.len(), place(&trust(Some(&file)))), (usual.len() + 1, own));
    }
}
