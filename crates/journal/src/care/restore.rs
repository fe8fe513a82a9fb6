//! A backup back into a state directory.
//!
//! The journal is made ready beside the old one, with the token files still inside it, and takes its place by
//! one rename: before it everything is old, after it everything is new. The token files are put in place right
//! after that; should the program end in between, whoever opens the state directory next does it
//! ([`finish`]).
//!
//! **Numbers.** The old journal may have given out numbers after the backup was made, and sinks may have stored
//! them. The restored journal keeps its name, so that a sink knows again what it holds, and goes on with numbers
//! that were never used: behind the microseconds since the epoch, which no journal's numbers ever catch up
//! with, because writing an entry takes longer than one.
//!
//! **Calls** that the old ledger knows of were spent; they are carried over, as far as they can be read. So are those of
//! what was moved aside lately: a restore that failed may have left the newest of them there alone.

use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use rusqlite::Connection;
use store::aside;
use store::files::{FileError, HEAD, adopt, fill, is_file_name, listed, remove_beginning, sync_folder};
use store::sql::Access;
use store::{Database, FILE, StoreError};
use tempfile::NamedTempFile;

use super::backup::{FORMAT, is_backup, writable};
use super::verify::verify_file;
use crate::log::append;
use crate::log::scan::Damage;
use crate::{JournalError, Result, log_id};

/// How the names of copies begin.
const COPY: &str = ".restore-";
/// Calls that are older count no more, with a clock that was some hours wrong.
const STILL_COUNTED: SignedDuration = SignedDuration::from_hours(48);

/// What was brought back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    pub made_at: Timestamp,
    pub entries: u64,
    pub token_files: u64,
    /// Token files that were damaged in the backup and left out.
    pub damaged_files: Vec<String>,
    /// Entries that are damaged in the backup; sinks pass over them.
    pub damaged: Vec<Damage>,
    /// Where the state that was there before is now.
    pub aside: Option<PathBuf>,
    /// Whether calls may be missing from the ledger that were spent with a state that was here before: it cannot be read,
    /// or not all of it.
    pub lacks_calls: bool,
}

/// Why nothing was restored. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RestoreError {
    #[error("{0} is not a backup that `cardata backup` made")]
    Foreign(PathBuf),
    #[error("the backup {0} was made by a newer cardata: update this one")]
    Newer(PathBuf),
    #[error("the backup {path} is damaged: take another one ({reason})")]
    Damaged { path: PathBuf, reason: String },
    #[error(
        "{0} holds a journal or a login: with --force it is moved aside, never deleted, and the backup takes its place"
    )]
    NotEmpty(PathBuf),
    #[error(transparent)]
    Write(#[from] FileError),
    #[error(transparent)]
    Journal(#[from] JournalError),
}

impl From<rusqlite::Error> for RestoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Journal(error.into())
    }
}

/// Carries over what the old database knows and the new one must not forget; after an error, what of it can be read.
pub type CarryOver = fn(old: &Database, new: &Database) -> Result<(), StoreError>;

/// Puts `file` into the state directory `state`, whose lock the caller holds, with the tokens in its folder
/// `tokens`.
pub fn restore(
    file: &Path,
    state: &Path,
    tokens: &Path,
    now: Timestamp,
    replace: bool,
    carry_over: CarryOver,
) -> Result<Restored, RestoreError> {
    let copy = copied(file, state)?;
    let (made_at, log_id) = manifest(copy.path(), file)?;
    let verified = verify_file(copy.path(), |_| ()).map_err(|error| damaged(file, error))?;
    if let Some(reason) = verified.database.first() {
        return Err(damaged(file, reason));
    }
    let old_tokens = listed(tokens)?;
    let is_empty = !state.join(FILE).exists() && old_tokens.is_empty();
    if !is_empty && !replace {
        return Err(RestoreError::NotEmpty(state.to_owned()));
    }
    let ready = make_ready(copy.path(), state, &log_id, now, carry_over)?;
    copy.as_file()
        .sync_all()
        .map_err(FileError::of("sync", copy.path()))?;
    let aside = match is_empty {
        true => None,
        false => Some(aside::keep(state, &old_tokens, now)?),
    };
    let journal = state.join(FILE);
    adopt(copy.as_file(), &journal);
    copy.persist(&journal)
        .map_err(|error| FileError::of("write", &journal)(error.error))?;
    sync_folder(state).map_err(FileError::of("sync", state))?;
    let token_files = finish(state, tokens)?;
    Ok(Restored {
        made_at,
        entries: verified.entries,
        token_files,
        damaged_files: ready.damaged_files,
        damaged: verified.damaged,
        aside,
        lacks_calls: ready.lacks_calls,
    })
}

fn damaged(file: &Path, reason: impl ToString) -> RestoreError {
    RestoreError::Damaged {
        path: file.to_owned(),
        reason: reason.to_string(),
    }
}

/// A copy of the backup where the journal will be; what is checked is what will be used.
fn copied(file: &Path, state: &Path) -> Result<NamedTempFile, RestoreError> {
    let mut source = fs::File::open(file).map_err(FileError::of("read", file))?;
    let mut head = Vec::new();
    let begin = (&source).take(HEAD as u64).read_to_end(&mut head);
    begin.map_err(FileError::of("read", file))?;
    if !is_backup(&head) {
        return Err(RestoreError::Foreign(file.to_owned()));
    }
    // Copies of a restore that was killed; the lock says that none is at work.
    remove_beginning(state, COPY).map_err(FileError::of("clean", state))?;
    let mut copy = tempfile::Builder::new()
        .prefix(COPY)
        .tempfile_in(state)
        .map_err(FileError::of("make a file in", state))?;
    copy.write_all(&head)
        .and_then(|()| io::copy(&mut source, &mut copy))
        .and_then(|_| copy.flush())
        .map_err(FileError::of("write a copy of the backup to", state))?;
    Ok(copy)
}

/// When and of which journal the backup was made.
fn manifest(copy: &Path, file: &Path) -> Result<(Timestamp, String), RestoreError> {
    let database = Database::read_only(copy).map_err(|error| damaged(file, error))?;
    let query = "select format, made_at, log_id from backup_manifest";
    let (format, made_at, log_id): (i64, i64, String) = database
        .connection()
        .query_row(query, [], |row| row.try_into())
        .map_err(|error| damaged(file, error))?;
    if format > FORMAT || database.format().map_err(JournalError::from)? > store::FORMAT {
        return Err(RestoreError::Newer(file.to_owned()));
    }
    database
        .refuse_triggers(file)
        .map_err(|error| damaged(file, error))?;
    let made_at = Timestamp::from_millisecond(made_at).map_err(|error| damaged(file, error))?;
    Ok((made_at, log_id))
}

/// What became of the copy.
struct Ready {
    /// Names of token files that are damaged.
    damaged_files: Vec<String>,
    lacks_calls: bool,
}

/// Makes a journal of the copy.
fn make_ready(copy: &Path, state: &Path, id: &str, now: Timestamp, carry_over: CarryOver) -> Result<Ready> {
    let database = writable(copy)?;
    let connection = database.connection();
    connection.execute_batch("begin")?;
    let query = "select name, content, checksum from backup_file";
    let damaged = connection.all(query, [], |row| {
        let name: String = row.get(0)?;
        let content = row.get_ref(1)?.as_blob().unwrap_or_default();
        let is_sound = crc32fast::hash(content) == row.get::<_, u32>(2)? && is_file_name(&name);
        Ok((!is_sound).then_some(name))
    })?;
    let damaged_files: Vec<String> = damaged.into_iter().flatten().collect();
    for name in &damaged_files {
        connection.run("delete from backup_file where name = ?1", [name])?;
    }
    let before = newest(&database)?;
    let mut next = before.max(u64::try_from(now.as_microsecond()).unwrap_or(0));
    // A journal that cannot be read any more has no numbers to tell.
    if let Ok(old) = Database::read_only(&state.join(FILE))
        && log_id(&old).is_ok_and(|old| old == id)
    {
        next = next.max(newest(&old).map_or(0, |newest| newest + 1));
    }
    let mut lacks_calls = false;
    for folder in aside::kept_since(state, now - STILL_COUNTED)
        .iter()
        .map(PathBuf::as_path)
        .chain([state])
    {
        let old = folder.join(FILE);
        let carried = || carry_over(&Database::read_only(&old)?, &database);
        lacks_calls |= old.is_file() && carried().is_err();
    }
    // The next entry gets the number behind it.
    append::leave_out(connection, before + 1, next)?;
    connection.execute_batch(
        "drop table backup_manifest;
         alter table backup_file rename to restored_file;",
    )?;
    database.mark()?;
    connection.execute_batch("commit")?;
    // From its first moment under its name, so that a crash never leaves what a reader cannot mend.
    connection.pragma_update(None, "journal_mode", "wal")?;
    Ok(Ready {
        damaged_files,
        lacks_calls,
    })
}

/// The newest number that there ever was in a journal of this format, or of one that counted it itself.
fn newest(of: &Database) -> Result<u64> {
    if of.format()? == store::FORMAT {
        return append::newest(of);
    }
    append::convert::newest_of_format_4(of)
}

/// Puts the token files of a restored journal in place, if that is still to be done. Returns how many.
pub fn finish(state: &Path, tokens: &Path) -> Result<u64, RestoreError> {
    let journal = state.join(FILE);
    let pending = |connection: &Connection| {
        let query = "select 1 from sqlite_schema where name = 'restored_file'";
        connection.first(query, [], |_| Ok(()))
    };
    let looked = Database::read_only(&journal).and_then(|database| pending(database.connection()));
    if !journal.is_file() || matches!(looked, Ok(None)) {
        return Ok(0);
    }
    // What cannot be read is told by whoever opens the journal.
    let Ok(database) = Database::writable(&journal) else {
        return Ok(0);
    };
    let connection = database.connection();
    connection.pragma_update(None, "synchronous", "full")?;
    // Another process may be at it: the second waits here and finds nothing to do.
    let behavior = rusqlite::TransactionBehavior::Immediate;
    let transaction = rusqlite::Transaction::new_unchecked(connection, behavior)?;
    if !matches!(pending(&transaction), Ok(Some(()))) {
        return Ok(0);
    }
    let query = "select name, content from restored_file";
    let files = transaction.all(query, [], |row| row.try_into());
    let files: Vec<(String, Vec<u8>)> = files.map_err(JournalError::from)?;
    fill(tokens, &files)?;
    transaction.execute_batch("drop table restored_file")?;
    transaction.commit()?;
    Ok(files.len() as u64)
}
