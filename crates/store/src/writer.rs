//! The thread that owns the writing connection.
//!
//! Jobs that wait when a transaction begins share it and its one sync to disk. Each runs in a savepoint of
//! its own, so that one that fails takes nothing else with it.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use rusqlite::Connection;
use rusqlite::ffi::{Error, SQLITE_ERROR};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::sync::oneshot;

use crate::place::Place;
use crate::sql::Access;
use crate::tx::{Open, Tx};
use crate::{Database, Store, StoreError};

/// How many jobs may share a transaction, and wait in the queue.
const GROUP: usize = 256;

/// Runs inside the transaction, or is told why there is none, and hands over what is to be answered once the
/// transaction's fate is known.
type Job = Box<dyn FnOnce(Result<&Connection, StoreError>, &mut Open) -> Answer + Send>;
/// Called with whether the transaction was committed.
type Answer = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

/// What the thread is asked to do.
pub(crate) enum Command {
    Work(Job),
    /// Moves everything from the write-ahead log into the database.
    Checkpoint(oneshot::Sender<()>),
    Version(oneshot::Sender<Result<i64, StoreError>>),
    /// Nothing is done after it.
    Leave(oneshot::Sender<StoreError>),
}

/// Jobs for the end, in their order.
#[derive(Clone, Default)]
pub(crate) struct LastJobs(Arc<Mutex<Vec<Job>>>);

impl fmt::Debug for LastJobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LastJobs")
    }
}

/// Starts the thread; returns its sending side.
pub(crate) fn start(
    database: Database,
    mut place: Place,
    last: LastJobs,
) -> Result<Sender<Command>, StoreError> {
    let (jobs, mut queue) = channel(GROUP);
    let spawned = thread::Builder::new().name("store".to_owned()).spawn(move || {
        let connection = database.connection();
        let mut open = Open::default();
        work(connection, &mut open, &mut place, &mut queue);
        if place.check().is_err() {
            return;
        }
        let last = std::mem::take(&mut *last.0.lock().unwrap_or_else(PoisonError::into_inner));
        for job in last {
            transaction(connection, &mut open, job, &mut queue);
        }
        let _ = connection.execute_batch("pragma optimize");
    });
    spawned.map_err(|_| StoreError::Stopped)?;
    Ok(jobs)
}

impl Store {
    /// Runs `job` on the writing thread. An `Ok` is returned only after its changes are on disk; after an error none
    /// of them happened. Jobs that wait when a transaction begins share it and its one sync; one that fails, or
    /// panics, takes nothing else with it. But SQLite commits nothing of a transaction in which somebody met a page that
    /// cannot be read: a job that expects one reads it on a connection of its own.
    ///
    /// # Errors
    /// That of the job, or why there is no transaction.
    pub async fn transact<T, E, F>(&self, job: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        let job: Job = Box::new(move |connection, open| {
            let result = match connection {
                Ok(connection) => in_savepoint(connection, open, job),
                Err(error) => Err(error.into()),
            };
            Box::new(move |committed| {
                // Whoever asked may have gone; the work is done all the same.
                // A job's own error says more than the commit that failed because of it.
                let _ = sender.send(result.and_then(|value| committed.map(|()| value).map_err(E::from)));
            })
        });
        self.send(Command::Work(job)).await?;
        receiver.await.map_err(|_| StoreError::Stopped)?
    }

    /// Runs `job` on the writing thread when nobody has the database open any more. A program that is killed never
    /// comes to it, so it may only spare the next one work. It must hold no clone of this: the end would never come.
    pub fn at_end<E: From<StoreError>>(
        &self,
        job: impl FnOnce(&mut Tx<'_>) -> Result<(), E> + Send + 'static,
    ) {
        let job: Job = Box::new(move |connection, open| {
            // Nobody waits for the answer.
            let _ = connection.map(|connection| in_savepoint(connection, open, job));
            Box::new(|_| ())
        });
        let mut last = self.last_jobs.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.push(job);
    }

    /// Moves everything into the one file, as far as other readers let it: for whoever copies it after a clean end.
    pub async fn checkpoint(&self) {
        let (sender, receiver) = oneshot::channel();
        if self.send(Command::Checkpoint(sender)).await.is_ok() {
            // The thread answers, or is gone and has nothing to move.
            let _ = receiver.await;
        }
    }

    /// Waits where the queue is full.
    async fn send(&self, command: Command) -> Result<(), StoreError> {
        self.jobs.send(command).await.map_err(|_| StoreError::Stopped)
    }
}

fn in_savepoint<T, E: From<StoreError>>(
    connection: &Connection,
    open: &mut Open,
    job: impl FnOnce(&mut Tx<'_>) -> Result<T, E>,
) -> Result<T, E> {
    connection.run("savepoint job", [])?;
    let before = open.after_commit.len();
    // A bug in one job must not end the thread that everybody depends on.
    let result = catch_unwind(AssertUnwindSafe(|| job(&mut Tx { connection, open })));
    match result.unwrap_or_else(|_| Err(StoreError::Bug.into())) {
        Ok(value) => {
            connection.run("release job", [])?;
            Ok(value)
        }
        Err(error) => {
            open.epoch += 1;
            open.after_commit.truncate(before);
            // Where SQLite has already rolled the whole transaction back, the commit will say so.
            let _ = connection.execute_batch("rollback to job; release job");
            Err(error)
        }
    }
}

fn work(connection: &Connection, open: &mut Open, place: &mut Place, queue: &mut Receiver<Command>) {
    let mut put_off = None;
    while let Some(command) = put_off.take().or_else(|| queue.blocking_recv()) {
        match command {
            Command::Work(first) => put_off = transaction(connection, open, first, queue),
            Command::Checkpoint(done) => {
                // A reader may hold it back; the next start does the rest.
                let _ = connection.query_row("pragma wal_checkpoint(truncate)", [], |_| Ok(()));
                let _ = done.send(());
            }
            Command::Version(answer) => {
                let found = || connection.one("pragma data_version", [], |row| row.get(0));
                let _ = answer.send(place.check().and_then(|()| found()));
            }
            Command::Leave(answer) => {
                let _ = answer.send(place.leave(connection));
                return;
            }
        }
    }
}

/// Runs a job and those that wait behind it in one transaction. Returns a command that was met and is none.
fn transaction(
    connection: &Connection,
    open: &mut Open,
    first: Job,
    queue: &mut Receiver<Command>,
) -> Option<Command> {
    if let Err(error) = connection.run("begin immediate", []) {
        // The answer is given at once: there is nothing to commit.
        first(Err(error), open)(Ok(()));
        return None;
    }
    let mut answers = vec![first(Ok(connection), open)];
    let mut put_off = None;
    // A full disk can end the transaction under a job; nothing more may run as if it were open.
    while !connection.is_autocommit() && answers.len() < GROUP {
        match queue.try_recv() {
            Ok(Command::Work(job)) => answers.push(job(Ok(connection), open)),
            Ok(other) => {
                put_off = Some(other);
                break;
            }
            Err(_) => break,
        }
    }
    finish(connection, open, answers);
    put_off
}

fn finish(connection: &Connection, open: &mut Open, answers: Vec<Answer>) {
    let committed = connection
        .prepare_cached("commit")
        .and_then(|mut commit| commit.execute([]));
    let after_commit = std::mem::take(&mut open.after_commit);
    if let Err(error) = &committed {
        open.epoch += 1;
        let _ = connection.execute_batch("rollback");
        // What waited for the commit goes before anybody hears that there is none.
        drop(after_commit);
        for answer in answers {
            answer(Err(repeated(error)));
        }
        return;
    }
    after_commit.into_iter().for_each(|then| then());
    answers.into_iter().for_each(|answer| answer(Ok(())));
}

/// The same error for each of those who shared a transaction.
fn repeated(error: &rusqlite::Error) -> StoreError {
    let (code, message) = match error {
        rusqlite::Error::SqliteFailure(code, message) => (*code, message.clone()),
        other => (Error::new(SQLITE_ERROR), Some(other.to_string())),
    };
    rusqlite::Error::SqliteFailure(code, message).into()
}

impl Store {
    /// A number that is another one once another connection to the file has committed something; this store's own
    /// commits leave it as it is. Looks at no table.
    ///
    /// # Errors
    /// [`StoreError::Displaced`] where the file has lost its place, now or at an earlier look; or it cannot be told.
    pub async fn version(&self) -> Result<i64, StoreError> {
        let (sender, receiver) = oneshot::channel();
        self.send(Command::Version(sender)).await?;
        receiver.await.map_err(|_| StoreError::Stopped)?
    }

    /// Ends the work with a file that has lost its place: a copy of all that was committed is made where the file was. Returns
    /// what to do: [`StoreError::Kept`] or [`StoreError::NotKept`]. From then on this store is [stopped](StoreError::Stopped).
    pub async fn leave(&self) -> StoreError {
        let (sender, receiver) = oneshot::channel();
        match self.send(Command::Leave(sender)).await {
            Ok(()) => receiver.await.unwrap_or(StoreError::Stopped),
            Err(error) => error,
        }
    }
}
