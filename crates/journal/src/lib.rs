//! The durable log between sources and sinks: what BMW sent, as BMW sent it, with one cursor a sink.
//!
//! Its tables lie in the state database ([`store`]) beside those of others. All writes go through the database's one
//! thread; sinks are served by a thread with a connection of its own. An answer means that the commit is on disk.
//!
//! * [`log`]: snapshots in, repeats taken out; batches and acknowledgements; what is delivered again.
//! * [`care`]: export and import, backup and restore, verify, compact, statistics.
//! * [`testing`]: a log in memory. [`overview`](log::overview): what `cardata status` shows of it, from any process.
#![doc = include_str!("../DECISIONS.md")]
#![cfg_attr(not(test), warn(unused_crate_dependencies))]

pub mod care;
mod error;
#[doc(hidden)]
pub mod fuzzing;
pub mod log;
pub mod testing;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use collector_core::LogId;
use rusqlite::Connection;
use store::sql::Access;
use store::{Database, Schema, Store, Tx};
use tokio::sync::watch;

pub use error::JournalError;
pub use log::append::Appended;
pub use log::contract::{Log, Read};
use log::memory::Memory;
pub use log::read::{Batch, Reader};

type Result<T, E = JournalError> = std::result::Result<T, E>;

/// The tables of the journal.
pub const SCHEMA: Schema = Schema {
    steps: &[(4, include_str!("tables.sql"))],
    from_undivided: include_str!("from_undivided.sql"),
};

/// An open journal. Clones share it.
#[derive(Debug, Clone)]
pub struct Journal {
    store: Store,
    log_id: LogId,
    /// What the writing thread knows of the tables.
    memory: Arc<Mutex<Memory>>,
    newest: watch::Sender<u64>,
}

impl Journal {
    /// The journal in a database that was opened with [`SCHEMA`].
    ///
    /// # Errors
    /// It cannot be read.
    pub fn new(store: &Store) -> Result<Self> {
        let database = Database::read_only(store.path())?;
        Ok(Self {
            store: store.clone(),
            log_id: LogId::new(log_id(&database)?),
            memory: Arc::default(),
            newest: watch::Sender::new(log::append::newest(&database)?),
        })
    }

    pub fn log_id(&self) -> &LogId {
        &self.log_id
    }

    /// Where the database is.
    pub fn path(&self) -> &Path {
        self.store.path()
    }

    /// Runs `job` in a transaction of its own.
    async fn transact<T, F>(&self, job: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection, &mut Memory) -> Result<T> + Send + 'static,
    {
        let journal = self.clone();
        self.store.transact(move |tx| journal.within(tx, job)).await
    }

    /// Runs `job` in a transaction that may be shared with the other owners of the database.
    fn within<T>(
        &self,
        tx: &mut Tx<'_>,
        job: impl FnOnce(&Connection, &mut Memory) -> Result<T>,
    ) -> Result<T> {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        memory.enter(tx.epoch());
        let done = job(tx.connection(), &mut memory)?;
        if let Some(seq) = memory.appended.take() {
            let newest = self.newest.clone();
            tx.after_commit(move || {
                newest.send_replace(seq);
            });
        }
        Ok(done)
    }
}

/// The journal's random name.
fn log_id(of: &impl Access) -> Result<String> {
    Ok(of.one("select value from meta where key = 'log_id'", [], |row| {
        row.get(0)
    })?)
}
