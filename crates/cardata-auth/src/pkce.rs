//! Proof Key for Code Exchange, RFC 7636, method S256.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::CryptoRng;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

/// A fresh verifier and the challenge that is made from it. One pair for one device code.
#[derive(Debug, Clone)]
pub struct Pkce {
    verifier: SecretString,
    challenge: String,
}

impl Pkce {
    /// 32 random bytes, as RFC 7636 section 4.1 recommends.
    pub fn generate(rng: &mut (impl CryptoRng + ?Sized)) -> Self {
        let mut bytes = [0; 32];
        rng.fill_bytes(&mut bytes);
        Self::from_bytes(bytes)
    }

    fn from_bytes(bytes: [u8; 32]) -> Self {
        let verifier = URL_SAFE_NO_PAD.encode(bytes);
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&verifier));
        Self {
            verifier: verifier.into(),
            challenge,
        }
    }

    /// Stays here until the token is asked for.
    pub fn verifier(&self) -> &str {
        self.verifier.expose_secret()
    }

    /// Goes with the request of the device code.
    pub fn challenge(&self) -> &str {
        &self.challenge
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;

    /// RFC 7636, appendix B.
    #[test]
    fn the_vector_of_the_rfc() {
        let pkce = Pkce::from_bytes([
            116, 24, 223, 180, 151, 153, 224, 37, 79, 250, 96, 125, 216, 173, 187, 186, 22, 212, 37, 77, 105,
            214, 191, 240, 91, 88, 5, 88, 83, 132, 141, 121,
        ]);
        assert_eq!(pkce.verifier(), "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        assert_eq!(pkce.challenge(), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }

    #[test]
    fn each_pair_is_new_and_its_debug_hides_the_verifier() {
        let mut rng = StdRng::seed_from_u64(1);
        let (first, second) = (Pkce::generate(&mut rng), Pkce::generate(&mut rng));
        assert_ne!(first.verifier(), second.verifier());
        assert_eq!(first.verifier().len(), 43);
        assert!(!format!("{first:?}").contains(first.verifier()));
    }
}
