//! The product's own way from the journal to sinks.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use collector::state::OpenState;
use collector_core::SinkContext;
use dispatch::{Remarks, Worker};
use journal::{Log, Read};
use ledger::Publisher;
use pipeline::ProcessEnvironment;
use runtime::{Clock, SystemClock};
use tokio_util::sync::CancellationToken;

/// Readings a write, the default of the pipeline file.
pub const BATCH: usize = 10_000;

/// Delivers one journal again and again, each time to new sinks.
pub struct Delivery {
    folder: PathBuf,
    state: OpenState,
}

impl Delivery {
    pub fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            state: OpenState::open(folder).unwrap(),
        }
    }

    /// Reads and decodes everything, for nobody.
    pub async fn decoded(&self) -> Duration {
        let reader = self
            .state
            .journal
            .reader(std::collections::HashMap::new())
            .unwrap();
        let began = Instant::now();
        let mut after = 0;
        while let Some(batch) = reader.read(&"nobody".into(), after, BATCH).await.unwrap() {
            after = batch.last;
        }
        began.elapsed()
    }

    /// Delivers everything to these sinks at the same time, from the first entry, and closes them.
    pub async fn alone(&self, sinks: &str) -> Duration {
        let text = format!(
            "accounts: [{{ name: home, client_id: 00000000-0000-4000-8000-000000000000 }}]\n\
             sources: [{{ type: telematics }}]\nsinks:\n  {sinks}\n"
        );
        let pipeline = pipeline::parse("bench", &text, &self.folder, &ProcessEnvironment);
        let pipeline = pipeline.unwrap_or_else(|error| panic!("{error}"));
        let reader = self
            .state
            .journal
            .reader(std::collections::HashMap::new())
            .unwrap();
        let draining = CancellationToken::new();
        draining.cancel();
        let mut workers = tokio::task::JoinSet::new();
        let began = Instant::now();
        for spec in pipeline.sinks {
            // A name of its own for each delivery, so that each begins at the first entry.
            let name: Arc<str> = format!("{}-{}", spec.name, self.folder.read_dir().unwrap().count()).into();
            let unique: Arc<str> = format!("{name}-{:?}", Instant::now()).into();
            let log_id = self.state.journal.log_id().clone();
            let context = SinkContext::new(name, self.folder.clone(), log_id);
            let sink = (spec.builder)(context).unwrap();
            let cursor = self.state.journal.cursor(&unique, 0).await.unwrap();
            let (name, clock) = (unique, Arc::new(SystemClock) as Arc<dyn Clock>);
            let worker = Worker {
                name: name.clone(),
                select: spec.select,
                records: spec.plugin.records,
                batch: spec.batch,
                retry: spec.retry,
                journal: self.state.journal.clone(),
                publisher: Publisher::new(name, self.state.ledger.clone(), clock.clone()),
                reader: reader.clone(),
                clock,
                cursor,
                remarks: Remarks::of(0, std::iter::empty()),
                draining: draining.clone(),
                aborted: CancellationToken::new(),
            };
            workers.spawn(worker.run(sink));
        }
        while let Some(ended) = workers.join_next().await {
            ended.unwrap();
        }
        began.elapsed()
    }
}
