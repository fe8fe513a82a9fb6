//! How a pipeline fares, gathered beside the process that may be running: what `cardata status` tells.
//!
//! * [`gather`]: reads journal, ledger and tokens. [`report`]: for people and for programs.
//! * [`doctor`]: why there is no data, from this and from a look at the network.
//! * [`values`]: what the cars say now, for `cardata values`. [`vehicle`]: which one somebody means.
//! * [`stats`]: what is in the journal, for `cardata journal stats`.
//! * [`gaps`]: when nothing came of a vehicle, and why.
//! * [`streams`], [`containers`], [`plan`], [`login`], [`barred`]: its parts. [`table`]: columns, notes, counts and times.
//! * A column goes where its table is: Polls `plan.rs`, Streams `streams/words.rs`, Containers `containers.rs`, the
//!   others `report.rs`.

#![cfg_attr(not(test), warn(unused_crate_dependencies))]

mod barred;
mod containers;
pub mod doctor;
pub mod gaps;
mod login;
mod plan;
pub mod report;
pub mod stats;
mod streams;
pub mod table;
pub mod values;
pub mod vehicle;
pub mod why;

use std::path::Path;

use cardata_auth::TokenSet;
use collector_core::state::{JournalState, Published, State};
use collector_core::{Names, Origin};
use jiff::Timestamp;
use journal::JournalError;
use journal::log::overview::Overview as JournalOverview;
pub use journal::log::overview::{Arrivals, LogTotals, SinkTotals, VehicleTotals};
use journal::log::replay::Replay;
pub use ledger::overview::LastPoll;
use ledger::overview::Overview as LedgerOverview;
pub use ledger::{Gap, GapCause, StreamGap, StreamRecord};
use pipeline::Pipeline;
pub use plan::Calls;
use planner::quota::{Allowance, Spent};
pub use streams::{StreamStatus, StreamedVehicle};
use table::called;

/// Everything that `status` tells.
#[derive(Default)]
pub struct Status {
    pub now: Timestamp,
    pub running: Option<String>,
    /// Why the journal cannot be written.
    pub journal_problem: Option<String>,
    /// How far records are derived; `None` where they never were.
    pub records: Option<Published>,
    pub accounts: Vec<AccountStatus>,
    /// What vehicles are called.
    pub names: Names,
    pub log: LogTotals,
    /// When the first entry of the journal came; also unknown where it is damaged, which `cardata journal verify` tells.
    pub began_at: Option<Timestamp>,
    pub vehicles: Vec<VehicleTotals>,
    /// What came by which way; no records.
    pub arrivals: Vec<Arrivals>,
    pub sinks: Vec<SinkStatus>,
    pub polls: Vec<LastPoll>,
    pub containers: Vec<containers::SetStatus>,
    pub streams: Vec<streams::StreamStatus>,
    /// When the polls of an account could not be made or were not answered, the oldest first.
    pub poll_gaps: Vec<StreamGap>,
    /// Vehicles that are not polled.
    pub barred: Vec<barred::Barred>,
}

pub struct AccountStatus {
    pub name: String,
    /// The vehicles that BMW last mapped to it, as they are shown, and whether it may be their main user.
    pub mapped: Vec<(String, bool)>,
    /// Days until the login dies unless it is refreshed; `None` without a login.
    pub login_days: Option<f64>,
    pub login_problem: Option<String>,
    /// What its owner must know: it ends soon, or does not cover everything.
    pub login_warnings: Vec<String>,
    pub calls_left: u32,
    pub calls_per_day: u32,
    pub calls: plan::Calls,
    pub blocked_until: Option<Timestamp>,
    /// Whether a source polls for it.
    pub is_polled: bool,
    /// How its polls fare.
    pub said: Option<Published>,
}

pub struct SinkStatus {
    pub name: String,
    pub type_name: &'static str,
    pub totals: Option<SinkTotals>,
    /// Replays in line that take the place of what it holds.
    pub rewrites: Vec<Replay>,
    pub said: Option<Published>,
    /// What its store lacks, whether anything runs or not.
    pub lacks: Vec<String>,
}

/// What the database of a state directory tells.
struct Look {
    journal: JournalOverview,
    ledger: LedgerOverview,
}

impl Look {
    /// `None` where there is none yet.
    fn open(state: &Path) -> Result<Option<Self>, JournalError> {
        let journal = JournalOverview::open(state)?;
        Ok(journal
            .zip(LedgerOverview::open(state)?)
            .map(|(journal, ledger)| Self { journal, ledger }))
    }
}

/// The tokens of an account; `Err` says what is wrong with them.
pub type Tokens = Result<Option<TokenSet>, String>;

/// Looks at the state directory `state` of a pipeline. `running` is who runs it, `tokens` are the logins of its
/// accounts in their order, and `now` the time; a simulation's time runs ahead of it.
///
/// # Errors
/// The database cannot be read.
pub fn gather(
    pipeline: &Pipeline,
    state: &Path,
    running: Option<String>,
    tokens: Vec<Tokens>,
    now: Timestamp,
) -> Result<Status, JournalError> {
    let look = Look::open(state)?;
    let mut components = Vec::new();
    let mut status = Status {
        now,
        running,
        names: pipeline.vehicles.names(Vec::new()),
        ..Status::default()
    };
    let (mut totals, mut replays) = (Vec::new(), Vec::new());
    if let Some(look) = &look {
        let newest = look.journal.newest_arrival()?.max(look.ledger.newest_call()?);
        status.now = newest.map_or(now, |newest| newest.max(now));
        components = look.ledger.components()?;
        status.names = pipeline.vehicles.names(look.ledger.old_names()?);
        status.journal_problem = problem_of_journal(&components).filter(|_| status.running.is_some());
        status.records = said(&components, "", |state| matches!(state, State::Deriving(_)));
        status.log = look.journal.log()?;
        status.began_at = look.journal.first_received_at().unwrap_or_default();
        status.vehicles = vehicles(look)?;
        status.arrivals = look.journal.arrivals()?;
        status
            .arrivals
            .retain(|came| came.origin != Origin::Derived.as_str());
        status.polls = look.ledger.polls()?;
        plan::leave_unanswered(&mut status.polls);
        status.poll_gaps = look.ledger.gaps()?;
        status.poll_gaps.retain(|gap| gap.source == ledger::POLLS);
        status.containers = containers::gather(look, pipeline, &status.names)?;
        totals = look.journal.sinks()?;
        replays = look.journal.replays()?;
    }
    replays.retain(|replay| replay.request.rewrite && replay.finished_at.is_none());
    status.sinks = sinks(pipeline, &totals, &replays, &components);
    status.streams = streams::gather(
        look.as_ref(),
        pipeline,
        &status.names,
        &components,
        &status.polls,
        status.now,
    )?;
    if let Some(look) = &look {
        status.barred = barred::gather(look, pipeline, &tokens, &status.streams)?;
        plan::leave_out(&status.barred, &mut status.polls);
    }
    let prices = plan::prices(pipeline);
    for (account, tokens) in pipeline.accounts.iter().zip(tokens) {
        let (spent, mapped) = match &look {
            Some(look) => (
                look.ledger.spent_calls(&account.name, status.now)?,
                mapped(look, &account.name, &status.names)?,
            ),
            None => Default::default(),
        };
        let is_polled = plan::is_polled(pipeline, &account.name);
        let told = account_status(
            account,
            tokens,
            &spent,
            &mut status,
            &components,
            &prices,
            is_polled,
        );
        status.accounts.push(AccountStatus { mapped, ..told });
    }
    Ok(status)
}

/// Why the journal in the state directory `state` cannot be written, in the last words of the process that runs it.
///
/// # Errors
/// The database cannot be read.
pub fn journal_problem(state: &Path) -> Result<Option<String>, JournalError> {
    let ledger = LedgerOverview::open(state)?;
    let components = ledger.map(|ledger| ledger.components()).transpose()?;
    Ok(components.and_then(|components| problem_of_journal(&components)))
}

fn account_status(
    account: &pipeline::Account,
    tokens: Tokens,
    spent: &Spent,
    status: &mut Status,
    components: &[Published],
    prices: &std::collections::HashMap<String, u32>,
    is_polled: bool,
) -> AccountStatus {
    let now = status.now;
    let (tokens, login_problem) = match tokens {
        Ok(Some(tokens)) => (Some(tokens), None),
        Ok(None) => (None, Some("not logged in: run `cardata login`".to_owned())),
        Err(problem) => (None, Some(problem)),
    };
    let token_until = tokens.as_ref().and_then(TokenSet::id_expires_at);
    let its = status
        .streams
        .iter_mut()
        .filter(|stream| stream.account == *account.name);
    its.for_each(|stream| stream.token_until = token_until);
    let said_of_login = said(components, &account.name, |state| {
        matches!(state, State::Login(_))
    });
    AccountStatus {
        name: account.name.to_string(),
        mapped: Vec::new(),
        login_days: tokens.as_ref().map(|tokens| tokens.refresh_days_left(now)),
        login_problem,
        login_warnings: login::warnings(tokens.as_ref(), said_of_login.as_ref(), now),
        calls_left: spent.left(Allowance::for_necessities(account.calls_per_day), now),
        calls_per_day: account.calls_per_day,
        calls: plan::calls(
            &account.name,
            account.calls_per_day,
            spent,
            &status.polls,
            prices,
            status.running.is_some(),
            now,
        ),
        blocked_until: spent.blocked_until,
        is_polled,
        // Without polls, it was said by a run of another pipeline file, or at the end of one.
        said: said(components, &account.name, |state| {
            matches!(state, State::Polls(_))
        })
        .filter(|_| is_polled),
    }
}

/// The vehicles that BMW last mapped to an account.
fn mapped(look: &Look, account: &str, names: &Names) -> Result<Vec<(String, bool)>, JournalError> {
    let known = look.ledger.vehicles()?.into_iter();
    let its = known.filter(|known| known.account.as_deref() == Some(account));
    let mapped = its.filter_map(|known| Some((called(names, known.vin.as_str()), known.primary?)));
    Ok(mapped.collect())
}

/// Those of which something came, and those that a mapping named.
fn vehicles(look: &Look) -> Result<Vec<VehicleTotals>, JournalError> {
    let mut vehicles = look.journal.vehicles()?;
    for known in look.ledger.vehicles()? {
        let vin = known.vin.as_str();
        if !vehicles.iter().any(|vehicle| vehicle.vin == vin) {
            vehicles.push(VehicleTotals {
                vin: vin.to_owned(),
                ..VehicleTotals::default()
            });
        }
    }
    Ok(vehicles)
}

fn sinks(
    pipeline: &Pipeline,
    totals: &[SinkTotals],
    replays: &[Replay],
    components: &[Published],
) -> Vec<SinkStatus> {
    let rewrites = |spec: &pipeline::SinkSpec| {
        let its = replays.iter().filter(|replay| *replay.request.sink == *spec.name);
        its.cloned().collect()
    };
    let status = |spec: &pipeline::SinkSpec| SinkStatus {
        name: spec.name.to_string(),
        type_name: spec.plugin.type_name,
        totals: totals.iter().find(|totals| totals.sink == *spec.name).cloned(),
        rewrites: rewrites(spec),
        said: said(components, &spec.name, |state| matches!(state, State::Sink(_))),
        lacks: [
            said(components, &spec.name, |state| matches!(state, State::Store(_))),
            said(components, &spec.name, |state| {
                matches!(state, State::Outlived(_))
            }),
        ]
        .into_iter()
        .filter_map(|said| said?.message)
        .collect(),
    };
    pipeline.sinks.iter().map(status).collect()
}

fn problem_of_journal(components: &[Published]) -> Option<String> {
    let is_failing = |state| state == State::Journal(JournalState::Failing);
    said(components, "", is_failing).and_then(|said| said.message)
}

/// The last word of a component.
fn said(components: &[Published], name: &str, is_its: fn(State) -> bool) -> Option<Published> {
    components
        .iter()
        .find(|component| *component.name == *name && is_its(component.state))
        .cloned()
}
