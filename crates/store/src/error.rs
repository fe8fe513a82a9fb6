//! What can go wrong with the database.

use std::path::{Path, PathBuf};

use runtime::limits;
use rusqlite::{ErrorCode, ffi};

use crate::files::FileError;

/// An error of the database.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    #[error("cannot open the state database {path}: {}", what_opens(path))]
    Open { path: PathBuf, source: rusqlite::Error },
    /// Whether there is one cannot be told.
    #[error(
        "this user may not look into the folder of the state database {path}: run the command as the user that runs cardata, such as `sudo -u cardata cardata …`"
    )]
    Hidden { path: PathBuf, source: std::io::Error },
    /// Will pass when space is freed; nothing of the transaction was written.
    #[error(
        "the disk of the state directory is full, or a file may not grow (`ulimit -f`, `LimitFSIZE`): make room on it"
    )]
    Full(#[source] rusqlite::Error),
    /// Will pass when files are closed.
    #[error(
        "the state database {path} cannot be opened because too many files are open already: allow this process more of them (`ulimit -n`, or `LimitNOFILE` of its service)"
    )]
    NoFiles { path: PathBuf },
    /// Will pass when space is freed; the file is as it was.
    #[error(
        "the disk of the state directory has no room to bring the state database {path} up to date, which was written by an earlier cardata: that takes about {} MiB for a while. It is as it was; make room and start again",
        needed.div_ceil(1 << 20)
    )]
    NoRoom {
        path: PathBuf,
        /// Bytes.
        needed: u64,
        source: rusqlite::Error,
    },
    #[error(
        "the state database {path} was written by a newer cardata (version {found}, this one knows {known}): upgrade cardata"
    )]
    Newer { path: PathBuf, found: i64, known: i64 },
    #[error(
        "the state database {path} was written by an earlier cardata: this one brings it up to date when it runs, `cardata run` or any command that changes it"
    )]
    Older { path: PathBuf },
    #[error(
        "the state database {path} was written by a cardata that was never released: move it away, or choose another `state`"
    )]
    Unreleased { path: PathBuf },
    #[error(
        "the state database {path} is not a database of cardata, or its first page is damaged: choose another `state`, or see RECOVERY.md"
    )]
    Foreign { path: PathBuf },
    #[error(
        "the state database {path} is damaged: stop cardata, keep a copy of it, and bring a backup back with `cardata restore`; RECOVERY.md says how"
    )]
    Corrupt { path: PathBuf, source: rusqlite::Error },
    /// Some pages of the database are damaged. What is on others can still be read.
    #[error(
        "the state database is damaged where it is needed now: `cardata journal verify` says where, `cardata journal export` saves what can be read, and RECOVERY.md says what then"
    )]
    Damaged(#[source] rusqlite::Error),
    /// What is written goes on into the file that is open.
    #[error(
        "the state database {path} is not the file any more that cardata has open: somebody has replaced, moved or removed it"
    )]
    Displaced { path: PathBuf },
    /// It is closed.
    #[error(
        "the state database {path} was replaced, moved or removed while cardata ran: all that it held is in {copy}. Move that one to {path}, or leave there what cardata is to go on with, then start it again"
    )]
    Kept { path: PathBuf, copy: PathBuf },
    /// It is closed.
    #[error(
        "the state database {path} was replaced, moved or removed while cardata ran, and what it held could not be copied: if it was moved, move it back; else bring a backup back with `cardata restore`; then start cardata again"
    )]
    NotKept { path: PathBuf, source: FileError },
    /// None of our versions makes any: they would change, or keep out, what is written.
    #[error(
        "{path} has triggers, which somebody else put into it: name them with `sqlite3 {path} \"select name from sqlite_schema where type = 'trigger'\"` and take them out with `drop trigger`"
    )]
    Triggers { path: PathBuf },
    #[error(
        "the state database is not one of cardata, or somebody took tables out of it: choose another `state`, or bring a backup back with `cardata restore`"
    )]
    Lacking(#[source] rusqlite::Error),
    #[error("the state database refused a write{}", what_hinders(_0))]
    Sqlite(#[source] rusqlite::Error),
    #[error("a job of the state database panicked, which is a bug; nothing of it was written")]
    Bug,
    #[error("the state database's thread has ended")]
    Stopped,
}

impl StoreError {
    /// What it means that the database at `path` could not be opened.
    pub(crate) fn open(path: &Path, source: rusqlite::Error) -> Self {
        match source.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => Self::Foreign { path: path.into() },
            Some(ErrorCode::DiskFull) => Self::Full(source),
            Some(ErrorCode::DatabaseCorrupt) => Self::Corrupt {
                path: path.into(),
                source,
            },
            _ if is_full(&source) => Self::Full(source),
            _ if limits::are_files_used_up() => Self::NoFiles { path: path.into() },
            _ => Self::Open {
                path: path.into(),
                source,
            },
        }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full(error),
            Some(ErrorCode::DatabaseCorrupt) => Self::Damaged(error),
            _ if is_full(&error) => Self::Full(error),
            _ if error.to_string().contains("no such table") => Self::Lacking(error),
            _ => Self::Sqlite(error),
        }
    }
}

fn what_opens(path: &Path) -> &'static str {
    match path.exists() {
        true => {
            "this user must be able to write it and its folder, also to read it: run the command as the user that runs \
             cardata, such as `sudo -u cardata cardata …`"
        }
        false => "it is gone: stop cardata, then put it back, or bring a backup back with `cardata restore`",
    }
}

/// What a person can do about a write that may succeed later.
fn what_hinders(error: &rusqlite::Error) -> &'static str {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            " because another program holds it: end what has it open, such as `sqlite3`"
        }
        Some(ErrorCode::ReadOnly) => {
            " because this user may not write it, or its disk is mounted for reading only"
        }
        _ => "",
    }
}

/// Whether there is no room, where SQLite takes it for a broken disk: a file would have grown over a limit, or the disk is
/// too full for the index that readers share (`-shm`).
fn is_full(error: &rusqlite::Error) -> bool {
    match error.sqlite_error().map(|error| error.extended_code) {
        Some(ffi::SQLITE_IOERR_SHMSIZE) => true,
        Some(ffi::SQLITE_IOERR_WRITE) => limits::file_size().is_some(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(code: i32) -> String {
        StoreError::from(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None)).to_string()
    }

    #[test]
    fn what_a_person_can_mend_is_said() {
        assert!(of(ffi::SQLITE_BUSY).contains("another program"));
        assert!(of(ffi::SQLITE_READONLY).contains("may not write"));
        assert_eq!(of(ffi::SQLITE_CONSTRAINT), "the state database refused a write");
        let folder = tempfile::tempdir().unwrap();
        let missing = |path: &Path| StoreError::open(path, rusqlite::Error::InvalidQuery).to_string();
        assert!(missing(&folder.path().join("journal.db")).contains("it is gone"));
        assert!(missing(folder.path()).contains("must be able to write"));
        let full = || rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_IOERR_SHMSIZE), None);
        assert!(matches!(
            StoreError::open(folder.path(), full()),
            StoreError::Full(_)
        ));
        assert!(matches!(full().into(), StoreError::Full(_)));
    }
}
