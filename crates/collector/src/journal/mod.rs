//! The durable log between sources and sinks, and the rest of what must survive a crash: cursors, dead
//! letters, the quota ledger, learned types, containers, vehicles, the state of components.
//!
//! One SQLite database in WAL mode with `synchronous=FULL`. All writes go through one thread, which commits
//! what arrives together in one transaction; an answer means that the commit is on disk. Reads for the
//! sinks have a thread and a connection of their own. This module alone knows the SQL.
//!
//! * [`append`]: a snapshot in, repeats taken out. [`read`]: decoded batches. [`deliver`]: acknowledgements.
//! * [`replay`], [`dead_letters`], [`again`]: what is delivered a second time.
//! * [`ledger`]: calls spent. [`registry`]: vehicles. [`containers`]: containers. [`polls`]: when what was asked.
//! * [`streams`]: the connections of the streams, and messages that cannot be read. [`strays`]: a look at those.
//! * [`latest`]: the newest values. [`overview`]: what `cardata status` shows, from any process.
//! * [`scan`]: the log read past whatever is damaged in it. [`verify`], [`stats`], [`compact`]: care of it.
//! * [`export`], [`import`], [`lines`]: the log as lines of JSON. [`backup`], [`restore`]: the whole state.

pub mod again;
pub mod append;
mod aside;
pub mod backup;
mod checksum;
pub mod compact;
pub mod containers;
pub mod dead_letters;
mod decode;
mod decoder;
pub mod deliver;
mod error;
pub mod export;
mod feeds;
mod fill;
#[doc(hidden)]
pub mod fuzzing;
pub mod import;
mod latest;
pub mod ledger;
pub mod lines;
pub mod overview;
mod payload;
pub mod polls;
mod probe;
mod prune;
pub mod read;
mod reason;
pub mod registry;
pub mod replay;
pub mod restore;
pub mod scan;
mod schema;
pub mod stats;
pub mod strays;
pub mod streams;
#[cfg(test)]
mod tests;
pub mod told;
pub mod verify;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use collector_core::LogId;
use rusqlite::{Connection, OpenFlags};
use tokio::sync::watch;

pub use decode::parse_payload;
pub use error::JournalError;
pub use feeds::Feed;
pub use read::{Batch, Reader};
use writer::Writer;

/// The name of the database in the state directory.
const FILE: &str = "journal.db";

/// An open journal. Clones share it.
#[derive(Debug, Clone)]
pub struct Journal {
    path: Arc<PathBuf>,
    log_id: LogId,
    writer: Writer,
    newest: watch::Receiver<u64>,
}

impl Journal {
    /// Opens the journal in `state`, creating or migrating it where needed.
    pub fn open(state: &Path) -> Result<Self, JournalError> {
        let path = state.join(FILE);
        let mut connection = connect(&path, OpenFlags::default())?;
        schema::migrate(&mut connection, &path)?;
        let log_id = LogId::new(schema::log_id(&connection)?);
        let newest = append::newest(&connection)?;
        let (sender, newest) = watch::channel(newest);
        let writer = Writer::start(connection, sender)?;
        Ok(Self {
            path: Arc::new(path),
            log_id,
            writer,
            newest,
        })
    }

    /// Whether a journal exists in `state`.
    pub fn exists(state: &Path) -> bool {
        state.join(FILE).is_file()
    }

    pub fn log_id(&self) -> &LogId {
        &self.log_id
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The number of the newest entry; changes when one is appended by this process.
    pub fn newest(&self) -> watch::Receiver<u64> {
        self.newest.clone()
    }

    /// Moves everything into the one file `journal.db`, for whoever copies it after a clean end.
    pub async fn checkpoint(&self) {
        self.writer.checkpoint().await;
    }

    /// Runs `job` on the writing thread. An `Ok` is returned only after its changes are on disk; after an
    /// error none of them happened.
    pub(crate) async fn transact<T, F>(&self, job: F) -> Result<T, JournalError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection, &mut writer::Memory) -> Result<T, JournalError> + Send + 'static,
    {
        self.writer.transact(job).await
    }

    /// A second, reading connection for queries that must not wait for the writer.
    fn read_only(&self) -> Result<Connection, JournalError> {
        open_read_only(&self.path)
    }
}

/// Opens an existing journal for reading, beside a process that may be writing to it.
fn open_read_only(path: &Path) -> Result<Connection, JournalError> {
    connect(
        path,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )
}

fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, JournalError> {
    let opened = Connection::open_with_flags(path, flags).and_then(|connection| {
        connection.busy_timeout(std::time::Duration::from_secs(10))?;
        // A cache of 1 MiB: the journal is read and written in order.
        connection.pragma_update(None, "cache_size", -1024)?;
        connection.set_prepared_statement_cache_capacity(64);
        Ok(connection)
    });
    opened.map_err(|error| JournalError::open(path, error))
}
