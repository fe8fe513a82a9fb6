//! The token file of an account: never half written, never readable by others, never written by two at once.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use runtime::private;
use secrecy::SecretString;
use tokio::task::JoinHandle;

use crate::file_stamp::FileStamp;
use crate::seal;
use crate::stored;
use crate::tokens::TokenSet;

/// The file `<account>.json` in the folder of tokens. Cheap to clone.
#[derive(Debug, Clone)]
pub struct TokenStore {
    dir: PathBuf,
    account: Arc<str>,
    passphrase: Option<SecretString>,
    /// What is stored is asked for at every call, and decrypting it takes long.
    known: Arc<Mutex<Option<Known>>>,
}

/// The file as it was last read or written, and what is in it.
#[derive(Debug)]
struct Known {
    stamp: FileStamp,
    tokens: TokenSet,
}

/// Why the tokens could not be read or written.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum TokenStoreError {
    #[error("{operation} {}{}", path.display(), advice(source))]
    Io {
        operation: &'static str,
        path: PathBuf,
        source: Arc<io::Error>,
    },
    /// The file is there and holds no login. Needs a person.
    #[error("{} holds no login: {reason}; log in again with `cardata login`", path.display())]
    NoLogin { path: PathBuf, reason: String },
    /// Needs a passphrase in the configuration.
    #[error(
        "{} is encrypted, and no passphrase is configured: set `tokens: {{ passphrase: … }}` in the pipeline file to \
         the one that it was encrypted with",
        path.display()
    )]
    Encrypted { path: PathBuf },
    /// Needs another passphrase in the configuration.
    #[error(
        "{} was encrypted with another passphrase than the configured one: set `tokens: {{ passphrase: … }}` to that, \
         or if it is lost, remove the file and log in again with `cardata login`",
        path.display()
    )]
    WrongPassphrase { path: PathBuf },
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
            passphrase: None,
            known: Arc::default(),
        }
    }

    /// Tokens are encrypted with this passphrase whenever they are saved. Plain ones can still be read.
    #[must_use]
    pub fn with_passphrase(self, passphrase: Option<SecretString>) -> Self {
        Self { passphrase, ..self }
    }

    pub fn account(&self) -> &str {
        &self.account
    }

    /// The token file.
    pub fn path(&self) -> PathBuf {
        self.dir.join(format!("{}.json", file_stem(&self.account)))
    }

    /// What is stored; `None` when there is no file. A file that was not touched since is not read again.
    ///
    /// # Errors
    /// [`TokenStoreError::NoLogin`] when the file is damaged or lacks an access or refresh token;
    /// [`TokenStoreError::Encrypted`] and [`TokenStoreError::WrongPassphrase`] when it cannot be decrypted.
    pub fn load(&self) -> Result<Option<TokenSet>, TokenStoreError> {
        if let Some(tokens) = self.known() {
            return Ok(Some(tokens));
        }
        let path = self.path();
        // Before the content: what is written meanwhile is another file than the one that is remembered.
        let stamp = fs::metadata(&path).ok().map(|file| FileStamp::of(&file));
        let Some(bytes) = self.read()? else {
            return Ok(None);
        };
        let tokens = stored::decode(&self.open(bytes)?, &path)?;
        if let Some(stamp) = stamp {
            self.remember(stamp, &tokens);
        }
        Ok(Some(tokens))
    }

    /// What is stored, if the file is still the one that was last read or written: a look at its stamp, for which nobody
    /// waits.
    pub(crate) fn known(&self) -> Option<TokenSet> {
        let stamp = FileStamp::of(&fs::metadata(self.path()).ok()?);
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let same = known.as_ref().filter(|known| known.stamp == stamp)?;
        Some(same.tokens.clone())
    }

    fn remember(&self, stamp: FileStamp, tokens: &TokenSet) {
        let tokens = tokens.clone();
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some(Known { stamp, tokens });
    }

    fn read(&self) -> Result<Option<Vec<u8>>, TokenStoreError> {
        let path = self.path();
        match fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(io_error("reading", &path)(error)),
        }
    }

    fn open(&self, bytes: Vec<u8>) -> Result<Vec<u8>, TokenStoreError> {
        if !seal::is_sealed(&bytes) {
            return Ok(bytes);
        }
        let path = self.path();
        match &self.passphrase {
            Some(passphrase) => seal::open(&bytes, passphrase, &path),
            None => Err(TokenStoreError::Encrypted { path }),
        }
    }

    /// Whether this user may look whether there is a login.
    ///
    /// # Errors
    /// [`TokenStoreError::Io`] where not; what else is wrong with it shows when it is used.
    pub fn check_readable(&self) -> Result<(), TokenStoreError> {
        match self.read() {
            Err(TokenStoreError::Io { source, .. }) if source.kind() != io::ErrorKind::PermissionDenied => {
                Ok(())
            }
            read => read.map(drop),
        }
    }

    /// Whether what is stored may be replaced: nobody but its owner could decrypt it again.
    ///
    /// # Errors
    /// [`TokenStoreError::Encrypted`] and [`TokenStoreError::WrongPassphrase`].
    pub fn check_replaceable(&self) -> Result<(), TokenStoreError> {
        match self.load() {
            Err(error @ (TokenStoreError::Encrypted { .. } | TokenStoreError::WrongPassphrase { .. })) => {
                Err(error)
            }
            _ => Ok(()),
        }
    }

    /// Replaces what is stored. When this returns, the tokens survive a crash of the machine; when it fails,
    /// the file is as it was. Hold the [`lock`](Self::lock).
    ///
    /// # Errors
    /// [`TokenStoreError::Io`], and those of [`check_replaceable`](Self::check_replaceable).
    pub fn save(&self, tokens: &TokenSet) -> Result<(), TokenStoreError> {
        self.check_replaceable()?;
        self.create_dir()?;
        let path = self.path();
        let bytes = self.encode(tokens)?;
        // A temporary file is created with mode 0600.
        let mut file = tempfile::Builder::new()
            .prefix(".tokens-")
            .tempfile_in(&self.dir)
            .map_err(io_error("creating a file in", &self.dir))?;
        file.write_all(&bytes).map_err(io_error("writing", &path))?;
        file.as_file().sync_all().map_err(io_error("syncing", &path))?;
        private::adopt(file.as_file(), &path);
        let file = file
            .persist(&path)
            .map_err(|error| io_error("replacing", &path)(error.error))?;
        if let Ok(file) = file.metadata() {
            self.remember(FileStamp::of(&file), tokens);
        }
        self.sync_dir()
    }

    fn encode(&self, tokens: &TokenSet) -> Result<Vec<u8>, TokenStoreError> {
        let plain = stored::encode(tokens);
        let Some(passphrase) = &self.passphrase else {
            return Ok(plain);
        };
        seal::seal(&plain, passphrase)
            .map_err(|reason| io_error("encrypting", &self.path())(io::Error::other(reason)))
    }

    /// Whether a file that [`protect`](Self::protect) would replace may be there.
    pub(crate) fn may_need_sealing(&self) -> bool {
        self.passphrase.is_some() && self.path().is_file()
    }

    /// Encrypts what was stored in plain, if there is a passphrase. What holds no login is left as it is. Hold the
    /// [`lock`](Self::lock).
    pub(crate) fn protect(&self) -> Result<(), TokenStoreError> {
        let Some(bytes) = self.read()? else {
            return Ok(());
        };
        if self.passphrase.is_none() || seal::is_sealed(&bytes) {
            return self.check_replaceable();
        }
        match stored::decode(&bytes, &self.path()) {
            Ok(tokens) => self.save(&tokens),
            Err(_) => Ok(()),
        }
    }

    /// Waits until no other process, and nobody else in this one, holds the lock of the account.
    ///
    /// # Errors
    /// [`TokenStoreError::Io`].
    pub async fn lock(&self) -> Result<StoreLock, TokenStoreError> {
        let store = self.clone();
        blocking(move || store.lock_blocking()).await
    }

    fn lock_blocking(&self) -> Result<StoreLock, TokenStoreError> {
        self.create_dir()?;
        let path = self.path().with_extension("json.lock");
        let file = private::open(&path).map_err(io_error("opening", &path))?;
        file.lock().map_err(io_error("locking", &path))?;
        Ok(StoreLock { _file: file })
    }

    fn create_dir(&self) -> Result<(), TokenStoreError> {
        private::make_folder(&self.dir).map_err(io_error("creating", &self.dir))?;
        // Some network and container file systems know no modes; the token file itself is 0600 where there are.
        if let Err(error) = private::close(&self.dir, private::Circle::Owner) {
            tracing::debug!(dir = %self.dir.display(), %error, "could not close the folder of tokens to others");
        }
        Ok(())
    }

    fn sync_dir(&self) -> Result<(), TokenStoreError> {
        // Elsewhere a folder cannot be opened, and the rename is durable when it returns.
        if cfg!(unix) {
            let synced = File::open(&self.dir).and_then(|dir| dir.sync_all());
            synced.map_err(io_error("syncing", &self.dir))?;
        }
        Ok(())
    }
}

/// Runs file work where it stalls no other task.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    finished(tokio::task::spawn_blocking(work)).await
}

/// What a task that nobody cancels brought; a panic of it goes on here.
pub(crate) async fn finished<T>(task: JoinHandle<T>) -> T {
    match task.await {
        Ok(result) => result,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // Only a runtime that is being shut down cancels; nobody waits any more.
            Err(_) => std::future::pending().await,
        },
    }
}

fn io_error(operation: &'static str, path: &Path) -> impl Fn(io::Error) -> TokenStoreError {
    let path = path.to_owned();
    move |source| TokenStoreError::Io {
        operation,
        path: path.clone(),
        source: Arc::new(source),
    }
}

fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::PermissionDenied => {
            " (run this as the user that runs cardata, such as `sudo -u cardata cardata …`; what belongs to another user of old, `chown -R` gives back)"
        }
        _ => "",
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::tokens;

    #[test]
    fn a_file_that_nobody_touched_is_known_and_no_other() {
        let dir = tempfile::tempdir().unwrap();
        let (store, other) = (
            TokenStore::new(dir.path(), "home"),
            TokenStore::new(dir.path(), "home"),
        );
        let first = tokens(1, jiff::Timestamp::UNIX_EPOCH);
        assert!(store.known().is_none());
        store.save(&first).unwrap();
        assert!(store.known().is_some());
        assert!(other.known().is_none());
        other.load().unwrap();
        assert!(other.known().is_some());

        other.save(&first).unwrap();
        assert!(store.known().is_none());
        store.load().unwrap();
        assert!(store.known().is_some());
        fs::remove_file(store.path()).unwrap();
        assert!(store.known().is_none());
    }
}
