//! The durable log between sources and sinks: what BMW sent, as BMW sent it, with one cursor a sink.
//!
//! Its tables lie in the state database ([`store`]) beside those of others. All writes go through the database's one
//! thread; sinks are served by a thread with a connection of its own. An answer means that the commit is on disk.
//!
//! * [`log`]: snapshots in, repeats taken out; batches and acknowledgements; what is delivered again.
//! * [`care`]: export and import, backup and restore, verify.
//! * [`testing`]: a log in memory. [`overview`](log::overview): what `cardata status` shows of it, from any process.
#![doc = include_str!("../DECISIONS.md")]
#![cfg_attr(not(test), warn(unused_crate_dependencies))]

pub mod care;
mod error;
pub mod log;
pub mod testing;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

use collector_core::LogId;
use normalise::known::{FixedTypes, KnownDescriptors};
use rusqlite::Connection;
use store::sql::Access;
use store::{Database, Schema, Step, Store, Tx};
use tokio::sync::watch;

pub use error::JournalError;
pub use log::append::Appended;
pub use log::contract::{Log, Read};
use log::loose::Waiting;
use log::memory::Memory;
pub use log::read::{Batch, Reader};

type Result<T, E = JournalError> = std::result::Result<T, E>;

/// The tables of the journal.
pub const SCHEMA: Schema = Schema {
    tables: TABLES,
    steps: &[
        (4, Step::Sql(include_str!("from_undivided.sql"))),
        (5, Step::Code(log::append::convert::to_format_5)),
        (7, Step::Code(log::append::convert::to_format_7)),
    ],
};

const TABLES: &str = include_str!("tables.sql");

/// An open journal. Clones share it.
#[derive(Debug, Clone)]
pub struct Journal {
    store: Store,
    log_id: LogId,
    /// What it knows of descriptors before anything was learned.
    known: KnownDescriptors,
    /// What the writing thread knows of the tables.
    memory: Arc<Mutex<Memory>>,
    waiting: Waiting,
    newest: watch::Sender<u64>,
    /// How often something else may have changed than what is appended and acknowledged.
    noted: watch::Sender<u64>,
}

impl Journal {
    /// The journal in a database that was opened with [`SCHEMA`].
    ///
    /// # Errors
    /// It cannot be read.
    pub fn new(store: &Store) -> Result<Self> {
        let database = Database::read_only(store.path())?;
        let journal = Self {
            store: store.clone(),
            log_id: LogId::new(log_id(&database)?),
            known: KnownDescriptors::default(),
            memory: Arc::default(),
            waiting: Waiting::default(),
            newest: watch::Sender::new(log::append::newest(&database)?),
            noted: watch::Sender::default(),
        };
        let (memory, waiting) = (journal.memory.clone(), journal.waiting.clone());
        store.at_end(move |tx| settle(tx, &memory, &waiting));
        Ok(journal)
    }

    /// The same where the owner fixes types of descriptors that are in no catalogue. For what was just opened.
    pub fn typed(mut self, types: FixedTypes) -> Self {
        self.known = KnownDescriptors::fixing(types);
        locked(&self.memory).descriptors = self.known.clone();
        self
    }

    /// Changes when dead letters or replays may have changed: when this process wrote something of the kind, or as
    /// [`note`](Self::note) tells. Who looks for them looks then, and not before.
    pub fn noted(&self) -> watch::Receiver<u64> {
        self.noted.subscribe()
    }

    /// Another process may have written to the database.
    pub fn note(&self) {
        self.noted.send_modify(|times| *times += 1);
    }

    pub fn log_id(&self) -> &LogId {
        &self.log_id
    }

    /// Where the database is.
    pub fn path(&self) -> &Path {
        self.store.path()
    }

    /// Writes what waits in memory: what is derived from entries, how far sinks have got, and what came and left no
    /// entry. To be called every some seconds, and before the end: what a kill finds unwritten, the next start reads out
    /// of the log, or it is asked for again. Where nothing waits, the database is left alone; whether something did.
    ///
    /// # Errors
    /// The database refuses it; it waits on.
    pub async fn flush(&self) -> Result<bool> {
        // Where a job is at work on it, something may wait: whoever asks must not wait for that job.
        let is_folded = match self.memory.try_lock() {
            Ok(memory) => memory.is_folded(),
            Err(TryLockError::Poisoned(memory)) => memory.into_inner().is_folded(),
            Err(TryLockError::WouldBlock) => false,
        };
        if self.waiting.lock().is_empty() && is_folded {
            return Ok(false);
        }
        let settled = || {
            let (memory, waiting) = (self.memory.clone(), self.waiting.clone());
            self.store
                .transact(move |tx: &mut Tx<'_>| settle(tx, &memory, &waiting))
        };
        let done = self.mended(settled).await;
        if done.is_err() {
            // What was folded in vain is known by the tables alone.
            locked(&self.memory).distrust();
        }
        done.map(|()| true)
    }

    /// Runs `job` in a transaction of its own, which finds all tables as if nothing had ever waited.
    async fn transact<T, F>(&self, job: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection, &mut Memory) -> Result<T> + Send + 'static,
    {
        let journal = self.clone();
        let settled = move |tx: &mut Tx<'_>| {
            settle(tx, &journal.memory, &journal.waiting)?;
            journal.within(tx, job)
        };
        let done = self.store.transact(settled).await;
        self.note();
        done
    }

    /// Runs `job` in a transaction that may be shared with the other owners of the database. What it leaves in memory
    /// waits there.
    fn within<T>(
        &self,
        tx: &mut Tx<'_>,
        job: impl FnOnce(&Connection, &mut Memory) -> Result<T>,
    ) -> Result<T> {
        within(tx, &self.memory, |tx, memory| {
            let done = job(tx.connection(), memory)?;
            if let Some(seq) = memory.appended.take() {
                let newest = self.newest.clone();
                tx.after_commit(move || {
                    newest.send_replace(seq);
                });
            }
            let loose = std::mem::take(&mut memory.loose);
            if !loose.is_empty() {
                let waiting = self.waiting.clone();
                tx.after_commit(move || waiting.lock().merge(loose));
            }
            Ok(done)
        })
    }
}

/// Runs `job` with what is known of the tables in this transaction.
fn within<T>(
    tx: &mut Tx<'_>,
    memory: &Mutex<Memory>,
    job: impl FnOnce(&mut Tx<'_>, &mut Memory) -> Result<T>,
) -> Result<T> {
    let mut memory = locked(memory);
    memory.enter(tx.epoch(), tx.connection())?;
    job(tx, &mut memory)
}

fn locked(memory: &Mutex<Memory>) -> MutexGuard<'_, Memory> {
    memory.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Writes what waits.
fn settle(tx: &mut Tx<'_>, memory: &Mutex<Memory>, waiting: &Waiting) -> Result<()> {
    within(tx, memory, |tx, memory| {
        memory.write(tx.connection())?;
        if let Some(written) = waiting.write(tx.connection())? {
            tx.after_commit(move || written.keep());
        }
        Ok(())
    })
}

/// The journal's random name.
fn log_id(of: &impl Access) -> Result<String> {
    Ok(of.one("select value from meta where key = 'log_id'", [], |row| {
        row.get(0)
    })?)
}
