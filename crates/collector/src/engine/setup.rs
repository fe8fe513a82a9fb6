//! The parts of a pipeline, put together.

use std::collections::HashMap;
use std::sync::Arc;

use cardata_auth::{AuthError, Clock, ScaledClock, StoreError, SystemClock};
use collector_core::{Cadence, Name, Services, Sink, SinkContext, Source, SourceContext, Vin};
use jiff::tz::TimeZone;
use tokio_util::sync::CancellationToken;

use super::present::Presents;
use super::{Engine, RunError, Simulator, streams};
use crate::account::{Account, Chain};
use crate::config::{Pipeline, SinkSpec, SourceSpec, Start, Vehicles};
use crate::dispatch::Worker;
use crate::http::Clients;
use crate::journal::{Journal, Reader};
use crate::schedule::{PolledSource, Scheduled, Scheduler};
use crate::state::{StateDirectory, StateLock};

/// Builds everything that the pipeline names.
pub async fn engine(
    mut pipeline: Pipeline,
    state: StateDirectory,
    lock: StateLock,
    journal: Journal,
) -> Result<Engine, RunError> {
    let clients = Clients::new()?;
    let clock = clock(&pipeline, &journal)?;
    let simulator = match &pipeline.simulator {
        Some(options) => Some(
            Simulator::start(options, &state, clock.clone())
                .await
                .map_err(RunError::Simulator)?,
        ),
        None => None,
    };
    if let Some(simulator) = &simulator {
        pipeline
            .accounts
            .iter_mut()
            .for_each(|account| simulator.redirect(account));
    }
    let mut accounts = Vec::new();
    for options in &pipeline.accounts {
        let (http, trust) = clients.of(options)?;
        let account = Account::new(options, &http, &state, &journal, &clock);
        accounts.push(Arc::new(account.trusting(trust)));
    }
    protect_tokens(&accounts).await?;
    match &simulator {
        Some(simulator) => {
            simulator
                .log_in(&pipeline.accounts, &clients.shared, &state, &clock)
                .await?
        }
        None => somebody_is_logged_in(&accounts).await?,
    }
    let before = *journal.newest().borrow();
    let delivered_before = journal.overview()?.delivered_readings()?;
    let stops = Stops::default();
    let reader = journal.reader(names(&pipeline.vehicles))?;
    let streaming = pipeline
        .streams()
        .into_iter()
        .map(|stream| stream.account)
        .collect();
    let presents = Presents::new(&reader, &pipeline.accounts, &state).asking(&accounts);
    let mut workers = Vec::new();
    for spec in pipeline.sinks {
        let context = SinkContext {
            name: spec.name.clone(),
            base_dir: pipeline.base_dir.clone(),
            log_id: journal.log_id().clone(),
            present: presents.selected(&spec.select),
            trust: clients.trust.clone(),
        };
        workers.push(worker(spec, context, &journal, &reader, &clock, &stops).await?);
    }
    let streams = streams::build(&pipeline.sources, &pipeline.vehicles, &accounts, &stops.sources)?;
    let schedulers = schedulers(
        pipeline.sources,
        pipeline.vehicles,
        &pipeline.timezone,
        &accounts,
        &stops,
    )?;
    Ok(Engine {
        accounts,
        schedulers,
        streams,
        streaming,
        sinks: workers.iter().map(|(worker, _)| worker.name.clone()).collect(),
        workers,
        journal,
        before,
        delivered_before,
        clock,
        simulator,
        keep: pipeline.journal.keep,
        channels: pipeline.notify,
        http: clients.shared,
        sources_stopped: stops.sources,
        draining: stops.draining,
        aborted: stops.aborted,
        _lock: lock,
    })
}

#[derive(Default)]
pub(super) struct Stops {
    pub(super) sources: CancellationToken,
    pub(super) draining: CancellationToken,
    pub(super) aborted: CancellationToken,
}

/// A simulation that was run before goes on where it ended: its time runs ahead of the world's, and the
/// ledger must not see a clock that was set back.
pub(super) fn clock(pipeline: &Pipeline, journal: &Journal) -> Result<Arc<dyn Clock>, RunError> {
    let speed = pipeline
        .simulator
        .as_ref()
        .map_or(pipeline.clock.speed, |options| options.speed);
    if pipeline.simulator.is_none() && (speed - 1.0).abs() < f64::EPSILON {
        return Ok(Arc::new(SystemClock));
    }
    let now = jiff::Timestamp::now();
    let newest = journal.overview()?.newest_moment()?;
    Ok(Arc::new(ScaledClock::starting_at(
        newest.map_or(now, |newest| newest.max(now)),
        speed,
    )))
}

/// Encrypts what was stored before there was a passphrase. Tokens that cannot be decrypted are a mistake of the
/// configuration, not a login that is missing.
async fn protect_tokens(accounts: &[Arc<Account>]) -> Result<(), RunError> {
    for account in accounts {
        let result = match account.authenticator.protect().await {
            Ok(()) => account.authenticator.tokens().await.map(drop),
            Err(error) => Err(error.into()),
        };
        match result {
            Err(AuthError::Store(
                error @ (StoreError::Encrypted { .. } | StoreError::WrongPassphrase { .. }),
            )) => return Err(RunError::Tokens(error)),
            // What else is wrong with a login is told where it is used.
            Err(error) => {
                tracing::debug!(account = %account.name, error = %Chain(&error), "the stored login was not encrypted")
            }
            Ok(()) => {}
        }
    }
    Ok(())
}

/// At least one account has tokens: dead ones do not keep the journal from being delivered.
async fn somebody_is_logged_in(accounts: &[Arc<Account>]) -> Result<(), RunError> {
    let mut without = Vec::new();
    for account in accounts {
        let problem = match account.authenticator.access_token().await {
            Err(error @ (AuthError::NotLoggedIn { .. } | AuthError::Store(_))) => Chain(&error).to_string(),
            _ => continue,
        };
        without.push((account.name.clone(), problem));
    }
    if without.len() == accounts.len() {
        return Err(RunError::LoginNeeded { accounts: without });
    }
    for (account, problem) in without {
        tracing::error!(%account, error = problem, "this account is not polled until `cardata login` has been run");
    }
    Ok(())
}

/// The names that the owner gave to vehicles.
pub(super) fn names(vehicles: &Vehicles) -> HashMap<Vin, Name> {
    let Vehicles::List(list) = vehicles else {
        return HashMap::new();
    };
    list.iter()
        .filter_map(|spec| Some((spec.vin.clone(), spec.name.clone()?)))
        .collect()
}

pub(super) async fn worker(
    spec: SinkSpec,
    context: SinkContext,
    journal: &Journal,
    reader: &Reader,
    clock: &Arc<dyn Clock>,
    stops: &Stops,
) -> Result<(Worker, Box<dyn Sink>), RunError> {
    let name = spec.name;
    let start = match spec.start {
        Start::Earliest => 0,
        Start::Latest => *journal.newest().borrow(),
    };
    let cursor = journal.cursor(&name, start).await?;
    let sink = (spec.builder)(context).map_err(|source| RunError::Sink {
        name: name.clone(),
        source,
    })?;
    crate::dispatch::publish(journal, &name, "waiting", None, clock.now()).await;
    let worker = Worker {
        name,
        select: spec.select,
        batch: spec.batch,
        retry: spec.retry,
        journal: journal.clone(),
        reader: reader.clone(),
        clock: clock.clone(),
        cursor,
        draining: stops.draining.clone(),
        aborted: stops.aborted.clone(),
    };
    Ok((worker, sink))
}

/// One scheduler an account, with the sources that are meant for it. A source without `account` serves every
/// account, each with an instance of its own.
fn schedulers(
    sources: Vec<SourceSpec>,
    vehicles: Vehicles,
    timezone: &TimeZone,
    accounts: &[Arc<Account>],
    stops: &Stops,
) -> Result<Vec<Scheduled>, RunError> {
    let mut schedulers: Vec<Scheduled> = accounts
        .iter()
        .map(|account| {
            let scheduler = Scheduler {
                account: account.clone(),
                vehicles: vehicles.clone(),
                sources: Vec::new(),
                timezone: timezone.clone(),
                cancelled: stops.sources.clone(),
            };
            (scheduler, Vec::new())
        })
        .collect();
    for source in sources {
        let SourceSpec {
            name,
            account,
            every,
            vehicles,
            builder,
            plugin,
        } = source;
        let Cadence::Polled { calls } = plugin.cadence else {
            continue;
        };
        for (scheduler, polls) in &mut schedulers {
            if account
                .as_ref()
                .is_some_and(|account| *account != scheduler.account.name)
            {
                continue;
            }
            let context = SourceContext {
                name: name.clone(),
                account: scheduler.account.name.clone(),
                services: Services::default().with(scheduler.account.clone()),
            };
            let built = builder(context).map_err(|source| RunError::Source {
                name: name.clone(),
                source,
            })?;
            let Source::Poll(poll) = built else { continue };
            let vehicles = vehicles.clone();
            let streamable = poll.is_streamable();
            scheduler.sources.push(PolledSource {
                name: name.clone(),
                every,
                calls,
                streamable,
                vehicles,
            });
            polls.push(poll);
        }
    }
    // Whose vehicles nobody asks for spends no call to learn which they are.
    schedulers.retain(|(scheduler, _)| !scheduler.sources.is_empty());
    Ok(schedulers)
}
