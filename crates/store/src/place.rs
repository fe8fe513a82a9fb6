//! Whether the file that is open still has its place, and what becomes of it where it has lost it.
//!
//! SQLite goes on with the file that it has open, also when somebody has put another one in its place, moved it or removed
//! it. What is written then may have no name any more, and go with the process.

use std::fs::Metadata;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::Connection;

use crate::files::{FileError, adopt, sync_folder};
use crate::{FILE, StoreError};

/// The place of a database that is open.
#[derive(Debug)]
pub(crate) struct Place {
    path: Arc<Path>,
    /// What is open; `None` where that cannot be told.
    open: Option<FileId>,
    is_lost: bool,
}

/// By what a file is told from another one in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct FileId(u64, u64);

impl FileId {
    #[cfg(unix)]
    fn of(file: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        Self(file.dev(), file.ino())
    }

    /// Nobody replaces a file that is open.
    #[cfg(not(unix))]
    fn of(_: &Metadata) -> Self {
        Self(0, 0)
    }
}

impl Place {
    /// Of the database that was opened at `path` just now.
    pub(crate) fn of(path: Arc<Path>) -> Self {
        Self {
            open: look(&path).ok().flatten(),
            path,
            is_lost: false,
        }
    }

    /// Looks whether another file, or none, is where the open one was. What is lost stays lost: what was done meanwhile in its
    /// place, nobody can tell.
    ///
    /// # Errors
    /// [`StoreError::Displaced`]
    pub(crate) fn check(&mut self) -> Result<(), StoreError> {
        self.is_lost |= self.open.is_some() && look(&self.path).is_ok_and(|found| found != self.open);
        match self.is_lost {
            true => Err(StoreError::Displaced {
                path: self.path.to_path_buf(),
            }),
            false => Ok(()),
        }
    }

    /// Keeps a copy of everything beside the place. Returns how that ended.
    pub(crate) fn leave(&self, connection: &Connection) -> StoreError {
        // The write-ahead log still has its name: the next one would take it for that of the other file. Whoever has moved
        // the open one alone has all of it so.
        let _ = connection.query_row("pragma wal_checkpoint(truncate)", [], |_| Ok(()));
        let path = self.path.to_path_buf();
        match copy(connection, &path) {
            Ok(copy) => StoreError::Kept { path, copy },
            Err(source) => StoreError::NotKept { path, source },
        }
    }
}

/// `None` where nothing is.
fn look(path: &Path) -> io::Result<Option<FileId>> {
    use io::ErrorKind::{NotADirectory, NotFound};
    match std::fs::metadata(path) {
        Ok(found) => Ok(Some(FileId::of(&found))),
        Err(error) if matches!(error.kind(), NotFound | NotADirectory) => Ok(None),
        Err(error) => Err(error),
    }
}

fn copy(connection: &Connection, path: &Path) -> Result<PathBuf, FileError> {
    let folder = path.parent().unwrap_or(path);
    let failed = |operation| FileError::of(operation, folder);
    // A name that nobody has, and a file that goes again where it is not whole.
    let copy = tempfile::Builder::new()
        .prefix(&format!("{FILE}.kept-"))
        .tempfile_in(folder)
        .map_err(failed("make a file in"))?;
    let name = copy.path().to_str();
    let name = name.ok_or_else(|| failed("write to")(io::Error::other("its name is not UTF-8")))?;
    connection
        .execute("vacuum into ?1", [name])
        .map_err(|error| failed("write a copy of the database to")(io::Error::other(error)))?;
    copy.as_file().sync_all().map_err(failed("sync a file in"))?;
    adopt(copy.as_file(), copy.path());
    let (_, path) = copy
        .keep()
        .map_err(|error| failed("keep a file in")(error.error))?;
    sync_folder(folder).map_err(failed("sync"))?;
    Ok(path)
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::fs;

    use rusqlite::Connection;

    use super::*;
    use crate::sql::Access as _;
    use crate::{Schema, Store};

    const TABLES: Schema = Schema {
        tables: "create table kept (number integer) strict",
        steps: &[],
    };

    async fn keep(store: &Store, number: i64) -> Result<(), StoreError> {
        let job = move |tx: &mut crate::Tx<'_>| tx.run("insert into kept values (?1)", [number]);
        store.transact(job).await.map(drop)
    }

    fn kept(path: &Path) -> Vec<i64> {
        let database = Connection::open(path).unwrap();
        database
            .all("select number from kept", [], |row| row.get(0))
            .unwrap()
    }

    /// What is at `path`, and how the work with it ends after something was done to it that loses its place.
    async fn lost(meddle: impl Fn(&Path)) -> (tempfile::TempDir, StoreError) {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state");
        fs::create_dir(&state).unwrap();
        let store = Store::open(&state, &[TABLES]).unwrap();
        keep(&store, 1).await.unwrap();
        store.version().await.unwrap();
        meddle(&state);
        // On its way when it happens.
        keep(&store, 2).await.unwrap();
        let error = store.version().await.unwrap_err();
        assert!(matches!(error, StoreError::Displaced { .. }), "{error:?}");
        let error = store.leave().await;
        let after = keep(&store, 3).await.unwrap_err();
        assert!(matches!(after, StoreError::Stopped), "{after:?}");
        (folder, error)
    }

    #[tokio::test]
    async fn what_was_in_a_file_that_another_one_replaces_is_kept_beside_it() {
        let (folder, error) = lost(|state| {
            let (open, other) = (state.join(FILE), state.join("other"));
            let copy = Connection::open(&open).unwrap();
            copy.execute("vacuum into ?1", [other.to_str().unwrap()]).unwrap();
            fs::rename(&other, &open).unwrap();
        })
        .await;
        let StoreError::Kept { path, copy } = error else {
            panic!("{error:?}");
        };
        assert_eq!(kept(&copy), [1, 2]);
        assert_eq!(kept(&path), [1], "nothing that came later is led into it");
        fs::rename(copy, &path).unwrap();
        keep(&Store::open(&folder.path().join("state"), &[TABLES]).unwrap(), 4)
            .await
            .unwrap();
        assert_eq!(kept(&path), [1, 2, 4]);
    }

    #[tokio::test]
    async fn a_file_that_is_removed_is_kept_too() {
        let (_folder, error) = lost(|state| fs::remove_file(state.join(FILE)).unwrap()).await;
        let StoreError::Kept { copy, .. } = error else {
            panic!("{error:?}");
        };
        assert_eq!(kept(&copy), [1, 2]);
    }

    #[tokio::test]
    async fn a_file_that_is_moved_with_its_folder_has_everything() {
        let (folder, error) = lost(|state| fs::rename(state, state.with_file_name("moved")).unwrap()).await;
        assert!(matches!(error, StoreError::NotKept { .. }), "{error:?}");
        let moved = folder.path().join("moved").join(FILE);
        assert_eq!(
            fs::metadata(moved.with_file_name("journal.db-wal"))
                .unwrap()
                .len(),
            0
        );
        assert_eq!(kept(&moved), [1, 2]);
    }
}
