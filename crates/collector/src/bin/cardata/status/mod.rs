//! `cardata status`: what there is to know, gathered beside the process that may be running.

mod containers;
mod login;
mod plan;
mod report;
mod streams;

use std::sync::Arc;

use cardata_auth::{Clock, SystemClock};
use collector::account;
use collector::config::Pipeline;
use collector::http::Clients;
use collector::journal::overview::{LastPoll, LogTotals, Overview, Published, SinkTotals, VehicleTotals};
use collector::quota::Allowance;
use collector::state::StateDirectory;
use jiff::Timestamp;

use crate::args::StatusArgs;
use crate::{CommandResult, Failure, context, terminal};

/// Everything that `status` tells.
pub struct Status {
    pub now: Timestamp,
    pub running: Option<String>,
    pub accounts: Vec<AccountStatus>,
    pub log: LogTotals,
    pub vehicles: Vec<VehicleTotals>,
    pub sinks: Vec<SinkStatus>,
    pub polls: Vec<LastPoll>,
    pub containers: Vec<containers::SetStatus>,
    pub streams: Vec<streams::StreamStatus>,
}

pub struct AccountStatus {
    pub name: String,
    /// Days until the login dies unless it is refreshed; `None` without a login.
    pub login_days: Option<f64>,
    pub login_problem: Option<String>,
    /// What its owner must know: it ends soon, or does not cover everything.
    pub login_warnings: Vec<String>,
    pub calls_today: usize,
    pub calls_left: u32,
    pub calls_per_day: u32,
    pub calls: plan::Calls,
    pub blocked_until: Option<Timestamp>,
    pub said: Option<Published>,
}

pub struct SinkStatus {
    pub name: String,
    pub type_name: &'static str,
    pub totals: Option<SinkTotals>,
    pub said: Option<Published>,
}

pub async fn run(options: &StatusArgs) -> CommandResult {
    let pipeline = context::load(&options.pipeline)?;
    let status = gather(&pipeline).await?;
    let text = if options.json {
        report::json(&status)
    } else {
        report::text(&status)
    };
    terminal::say(&text);
    Ok(())
}

async fn gather(pipeline: &Pipeline) -> Result<Status, Failure> {
    let failed = |error: collector::journal::JournalError| Failure::new(2, context::chain(&error));
    let state = StateDirectory::at(&pipeline.state);
    let overview = Overview::open(state.path()).map_err(failed)?;
    // A simulation's time runs ahead of ours: its own newest moment is its now.
    let mut now = SystemClock.now();
    let mut components = Vec::new();
    let mut status = Status {
        now,
        running: state.running(),
        accounts: Vec::new(),
        log: LogTotals::default(),
        vehicles: Vec::new(),
        sinks: Vec::new(),
        polls: Vec::new(),
        containers: Vec::new(),
        streams: Vec::new(),
    };
    if let Some(overview) = &overview {
        now = overview
            .newest_moment()
            .map_err(failed)?
            .map_or(now, |newest| newest.max(now));
        components = overview.components().map_err(failed)?;
        status.now = now;
        status.log = overview.log().map_err(failed)?;
        status.vehicles = overview.vehicles().map_err(failed)?;
        status.polls = overview.polls().map_err(failed)?;
        status.containers = containers::gather(overview, pipeline, now).map_err(failed)?;
        let totals = overview.sinks().map_err(failed)?;
        status.sinks = sinks(pipeline, &totals, &components);
    } else {
        status.sinks = sinks(pipeline, &[], &[]);
    }
    status.streams =
        streams::gather(overview.as_ref(), pipeline, &components, &status.polls, now).map_err(failed)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let clients = Clients::new()?;
    let prices = plan::prices(pipeline);
    for options in &pipeline.accounts {
        let (http, _) = clients.of(options)?;
        let authenticator = account::authenticator(options, &http, &state, &clock);
        let (tokens, login_problem) = match authenticator.tokens().await {
            Ok(Some(tokens)) => (Some(tokens), None),
            Ok(None) => (None, Some("not logged in: run `cardata login`".to_owned())),
            Err(error) => (None, Some(context::chain(&error))),
        };
        let token_until = tokens.as_ref().and_then(cardata_auth::TokenSet::id_expires_at);
        let its = status
            .streams
            .iter_mut()
            .filter(|stream| stream.account == *options.name);
        its.for_each(|stream| stream.token_until = token_until);
        let said_of_login = said(&components, "login", &options.name);
        let spent = match &overview {
            Some(overview) => overview.spent_calls(&options.name, now).map_err(failed)?,
            None => collector::quota::Spent::default(),
        };
        let allowance = Allowance::for_necessities(options.calls_per_day);
        status.accounts.push(AccountStatus {
            name: options.name.to_string(),
            login_days: tokens.as_ref().map(|tokens| tokens.refresh_days_left(now)),
            login_problem,
            login_warnings: login::warnings(tokens.as_ref(), said_of_login.as_ref(), now),
            calls_today: spent.in_utc_day(now),
            calls_left: spent.left(allowance, now),
            calls_per_day: options.calls_per_day,
            calls: plan::calls(
                &options.name,
                options.calls_per_day,
                &spent,
                &status.polls,
                &prices,
                status.running.is_some(),
                now,
            ),
            blocked_until: spent.blocked_until,
            said: said(&components, "account", &options.name),
        });
    }
    Ok(status)
}

fn sinks(pipeline: &Pipeline, totals: &[SinkTotals], components: &[Published]) -> Vec<SinkStatus> {
    let status = |spec: &collector::config::SinkSpec| SinkStatus {
        name: spec.name.to_string(),
        type_name: spec.plugin.type_name,
        totals: totals.iter().find(|totals| totals.sink == *spec.name).cloned(),
        said: said(components, "sink", &spec.name),
    };
    pipeline.sinks.iter().map(status).collect()
}

fn said(components: &[Published], kind: &str, name: &str) -> Option<Published> {
    components
        .iter()
        .find(|component| component.kind == kind && component.name == name)
        .cloned()
}
