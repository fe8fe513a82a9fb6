//! The token file of an account: never half written, never readable by others, never written by two at once.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::stored;
use crate::tokens::TokenSet;

/// The file `<account>.json` in the folder of tokens. Cheap to clone.
#[derive(Debug, Clone)]
pub struct TokenStore {
    dir: PathBuf,
    account: Arc<str>,
}

/// Why the tokens could not be read or written.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    #[error("{operation} {}", path.display())]
    Io {
        operation: &'static str,
        path: PathBuf,
        source: Arc<io::Error>,
    },
    /// The file is there and holds no login. Needs a person.
    #[error("{} holds no login: {reason}; log in again with `cardata login`", path.display())]
    NoLogin { path: PathBuf, reason: String },
    /// A later version of this program wrote the file.
    #[error("{} has version {found} of the format, and this program reads up to {known}; update it", path.display())]
    Newer { path: PathBuf, found: u64, known: u64 },
}

/// Holds other processes off the tokens of the account until it is dropped.
#[derive(Debug)]
#[must_use]
pub struct StoreLock {
    _file: File,
}

impl TokenStore {
    /// `dir` is created, for its owner alone, when something is first written.
    pub fn new(dir: impl Into<PathBuf>, account: impl Into<Arc<str>>) -> Self {
        Self {
            dir: dir.into(),
            account: account.into(),
        }
    }

    pub fn account(&self) -> &str {
        &self.account
    }

    /// The token file.
    pub fn path(&self) -> PathBuf {
        self.dir.join(format!("{}.json", file_stem(&self.account)))
    }

    /// What is stored; `None` when there is no file.
    ///
    /// # Errors
    /// [`StoreError::NoLogin`] when the file is damaged or lacks an access or refresh token.
    pub fn load(&self) -> Result<Option<TokenSet>, StoreError> {
        let path = self.path();
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(io_error("reading", &path)(error)),
        };
        stored::decode(&bytes).map(Some).map_err(|fault| match fault {
            stored::Fault::NoLogin(reason) => StoreError::NoLogin { path, reason },
            stored::Fault::Newer(found) => StoreError::Newer {
                path,
                found,
                known: stored::VERSION,
            },
        })
    }

    /// Replaces what is stored. When this returns, the tokens survive a crash of the machine; when it fails,
    /// the file is as it was. Hold the [`lock`](Self::lock).
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn save(&self, tokens: &TokenSet) -> Result<(), StoreError> {
        self.create_dir()?;
        let path = self.path();
        // A temporary file is created with mode 0600.
        let mut file = tempfile::Builder::new()
            .prefix(".tokens-")
            .tempfile_in(&self.dir)
            .map_err(io_error("creating a file in", &self.dir))?;
        file.write_all(&stored::encode(tokens))
            .map_err(io_error("writing", &path))?;
        file.as_file().sync_all().map_err(io_error("syncing", &path))?;
        file.persist(&path)
            .map_err(|error| io_error("replacing", &path)(error.error))?;
        self.sync_dir()
    }

    /// Waits until no other process, and nobody else in this one, holds the lock of the account.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub async fn lock(&self) -> Result<StoreLock, StoreError> {
        let store = self.clone();
        blocking(move || store.lock_blocking()).await
    }

    fn lock_blocking(&self) -> Result<StoreLock, StoreError> {
        self.create_dir()?;
        let path = self.path().with_extension("json.lock");
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(io_error("opening", &path))?;
        file.lock().map_err(io_error("locking", &path))?;
        Ok(StoreLock { _file: file })
    }

    #[cfg(unix)]
    fn create_dir(&self) -> Result<(), StoreError> {
        use std::os::unix::fs::{DirBuilderExt, PermissionsExt};

        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.dir)
            .map_err(io_error("creating", &self.dir))?;
        let mode = fs::metadata(&self.dir)
            .map_err(io_error("reading", &self.dir))?
            .permissions()
            .mode();
        if mode & 0o077 == 0 {
            return Ok(());
        }
        // Some network and container file systems know no modes; the token file itself is 0600 where there are.
        if let Err(error) = fs::set_permissions(&self.dir, fs::Permissions::from_mode(0o700)) {
            tracing::debug!(dir = %self.dir.display(), %error, "could not close the folder of tokens to others");
        }
        Ok(())
    }

    #[cfg(not(unix))]
    fn create_dir(&self) -> Result<(), StoreError> {
        fs::create_dir_all(&self.dir).map_err(io_error("creating", &self.dir))
    }

    #[cfg(unix)]
    fn sync_dir(&self) -> Result<(), StoreError> {
        File::open(&self.dir)
            .and_then(|dir| dir.sync_all())
            .map_err(io_error("syncing", &self.dir))
    }

    /// Elsewhere a folder cannot be opened, and the rename is durable when it returns.
    #[cfg(not(unix))]
    fn sync_dir(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

/// Runs file work where it stalls no other task.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // Only a runtime that is being shut down cancels; nothing here will be asked again.
            Err(_) => std::future::pending().await,
        },
    }
}

fn io_error(operation: &'static str, path: &Path) -> impl Fn(io::Error) -> StoreError {
    let path = path.to_owned();
    move |source| StoreError::Io {
        operation,
        path: path.clone(),
        source: Arc::new(source),
    }
}

/// A file name for any account name: letters of any script, digits, `-` and `_` stay, other characters become `%`
/// and their number.
fn file_stem(account: &str) -> String {
    let mut stem = String::new();
    for character in account.chars() {
        if character.is_alphanumeric() || matches!(character, '-' | '_') {
            stem.push(character);
        } else {
            stem.push_str(&format!("%{:x}", u32::from(character)));
        }
    }
    stem
}
