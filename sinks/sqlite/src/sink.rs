//! The sink: a store that is opened when it is first needed and used on blocking threads.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use collector_core::{Entry, Scope, Sink, SinkError, Written};
use history::{Place, Store};
use tokio::sync::Mutex;

pub struct SqliteSink {
    place: Place,
    /// The kind of network drive that it is on.
    network: Option<String>,
    /// Whoever works on the store owns the lock until the work is done, even when nobody waits for it any
    /// more. `None`: not opened yet, closed, or given up after an error.
    store: Arc<Mutex<Option<Store>>>,
}

impl SqliteSink {
    /// `path` is absolute. Nothing is opened yet.
    pub fn new(path: PathBuf, others_may_read: bool, network: Option<String>) -> Self {
        Self {
            network,
            place: Place {
                path: path.into(),
                others_may_read,
            },
            store: Arc::default(),
        }
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

    async fn is_empty(&mut self) -> Result<bool, SinkError> {
        let place = self.place.clone();
        let is_open = self.store.lock().await.is_some();
        blocking(move || Ok(history::is_empty(&place.path, is_open))).await
    }

    async fn write(&mut self, batch: &[Entry]) -> Result<Written, SinkError> {
        let place = self.place.clone();
        let batch = batch.to_vec();
        let mut slot = Arc::clone(&self.store).lock_owned().await;
        blocking(move || {
            // Taken out for the time of the write: after an error or a panic the connection is closed, which
            // rolls back, and the numbers that its dictionary handed out are forgotten. A file that was
            // deleted under us is made anew rather than written to in the void.
            let opened = slot.take().filter(|_| place.path.exists());
            let mut store = match opened {
                Some(store) => store,
                None => Store::open(&place)?,
            };
            let written = store.write(&batch)?;
            *slot = Some(store);
            Ok(written)
        })
        .await
    }

    async fn erase(&mut self, scope: &Scope) -> Result<(), SinkError> {
        let place = self.place.clone();
        let scope = scope.clone();
        let mut slot = Arc::clone(&self.store).lock_owned().await;
        blocking(move || {
            let opened = slot.take().filter(|_| place.path.exists());
            match opened {
                Some(store) => store.erase(&scope),
                None if place.path.exists() => Store::open(&place)?.erase(&scope),
                None => Ok(()),
            }
        })
        .await
    }

    async fn close(&mut self) -> Result<(), SinkError> {
        let mut slot = Arc::clone(&self.store).lock_owned().await;
        blocking(move || slot.take().map_or(Ok(()), Store::close)).await
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
