//! Whose signature on a server's certificate counts. The engine reads the system's authorities once; what needs TLS is
//! given them and builds its own client of them, whatever TLS that is.

use std::any::Any;
use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, OnceLock};

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

/// The certificates of the authorities that are trusted. A copy shares them, and what was made of them.
#[derive(Clone, Default)]
pub struct Trust(Arc<Inner>);

#[derive(Default)]
struct Inner {
    /// What it shares with the trust that it was made of.
    usual: Arc<[CertificateDer<'static>]>,
    own: Box<[CertificateDer<'static>]>,
    /// See [`Trust::made`].
    made: OnceLock<Arc<dyn Any + Send + Sync>>,
}

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
        Self(Arc::new(Inner {
            usual: all.filter(|one| known.insert(one.clone())).collect(),
            ..Inner::default()
        }))
    }

    /// Trusts the authorities in a text of PEM, too. Those of before are shared with this trust.
    ///
    /// # Errors
    /// There is none in it, or not all of it can be read. Whether what was read is a certificate, TLS decides.
    pub fn with_pem(&self, pem: &[u8]) -> Result<Self, InvalidPem> {
        let added = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
        let added = added.map_err(|_| InvalidPem::Damaged)?;
        if added.is_empty() {
            return Err(InvalidPem::NoCertificate);
        }
        let mut known: HashSet<_> = self.0.usual.iter().cloned().collect();
        let own = self.0.own.iter().cloned().chain(added);
        Ok(Self(Arc::new(Inner {
            usual: Arc::clone(&self.0.usual),
            own: own.filter(|one| known.insert(one.clone())).collect(),
            ..Inner::default()
        })))
    }

    /// The DER of each certificate.
    pub fn authorities(&self) -> impl Iterator<Item = &[u8]> {
        self.0.usual.iter().chain(&self.0.own).map(AsRef::as_ref)
    }

    /// What a TLS library makes of the authorities: shared by all copies of this trust, as long as they make one type of
    /// it. `make` must depend on nothing else.
    pub fn made<T: Any + Send + Sync>(&self, make: impl Fn(&Self) -> T) -> Arc<T> {
        let made = self.0.made.get_or_init(|| Arc::new(make(self)));
        Arc::clone(made)
            .downcast()
            .unwrap_or_else(|_| Arc::new(make(self)))
    }
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Trust({} authorities)", self.authorities().count())
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
    fn what_was_there_before_and_what_is_made_of_it_are_shared() {
        struct Made(usize);
        let usual = Trust::new([b"usual".to_vec()]);
        let own = usual.with_pem(HELLO.as_bytes()).unwrap();
        let more = own.with_pem(HELLO.as_bytes()).unwrap();
        let first = |trust: &Trust| trust.authorities().next().unwrap().as_ptr();
        assert_eq!([first(&own), first(&more)], [first(&usual); 2]);
        assert_eq!(more.authorities().count(), 2);
        let make = |trust: &Trust| Made(trust.authorities().count());
        let made = usual.clone().made(make);
        assert!(Arc::ptr_eq(
            &made,
            &usual.made(|_| -> Made { panic!("made already") })
        ));
        assert_eq!((made.0, own.made(make).0), (1, 2));
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
