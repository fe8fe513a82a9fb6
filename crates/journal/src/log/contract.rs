//! What a log does for those who write to it and read from it, wherever it is kept.

use std::sync::Arc;

use async_trait::async_trait;
use collector_core::{Name, RawSnapshot};
use jiff::Timestamp;
use rusqlite::params;
use store::Tx;
use store::sql::Access;
use tokio::sync::watch;

use super::append::Appended;
use super::dead_letters;
use super::deliver::Acknowledgement;
use super::loose::Reached;
use crate::{Batch, Journal, Result};

/// A log that entries are put into, and that remembers how far each sink has got.
#[async_trait]
pub trait Log: std::fmt::Debug + Send + Sync {
    /// Stores snapshots, in this order. On `Ok` all of them are kept; after an error none is.
    async fn append(
        &self,
        account: Name,
        source: Name,
        snapshots: Arc<[RawSnapshot]>,
    ) -> Result<Vec<Appended>>;

    /// The number of the newest entry; changes when one is appended by this process.
    fn newest(&self) -> watch::Receiver<u64>;

    /// Where `sink` goes on. A sink that is new begins after `start`: 0 for the whole history, or the newest
    /// entry for none of it.
    async fn cursor(&self, sink: &str, start: u64) -> Result<u64>;

    /// Moves the cursor of `sink` and keeps what it refused, all of it or nothing. Where nothing was refused, a log on a
    /// disk may write it later: after a kill the sink is given those entries again.
    async fn acknowledge(&self, sink: &str, at: Timestamp, acknowledgement: Acknowledgement) -> Result<()>;
}

/// A log that is read for sinks.
#[async_trait]
pub trait Read: std::fmt::Debug + Send + Sync {
    /// The entries after number `after`, as many as hold about `readings` readings, at least one; `None` where
    /// there are no more. `sink` tells readers apart.
    async fn read(&self, sink: &Name, after: u64, readings: usize) -> Result<Option<Batch>>;
}

impl Journal {
    /// Forgets a sink whose store is gone: it begins anew, without dead letters and replays.
    ///
    /// # Errors
    /// The journal cannot be written.
    pub async fn start_over(&self, sink: &str) -> Result<()> {
        let sink = sink.to_owned();
        self.transact(move |connection, _| {
            for table in ["cursor", "dead_letter", "replay"] {
                connection.run(&format!("delete from {table} where sink = ?1"), [&sink])?;
            }
            Ok(())
        })
        .await
    }
}

#[async_trait]
impl Log for Journal {
    async fn append(
        &self,
        account: Name,
        source: Name,
        snapshots: Arc<[RawSnapshot]>,
    ) -> Result<Vec<Appended>> {
        let append = || {
            let (journal, account, source) = (self.clone(), account.clone(), source.clone());
            let snapshots = snapshots.clone();
            self.store
                .transact(move |tx: &mut Tx<'_>| journal.append_within(tx, &account, &source, &snapshots))
        };
        self.mended(append).await
    }

    fn newest(&self) -> watch::Receiver<u64> {
        self.newest.subscribe()
    }

    async fn cursor(&self, sink: &str, start: u64) -> Result<u64> {
        let sink = sink.to_owned();
        self.transact(move |connection, _| {
            let query = "select seq from cursor where sink = ?1";
            if let Some(seq) = connection.first(query, [&sink], |row| row.get(0))? {
                return Ok(seq);
            }
            connection.run(
                "insert into cursor (sink, seq) values (?1, ?2)",
                params![sink, start],
            )?;
            Ok(start)
        })
        .await
    }

    async fn acknowledge(&self, sink: &str, at: Timestamp, acknowledgement: Acknowledgement) -> Result<()> {
        let (readings, rejected) = (acknowledgement.readings, acknowledgement.rejected);
        let (last, at_ms) = (acknowledgement.last, at.as_millisecond());
        let reached = Reached {
            last,
            readings,
            at: at_ms,
        };
        if rejected.is_empty() {
            self.waiting.lock().acknowledge(sink, reached);
            return Ok(());
        }
        let sink = sink.to_owned();
        // What the sink acknowledged before is written first.
        self.transact(move |connection, _| {
            reached.write(connection, &sink)?;
            rejected
                .iter()
                .try_for_each(|rejected| dead_letters::keep(connection, &sink, at, rejected))
        })
        .await
    }
}
