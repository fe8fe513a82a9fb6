//! The sink as the engine sees it. All work is done on a blocking thread, one piece after the other.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use collector_core::{Entry, LogId, Name, Sink, SinkContext, SinkError, Written};

use crate::check::check;
use crate::config::{CsvConfig, Layout, Rotate};
use crate::encode::Dialect;
use crate::files::Files;
use crate::write::Store;

/// What the pipeline file says, and the sink's place.
pub struct Settings {
    pub files: Files,
    pub layout: Layout,
    pub rotate: Rotate,
    pub name: Name,
    pub log_id: LogId,
}

/// Appends readings to CSV files.
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

impl CsvSink {
    pub fn new(config: &CsvConfig, context: &SinkContext) -> Self {
        let dialect = Dialect {
            delimiter: config.delimiter,
            decimal: config.decimal,
            bom: config.bom,
        };
        let settings = Settings {
            files: Files {
                dir: context.base_dir.join(&config.dir),
                dialect,
            },
            layout: config.layout,
            rotate: config.rotate,
            name: Arc::clone(&context.name),
            log_id: context.log_id.clone(),
        };
        Self {
            settings: Arc::new(settings),
            state: Arc::default(),
        }
    }

    async fn blocking<F>(&self, work: F) -> Result<(), SinkError>
    where
        F: FnOnce(&Settings, &mut State) -> Result<(), SinkError> + Send + 'static,
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

#[async_trait]
impl Sink for CsvSink {
    async fn check(&mut self) -> Result<(), SinkError> {
        self.blocking(|settings, state| check(&settings.files.dir, state.store.is_some()))
            .await
    }

    async fn write(&mut self, batch: &[Entry]) -> Result<Written, SinkError> {
        let batch = batch.to_vec();
        self.blocking(move |settings, state| {
            with_store(settings, state, |store| store.write(settings, &batch))
        })
        .await?;
        Ok(Written::default())
    }

    async fn rewrite(&mut self, batch: &[Entry]) -> Result<Written, SinkError> {
        let batch = batch.to_vec();
        self.blocking(move |settings, state| {
            with_store(settings, state, |store| store.rewrite(settings, &batch))
        })
        .await?;
        Ok(Written::default())
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

fn with_store(
    settings: &Settings,
    state: &mut State,
    work: impl FnOnce(&mut Store) -> Result<(), SinkError>,
) -> Result<(), SinkError> {
    // A write whose future was dropped may get its turn after the sink was closed.
    if state.closed {
        return Err(SinkError::transient("the sink is closed"));
    }
    if state.store.as_ref().is_some_and(Store::is_gone) {
        state.store = None;
    }
    let store = match state.store.take() {
        Some(store) => store,
        None => Store::open(settings)?,
    };
    work(state.store.insert(store))
}
