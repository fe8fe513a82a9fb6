//! A pipeline at work: state, accounts, sinks and sources put together, run, and taken apart again.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use collector_core::{Name, Sink};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use collector_core::state::{PollsState, SinkState, State as Component};
use dispatch::Worker;
use journal::JournalError;
use ledger::Publisher;
use notify::{Notifier, Scope};
use pipeline::{Channel, Keep, Pipeline};
use runtime::Clock;
use source::Handles;

use crate::ingest::Streamed;
use crate::poller::Polling;
#[cfg(feature = "simulator")]
use crate::simulator::Simulator;
use crate::state::{State, StateDirectory, StateLock};
use crate::{RunError, dead_letters, guardian, prune, setup};

/// How long sinks may take to deliver what is there after a stop was asked for.
const DRAIN: Duration = Duration::from_secs(10);

/// A pipeline that is ready to run. Holds the state directory.
pub struct Engine {
    pub(crate) accounts: Vec<Handles>,
    pub(crate) pollers: Vec<Polling>,
    pub(crate) streams: Vec<Streamed>,
    pub(crate) workers: Vec<(Worker, Box<dyn Sink>)>,
    pub(crate) state: State,
    /// The newest entry when the program started: old ones may be forgotten while it runs.
    pub(crate) before: u64,
    /// What each sink had received when the program started.
    pub(crate) delivered_before: HashMap<String, u64>,
    pub(crate) clock: Arc<dyn Clock>,
    #[cfg(feature = "simulator")]
    pub(crate) simulator: Option<Simulator>,
    pub(crate) keep: Keep,
    /// The sinks of the pipeline; the journal may remember others.
    pub(crate) sinks: Vec<Name>,
    /// The accounts that have a stream.
    pub(crate) streaming: Vec<Name>,
    /// Who is told when a person must act.
    pub(crate) channels: Vec<Channel>,
    pub(crate) http: reqwest::Client,
    pub(crate) sources_stopped: CancellationToken,
    pub(crate) draining: CancellationToken,
    pub(crate) aborted: CancellationToken,
    pub(crate) _lock: StateLock,
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
        let directory = StateDirectory::create(&pipeline.state)?;
        let lock = directory.lock()?;
        let state = State::open(directory.path())?;
        setup::engine(pipeline, directory, lock, state).await
    }

    /// The accounts of the pipeline.
    pub fn accounts(&self) -> &[Handles] {
        &self.accounts
    }

    /// Where the built-in backend listens, if the pipeline runs on one.
    pub fn simulator(&self) -> Option<&url::Url> {
        #[cfg(feature = "simulator")]
        return self.simulator.as_ref().map(Simulator::url);
        #[cfg(not(feature = "simulator"))]
        None
    }

    /// Runs until `stop` is cancelled, then delivers what is there for up to ten seconds. Undelivered entries
    /// stay in the journal.
    pub async fn run(mut self, stop: CancellationToken) -> Summary {
        let mut sources = JoinSet::new();
        for (poller, polls) in self.pollers.drain(..) {
            sources.spawn(poller.run(polls));
        }
        for stream in self.streams.drain(..) {
            sources.spawn(stream.run(self.sources_stopped.clone()));
        }
        for account in &self.accounts {
            sources.spawn(guardian::run(
                account.login.clone(),
                account.ledger.clone(),
                self.clock.clone(),
                self.sources_stopped.clone(),
            ));
        }
        if !self.channels.is_empty() {
            let notifier = Notifier {
                channels: std::mem::take(&mut self.channels),
                scope: Scope {
                    accounts: self
                        .accounts
                        .iter()
                        .map(|account| account.login.account.clone())
                        .collect(),
                    sinks: self.sinks.clone(),
                    streams: self.streaming.clone(),
                },
                http: self.http.clone(),
                ledger: self.state.ledger.clone(),
                clock: self.clock.clone(),
                cancelled: self.sources_stopped.clone(),
            };
            sources.spawn(dead_letters::run(
                self.state.journal.clone(),
                self.state.ledger.clone(),
                self.sinks.clone(),
                self.clock.clone(),
                self.sources_stopped.clone(),
            ));
            sources.spawn(notifier.run());
        }
        if let Keep::For(keep) = self.keep {
            let names = self.sinks.iter().map(|name| name.to_string()).collect();
            sources.spawn(prune::run(
                self.state.journal.clone(),
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
        let tell = async |name: Name, state: Component| {
            let publisher = Publisher::new(name, self.state.ledger.clone(), self.clock.clone());
            publisher.publish(state, None).await;
        };
        for account in &self.accounts {
            account.login.authenticator.settled().await;
            let name = account.login.account.clone();
            tell(name, Component::Polls(PollsState::Stopped)).await;
        }
        let summary = self.summary().unwrap_or_default();
        for sink in &summary.sinks {
            let name = sink.name.clone();
            tell(name, Component::Sink(SinkState::Stopped)).await;
        }
        #[cfg(feature = "simulator")]
        if let Some(simulator) = self.simulator.take() {
            simulator.stop().await;
        }
        self.state.store.checkpoint().await;
        summary
    }

    fn summary(&self) -> Result<Summary, JournalError> {
        let overview = self.state.journal.overview()?;
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
            calls: self.accounts.iter().map(|account| account.budget.calls()).sum(),
            sinks: sinks.collect(),
        })
    }
}

/// Returns when every task has ended; a panic in one is told and harms no other.
pub(crate) async fn finished(tasks: &mut JoinSet<()>) {
    while let Some(ended) = tasks.join_next().await {
        if let Err(error) = ended
            && error.is_panic()
        {
            tracing::error!("a task panicked, which is a bug");
        }
    }
}
