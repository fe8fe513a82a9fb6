//! A pipeline at work: state, accounts, sinks and sources put together, run, and taken apart again.

mod error;
pub mod guardian;
mod present;
mod prune;
mod redeliver;
mod setup;
mod simulator;
mod streams;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use cardata_auth::Clock;
use collector_core::{Name, Sink};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

pub use error::RunError;
pub use redeliver::redeliver;
pub use simulator::Simulator;

use crate::account::Account;
use crate::config::{Channel, Keep, Pipeline};
use crate::dispatch::Worker;
use crate::journal::{Journal, JournalError};
use crate::notify::Notifier;
use crate::schedule::Scheduled;
use crate::state::{StateDirectory, StateLock};
use streams::Streamed;

/// How long sinks may take to deliver what is there after a stop was asked for.
const DRAIN: Duration = Duration::from_secs(10);

/// A pipeline that is ready to run. Holds the state directory.
pub struct Engine {
    accounts: Vec<Arc<Account>>,
    schedulers: Vec<Scheduled>,
    streams: Vec<Streamed>,
    workers: Vec<(Worker, Box<dyn Sink>)>,
    journal: Journal,
    /// The newest entry when the program started: old ones may be forgotten while it runs.
    before: u64,
    /// What each sink had received when the program started.
    delivered_before: HashMap<String, u64>,
    clock: Arc<dyn Clock>,
    simulator: Option<Simulator>,
    keep: Keep,
    /// The sinks of the pipeline; the journal may remember others.
    sinks: Vec<Name>,
    /// The accounts that have a stream.
    streaming: Vec<Name>,
    /// Who is told when a person must act.
    channels: Vec<Channel>,
    http: reqwest::Client,
    sources_stopped: CancellationToken,
    draining: CancellationToken,
    aborted: CancellationToken,
    _lock: StateLock,
}

/// What a run did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    pub snapshots: u64,
    pub readings: u64,
    pub calls: u32,
    pub sinks: Vec<SinkSummary>,
}

/// What a run did with one sink.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SinkSummary {
    pub name: Name,
    pub delivered_readings: u64,
    pub waiting_readings: u64,
    pub dead_letters: u64,
}

impl Engine {
    /// Opens the state directory and the journal, checks that somebody is logged in, and builds every source
    /// and sink. Spends no call and writes to no sink.
    ///
    /// # Errors
    /// See [`RunError`]; each variant has an exit code.
    pub async fn start(pipeline: Pipeline) -> Result<Self, RunError> {
        let state = StateDirectory::create(&pipeline.state)?;
        let lock = state.lock()?;
        let journal = Journal::open(state.path())?;
        setup::engine(pipeline, state, lock, journal).await
    }

    /// The accounts of the pipeline.
    pub fn accounts(&self) -> &[Arc<Account>] {
        &self.accounts
    }

    /// The built-in backend, where the pipeline runs on one.
    pub fn simulator(&self) -> Option<&Simulator> {
        self.simulator.as_ref()
    }

    /// Runs until `stop` is cancelled, then delivers what is there for up to ten seconds. Undelivered entries
    /// stay in the journal.
    pub async fn run(mut self, stop: CancellationToken) -> Summary {
        let mut sources = JoinSet::new();
        for (scheduler, polls) in self.schedulers.drain(..) {
            sources.spawn(scheduler.run(polls));
        }
        for stream in self.streams.drain(..) {
            sources.spawn(stream.run(self.sources_stopped.clone()));
        }
        for account in &self.accounts {
            sources.spawn(guardian::run(account.clone(), self.sources_stopped.clone()));
        }
        if !self.channels.is_empty() {
            let notifier = Notifier {
                channels: std::mem::take(&mut self.channels),
                accounts: self.accounts.iter().map(|account| account.name.clone()).collect(),
                sinks: self.sinks.clone(),
                streams: self.streaming.clone(),
                http: self.http.clone(),
                journal: self.journal.clone(),
                clock: self.clock.clone(),
                cancelled: self.sources_stopped.clone(),
            };
            sources.spawn(notifier.run());
        }
        if let Keep::For(keep) = self.keep {
            let names = self.sinks.iter().map(|name| name.to_string()).collect();
            sources.spawn(prune::run(
                self.journal.clone(),
                keep,
                names,
                self.clock.clone(),
                self.sources_stopped.clone(),
            ));
        }
        let mut sinks = JoinSet::new();
        for (worker, sink) in self.workers.drain(..) {
            sinks.spawn(worker.run(sink));
        }
        stop.cancelled().await;
        self.sources_stopped.cancel();
        // A poll that is under way has spent its call and may bring something.
        let patience = tokio::time::timeout(DRAIN, finished(&mut sources)).await;
        if patience.is_err() {
            tracing::warn!("a poll or a stream did not end in time; what it was about to bring is lost");
            sources.abort_all();
        }
        self.draining.cancel();
        if tokio::time::timeout(DRAIN, finished(&mut sinks)).await.is_err() {
            tracing::warn!(
                "not everything could be delivered in time; the journal keeps it for the next start"
            );
            self.aborted.cancel();
            // Closing is given a moment; a sink that hangs is left behind.
            let _ = tokio::time::timeout(Duration::from_secs(2), finished(&mut sinks)).await;
            sinks.abort_all();
        }
        for account in &self.accounts {
            account.authenticator.settled().await;
            account.publish("stopped", None).await;
        }
        let summary = self.summary().unwrap_or_default();
        for sink in &summary.sinks {
            crate::dispatch::publish(&self.journal, &sink.name, "stopped", None, self.clock.now()).await;
        }
        if let Some(simulator) = self.simulator.take() {
            simulator.stop().await;
        }
        self.journal.checkpoint().await;
        summary
    }

    fn summary(&self) -> Result<Summary, JournalError> {
        let overview = self.journal.overview()?;
        let log = overview.behind(self.before)?;
        let ours = overview
            .sinks()?
            .into_iter()
            .filter(|sink| self.sinks.iter().any(|name| **name == *sink.sink));
        let sinks = ours.map(|sink| SinkSummary {
            name: sink.sink.as_str().into(),
            delivered_readings: sink.delivered_readings
                - self.delivered_before.get(&sink.sink).copied().unwrap_or(0),
            waiting_readings: sink.waiting_readings,
            dead_letters: sink.dead_letters,
        });
        Ok(Summary {
            snapshots: log.entries,
            readings: log.readings,
            calls: self.accounts.iter().map(|account| account.calls()).sum(),
            sinks: sinks.collect(),
        })
    }
}

/// Returns when every task has ended; a panic in one is told and harms no other.
async fn finished(tasks: &mut JoinSet<()>) {
    while let Some(ended) = tasks.join_next().await {
        if let Err(error) = ended
            && error.is_panic()
        {
            tracing::error!("a task panicked, which is a bug");
        }
    }
}
