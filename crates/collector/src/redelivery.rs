//! Replays and dead letters without the rest of the pipeline: nothing is polled and nobody has to be logged in.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use collector_core::state::{SinkState, State};
use journal::JournalError;
use journal::log::replay::ReplayRequest;
use ledger::Publisher;
use pipeline::Pipeline;
use runtime::Clock;

use crate::RunError;
use crate::demand::Demand;
use crate::engine::finished;
use crate::housekeeping;
use crate::present::Presents;
use crate::setup::{Stops, WorkerParts};
use crate::state::{OpenState, StateDirectory, StateLock};

/// Redelivers everything that is asked for of the sinks of a pipeline, then ends; when `stop` is
/// cancelled, after the batches at hand. What is left stays in the journal, for the next call or the next run.
/// The caller holds the state directory.
///
/// # Errors
/// A journal that cannot be read, a sink that cannot be built.
pub async fn redeliver(
    pipeline: Pipeline,
    state: OpenState,
    lock: StateLock,
    stop: CancellationToken,
    clock: Arc<dyn Clock>,
) -> Result<(), RunError> {
    let names = state.names(&pipeline.vehicles)?;
    let reader = state.journal.reader(names.settings())?;
    let directory = StateDirectory::at(&pipeline.state);
    let presents = Presents::new(&reader, &state.ledger, &names, &pipeline, &directory, &clock);
    let trust = cardata_api::trust::load();
    let stops = Stops {
        draining: stop,
        ..Stops::default()
    };
    let demand = Demand::closed(&pipeline.sources, &clock);
    let parts = WorkerParts {
        base_dir: &pipeline.base_dir,
        units: pipeline.units,
        state: &state,
        reader: &reader,
        presents: &presents,
        demand: &demand,
        trust: &trust,
        clock: &clock,
        stops: &stops,
    };
    let mut workers = Vec::new();
    for spec in pipeline.sinks {
        if reader.due(&spec.name, 1).await?.is_none() {
            continue;
        }
        workers.push(parts.worker(spec).await?);
    }
    let names: Vec<_> = workers.iter().map(|(worker, _)| worker.name.clone()).collect();
    let mut running = JoinSet::new();
    for (worker, sink) in workers {
        running.spawn(worker.redeliver(sink));
    }
    finished(&mut running).await;
    for name in names {
        let publisher = Publisher::new(name, state.ledger.clone(), clock.clone());
        publisher.publish(State::Sink(SinkState::Stopped), None).await;
    }
    let _ = housekeeping::flush(&state.journal, &mut None).await;
    state.store.checkpoint().await;
    drop(lock);
    Ok(())
}

/// What the journal lacks of the history that a replay is to put in the place of what a sink holds, and what to do;
/// `None` where it has all of it. Reads all of it.
///
/// # Errors
/// It cannot be read.
pub async fn lacks(state: &OpenState, request: &ReplayRequest) -> Result<Option<String>, JournalError> {
    let sinks = state.journal.overview()?.sinks()?;
    let cursor = sinks.iter().find(|totals| totals.sink == request.sink);
    let reader = state.journal.reader(HashMap::new())?;
    let up_to = cursor.map_or(0, |totals| totals.cursor);
    dispatch::lacks(&state.journal, &reader, up_to, request.since).await
}
