//! The sink: a database that is opened when it is first needed and used on blocking threads.

use std::sync::Arc;

use async_trait::async_trait;
use collector_core::{Entry, Held, LogId, Scope, Sink, SinkError, Written};
use history::Place;
use tokio::sync::Mutex;

use crate::database::Database;

pub struct SqliteSink {
    place: Place,
    /// The kind of network drive that it is on.
    network: Option<String>,
    /// Whoever works on the database owns the lock until the work is done, even when nobody waits for it any more.
    database: Arc<Mutex<Database>>,
}

impl SqliteSink {
    /// The path is absolute. Nothing is opened yet.
    pub fn new(place: Place, network: Option<String>, journal: LogId) -> Self {
        Self {
            network,
            place: place.clone(),
            database: Arc::new(Mutex::new(Database::new(place, journal))),
        }
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
impl Sink for SqliteSink {
    async fn check(&mut self) -> Result<(), SinkError> {
        let place = self.place.clone();
        blocking(move || history::check(&place.path)).await
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
        let batch = batch.to_vec();
        self.with(move |database| database.write(&batch)).await
    }

    async fn erase(&mut self, scope: &Scope) -> Result<(), SinkError> {
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
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(SinkError::transient("the program is ending")),
        },
    }
}
