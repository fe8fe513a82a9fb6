//! The database file of a state directory: opened, brought up to date, written by one thread.
//!
//! The file has owners, each with tables of its own, which hand in their [`Schema`]: the journal and the ledger. They
//! meet in a transaction ([`Tx`]), which is opaque to everybody else. SQLite in WAL mode with `synchronous=FULL`: an
//! answer means that the commit is on disk.
//!
//! * [`writer`](Store::transact): the thread that owns the writing connection. [`Tx`]: one job's part of a transaction.
//! * [`Database`]: a connection of one's own, for looks that must not wait for the writer, and for the file's care.
//! * [`sql`]: the way of the owners to their tables. [`probe`]: past pages that cannot be read.
//! * [`compact`](compact()): the file without its free pages. [`aside`]: what a restore replaces. [`files`]: with their errors.
//! * `place`: whether the open file still has its name.
#![doc = include_str!("../DECISIONS.md")]
#![cfg_attr(not(test), warn(unused_crate_dependencies))]

pub mod aside;
mod compact;
mod database;
mod error;
pub mod files;
mod migrate;
mod place;
pub mod probe;
pub mod sql;
mod tx;
mod writer;

use std::io;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use runtime::private::{self, Circle};
use tokio::sync::mpsc::Sender;

pub use compact::{Compacted, bytes_on_disk, compact};
pub use database::Database;
pub use error::StoreError;
pub use migrate::{FORMAT, Schema, Step};
use place::Place;
pub use tx::Tx;

/// The name of the database in a state directory.
pub const FILE: &str = "journal.db";

/// An open database. Clones share it.
#[derive(Debug, Clone)]
pub struct Store {
    path: Arc<Path>,
    /// Of the thread that writes. It ends when the last clone is dropped.
    jobs: Sender<writer::Command>,
    /// What it does then.
    last_jobs: writer::LastJobs,
}

impl Store {
    /// Opens the database in `state`, creating it or bringing it up to date where needed.
    ///
    /// # Errors
    /// It cannot be opened, is not one of ours, or was written by a later version.
    pub fn open(state: &Path, owners: &[Schema]) -> Result<Self, StoreError> {
        let path = state.join(FILE);
        match (path.exists(), Self::exists(state)?) {
            // SQLite gives its mode and its owner to the files beside it, and says what hinders where it cannot be opened.
            (false, _) => drop(private::open(&path)),
            (true, true) => close(&path),
            (true, false) => {
                close(&path);
                tracing::warn!(path = %path.display(), "the state database is an empty file and is begun anew; if there was a history in it, stop cardata and bring a backup back with `cardata restore`");
            }
        }
        let database = Database::create(&path)?;
        database.migrate(&path, owners)?;
        let last_jobs = writer::LastJobs::default();
        let path: Arc<Path> = path.into();
        let place = Place::of(path.clone());
        Ok(Self {
            path,
            jobs: writer::start(database, place, last_jobs.clone())?,
            last_jobs,
        })
    }

    /// Whether there is a database in `state`; an empty file is none.
    ///
    /// # Errors
    /// [`StoreError::Hidden`] where this user cannot see it, [`StoreError::Foreign`] where what has its name is no file.
    pub fn exists(state: &Path) -> Result<bool, StoreError> {
        let path = state.join(FILE);
        match std::fs::metadata(&path) {
            Ok(found) if !found.is_file() => Err(StoreError::Foreign { path }),
            Ok(found) => Ok(found.len() > 0),
            Err(source) if source.kind() == io::ErrorKind::PermissionDenied => {
                Err(StoreError::Hidden { path, source })
            }
            Err(_) => Ok(false),
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Keeps others out of the file at `path`, and of those beside it.
fn close(path: &Path) {
    let closed = ["", "-wal", "-shm"].map(|end| {
        let path = path.with_file_name(format!("{FILE}{end}"));
        private::close(&path, Circle::Group).unwrap_or(false)
    });
    if closed.contains(&true) {
        tracing::info!(path = %path.display(), "whoever could enter its folder could read the history: from now on its owner and group alone");
    }
}

/// A time as every table holds it: milliseconds since the epoch.
pub fn timestamp(milliseconds: i64) -> Timestamp {
    Timestamp::from_millisecond(milliseconds).unwrap_or_default()
}
