//! The parts of a pipeline, put together.

use std::path::Path;
use std::sync::Arc;

use cardata_auth::{AuthError, TokenStoreError};
use collector_core::{Cadence, Sink, SinkContext, Source, Start, Trust, UnitSystem};
use jiff::tz::TimeZone;
use tokio_util::sync::CancellationToken;

use collector_core::state::{SinkState, State};
use dispatch::{Remarks, Worker};
use journal::{JournalError, Log, Reader};
use ledger::Publisher;
use pipeline::{Pipeline, SinkSpec, SourceSpec, Vehicles};
use runtime::{Chain, Clock, ScaledClock, SystemClock};
use source::{Handles, Pace, SourceContext};

use crate::RunError;
use crate::account;
use crate::demand::Demand;
use crate::deriving::Deriving;
use crate::drive;
use crate::engine::Engine;
use crate::http::Clients;
use crate::ingest::{self, Intake};
use crate::owned::owned;
use crate::page_store;
use crate::poller::{PollPlan, PolledSource, Poller, Polling};
use crate::present::Presents;
#[cfg(feature = "simulator")]
use crate::simulator::Simulator;
use crate::state::{OpenState, StateDirectory, StateLock};

/// Builds everything that the pipeline names.
pub(crate) async fn engine(
    #[cfg_attr(
        not(feature = "simulator"),
        expect(unused_mut, reason = "accounts move to the simulator")
    )]
    mut pipeline: Pipeline,
    directory: StateDirectory,
    lock: StateLock,
    state: OpenState,
    clock: Arc<dyn Clock>,
) -> Result<Engine, RunError> {
    let clients = Clients::new()?;
    #[cfg(feature = "simulator")]
    let simulator = Simulator::for_pipeline(&mut pipeline, &directory, &clock).await?;
    let names = state.names(&pipeline.vehicles)?;
    let rules = pipeline.rules.clone();
    let pace = Arc::new(Pace::default());
    let mut accounts = Vec::new();
    for options in &pipeline.accounts {
        let (client, log_id) = (clients.of(options)?, state.journal.log_id());
        let all = &pipeline.accounts;
        let account = account::handles(options, all, client, &directory, &state.ledger, log_id, &clock);
        accounts.push(Handles {
            window: pipeline.journal.window,
            names: names.clone(),
            pace: pace.clone(),
            ..account
        });
    }
    protect_tokens(&accounts).await?;
    #[cfg(feature = "simulator")]
    if let Some(simulator) = &simulator {
        simulator
            .log_in(&pipeline.accounts, &clients.shared, &directory, &clock)
            .await?;
    }
    account::check_logins(&pipeline.accounts, &directory)?;
    somebody_is_logged_in(&accounts, pipeline.dashboard.is_some()).await?;
    page_store::refill(&pipeline.sinks, &state).await?;
    let before = *state.journal.newest().borrow();
    let overview = state.journal.overview()?;
    let received_before = overview.received()?;
    let sinks = overview.sinks()?.into_iter();
    let delivered_before = sinks
        .map(|totals| (totals.sink, totals.delivered_readings))
        .collect();
    let stops = Stops::default();
    let reader = state.journal.reader(names.settings())?;
    let streaming = pipeline
        .streams()
        .into_iter()
        .map(|stream| stream.account)
        .collect();
    let presents =
        Presents::new(&reader, &state.ledger, &names, &pipeline, &directory, &clock).asking(&accounts);
    let intake: Arc<dyn Intake> = Arc::new(state.clone());
    let pollers = pollers(
        &pipeline.sources,
        &pipeline.vehicles,
        &pipeline.timezone,
        &accounts,
        &intake,
        &stops,
    )?;
    let demand = Demand::of(&pollers, &pipeline.sources, &clock);
    let parts = WorkerParts {
        base_dir: &pipeline.base_dir,
        units: pipeline.units,
        state: &state,
        reader: &reader,
        presents: &presents,
        demand: &demand,
        trust: &clients.trust,
        clock: &clock,
        stops: &stops,
    };
    for remark in pipeline.remarks() {
        tracing::warn!("{remark}");
    }
    let mut workers = Vec::new();
    for spec in pipeline.sinks {
        let (worker, sink) = parts.worker(spec).await?;
        for remark in sink.remarks() {
            tracing::warn!(sink = %worker.name, "{remark}");
        }
        workers.push((worker, sink));
    }
    if let Err(error) = ingest::note_last_heard(&state, clock.now()).await {
        tracing::warn!(error = %Chain(&error), "could not note when streams were heard last; gaps of them may be named too long");
    }
    let streams = ingest::build(
        &pipeline.sources,
        &pipeline.vehicles,
        &accounts,
        &intake,
        &stops.sources,
    )?;
    let deriving = Deriving {
        state: state.clone(),
        reader,
        rules,
        clock: clock.clone(),
    };
    Ok(Engine {
        deriving,
        demand,
        accounts,
        pollers,
        streams,
        streaming,
        sinks: workers.iter().map(|(worker, _)| worker.name.clone()).collect(),
        workers,
        state,
        before,
        received_before,
        delivered_before,
        clock,
        #[cfg(feature = "simulator")]
        simulator,
        keep: pipeline.journal.keep,
        channels: pipeline.notify,
        http: clients.shared,
        stops,
        _lock: lock,
    })
}

/// What a run is told, one after the other, when it ends.
#[derive(Default)]
pub(crate) struct Stops {
    pub(crate) sources: CancellationToken,
    pub(crate) deriving: CancellationToken,
    pub(crate) draining: CancellationToken,
    pub(crate) aborted: CancellationToken,
}

/// A simulation that was run before goes on where it ended: its time runs ahead of the world's, and the
/// ledger must not see a clock that was set back.
///
/// # Errors
/// The journal cannot be read.
pub fn clock(pipeline: &Pipeline, state: &OpenState) -> Result<Arc<dyn Clock>, RunError> {
    let speed = pipeline
        .simulator
        .as_ref()
        .map_or(pipeline.clock.speed, |options| options.speed);
    if pipeline.simulator.is_none() && (speed - 1.0).abs() < f64::EPSILON {
        return Ok(Arc::new(SystemClock));
    }
    let now = jiff::Timestamp::now();
    let newest = state.newest_moment()?;
    Ok(Arc::new(ScaledClock::starting_at(
        newest.map_or(now, |newest| newest.max(now)),
        speed,
    )))
}

/// Encrypts what was stored before there was a passphrase. Tokens that cannot be decrypted are a mistake of the
/// configuration, not a login that is missing.
async fn protect_tokens(accounts: &[Handles]) -> Result<(), RunError> {
    for account in accounts {
        let result = match account.login.authenticator.protect().await {
            Ok(()) => account.login.authenticator.tokens().await.map(drop),
            Err(error) => Err(error.into()),
        };
        match result {
            Err(AuthError::Store(
                error @ (TokenStoreError::Encrypted { .. } | TokenStoreError::WrongPassphrase { .. }),
            )) => return Err(RunError::Tokens(error)),
            // What else is wrong with a login is told where it is used.
            Err(error) => {
                tracing::debug!(account = %account.login.account, error = %Chain(&error), "the stored login cannot be read or encrypted")
            }
            Ok(()) => {}
        }
    }
    Ok(())
}

/// At least one account has tokens, or there is a page on which somebody may log in: dead ones do not keep the journal from
/// being delivered.
async fn somebody_is_logged_in(accounts: &[Handles], has_page: bool) -> Result<(), RunError> {
    let mut without = Vec::new();
    for account in accounts {
        let problem = match account.login.authenticator.access_token().await {
            Err(
                error @ (AuthError::NotLoggedIn { .. } | AuthError::SameAccount { .. } | AuthError::Store(_)),
            ) => Chain(&error).to_string(),
            _ => continue,
        };
        without.push((account.login.account.clone(), problem));
    }
    if without.len() == accounts.len() && !has_page {
        return Err(RunError::LoginNeeded { accounts: without });
    }
    for (account, problem) in without {
        tracing::error!(%account, error = problem, "this account is not polled until `cardata login` has been run");
    }
    Ok(())
}

/// What the workers of all sinks share.
pub(crate) struct WorkerParts<'a> {
    pub(crate) base_dir: &'a Path,
    pub(crate) units: UnitSystem,
    pub(crate) state: &'a OpenState,
    pub(crate) reader: &'a Reader,
    pub(crate) presents: &'a Presents,
    pub(crate) demand: &'a Demand,
    pub(crate) trust: &'a Trust,
    pub(crate) clock: &'a Arc<dyn Clock>,
    pub(crate) stops: &'a Stops,
}

impl WorkerParts<'_> {
    /// A sink and its worker.
    pub(crate) async fn worker(&self, spec: SinkSpec) -> Result<(Worker, Box<dyn Sink>), RunError> {
        let (name, journal) = (spec.name, &self.state.journal);
        let start = match spec.start {
            Start::Earliest => 0,
            Start::Latest => *journal.newest().borrow(),
        };
        let cursor = journal.cursor(&name, start).await?;
        let known = journal.overview()?.sinks()?;
        let known = known.iter().find(|totals| *totals.sink == *name);
        let log_id = journal.log_id().clone();
        let mut context = SinkContext::new(name.clone(), self.base_dir.to_owned(), log_id);
        context.present = self.presents.selected(&spec.select);
        context.demands = Arc::new(self.demand.clone());
        context.trust = self.trust.clone();
        context.units = self.units;
        context.network = spec.place.as_deref().and_then(drive::network);
        let sink = (spec.builder)(context).map_err(|source| RunError::Sink {
            name: name.clone(),
            source,
        })?;
        let sink = owned(sink, spec.place.as_deref());
        let condition = self.state.ledger.condition().await;
        let published = condition.map_err(JournalError::from)?.components;
        let remarks = Remarks::of(
            known.map_or(0, |totals| totals.delivered_readings),
            published.iter().filter(|said| said.name == name),
        );
        let publisher = Publisher::new(name.clone(), self.state.ledger.clone(), self.clock.clone());
        publisher.publish(State::Sink(SinkState::Waiting), None).await;
        let worker = Worker {
            name,
            select: spec.select,
            records: spec.plugin.records,
            batch: spec.batch,
            retry: spec.retry,
            journal: journal.clone(),
            reader: self.reader.clone(),
            publisher,
            clock: self.clock.clone(),
            cursor,
            remarks,
            draining: self.stops.draining.clone(),
            aborted: self.stops.aborted.clone(),
        };
        Ok((worker, sink))
    }
}

/// One poller an account, with the sources that are meant for it. A source without `account` serves every account,
/// each with an instance of its own.
fn pollers(
    sources: &[SourceSpec],
    vehicles: &Vehicles,
    timezone: &TimeZone,
    accounts: &[Handles],
    intake: &Arc<dyn Intake>,
    stops: &Stops,
) -> Result<Vec<Polling>, RunError> {
    let mut pollers = Vec::new();
    for account in accounts {
        let (mut polled, mut polls) = (Vec::new(), Vec::new());
        let meant = |source: &&SourceSpec| source.is_for(&account.login.account);
        for source in sources.iter().filter(meant) {
            let Some(calls) = source.plugin.cadence.calls() else {
                continue;
            };
            let Source::Poll(poll) = build_source(source, account)? else {
                return Err(RunError::other_cadence(source));
            };
            polled.push(PolledSource {
                name: source.name.clone(),
                every: source.every,
                calls,
                is_seldom: matches!(source.plugin.cadence, Cadence::Seldom { .. }),
                streamable: poll.is_streamable(),
                advice: poll.advice(),
                vehicles: source.vehicles.clone(),
            });
            polls.push(poll);
        }
        // Whose vehicles nobody asks for spends no call to learn which they are.
        if polled.is_empty() {
            continue;
        }
        let plan = PollPlan {
            vehicles: vehicles.clone(),
            sources: polled,
            timezone: timezone.clone(),
            cancelled: stops.sources.clone(),
        };
        pollers.push((Poller::new(account, intake.clone(), plan), polls));
    }
    Ok(pollers)
}

/// Builds a source for one account.
pub fn build_source(source: &SourceSpec, account: &Handles) -> Result<Source, RunError> {
    let context = SourceContext {
        name: source.name.clone(),
        handles: account.clone(),
    };
    let builder = source::builder(source.plugin.type_name).ok_or_else(|| RunError::not_linked(source))?;
    let built = builder.build(&source.options, context);
    built.map_err(|error| RunError::Source {
        name: source.name.clone(),
        source: error,
    })
}
