//! The database file of a state directory: opened, brought up to date, written by one thread.
//!
//! The file has owners, each with tables of its own, which hand in their [`Schema`]: the journal and the ledger. They
//! meet in a transaction ([`Tx`]), which is opaque to everybody else. SQLite in WAL mode with `synchronous=FULL`: an
//! answer means that the commit is on disk.
//!
//! * [`writer`](Store::transact): the thread that owns the writing connection. [`Tx`]: one job's part of a transaction.
//! * [`Database`]: a connection of one's own, for looks that must not wait for the writer, and for the file's care.
//! * [`sql`]: the way of the owners to their tables.
#![doc = include_str!("../DECISIONS.md")]
#![cfg_attr(not(test), warn(unused_crate_dependencies))]

mod database;
mod error;
mod migrate;
pub mod sql;
mod tx;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;

pub use database::Database;
pub use error::StoreError;
pub use migrate::Schema;
pub use tx::Tx;

/// The name of the database in a state directory.
pub const FILE: &str = "journal.db";

/// An open database. Clones share it.
#[derive(Debug, Clone)]
pub struct Store {
    path: Arc<PathBuf>,
    writer: writer::Writer,
}

impl Store {
    /// Opens the database in `state`, creating it or bringing it up to date where needed.
    ///
    /// # Errors
    /// It cannot be opened, is not one of ours, or was written by a later version.
    pub fn open(state: &Path, owners: &[Schema]) -> Result<Self, StoreError> {
        let path = state.join(FILE);
        let mut database = Database::create(&path)?;
        migrate::migrate(&mut database, &path, owners)?;
        Ok(Self {
            path: Arc::new(path),
            writer: writer::Writer::start(database)?,
        })
    }

    /// Whether there is a database in `state`.
    pub fn exists(state: &Path) -> bool {
        state.join(FILE).is_file()
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Runs `job` on the writing thread. An `Ok` is returned only after its changes are on disk; after an error none
    /// of them happened. Jobs that wait when a transaction begins share it and its one sync; one that fails, or
    /// panics, takes nothing else with it.
    ///
    /// # Errors
    /// That of the job, or why there is no transaction.
    pub async fn transact<T, E, F>(&self, job: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    {
        self.writer.transact(job).await
    }

    /// Moves everything into the one file, for whoever copies it after a clean end.
    pub async fn checkpoint(&self) {
        self.writer.checkpoint().await;
    }
}

/// A time as every table holds it: milliseconds since the epoch.
pub fn timestamp(milliseconds: i64) -> Timestamp {
    Timestamp::from_millisecond(milliseconds).unwrap_or_default()
}
