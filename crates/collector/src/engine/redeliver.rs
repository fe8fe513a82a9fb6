//! Replays and dead letters without the rest of the pipeline: nothing is polled and nobody has to be logged in.

use collector_core::SinkContext;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::present::Presents;
use super::setup::{self, Stops};
use super::{RunError, finished};
use crate::config::Pipeline;
use crate::journal::Journal;
use crate::state::{StateDirectory, StateLock};

/// Delivers everything that the sinks of a pipeline are to be given a second time, then ends; when `stop` is
/// cancelled, after the batches at hand. What is left stays in the journal, for the next call or the next run.
/// The caller holds the state directory.
///
/// # Errors
/// A journal that cannot be read, a sink that cannot be built.
pub async fn redeliver(
    pipeline: Pipeline,
    journal: Journal,
    lock: StateLock,
    stop: CancellationToken,
) -> Result<(), RunError> {
    let clock = setup::clock(&pipeline, &journal)?;
    let reader = journal.reader(setup::names(&pipeline.vehicles))?;
    let state = StateDirectory::at(&pipeline.state);
    let presents = Presents::new(&reader, &pipeline.accounts, &state);
    let trust = cardata_api::trust::load();
    let stops = Stops {
        draining: stop,
        ..Stops::default()
    };
    let mut workers = Vec::new();
    for spec in pipeline.sinks {
        if reader.wanted(&spec.name, 1).await?.is_none() {
            continue;
        }
        let context = SinkContext {
            name: spec.name.clone(),
            base_dir: pipeline.base_dir.clone(),
            log_id: journal.log_id().clone(),
            present: presents.selected(&spec.select),
            trust: trust.clone(),
        };
        workers.push(setup::worker(spec, context, &journal, &reader, &clock, &stops).await?);
    }
    let names: Vec<_> = workers.iter().map(|(worker, _)| worker.name.clone()).collect();
    let mut running = JoinSet::new();
    for (worker, sink) in workers {
        running.spawn(worker.redeliver(sink));
    }
    finished(&mut running).await;
    for name in names {
        crate::dispatch::publish(&journal, &name, "stopped", None, clock.now()).await;
    }
    journal.checkpoint().await;
    drop(lock);
    Ok(())
}
