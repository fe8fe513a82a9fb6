//! `cardata doctor`: why there is no data. Looks where nobody has looked yet, and leaves the meaning to `status::doctor`.

mod calls;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use cardata_auth::TokenSet;
use collector::account;
use collector::http::Clients;
use collector::network;
use collector::state::{OpenState, StateDirectory};
use journal::JournalError;
use pipeline::{Account, Pipeline};
use pipeline_init::lookup;
use runtime::{Clock, SystemClock};
use status::Status;
use status::doctor::{AccountLook, Asked, LoginLook, Looked, diagnose, report};
use status::table::{called, counted};

use crate::args::DoctorArgs;
use crate::{CommandResult, Failure, OrFail, context, terminal};

/// Of the answer for programs.
const VERSION: u32 = 1;

pub async fn run(options: DoctorArgs) -> CommandResult {
    let pipeline = context::load(&options.pipeline)?;
    let state = StateDirectory::at(&pipeline.state);
    account::check_logins(&pipeline.accounts, &state).or_fail(2)?;
    let spinner = terminal::spinner("looking");
    let seen = look(&pipeline, options.no_calls).await;
    spinner.finish_and_clear();
    let (looked, status, spent) = seen?;
    let findings = diagnose(&looked, &status);
    let simulated = pipeline.simulator.is_some();
    match options.json {
        true => terminal::answer(VERSION, &report::json(&findings, simulated, spent))?,
        false => terminal::say(&report::text(&findings, simulated, spent)),
    }
    let problems = report::problems(&findings);
    let Some(first) = problems.first() else {
        return Ok(());
    };
    let config = lookup::repeated(options.pipeline.config.as_deref());
    let names_command = first
        .advice
        .as_ref()
        .is_some_and(|advice| advice.contains("`cardata "));
    if names_command && !config.is_empty() && !options.json {
        terminal::say(&format!("The commands named here need your file too:{config}"));
    }
    let code = if first.needs_login() { 3 } else { 4 };
    Err(Failure::new(
        code,
        format!("{} found", counted(problems.len(), "problem")),
    ))
}

/// What is to be seen, and how many calls it took.
async fn look(pipeline: &Pipeline, no_calls: bool) -> Result<(Looked, Status, u32), Failure> {
    let (mut looked, mut spent) = (Looked::default(), 0);
    if pipeline.simulator.is_none() {
        let clients = Clients::new()?;
        looked.network = Some(network::look(pipeline, &clients).await?);
        for account in &pipeline.accounts {
            looked.accounts.push(AccountLook {
                login: login(account, pipeline, &clients).await?,
                ..nobody()
            });
        }
    } else {
        looked.accounts.extend(pipeline.accounts.iter().map(|_| nobody()));
    }
    let mut status = crate::status::gather(pipeline).await?;
    if let Some(network) = &looked.network {
        spent = calls::ask(pipeline, &status, network, no_calls, &mut looked.accounts).await;
    }
    if spent > 0 {
        // The answers are in the ledger.
        status = crate::status::gather(pipeline).await?;
    }
    if status.log.snapshots > 0 {
        looked.ended = ended(pipeline, &status).await?;
    }
    Ok((looked, status, spent))
}

/// What is to be seen without a look at the network and without a call.
pub async fn seen(pipeline: &Pipeline) -> Result<(Looked, Status), Failure> {
    const UNASKED: &str = "the page asks BMW nothing";
    let unasked = || AccountLook {
        vehicles: Asked::Not(UNASKED),
        containers: Asked::Not(UNASKED),
        ..nobody()
    };
    let status = crate::status::gather(pipeline).await?;
    let mut looked = Looked::default();
    looked
        .accounts
        .extend(pipeline.accounts.iter().map(|_| unasked()));
    if status.log.snapshots > 0 {
        looked.ended = ended(pipeline, &status).await?;
    }
    Ok((looked, status))
}

fn nobody() -> AccountLook {
    const SIMULATED: &str = "a simulator stands for it";
    AccountLook {
        login: None,
        vehicles: Asked::Not(SIMULATED),
        containers: Asked::Not(SIMULATED),
    }
}

/// The login of an account, refreshed if that is due.
async fn login(
    account: &Account,
    pipeline: &Pipeline,
    clients: &Clients,
) -> Result<Option<LoginLook>, Failure> {
    let Some(upkeep) = context::upkeep(account, pipeline, clients).await? else {
        return Ok(None);
    };
    let tokens = upkeep.tokens.as_ref();
    Ok(Some(LoginLook {
        is_over: tokens.is_some_and(|tokens| !tokens.access_fresh(SystemClock.now())),
        missing: tokens.map(TokenSet::missing_scopes).unwrap_or_default(),
        stream_lacks: tokens.and_then(TokenSet::lacks_for_stream),
        error: upkeep.error,
    }))
}

/// How many values of each vehicle have ended.
async fn ended(pipeline: &Pipeline, status: &Status) -> Result<Vec<(String, usize)>, JournalError> {
    let latest = OpenState::of(pipeline)?
        .journal
        .reader(HashMap::new())?
        .latest()
        .await?;
    let mut ended: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for snapshot in latest {
        let name = called(&status.names, snapshot.vehicle.vin.as_str());
        let descriptors = snapshot
            .ended
            .iter()
            .map(|ended| ended.descriptor.as_str().to_owned());
        ended.entry(name).or_default().extend(descriptors);
    }
    Ok(ended
        .into_iter()
        .map(|(name, descriptors)| (name, descriptors.len()))
        .collect())
}
