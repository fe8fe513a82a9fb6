//! The token file encrypted with a passphrase: an ASCII-armored file of the age format, which the command `age -d`
//! opens as well.

use std::path::Path;

use age::DecryptError;
use age::scrypt::{Identity, Recipient};
use secrecy::SecretString;

use crate::store::TokenStoreError;

/// How both forms of an age file begin. The token file in plain is JSON and begins otherwise.
const BEGINNINGS: [&[u8]; 2] = [b"-----BEGIN AGE ENCRYPTED FILE-----", b"age-encryption.org/"];
/// scrypt's N = 2^14 with r = 8: 16 MiB and a fraction of a second on the smallest computers that collectors run on.
/// More would guard a short passphrase; this one is read from a file and can be as long as a key.
const WORK_FACTOR: u8 = 14;
/// What a file may ask for at most, 256 MiB: what the command `age -p` chooses on a fast computer.
const MAX_WORK_FACTOR: u8 = 18;

pub(crate) fn is_sealed(bytes: &[u8]) -> bool {
    let bytes = bytes.trim_ascii_start();
    BEGINNINGS.iter().any(|beginning| bytes.starts_with(beginning))
}

/// # Errors
/// In words, where the passphrase cannot be used.
pub(crate) fn seal(plain: &[u8], passphrase: &SecretString) -> Result<Vec<u8>, String> {
    let mut recipient = Recipient::new(passphrase.clone());
    recipient.set_work_factor(WORK_FACTOR);
    match age::encrypt_and_armor(&recipient, plain) {
        Ok(text) => Ok(text.into_bytes()),
        Err(error) => Err(error.to_string()),
    }
}

/// What is in a file. `path` is for the error.
pub(crate) fn open(bytes: &[u8], passphrase: &SecretString, path: &Path) -> Result<Vec<u8>, TokenStoreError> {
    let path = path.to_owned();
    let mut identity = Identity::new(passphrase.clone());
    identity.set_max_work_factor(MAX_WORK_FACTOR);
    age::decrypt(&identity, bytes.trim_ascii_start()).map_err(|error| {
        let reason = match error {
            DecryptError::DecryptionFailed
            | DecryptError::KeyDecryptionFailed
            | DecryptError::NoMatchingKeys => return TokenStoreError::WrongPassphrase { path },
            DecryptError::ExcessiveWork { .. } => "it was encrypted with a work factor that is too high",
            DecryptError::UnknownFormat => "it is encrypted in a form that is not known here",
            _ => "it is encrypted, and damaged",
        };
        let reason = reason.to_owned();
        TokenStoreError::NoLogin { path, reason }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(bytes: &[u8], passphrase: &SecretString) -> Result<Vec<u8>, TokenStoreError> {
        super::open(bytes, passphrase, Path::new("home.json"))
    }

    #[test]
    fn what_was_sealed_is_opened_and_each_time_looks_different() {
        let passphrase = "correct horse battery staple".into();
        let sealed = seal(b"{}", &passphrase).unwrap();
        assert!(is_sealed(&sealed));
        assert_eq!(open(&sealed, &passphrase).unwrap(), b"{}");
        assert_ne!(seal(b"{}", &passphrase).unwrap(), sealed);
        let with_blanks = [b"\n  ", sealed.as_slice()].concat();
        assert!(is_sealed(&with_blanks));
        assert_eq!(open(&with_blanks, &passphrase).unwrap(), b"{}");
    }

    #[test]
    fn another_passphrase_and_a_damaged_file_are_told_apart() {
        let passphrase = "correct horse battery staple".into();
        let sealed = seal(&[b'x'; 200], &passphrase).unwrap();
        let refused = open(&sealed, &"another passphrase".into());
        assert!(matches!(refused, Err(TokenStoreError::WrongPassphrase { .. })));
        for length in [40, sealed.len() / 2, sealed.len() - 40] {
            assert!(
                matches!(
                    open(&sealed[..length], &passphrase),
                    Err(TokenStoreError::NoLogin { .. })
                ),
                "{length}"
            );
        }
        let newer = b"age-encryption.org/v9\n-> scrypt x 1\n";
        assert!(is_sealed(newer));
        assert!(matches!(
            open(newer, &passphrase),
            Err(TokenStoreError::NoLogin { .. })
        ));
    }

    #[test]
    fn plain_tokens_are_not_sealed() {
        for plain in ["", "{}", "  {\"version\":1}", "age", "-----BEGIN"] {
            assert!(!is_sealed(plain.as_bytes()), "{plain}");
        }
    }
}
