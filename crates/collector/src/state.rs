//! The state directory: who may use it, and what lies in it.
//!
//! ```text
//! state/
//!   lock                 held by the process that runs the pipeline; says which
//!   journal.db           the journal and everything else that must survive
//!   dashboard.db         what the page reads, made anew from the journal when it is gone
//!   images/v1234567.png  the picture of a vehicle
//!   tokens/home.json     the tokens of the account `home`, readable by the owner alone
//! ```

use std::fs::{self, File, TryLockError};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use std::sync::Arc;

use collector_core::{Names, Vin};
use jiff::Timestamp;
use journal::care::forget::Forgotten;
use journal::care::restore::{self, RestoreError};
use journal::{Journal, JournalError};
use ledger::{Ledger, SqlLedger};
use pipeline::{Pipeline, Vehicles};
use runtime::private::{self, Circle};
use store::{Schema, Store};

/// Whose tables are in the database; the ledger first, which takes some over from the journal of old.
pub const OWNERS: [Schema; 2] = [ledger::SCHEMA, journal::SCHEMA];

/// The folder of the vehicles' pictures.
const IMAGES: &str = "images";

/// What the page reads.
pub const DASHBOARD: &str = "dashboard.db";

/// How the names begin of what lies in a state directory.
const OURS: [&str; 11] = [
    "lock",
    store::FILE,
    DASHBOARD,
    "page-token",
    IMAGES,
    "tokens",
    "simulator-",
    "before-restore-",
    ".probe-",
    ".restore-",
    ".cardata-backup-",
];

/// The open database of a state directory. Clones share it.
#[derive(Debug, Clone)]
pub struct OpenState {
    pub store: Store,
    pub journal: Journal,
    pub ledger: Arc<dyn Ledger>,
}

impl OpenState {
    /// Opens the database in `state`, making it or bringing it up to date where needed.
    ///
    /// # Errors
    /// It cannot be opened, is not one of ours, or was written by a later version.
    pub fn open(state: &Path) -> Result<Self, JournalError> {
        let store = Store::open(state, &OWNERS)?;
        Ok(Self {
            journal: Journal::new(&store)?,
            ledger: Arc::new(SqlLedger::new(&store)),
            store,
        })
    }

    /// The same for a pipeline, which may know the types of descriptors better.
    ///
    /// # Errors
    /// Those of [`open`](Self::open).
    pub fn of(pipeline: &Pipeline) -> Result<Self, JournalError> {
        let state = Self::open(&pipeline.state)?;
        Ok(Self {
            journal: state.journal.typed(pipeline.types.clone()),
            ..state
        })
    }

    /// What vehicles are called, and which of them were forgotten.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn names(&self, vehicles: &Vehicles) -> Result<Names, JournalError> {
        let ledger = ledger::overview::Overview::open_file(self.store.path())?;
        Ok(vehicles.names(ledger.old_names()?).without(ledger.forgotten()?))
    }

    /// Takes a vehicle out of the journal and the ledger, in one transaction, so that nothing of it is taken any more.
    ///
    /// # Errors
    /// The database refuses it; nothing has changed then.
    pub async fn forget(&self, vin: &Vin, at: Timestamp) -> Result<Forgotten, JournalError> {
        let forget = || {
            let (journal, vin) = (self.journal.clone(), vin.clone());
            self.store.transact(move |tx| {
                let forgotten = journal.forget_within(tx, &vin)?;
                ledger::forget(tx, &vin, at)?;
                ledger::forget_derived(tx)?;
                Ok::<_, JournalError>(forgotten)
            })
        };
        let forgotten = self.journal.mended(forget).await?;
        self.remove_images(vin);
        Ok(forgotten)
    }

    /// The pictures of a vehicle that was forgotten.
    fn remove_images(&self, vin: &Vin) {
        let Some(state) = self.store.path().parent() else {
            return;
        };
        for file in source::image_files(&state.join(IMAGES), vin) {
            if let Err(error) = fs::remove_file(&file)
                && error.kind() != ErrorKind::NotFound
            {
                tracing::warn!(file = %file.display(), %error, "the picture of a forgotten vehicle could not be removed");
            }
        }
    }

    /// The newest moment that is noted: of the last snapshot or a call.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn newest_moment(&self) -> Result<Option<Timestamp>, JournalError> {
        let arrival = self.journal.overview()?.newest_arrival()?;
        let ledger = ledger::overview::Overview::open_file(self.store.path())?;
        Ok(arrival.max(ledger.newest_call()?))
    }
}

/// The state directory of one pipeline.
#[derive(Debug, Clone)]
pub struct StateDirectory {
    path: PathBuf,
}

/// Held while the pipeline runs; released when dropped, also by a crash.
#[derive(Debug)]
pub struct StateLock {
    _file: File,
}

/// Why the state directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    #[error("cannot {operation} {path}: {error}: {}", advice(error))]
    Io {
        operation: &'static str,
        path: PathBuf,
        // Not called `source`: its words are in the message already.
        error: std::io::Error,
    },
    #[error(
        "the state directory {path} is in use by {holder}: stop that first, or set `state:` to another directory"
    )]
    InUse { path: PathBuf, holder: String },
    #[error("a restore was interrupted and cannot be finished")]
    Restore(#[from] Box<RestoreError>),
}

impl StateDirectory {
    /// Makes the directory, readable by its owner alone, where there is none.
    pub fn create(path: &Path) -> Result<Self, StateError> {
        let directory = Self {
            path: path.to_owned(),
        };
        private::make_folder(path).map_err(|source| directory.error("create", path, source))?;
        directory.close();
        // A restore may have ended before the login was in its place.
        restore::finish(path, &directory.tokens()).map_err(Box::new)?;
        Ok(directory)
    }

    /// Keeps other users out of a folder in which there is nothing but the state; what else lies there may be theirs.
    fn close(&self) {
        let others = || {
            let names = fs::read_dir(&self.path)?.map(|entry| Ok(entry?.file_name()));
            let names = names.collect::<std::io::Result<Vec<_>>>()?;
            std::io::Result::Ok(names.iter().any(|name| {
                let name = name.to_string_lossy();
                !OURS.iter().any(|ours| name.starts_with(ours))
            }))
        };
        if matches!(others(), Ok(false)) && matches!(private::close(&self.path, Circle::Group), Ok(true)) {
            tracing::info!(path = %self.path.display(), "every user could enter the state directory: from now on its owner and group alone");
        }
    }

    /// Proves that a file can be made here, by making one and removing it.
    pub fn probe(&self) -> Result<(), StateError> {
        let path = self.path.join(format!(".probe-{}", std::process::id()));
        let made = File::create(&path)
            .and_then(|mut file| file.write_all(&[0; 4096]).and_then(|()| file.sync_all()));
        let removed = fs::remove_file(&path);
        made.and(removed)
            .map_err(|source| self.error("write", &path, source))
    }

    /// Names a directory that may not exist.
    pub fn at(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
        }
    }

    pub fn images(&self) -> PathBuf {
        self.path.join(IMAGES)
    }

    /// That nothing else has the place of the directory, which may not be there yet.
    ///
    /// # Errors
    /// A file, a link that leads nowhere, or a name that no directory can have.
    pub fn check_place(&self) -> Result<(), StateError> {
        let is_missing = || fs::symlink_metadata(&self.path).is_err();
        let problem = match fs::metadata(&self.path) {
            Ok(found) if found.is_dir() => return Ok(()),
            Ok(_) => ErrorKind::NotADirectory.into(),
            // What is hidden from this user may be a directory.
            Err(error) if error.kind() == ErrorKind::PermissionDenied => return Ok(()),
            Err(error) if error.kind() == ErrorKind::NotFound && is_missing() => return Ok(()),
            Err(error) => error,
        };
        Err(self.error("use", &self.path, problem))
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn tokens(&self) -> PathBuf {
        self.path.join("tokens")
    }

    /// Takes the directory for this process, or says which process has it.
    pub fn lock(&self) -> Result<StateLock, StateError> {
        let path = self.path.join("lock");
        let mut file = private::open(&path).map_err(|source| self.error("open", &path, source))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let holder = holder(&mut file);
                return Err(StateError::InUse {
                    path: self.path.clone(),
                    holder,
                });
            }
            Err(TryLockError::Error(source)) => return Err(self.error("lock", &path, source)),
        }
        // For the message of the next one who tries; the lock itself does not depend on it.
        let said = file
            .set_len(0)
            .and_then(|()| write!(file, "process {}", std::process::id()));
        said.map_err(|source| self.error("write", &path, source))?;
        Ok(StateLock { _file: file })
    }

    /// Who runs the pipeline of this directory now; `None` where nobody does.
    ///
    /// # Errors
    /// This user may not look.
    pub fn running(&self) -> Result<Option<String>, StateError> {
        let path = self.path.join("lock");
        let mut file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                return Err(self.error("look at", &path, error));
            }
            Err(_) => return Ok(None),
        };
        Ok(match file.try_lock_shared() {
            Err(TryLockError::WouldBlock) => Some(holder(&mut file)),
            _ => None,
        })
    }

    fn error(&self, operation: &'static str, path: &Path, source: std::io::Error) -> StateError {
        StateError::Io {
            operation,
            path: path.to_owned(),
            error: source,
        }
    }
}

fn advice(error: &std::io::Error) -> &'static str {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "free some space on that disk",
        ErrorKind::NotADirectory => "a file is in the way: set `state:` to a directory",
        ErrorKind::NotFound => {
            "where it leads to is not there: mount that disk, or set `state:` to another directory"
        }
        ErrorKind::ReadOnlyFilesystem => {
            "that disk is mounted for reading only, or became so after an error: mount it for writing"
        }
        ErrorKind::InvalidInput | ErrorKind::InvalidFilename => "set `state:` to another directory",
        _ => {
            "run it as the user that runs cardata (`sudo -u cardata cardata …`), give this user the right to write there, \
             or set `state:` to another directory"
        }
    }
}

fn holder(file: &mut File) -> String {
    let mut text = String::new();
    match file.read_to_string(&mut text) {
        Ok(_) if !text.is_empty() => text,
        _ => "another process".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_a_directory_is_told_from_one_that_is_not_there_yet() {
        let folder = tempfile::tempdir().unwrap();
        let place = |name: &str| StateDirectory::at(&folder.path().join(name)).check_place();
        std::fs::write(folder.path().join("file"), "").unwrap();
        place("").unwrap();
        place("new/state").unwrap();
        let long = "x".repeat(300);
        for name in ["file", "file/state", "a\0b", &long] {
            let error = place(name).unwrap_err().to_string();
            assert!(error.contains("set `state:` to"), "{error}");
            assert!(!error.contains("sudo"), "{error}");
        }
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("nowhere", folder.path().join("link")).unwrap();
            let error = place("link").unwrap_err().to_string();
            assert!(error.contains("mount"), "{error}");
        }
    }

    #[test]
    fn the_second_is_told_who_was_first() {
        let directory = tempfile::tempdir().unwrap();
        let state = StateDirectory::create(&directory.path().join("deep/state")).unwrap();
        assert_eq!(state.running().unwrap(), None);
        let lock = state.lock().unwrap();
        let holder = format!("process {}", std::process::id());
        assert_eq!(state.running().unwrap(), Some(holder.clone()));
        let error = state.lock().unwrap_err();
        assert!(
            matches!(&error, StateError::InUse { holder: h, .. } if *h == holder),
            "{error}"
        );
        drop(lock);
        state.lock().unwrap();
    }
}
