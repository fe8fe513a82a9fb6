//! `cardata status`: how a pipeline fares, read beside the process that may run it.

use collector::account::token_store;
use collector::http::Clients;
use collector::state::StateDirectory;
use pipeline::Pipeline;
use runtime::{Chain, Clock, SystemClock};
use status::{Status, report};

use crate::args::StatusArgs;
use crate::{CommandResult, Failure, OrFail, context, terminal};

/// `cardata login` has nowhere to go to.
const SIMULATED: &str = "not logged in yet: `cardata run` does it by itself, at its simulator";

pub async fn run(options: &StatusArgs) -> CommandResult {
    let pipeline = context::load(&options.pipeline)?;
    if options.healthcheck {
        return tell_health(&pipeline);
    }
    let status = gather(&pipeline).await?;
    match options.json {
        true => terminal::answer(1, &report::json(&status))?,
        false => terminal::say(&report::text(&status)),
    }
    // What is told of a login that this user may not see is not how it is.
    let state = StateDirectory::at(&pipeline.state);
    let accounts = pipeline.accounts.iter();
    let readable = accounts.map(|account| token_store(account, &state).check_readable());
    readable.collect::<Result<_, _>>().or_fail(2)
}

/// All that is known of a pipeline, read beside the process that may run it.
pub async fn gather(pipeline: &Pipeline) -> Result<Status, Failure> {
    let state = StateDirectory::at(&pipeline.state);
    let clients = Clients::new()?;
    let mut tokens = Vec::new();
    for account in &pipeline.accounts {
        let stored = context::authenticator(account, pipeline, &clients)?
            .tokens()
            .await;
        tokens.push(match stored {
            Ok(None) if pipeline.simulator.is_some() => Err(SIMULATED.to_owned()),
            stored => stored.map_err(|error| Chain(&error).to_string()),
        });
    }
    let (running, now) = (state.running()?, SystemClock.now());
    let mut status = status::gather(pipeline, state.path(), running, tokens, now)?;
    status.journal_problem = status.journal_problem.or_else(|| full_disk(&state));
    Ok(status)
}

/// On a full disk nobody can write down that it is full.
fn full_disk(state: &StateDirectory) -> Option<String> {
    runtime::limits::hindrance(state.path()).map(|why| format!("the disk of the state directory {why}"))
}

/// Looks at as little as it can, because it is asked every minute.
fn tell_health(pipeline: &Pipeline) -> CommandResult {
    let state = StateDirectory::at(&pipeline.state);
    let unhealthy = |why| Err(Failure::new(4, format!("unhealthy: {why}")));
    let Some(process) = state.running()? else {
        return unhealthy("no process runs this pipeline".to_owned());
    };
    if let Some(problem) = status::journal_problem(state.path())?.or_else(|| full_disk(&state)) {
        return unhealthy(format!("the journal cannot be written: {problem}"));
    }
    terminal::say(&format!("healthy: {process} runs this pipeline"));
    Ok(())
}
