//! The database as a sink: opened when it is first needed, and used on blocking threads.

use std::sync::Arc;

use async_trait::async_trait;
use collector_core::{Entry, Held, LogId, Scope, Sink, SinkError, Written};
use tokio::sync::Mutex;
use tokio::task::{JoinError, JoinHandle};

use crate::database::Database;
use crate::store::Place;

/// Keeps every reading and record in the database at a [`Place`].
pub struct HistorySink {
    place: Place,
    /// The kind of network drive that it is on.
    network: Option<String>,
    /// Whoever works on the database owns the lock until the work is done, even when nobody waits for it any more.
    database: Arc<Mutex<Database>>,
    /// A write that nobody waits for any more.
    begun: Option<Begun>,
}

/// A batch that takes longer than whoever gave it waits, on a slow disk, comes again. Were it written from its beginning
/// each time, it would never be done.
struct Begun {
    batch: Vec<Entry>,
    writing: JoinHandle<Result<Written, SinkError>>,
}

impl HistorySink {
    /// Nothing is opened yet. `network` names the kind of network drive that the place is on, `journal` the log that it is
    /// filled from.
    pub fn new(place: Place, network: Option<String>, journal: LogId) -> Self {
        Self {
            network,
            place: place.clone(),
            database: Arc::new(Mutex::new(Database::new(place, journal))),
            begun: None,
        }
    }

    fn begin(&self, batch: &[Entry]) -> Begun {
        let (batch, database) = (batch.to_vec(), Arc::clone(&self.database));
        let its = batch.clone();
        let writing = tokio::task::spawn_blocking(move || database.blocking_lock().write(&its));
        Begun { batch, writing }
    }

    async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Database) -> Result<T, SinkError> + Send + 'static,
    ) -> Result<T, SinkError> {
        let mut database = Arc::clone(&self.database).lock_owned().await;
        blocking(move || work(&mut database)).await
    }
}

#[async_trait]
impl Sink for HistorySink {
    async fn check(&mut self) -> Result<(), SinkError> {
        let place = self.place.clone();
        blocking(move || crate::check(&place.path)).await
    }

    fn remarks(&self) -> Vec<String> {
        let remark = |kind| {
            format!(
                "{} is on a network drive ({kind}), where the locks that keep a database whole may not hold: set `path` to a \
                 file on a disk of this machine",
                self.place.path.display()
            )
        };
        self.network.iter().map(remark).collect()
    }

    async fn held(&mut self) -> Result<Held, SinkError> {
        self.with(Database::held).await
    }

    async fn write(&mut self, batch: &[Entry]) -> Result<Written, SinkError> {
        let begun = match self.begun.take().filter(|begun| begun.batch == batch) {
            Some(begun) => begun,
            None => self.begin(batch),
        };
        let ended = (&mut self.begun.insert(begun).writing).await;
        self.begun = None;
        joined(ended)
    }

    async fn erase(&mut self, scope: &Scope) -> Result<(), SinkError> {
        // What is removed is to be written again.
        self.begun = None;
        let scope = scope.clone();
        self.with(move |database| database.erase(&scope)).await
    }

    async fn close(&mut self) -> Result<(), SinkError> {
        self.with(Database::close).await
    }
}

/// Runs `work` on a blocking thread, to its end even when this future is dropped.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SinkError> + Send + 'static,
) -> Result<T, SinkError> {
    joined(tokio::task::spawn_blocking(work).await)
}

fn joined<T>(ended: Result<Result<T, SinkError>, JoinError>) -> Result<T, SinkError> {
    match ended {
        Ok(result) => result,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(SinkError::transient("the program is ending")),
        },
    }
}
