//! A pipeline at work: state, accounts, sinks and sources put together, run, and taken apart again.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use collector_core::{Name, Sink};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

use collector_core::state::{PollsState, SinkState, State};
use dispatch::Worker;
use journal::JournalError;
use ledger::Publisher;
use notify::{Notifier, Scope};
use pipeline::{Channel, Keep, Pipeline};
use runtime::Clock;
use source::Handles;
use store::StoreError;

use crate::demand::Demand;
use crate::deriving::Deriving;
use crate::ingest::Streamed;
use crate::poller::Polling;
use crate::setup::Stops;
#[cfg(feature = "simulator")]
use crate::simulator::Simulator;
use crate::state::{OpenState, StateDirectory, StateLock};
use crate::{RunError, dead_letters, drive, guardian, housekeeping, neighbours, setup};

/// How long sinks may take to deliver what is there after a stop was asked for.
const DRAIN: Duration = Duration::from_secs(10);
/// How long they may take to close after that.
const CLOSE: Duration = Duration::from_secs(2);
/// How long a stop takes at most, whatever hangs: less than service managers wait before they kill.
const STOP: Duration = Duration::from_secs(25);

/// A pipeline that is ready to run. Holds the state directory.
pub struct Engine {
    pub(crate) accounts: Vec<Handles>,
    pub(crate) pollers: Vec<Polling>,
    pub(crate) streams: Vec<Streamed>,
    pub(crate) workers: Vec<(Worker, Box<dyn Sink>)>,
    pub(crate) state: OpenState,
    pub(crate) deriving: Deriving,
    pub(crate) demand: Demand,
    /// The newest entry when the program started: old ones may be forgotten while it runs.
    pub(crate) before: u64,
    /// How many snapshots had left an entry then.
    pub(crate) received_before: u64,
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
    pub(crate) stops: Stops,
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
        Self::start_telling(pipeline, |_| {}).await
    }

    /// The same, and tells the clock of the pipeline before anything else is said of it.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub async fn start_telling(
        pipeline: Pipeline,
        told: impl FnOnce(Arc<dyn Clock>),
    ) -> Result<Self, RunError> {
        let directory = StateDirectory::create(&pipeline.state)?;
        drive::warn(directory.path());
        let lock = directory.lock()?;
        let state = OpenState::of(&pipeline)?;
        let clock = setup::clock(&pipeline, &state)?;
        told(clock.clone());
        setup::engine(pipeline, directory, lock, state, clock).await
    }

    /// The accounts of the pipeline.
    pub fn accounts(&self) -> &[Handles] {
        &self.accounts
    }

    /// Has vehicles polled on demand while the engine runs; clones may outlive it.
    pub fn demand(&self) -> Demand {
        self.demand.clone()
    }

    /// The pipeline's time.
    pub fn clock(&self) -> Arc<dyn Clock> {
        self.clock.clone()
    }

    /// Where the built-in backend listens, if the pipeline runs on one.
    pub fn simulator(&self) -> Option<&url::Url> {
        #[cfg(feature = "simulator")]
        return self.simulator.as_ref().map(Simulator::url);
        #[cfg(not(feature = "simulator"))]
        None
    }

    /// Runs until `stop` is cancelled, then delivers what is there for up to ten seconds. Undelivered entries
    /// stay in the journal. `None` where the journal did not answer at the end, within 25 seconds of the stop.
    ///
    /// # Errors
    /// The file of the journal has lost its place: the run has ended by itself, and what the journal holds was copied.
    pub async fn run(mut self, stop: CancellationToken) -> Result<Option<Summary>, RunError> {
        let mut inflow = self.start_inflow();
        inflow.spawn(neighbours::run(
            self.state.store.clone(),
            self.state.journal.clone(),
            stop.clone(),
        ));
        let mut deriving = JoinSet::new();
        deriving.spawn(self.deriving.clone().run(self.stops.deriving.clone()));
        let mut sinks = JoinSet::new();
        for (worker, sink) in self.workers.drain(..) {
            sinks.spawn(worker.run(sink));
        }
        stop.cancelled().await;
        let end = Instant::now() + STOP;
        self.stops.sources.cancel();
        // A poll that is under way has spent its call and may bring something.
        if timeout(DRAIN, finished(&mut inflow)).await.is_err() {
            tracing::warn!("a poll or a stream did not end in time; what it was about to bring is lost");
            inflow.abort_all();
        }
        // Sinks are given also what the last readings tell.
        self.stops.deriving.cancel();
        if timeout(CLOSE, finished(&mut deriving)).await.is_err() {
            tracing::debug!("what was told last is not derived yet; the next start does it");
            deriving.abort_all();
        }
        self.stops.draining.cancel();
        if timeout(DRAIN, finished(&mut sinks)).await.is_err() {
            tracing::warn!(
                "not everything could be delivered in time; the journal keeps it for the next start"
            );
            self.stops.aborted.cancel();
            // Closing is given a moment; a sink that hangs is left behind.
            let _ = timeout(CLOSE, finished(&mut sinks)).await;
            sinks.abort_all();
        }
        let version = timeout_at(end, self.state.store.version()).await;
        if let Ok(Err(StoreError::Displaced { .. })) = version {
            return Err(self.leave(end).await.into());
        }
        Ok(timeout_at(end, self.end()).await.ok().flatten())
    }

    /// The end where another file has the place of the journal, which is not to be touched. Copying takes as long as it takes.
    async fn leave(self, end: Instant) -> JournalError {
        let settle = async {
            for account in &self.accounts {
                account.login.authenticator.settled().await;
            }
            housekeeping::flush(&self.state.journal, &mut None).await
        };
        let _ = timeout_at(end, settle).await;
        self.state.store.leave().await.into()
    }

    /// Starts everything but the sinks: what brings snapshots, and what watches over logins, letters and the journal.
    fn start_inflow(&mut self) -> JoinSet<()> {
        let mut tasks = JoinSet::new();
        let stopped = &self.stops.sources;
        for (poller, polls) in self.pollers.drain(..) {
            tasks.spawn(poller.run(polls));
        }
        for stream in self.streams.drain(..) {
            tasks.spawn(stream.run(stopped.clone()));
        }
        for account in &self.accounts {
            let (login, ledger) = (account.login.clone(), account.ledger.clone());
            tasks.spawn(guardian::run(login, ledger, self.clock.clone(), stopped.clone()));
        }
        let accounts = self.accounts.iter();
        let accounts = accounts.map(|account| account.login.account.clone());
        if !self.channels.is_empty() {
            let notifier = Notifier {
                channels: std::mem::take(&mut self.channels),
                scope: Scope {
                    accounts: accounts.collect(),
                    sinks: self.sinks.clone(),
                    streams: self.streaming.clone(),
                },
                http: self.http.clone(),
                ledger: self.state.ledger.clone(),
                clock: self.clock.clone(),
                cancelled: stopped.clone(),
            };
            tasks.spawn(dead_letters::run(
                self.state.journal.clone(),
                self.state.ledger.clone(),
                self.sinks.clone(),
                self.clock.clone(),
                stopped.clone(),
            ));
            tasks.spawn(notifier.run());
        }
        let care = housekeeping::Care {
            journal: self.state.journal.clone(),
            keep: match self.keep {
                Keep::For(keep) => Some(keep),
                Keep::Forever => None,
            },
            sinks: self.sinks.iter().map(|name| name.to_string()).collect(),
            states: self.state.ledger.clone(),
            clock: self.clock.clone(),
            cancelled: stopped.clone(),
        };
        tasks.spawn(care.clone().flush());
        tasks.spawn(care.tidy());
        tasks
    }

    /// Tells that everything has stopped, and what the run did; `None` where the journal cannot be read any more.
    async fn end(self) -> Option<Summary> {
        let tell = async |name: &Name, state: State| {
            let publisher = Publisher::new(name.clone(), self.state.ledger.clone(), self.clock.clone());
            publisher.publish(state, None).await;
        };
        for account in &self.accounts {
            account.login.authenticator.settled().await;
            tell(&account.login.account, State::Polls(PollsState::Stopped)).await;
        }
        // The summary and `cardata status` read what is written down.
        let _ = housekeeping::flush(&self.state.journal, &mut None).await;
        // A look that waits for a lock keeps nobody else waiting.
        let summary = tokio::task::spawn_blocking(self.summarising());
        let summary = summary.await.ok().and_then(Result::ok);
        for sink in summary.iter().flat_map(|summary| &summary.sinks) {
            tell(&sink.name, State::Sink(SinkState::Stopped)).await;
        }
        #[cfg(feature = "simulator")]
        if let Some(simulator) = self.simulator {
            simulator.stop().await;
        }
        self.state.store.checkpoint().await;
        summary
    }

    fn summarising(&self) -> impl FnOnce() -> Result<Summary, JournalError> + Send + 'static {
        let (journal, before) = (self.state.journal.clone(), self.before);
        let received_before = self.received_before;
        let (ours, delivered_before) = (self.sinks.clone(), self.delivered_before.clone());
        let calls = self.accounts.iter().map(|account| account.budget.calls()).sum();
        move || {
            let overview = journal.overview()?;
            let log = overview.behind(before)?;
            let mut sinks = overview.sinks()?;
            sinks.retain(|sink| ours.iter().any(|name| **name == *sink.sink));
            let sinks = sinks.into_iter().map(|sink| SinkSummary {
                name: sink.sink.as_str().into(),
                delivered_readings: sink.delivered_readings
                    - delivered_before.get(&sink.sink).copied().unwrap_or(0),
                waiting_readings: sink.waiting_readings,
                dead_letters: sink.dead_letters,
            });
            Ok(Summary {
                snapshots: overview.received()?.saturating_sub(received_before),
                readings: log.readings,
                calls,
                sinks: sinks.collect(),
            })
        }
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
