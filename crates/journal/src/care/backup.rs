//! One file with everything that a pipeline needs to go on: the journal, and the token files as they are.
//!
//! It is an SQLite database: the journal's tables, copied at one moment beside the process that writes them,
//! and two more:
//!
//! ```text
//! backup_manifest   one row: the format, when and of which journal the backup was made
//! backup_file       the token files: name, bytes, CRC-32
//! ```
//!
//! Its `application_id` is another than the journal's, so neither is taken for the other. Whoever can read the
//! file can log in: it is made for its owner alone.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::params;
use store::files::{FileError, adopt, destination, listed, sync_folder};
use store::sql::{Access, Damage as _};
use store::{Database, StoreError};
use tempfile::NamedTempFile;

use super::verify::verify_file;
use crate::log::append;
use crate::log::scan::Damage;
use crate::{JournalError, Result, log_id};

/// "CDBK".
pub(super) const APPLICATION_ID: i64 = 0x4344_424b;
/// Whether a file that begins so is a backup. SQLite itself would make files beside any other.
pub(super) fn is_backup(head: &[u8]) -> bool {
    // Where the file format has the application id, and the mode in which no write-ahead log is used.
    head.starts_with(b"SQLite format 3\0")
        && head.get(68..72) == Some(b"CDBK")
        && head.get(18..20) == Some(&[1, 1])
}

/// The version of the two tables.
pub(super) const FORMAT: i64 = 1;

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    pub entries: u64,
    /// How many logins.
    pub token_files: u64,
    pub bytes: u64,
    /// Entries that were damaged before; they are in the backup as they are.
    pub damaged: Vec<Damage>,
}

/// Why there is no backup. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    #[error("there is no journal in {0} yet")]
    NoJournal(PathBuf),
    #[error("{0} is there already: choose another name, or replace it with --force")]
    Exists(PathBuf),
    /// All that is written is the copy.
    #[error(
        "the disk of the backup is full, or a file may not grow (`ulimit -f`): make room on it, or choose another place"
    )]
    Full(#[source] rusqlite::Error),
    #[error(transparent)]
    File(#[from] FileError),
    #[error(
        "the journal is damaged and cannot be copied whole: `cardata journal export` saves what can be read ({0})"
    )]
    Damaged(String),
    #[error(transparent)]
    Journal(#[from] JournalError),
}

impl From<rusqlite::Error> for BackupError {
    fn from(error: rusqlite::Error) -> Self {
        match StoreError::from(error) {
            StoreError::Full(error) => Self::Full(error),
            error => Self::Journal(error.into()),
        }
    }
}

/// Writes the journal in `state` and the files in `tokens` into `file`, which is whole or not there. An existing
/// file is replaced only where `replace` says so.
pub fn backup(
    state: &Path,
    tokens: &Path,
    file: &Path,
    now: Timestamp,
    replace: bool,
) -> Result<Backup, BackupError> {
    let Some(journal) = Database::look(state).map_err(JournalError::from)? else {
        return Err(BackupError::NoJournal(state.to_owned()));
    };
    if !replace && file.exists() {
        return Err(BackupError::Exists(file.to_owned()));
    }
    let (file, folder) = destination(file, is_backup)?;
    // A temporary file is made with mode 0600.
    let copy = tempfile::Builder::new()
        .prefix(".cardata-backup-")
        .tempfile_in(&folder)
        .map_err(FileError::of("make a file in", &folder))?;
    copy_journal(&journal, copy.path())?;
    let token_files = add_files(copy.path(), tokens, now)?;
    let verified = verify_file(copy.path(), |_| ())?;
    if let Some(first) = verified.database.into_iter().next() {
        return Err(BackupError::Damaged(first));
    }
    let bytes = keep(copy, &file, &folder, replace)?;
    Ok(Backup {
        entries: verified.entries,
        token_files,
        bytes,
        damaged: verified.damaged,
    })
}

fn copy_journal(journal: &Database, copy: &Path) -> Result<(), BackupError> {
    let nameless = || io::Error::new(io::ErrorKind::InvalidInput, "its name is not UTF-8");
    let name = copy
        .to_str()
        .ok_or_else(|| FileError::of("write", copy)(nameless()))?;
    match journal.connection().execute("vacuum into ?1", [name]) {
        Ok(_) => Ok(()),
        Err(error) if error.is_damage() => Err(BackupError::Damaged(error.to_string())),
        Err(error) => Err(error.into()),
    }
}

/// Adds the manifest and the token files. Those are read last: the newest refresh token is the one that works.
fn add_files(copy: &Path, tokens: &Path, now: Timestamp) -> Result<u64, BackupError> {
    let database = writable(copy)?;
    let connection = database.connection();
    connection.execute_batch(
        "begin;
         create table backup_manifest (
             format integer not null, made_at integer not null, log_id text not null, newest integer not null
         ) strict;
         create table backup_file (
             name text primary key, content blob not null, checksum integer not null
         ) strict, without rowid;",
    )?;
    let newest = append::newest(connection)?;
    connection.execute(
        "insert into backup_manifest (format, made_at, log_id, newest) values (?1, ?2, ?3, ?4)",
        params![FORMAT, now.as_millisecond(), log_id(connection)?, newest],
    )?;
    let files = listed(tokens)?;
    for (name, path) in &files {
        let content = fs::read(path).map_err(FileError::of("read", path))?;
        connection.execute(
            "insert into backup_file (name, content, checksum) values (?1, ?2, ?3)",
            params![name, content, crc32fast::hash(&content)],
        )?;
    }
    connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    connection.execute_batch("commit")?;
    Ok(files.len() as u64)
}

/// A database that nobody else knows yet: no journal beside it, one sync at the end.
pub(super) fn writable(copy: &Path) -> Result<Database> {
    let database = Database::writable(copy)?;
    let connection = database.connection();
    connection.pragma_update(None, "journal_mode", "memory")?;
    connection.pragma_update(None, "synchronous", "off")?;
    Ok(database)
}

/// Gives the finished file its name; what was there before stays until then.
fn keep(copy: NamedTempFile, file: &Path, folder: &Path, replace: bool) -> Result<u64, BackupError> {
    let synced = copy.as_file().sync_all();
    let metadata = synced.and_then(|()| copy.as_file().metadata());
    let bytes = metadata.map_err(FileError::of("write", file))?.len();
    adopt(copy.as_file(), file);
    let kept = match replace {
        true => copy.persist(file),
        false => copy.persist_noclobber(file),
    };
    kept.map_err(|error| match error.error.kind() {
        io::ErrorKind::AlreadyExists => BackupError::Exists(file.to_owned()),
        _ => FileError::of("write", file)(error.error).into(),
    })?;
    sync_folder(folder).map_err(FileError::of("sync", folder))?;
    Ok(bytes)
}
