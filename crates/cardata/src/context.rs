//! What most commands begin with: the pipeline file and the accounts in it.

use std::sync::Arc;

use cardata_api::ApiError;
use cardata_auth::{Authenticator, OAuthClient, TokenSet, Upkeep};
use collector::account;
use collector::http::Clients;
use collector::page_store;
use collector::state::{OpenState, StateDirectory};
use collector_core::Names;
use journal::JournalError;
use ledger::overview::Overview;
use pipeline::{Account, ConfigError, Pipeline};
use pipeline_init::lookup;
use runtime::{Chain, Clock, SystemClock};
use source::Handles;

use crate::args::PipelineArgs;
use crate::{Failure, OrFail, terminal};

/// Reads the pipeline file; every mistake in it is told.
pub fn load(options: &PipelineArgs) -> Result<Pipeline, Failure> {
    let file = lookup::find(options.config.as_deref())?;
    let mut pipeline = pipeline::load(&file).map_err(|error| mistaken(&error))?;
    page_store::add(&mut pipeline);
    StateDirectory::at(&pipeline.state).check_place()?;
    Ok(pipeline)
}

/// A file that cannot be read, or has mistakes.
pub fn mistaken(error: &ConfigError) -> Failure {
    let place = terminal::stderr();
    let text = error.render(place.colours, place.width);
    match error.mistakes() {
        [] => Failure::new(2, text),
        _ => Failure::drawn(2, text),
    }
}

/// The client that logs in to one account.
pub fn oauth(account: &Account, clock: Arc<dyn Clock>) -> Result<OAuthClient, Failure> {
    let (http, _) = Clients::new()?.of(account)?;
    Ok(OAuthClient::new(http, account.auth.clone(), clock))
}

/// The login of an account, which a process that runs the pipeline may be refreshing.
pub fn authenticator(
    account: &Account,
    pipeline: &Pipeline,
    clients: &Clients,
) -> Result<Authenticator, Failure> {
    let (http, _) = clients.of(account)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let state = StateDirectory::at(&pipeline.state);
    Ok(account::authenticator(
        account,
        &pipeline.accounts,
        &http,
        &state,
        &clock,
    ))
}

/// How the login of an account fares, refreshed if that is due; `None` where nobody logged in. Creating the lock file of a
/// login that is not there would write.
pub async fn upkeep(
    account: &Account,
    pipeline: &Pipeline,
    clients: &Clients,
) -> Result<Option<Upkeep>, Failure> {
    let authenticator = authenticator(account, pipeline, clients)?;
    Ok(match authenticator.tokens().await {
        Ok(None) => None,
        Ok(Some(_)) => Some(authenticator.upkeep().await),
        Err(error) => Some(Upkeep {
            tokens: None,
            error: Some(error),
            next: None,
        }),
    })
}

/// The accounts of the pipeline, ready to be called beside a process that may be running it. Their calls
/// go through the same ledger.
pub fn accounts(pipeline: &Pipeline) -> Result<Vec<Handles>, Failure> {
    if pipeline.simulator.is_some() {
        return Err(Failure::new(
            2,
            "this pipeline runs on a simulator, which exists only while `cardata run` runs: start `cardata sim` \
             and point `endpoints` of an account at it instead",
        ));
    }
    let directory =
        StateDirectory::create(&pipeline.state).map_err(|error| Failure::new(2, error.to_string()))?;
    account::check_logins(&pipeline.accounts, &directory).or_fail(2)?;
    let state = OpenState::of(pipeline)?;
    let clients = Clients::new()?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let log_id = state.journal.log_id();
    let names = state.names(&pipeline.vehicles)?;
    let handles = |account| {
        let client = clients.of(account)?;
        let all = &pipeline.accounts;
        let handles = account::handles(account, all, client, &directory, &state.ledger, log_id, &clock);
        let names = names.clone();
        Ok(Handles { names, ..handles })
    };
    pipeline.accounts.iter().map(handles).collect()
}

/// What vehicles are called, read beside the process that may run the pipeline.
pub fn names(pipeline: &Pipeline) -> Result<Names, Failure> {
    let ledger = Overview::open(&pipeline.state).map_err(JournalError::from)?;
    let Some(ledger) = ledger else {
        return Ok(pipeline.vehicles.names(Vec::new()));
    };
    let old = ledger.old_names().map_err(JournalError::from)?;
    let forgotten = ledger.forgotten().map_err(JournalError::from)?;
    Ok(pipeline.vehicles.names(old).without(forgotten))
}

/// The exit code for an error of the API.
pub fn api_failure(account: &Handles, error: &ApiError) -> Failure {
    let code = if error.needs_login() { 3 } else { 4 };
    Failure::new(code, format!("{}: {}", account.login.account, Chain(error)))
}

/// A login is not stored for a second account of the pipeline: both would spend its calls.
pub fn check_new_login(
    tokens: &TokenSet,
    account: &Account,
    pipeline: &Pipeline,
    state: &StateDirectory,
) -> Result<(), Failure> {
    let other = account::other_of(tokens.gcid.as_deref(), account, &pipeline.accounts, state);
    let Some(other) = other else { return Ok(()) };
    let problem = format!(
        "{}: this is the BMW account that `{}` is logged in to, so nothing was stored: log in to BMW with the other one, in a \
         private window of the browser, or remove one of the two from the pipeline file",
        account.name, other.name
    );
    Err(Failure::new(4, problem))
}
