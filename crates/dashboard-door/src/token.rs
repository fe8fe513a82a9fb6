//! The token of an owner who gave none: made at the first start, and kept.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use collector_core::Secret;
use rand::Rng as _;
use rand::distr::Alphanumeric;

/// In the state directory.
const FILE: &str = "page-token";
const LENGTH: usize = 32;
/// What is shorter was cut off, or written by hand too carelessly.
const SHORTEST: usize = 16;

/// The token of the page can be neither read nor made.
#[derive(Debug, thiserror::Error)]
#[error(
    "the token of the page cannot be kept in {}: {source}; make the file writable, or write `dashboard.token` in the \
     pipeline file", path.display()
)]
pub struct TokenError {
    pub path: PathBuf,
    pub source: std::io::Error,
}

/// The token that is kept in the state directory `state`; made where there is none, for owner and group to read.
///
/// # Errors
/// The file cannot be read or written.
pub fn kept(state: &Path) -> Result<Secret, TokenError> {
    let path = file(state);
    read_or_make(&path).map_err(|source| TokenError { path, source })
}

/// Where it is kept.
pub fn file(state: &Path) -> PathBuf {
    state.join(FILE)
}

fn read_or_make(path: &Path) -> std::io::Result<Secret> {
    let mut file = runtime::private::open(path)?;
    let mut text = String::new();
    (&file).take(4096).read_to_string(&mut text)?;
    if text.trim().len() >= SHORTEST {
        return Ok(Secret::new(text.trim()));
    }
    let made: String = rand::rng()
        .sample_iter(Alphanumeric)
        .take(LENGTH)
        .map(char::from)
        .collect();
    file.set_len(0)?;
    std::io::Seek::rewind(&mut file)?;
    writeln!(file, "{made}")?;
    file.sync_all()?;
    Ok(Secret::new(made))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_made_once_and_is_read_by_nobody_else() {
        let folder = tempfile::tempdir().unwrap();
        let made = kept(folder.path()).unwrap();
        assert_eq!(made.expose().len(), LENGTH);
        assert_eq!(kept(folder.path()).unwrap().expose(), made.expose());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(folder.path().join(FILE))
                .unwrap()
                .permissions()
                .mode();
            assert_eq!(mode & 0o007, 0, "{mode:o}");
        }
        std::fs::write(folder.path().join(FILE), "short\n").unwrap();
        let again = kept(folder.path()).unwrap();
        assert_eq!(again.expose().len(), LENGTH);
        assert_ne!(again.expose(), made.expose());
        let written = std::fs::read_to_string(folder.path().join(FILE)).unwrap();
        assert_eq!(written.trim(), again.expose());
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let error = kept(&folder.path().join("none")).unwrap_err().to_string();
        assert!(
            error.contains("none/page-token") && error.contains("dashboard.token"),
            "{error}"
        );
    }
}
