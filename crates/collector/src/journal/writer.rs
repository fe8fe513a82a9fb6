//! The thread that owns the writing connection.
//!
//! Jobs that wait when a transaction begins share it and its one sync to disk. Each runs in a savepoint of
//! its own, so that one that fails takes nothing else with it.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use collector_core::Origin;
use rusqlite::Connection;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::sync::{oneshot, watch};

use super::JournalError;
use super::append::{Counts, SeriesCache};
use crate::normalise::known::KnownDescriptors;

/// How many jobs may share a transaction, and wait in the queue.
const GROUP: usize = 256;

/// Runs inside the transaction, or is told why there is none, and hands over what is to be answered once the
/// transaction's fate is known.
type Job = Box<dyn FnOnce(Result<&Connection, JournalError>, &mut Memory) -> Answer + Send>;
/// Called with whether the transaction was committed.
type Answer = Box<dyn FnOnce(Result<(), JournalError>) + Send>;

/// What the writing thread keeps in memory of its tables. Dropped whenever a transaction fails.
#[derive(Default)]
pub struct Memory {
    pub(super) descriptors: KnownDescriptors,
    pub(super) learned: bool,
    /// Changes of series and sums wait here until the job ends.
    pub(super) series: SeriesCache,
    pub(super) counts: Counts,
    pub(super) vehicles: HashMap<collector_core::Vin, i64>,
    /// Account, source, origin and number of each feed.
    pub(super) feeds: Vec<(Box<str>, Box<str>, Origin, i64)>,
    /// The newest number that was ever given.
    pub(super) last_number: Option<u64>,
    /// The newest entry of the open transaction.
    pub(super) newest: Option<u64>,
}

impl Memory {
    fn clear(&mut self) {
        self.descriptors.forget();
        self.learned = false;
        self.series.clear();
        self.counts.clear();
        self.vehicles.clear();
        self.feeds.clear();
        self.last_number = None;
    }

    /// An entry was stored; no number was given beyond `last`.
    pub(super) fn appended(&mut self, last: u64) {
        self.last_number = Some(last);
        self.newest = Some(last);
    }

    /// Writes what waits. A job that appends ends with this: what it leaves is lost when another one fails.
    pub(super) fn write(&mut self, connection: &Connection) -> Result<(), JournalError> {
        self.series.write(connection)?;
        self.counts.write(connection)?;
        Ok(())
    }
}

/// What the thread is asked to do.
enum Command {
    Work(Job),
    /// Moves everything from the write-ahead log into the database.
    Checkpoint(oneshot::Sender<()>),
}

/// The sending side of the thread. It ends when the last clone is dropped.
#[derive(Debug, Clone)]
pub struct Writer {
    jobs: Sender<Command>,
}

impl std::fmt::Debug for Memory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Memory({} series)", self.series.len())
    }
}

impl Writer {
    pub fn start(connection: Connection, newest: watch::Sender<u64>) -> Result<Self, JournalError> {
        let (jobs, mut queue) = channel(GROUP);
        let spawned = thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || work(&connection, &mut queue, &newest));
        spawned.map_err(|_| JournalError::Stopped)?;
        Ok(Self { jobs })
    }

    pub async fn transact<T, F>(&self, job: F) -> Result<T, JournalError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection, &mut Memory) -> Result<T, JournalError> + Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        let job: Job = Box::new(move |connection, memory| {
            let result = connection.and_then(|connection| in_savepoint(connection, memory, job));
            Box::new(move |committed| {
                // Whoever asked may have gone; the work is done all the same.
                // A job's own error says more than the commit that failed because of it.
                let _ = sender.send(result.and_then(|value| committed.map(|()| value)));
            })
        });
        self.send(Command::Work(job)).await?;
        receiver.await.map_err(|_| JournalError::Stopped)?
    }

    /// Leaves the database as one file, as far as other readers let it.
    pub async fn checkpoint(&self) {
        let (sender, receiver) = oneshot::channel();
        if self.send(Command::Checkpoint(sender)).await.is_ok() {
            // The thread answers, or is gone and has nothing to move.
            let _ = receiver.await;
        }
    }

    /// Waits where the queue is full.
    async fn send(&self, command: Command) -> Result<(), JournalError> {
        self.jobs.send(command).await.map_err(|_| JournalError::Stopped)
    }
}

fn in_savepoint<T>(
    connection: &Connection,
    memory: &mut Memory,
    job: impl FnOnce(&Connection, &mut Memory) -> Result<T, JournalError>,
) -> Result<T, JournalError> {
    connection.execute_batch("savepoint job")?;
    let newest = memory.newest;
    // A bug in one job must not end the thread that everybody depends on.
    let result = catch_unwind(AssertUnwindSafe(|| job(connection, memory)));
    match result.unwrap_or(Err(JournalError::Bug)) {
        Ok(value) => {
            connection.execute_batch("release job")?;
            Ok(value)
        }
        Err(error) => {
            memory.clear();
            memory.newest = newest;
            // Where SQLite has already rolled the whole transaction back, the commit will say so.
            let _ = connection.execute_batch("rollback to job; release job");
            Err(error)
        }
    }
}

fn work(connection: &Connection, queue: &mut Receiver<Command>, newest: &watch::Sender<u64>) {
    let mut memory = Memory::default();
    let mut put_off = None;
    loop {
        let command = match put_off.take() {
            Some(command) => command,
            None => match queue.blocking_recv() {
                Some(command) => command,
                None => break,
            },
        };
        match command {
            Command::Work(first) => put_off = transaction(connection, &mut memory, first, queue, newest),
            Command::Checkpoint(done) => {
                // A reader may hold it back; the next start does the rest.
                let _ = connection.query_row("pragma wal_checkpoint(truncate)", [], |_| Ok(()));
                let _ = done.send(());
            }
        }
    }
    let _ = connection.execute_batch("pragma optimize");
}

/// Runs a job and those that wait behind it in one transaction. Returns a command that was met and is none.
fn transaction(
    connection: &Connection,
    memory: &mut Memory,
    first: Job,
    queue: &mut Receiver<Command>,
    newest: &watch::Sender<u64>,
) -> Option<Command> {
    if let Err(error) = connection.execute_batch("begin immediate") {
        // The answer is given at once: there is nothing to commit.
        first(Err(error.into()), memory)(Ok(()));
        return None;
    }
    let mut answers = vec![first(Ok(connection), memory)];
    let mut put_off = None;
    // A full disk can end the transaction under a job; nothing more may run as if it were open.
    while !connection.is_autocommit() && answers.len() < GROUP {
        match queue.try_recv() {
            Ok(Command::Work(job)) => answers.push(job(Ok(connection), memory)),
            Ok(other) => {
                put_off = Some(other);
                break;
            }
            Err(_) => break,
        }
    }
    finish(connection, memory, answers, newest);
    put_off
}

fn finish(connection: &Connection, memory: &mut Memory, answers: Vec<Answer>, newest: &watch::Sender<u64>) {
    let committed = connection.execute_batch("commit");
    let appended = memory.newest.take();
    if let Err(error) = &committed {
        memory.clear();
        let _ = connection.execute_batch("rollback");
        answers.into_iter().for_each(|answer| answer(Err(again(error))));
        return;
    }
    if let Some(seq) = appended {
        newest.send_replace(seq);
    }
    answers.into_iter().for_each(|answer| answer(Ok(())));
}

/// The same error for each of those who shared a transaction.
fn again(error: &rusqlite::Error) -> JournalError {
    match error {
        rusqlite::Error::SqliteFailure(code, message) => {
            rusqlite::Error::SqliteFailure(*code, message.clone()).into()
        }
        other => rusqlite::Error::SqliteFailure(
            rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_ERROR),
            Some(other.to_string()),
        )
        .into(),
    }
}
