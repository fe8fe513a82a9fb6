//! What most commands begin with: the pipeline file and the accounts in it.

use std::path::Path;
use std::sync::Arc;

use collector::account::handles;
use collector::http::{ClientError, Clients};
use collector::state::{State, StateDirectory};
use pipeline::Pipeline;
use runtime::{Chain, Clock, SystemClock};
use source::Handles;

use crate::args::PipelineArgs;
use crate::{Failure, terminal};

/// Reads the pipeline file; every mistake in it is told.
pub fn load(options: &PipelineArgs) -> Result<Pipeline, Failure> {
    pipeline::load(&options.config).map_err(|error| Failure::new(2, error.render(terminal::colours())))
}

/// An error with its sources, in one line.
pub fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    Chain(error).to_string()
}

/// A path as short as it can be written from here.
pub fn shown(path: &Path, base: &Path) -> String {
    let parent = path
        .parent()
        .filter(|parent| parent.starts_with(base))
        .unwrap_or(path);
    let here = std::env::current_dir().unwrap_or_default();
    match parent.strip_prefix(here) {
        Ok(short) if short.as_os_str().is_empty() => ".".to_owned(),
        Ok(short) => short.display().to_string(),
        Err(_) => parent.display().to_string(),
    }
}

/// The HTTP client for a command that asks one account's servers.
pub fn http_client(account: &pipeline::Account) -> Result<reqwest::Client, Failure> {
    Ok(Clients::new()?.of(account)?.0)
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        Self::new(if error.is_mistake() { 2 } else { 70 }, chain(&error))
    }
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
    let state = State::open(directory.path()).map_err(|error| Failure::new(2, chain(&error)))?;
    let clients = Clients::new()?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let log_id = state.journal.log_id();
    let handles = |account| {
        let client = clients.of(account)?;
        Ok(handles(
            account,
            client,
            &directory,
            &state.ledger,
            log_id,
            &clock,
        ))
    };
    pipeline.accounts.iter().map(handles).collect()
}

/// The exit code for an error of the API.
pub fn api_failure(account: &str, error: &cardata_api::ApiError) -> Failure {
    let code = if error.needs_login() { 3 } else { 4 };
    Failure::new(code, format!("{account}: {}", chain(error)))
}
