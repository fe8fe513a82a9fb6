//! Whose signature on a server's certificate counts. The engine reads the system's authorities once; what needs TLS is
//! given them and builds its own client of them, whatever TLS that is.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

/// The certificates of the authorities that are trusted. A copy shares them.
#[derive(Clone, Default)]
pub struct Trust(Arc<[CertificateDer<'static>]>);

/// Why certificates cannot be taken from a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPem {
    #[error("holds no certificate in PEM (`-----BEGIN CERTIFICATE-----`)")]
    NoCertificate,
    #[error("holds a certificate that is damaged")]
    Damaged,
}

impl Trust {
    /// Trusts these authorities, each the DER of a certificate.
    pub fn new(authorities: impl IntoIterator<Item = Vec<u8>>) -> Self {
        let mut known = HashSet::new();
        let all = authorities.into_iter().map(CertificateDer::from);
        Self(all.filter(|one| known.insert(one.clone())).collect())
    }

    /// Trusts the authorities in a text of PEM, too.
    ///
    /// # Errors
    /// There is none in it, or not all of it can be read. Whether what was read is a certificate, TLS decides.
    pub fn with_pem(&self, pem: &[u8]) -> Result<Self, InvalidPem> {
        let own = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
        let own = own.map_err(|_| InvalidPem::Damaged)?;
        if own.is_empty() {
            return Err(InvalidPem::NoCertificate);
        }
        let all = self.0.iter().cloned().chain(own);
        Ok(Self::new(all.map(|one| one.to_vec())))
    }

    /// The DER of each certificate.
    pub fn authorities(&self) -> impl Iterator<Item = &[u8]> {
        self.0.iter().map(AsRef::as_ref)
    }
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Trust({} authorities)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HELLO: &str = "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n";

    #[test]
    fn authorities_are_added_once_and_for_the_copy_alone() {
        let usual = Trust::new([b"usual".to_vec(), b"usual".to_vec()]);
        let own = usual.with_pem(format!("{HELLO}{HELLO}").as_bytes()).unwrap();
        assert_eq!(own.authorities().collect::<Vec<_>>(), [b"usual", b"hello"]);
        assert_eq!(usual.authorities().count(), 1);
    }

    #[test]
    fn what_is_no_certificate_is_told() {
        for (pem, expected) in [
            ("a note\n", InvalidPem::NoCertificate),
            ("-----BEGIN CERTIFICATE-----\naGVsbG8=\n", InvalidPem::Damaged),
        ] {
            assert_eq!(Trust::default().with_pem(pem.as_bytes()).unwrap_err(), expected);
        }
    }
}
