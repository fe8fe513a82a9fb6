//! The sink as the engine sees it. All work is done on a blocking thread, one piece after the other.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use collector_core::{Entry, Held, LogId, Name, Scope, Sink, SinkContext, SinkError, Written};

use crate::check::check;
use crate::config::CsvConfig;
use crate::files::Files;
use crate::progress;
use crate::write::Store;

/// What the pipeline file says, and the sink's place.
pub struct Settings {
    pub files: Files,
    pub name: Name,
    pub log_id: LogId,
    /// Another process of ours has the folder meanwhile.
    pub runs: bool,
}

/// Appends readings and records to CSV files.
pub struct CsvSink {
    settings: Arc<Settings>,
    state: Arc<Mutex<State>>,
}

/// Shared with the blocking thread, which may go on when the future that waits for it was dropped.
#[derive(Default)]
pub struct State {
    /// `None` before the first write.
    pub store: Option<Store>,
    closed: bool,
}

impl State {
    /// The store, opened where it is not.
    fn store(&mut self, settings: &Settings) -> Result<&mut Store, SinkError> {
        // A write whose future was dropped may get its turn after the sink was closed.
        if self.closed {
            return Err(SinkError::transient("the sink is closed"));
        }
        let store = match self.store.take().filter(|store| !store.is_gone()) {
            Some(store) => store,
            None => Store::open(settings)?,
        };
        Ok(self.store.insert(store))
    }
}

impl CsvSink {
    pub fn new(config: CsvConfig, context: &SinkContext) -> Self {
        let dir = context.base_dir.join(&config.dir);
        let settings = Settings {
            files: Files { dir, config },
            name: Arc::clone(&context.name),
            log_id: context.log_id.clone(),
            runs: context.runs,
        };
        Self {
            settings: Arc::new(settings),
            state: Arc::default(),
        }
    }

    async fn store(&self, batch: &[Entry], work: Work) -> Result<Written, SinkError> {
        let batch = batch.to_vec();
        self.blocking(move |settings, state| work(state.store(settings)?, settings, &batch))
            .await?;
        Ok(Written::default())
    }

    async fn blocking<T, F>(&self, work: F) -> Result<T, SinkError>
    where
        T: Send + 'static,
        F: FnOnce(&Settings, &mut State) -> Result<T, SinkError> + Send + 'static,
    {
        let (settings, state) = (Arc::clone(&self.settings), Arc::clone(&self.state));
        let task = tokio::task::spawn_blocking(move || {
            let mut state = state.lock().unwrap_or_else(|poisoned| {
                // After a panic nothing in memory is trusted: the store is opened anew, as after a crash.
                state.clear_poison();
                let mut state = poisoned.into_inner();
                state.store = None;
                state
            });
            work(&settings, &mut state)
        });
        match task.await {
            Ok(result) => result,
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(error) => Err(SinkError::transient(format!("the program is ending: {error}"))),
        }
    }
}

/// One of the ways in which a batch is stored.
type Work = fn(&mut Store, &Settings, &[Entry]) -> Result<(), SinkError>;

#[async_trait]
impl Sink for CsvSink {
    async fn check(&mut self) -> Result<(), SinkError> {
        self.blocking(|settings, state| {
            let is_ours = settings.runs || state.store.is_some();
            check(&settings.files.dir, is_ours)
        })
        .await
    }

    /// By the files, and the memory of what is in them.
    async fn held(&mut self) -> Result<Held, SinkError> {
        self.blocking(|settings, _| {
            let files = &settings.files;
            Ok(
                match progress::reached(&files.dir, &settings.name, &settings.log_id)? {
                    Some(seq) if !files.all()?.is_empty() => Held::UpTo(seq),
                    _ => Held::Nothing,
                },
            )
        })
        .await
    }

    async fn write(&mut self, batch: &[Entry]) -> Result<Written, SinkError> {
        self.store(batch, Store::write).await
    }

    async fn rewrite(&mut self, batch: &[Entry]) -> Result<Written, SinkError> {
        self.store(batch, Store::rewrite).await
    }

    async fn erase(&mut self, scope: &Scope) -> Result<(), SinkError> {
        let scope = scope.clone();
        self.blocking(move |settings, state| state.store(settings)?.erase(settings, &scope))
            .await
    }

    async fn close(&mut self) -> Result<(), SinkError> {
        self.blocking(|_, state| {
            state.store = None;
            state.closed = true;
            Ok(())
        })
        .await
    }
}
