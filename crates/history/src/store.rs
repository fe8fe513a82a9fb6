//! One open database, and how a batch becomes one transaction.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use collector_core::{Entry, LogId, Scope, SinkError, Written};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use crate::convert;
use crate::dictionary::Dictionary;
use crate::erase;
use crate::failure::sink_error;
use crate::fold::Fold;
use crate::held;
use crate::kinds::Kinds;
use crate::rollup;
use crate::schema::{self, Kind};
use crate::writer::Writer;

/// How long another writer is waited for. Readers are never waited for.
const BUSY: Duration = Duration::from_secs(5);

/// Of a new database. A batch of a few readings alters a few pages, and each is written whole, twice: half of the usual
/// size costs two thirds of the writes, and rows of some thirty bytes lie in it just as close.
const PAGE_BYTES: u32 = 2_048;

/// How long the write-ahead log becomes before it is moved into the database, where a page that was altered many times
/// is written once.
const LOG_PAGES: u32 = 2_000;

pub struct Store {
    path: PathBuf,
    connection: Connection,
    dictionary: Dictionary,
    kinds: Kinds,
    pub(crate) fold: Fold,
    seen: Seen,
}

/// What a file that is written over shows: it is shorter, though nobody has committed anything.
#[derive(Debug, Default, PartialEq, Eq)]
struct Seen {
    bytes: u64,
    /// `PRAGMA data_version`, which changes with what other connections commit.
    version: i64,
}

/// Opens a database, with [`OpenFlags::SQLITE_OPEN_CREATE`] also one that does not exist.
pub fn connect(path: &Path, more: OpenFlags) -> Result<Connection, SinkError> {
    // Of a device or a pipe SQLite says that its disk is broken, which may pass.
    if std::fs::metadata(path).is_ok_and(|found| !found.is_file()) {
        let problem = format!(
            "{} is no file: check that the path names a file of this sink alone",
            path.display()
        );
        return Err(SinkError::misconfigured(problem));
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | more;
    let opened = Connection::open_with_flags(path, flags).and_then(|connection| {
        connection.busy_timeout(BUSY)?;
        Ok(connection)
    });
    opened.map_err(|error| sink_error("cannot open", path, &error))
}

/// Where a database is, and for whom.
#[derive(Debug, Clone)]
pub struct Place {
    /// Absolute.
    pub path: Arc<Path>,
    pub others_may_read: bool,
    /// Whether numbers by hour and by day are kept beside the readings. A database that has them keeps them.
    pub rollups: bool,
}

impl Place {
    fn make_folder(&self) -> Result<(), SinkError> {
        let Some(folder) = self.path.parent().filter(|folder| !folder.is_dir()) else {
            return Ok(());
        };
        let missing: Vec<_> = folder.ancestors().take_while(|path| !path.exists()).collect();
        std::fs::create_dir_all(folder)
            .and_then(|()| missing.into_iter().try_for_each(|made| self.give(made, 0o055)))
            .map_err(|error| SinkError::from_io("cannot make the folder", folder, &error))
    }

    /// The database; SQLite gives its rights to the files beside it when it makes them.
    fn open_to_others(&self) -> Result<(), SinkError> {
        for end in ["", "-wal", "-shm"] {
            let mut path = self.path.as_os_str().to_owned();
            path.push(end);
            let path = Path::new(&path);
            if path.exists() {
                self.give(path, 0o044)
                    .map_err(|error| SinkError::from_io("cannot open to others", path, &error))?;
            }
        }
        Ok(())
    }

    /// Gives every user these rights, if the owner wants that and they have not got them.
    fn give(&self, path: &Path, rights: u32) -> std::io::Result<()> {
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(path)?.permissions().mode();
            if self.others_may_read && mode & rights != rights {
                return std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode | rights));
            }
        }
        #[cfg(not(unix))]
        let _ = (path, rights);
        Ok(())
    }
}

impl Store {
    /// Opens the database, made with its folder and its tables when it is missing, and brought up to this version of
    /// the tables when it is older.
    pub fn open(place: &Place) -> Result<Self, SinkError> {
        let path = &*place.path;
        place.make_folder()?;
        let mut connection = connect(path, OpenFlags::SQLITE_OPEN_CREATE)?;
        place.open_to_others()?;
        let kind = schema::inspect(&connection, path)?;
        let failed = |error| sink_error("cannot set up", path, &error);
        if kind == Kind::Empty {
            connection
                .pragma_update(None, "page_size", PAGE_BYTES)
                .map_err(failed)?;
        }
        set_up(&connection, path)?;
        if kind != Kind::Ours {
            schema::create(&mut connection, path)?;
        }
        convert::finish(&mut connection).map_err(failed)?;
        if place.rollups {
            rollup::make(&mut connection).map_err(failed)?;
        }
        connection
            .pragma_update(None, "foreign_keys", true)
            .map_err(failed)?;
        let fold = Fold::of(&connection).map_err(failed)?;
        Ok(Self {
            path: path.to_owned(),
            connection,
            dictionary: Dictionary::default(),
            kinds: Kinds::new(fold.has_rollups),
            fold,
            seen: Seen::default(),
        })
    }

    /// Stores a batch whole, or nothing of it. After an error the store must not be used again.
    pub fn write(&mut self, batch: &[Entry]) -> Result<Written, SinkError> {
        self.transact(batch)
            .map_err(|error| sink_error("cannot write to", &self.path, &error))
    }

    fn transact(&mut self, batch: &[Entry]) -> rusqlite::Result<Written> {
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        self.fold.work(&transaction, batch)?;
        let mut writer = Writer::new(&transaction, &mut self.dictionary, &mut self.kinds, &self.fold)?;
        for entry in batch {
            writer.entry(entry)?;
        }
        let done = writer.finish()?;
        transaction.commit()?;
        self.fold.gathered(done.gathered);
        self.seen = self.see()?;
        Ok(Written::without(done.rejected))
    }

    /// Removes what is within the scope, in several transactions, and closes the database: numbers that stand for what
    /// no row speaks of any more are void.
    pub fn erase(mut self, scope: &Scope) -> Result<(), SinkError> {
        erase::erase(&mut self.connection, scope, self.fold.has_rollups)
            .map_err(|error| sink_error("cannot erase in", &self.path, &error))?;
        self.close()
    }

    /// Notes that everything up to an entry of a journal was written, where nobody else is writing.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn mark(&self, journal: &LogId, seq: u64) -> Result<(), SinkError> {
        self.connection
            .busy_timeout(Duration::ZERO)
            .and_then(|()| held::note(&self.connection, journal, seq))
            .map_err(|error| sink_error("cannot write to", &self.path, &error))
    }

    fn see(&self) -> rusqlite::Result<Seen> {
        let version = self
            .connection
            .pragma_query_value(None, "data_version", |row| row.get(0))?;
        let bytes = std::fs::metadata(&self.path).map_or(0, |file| file.len());
        Ok(Seen { bytes, version })
    }

    /// Whether somebody has copied another file over it since the last write.
    pub fn is_overwritten(&self) -> bool {
        self.see()
            .is_ok_and(|now| now.version == self.seen.version && now.bytes < self.seen.bytes)
    }

    /// Lets a database go over which another file was copied. The log beside it is not of that file, which would be damaged by
    /// it: it is taken away.
    pub fn abandon(self) {
        let keep = DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE;
        if self.connection.set_db_config(keep, true).is_err() || self.connection.close().is_err() {
            return;
        }
        for end in ["-wal", "-shm"] {
            let mut path = self.path.clone().into_os_string();
            path.push(end);
            let _ = std::fs::remove_file(path);
        }
    }

    /// Lets a database go that is not at its path any more. The log beside that path may be this one's: it is emptied, lest
    /// the file that is there now be read with it.
    pub fn leave(self) {
        // Whoever reads it just now keeps the log.
        let _ = self.connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)");
    }

    /// Moves what is in the write-ahead log into the database and removes the log. In rest the database needs none: who
    /// may only read could not make the memory that goes with a log.
    pub fn close(self) -> Result<(), SinkError> {
        let failed = |error| sink_error("cannot close", &self.path, &error);
        self.connection.busy_timeout(Duration::ZERO).map_err(failed)?;
        let rest = self
            .connection
            .pragma_update_and_check(None, "journal_mode", "DELETE", |_| Ok(()));
        match rest {
            // Whoever reads just now goes on with the log, and the next end removes it.
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {}
            rest => rest.map_err(failed)?,
        }
        self.connection
            .close()
            .map_err(|(_, error)| sink_error("cannot close", &self.path, &error))
    }
}

/// `WAL`: others read while this writes. `FULL`: a commit is on disk before it is acknowledged.
fn set_up(connection: &Connection, path: &Path) -> Result<(), SinkError> {
    let failed = |error| sink_error("cannot set up", path, &error);
    let mode: String = connection
        .pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))
        .map_err(failed)?;
    if !mode.eq_ignore_ascii_case("wal") {
        return Err(SinkError::misconfigured(format!(
            "{} is on a file system that cannot share memory between programs, such as a network drive: give \
             this sink a path on a local disk",
            path.display()
        )));
    }
    connection
        .pragma_update(None, "synchronous", "FULL")
        .and_then(|()| connection.pragma_update_and_check(None, "wal_autocheckpoint", LOG_PAGES, |_| Ok(())))
        .map_err(failed)?;
    connection.set_prepared_statement_cache_capacity(64);
    // A commit that failed on a broken disk may stand in the log all the same, in memory alone. What is in the log becomes
    // part of the file, or this fails: else what comes again would find itself there, write nothing and count as stored.
    connection
        .query_row("PRAGMA wal_checkpoint(FULL)", [], |_| Ok(()))
        .map_err(failed)?;
    // Else statements are planned anew whenever their parameters change.
    let is_steady = connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true);
    is_steady.map_err(failed).map(drop)
}
