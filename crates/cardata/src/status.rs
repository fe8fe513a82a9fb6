//! `cardata status`: how a pipeline fares, read beside the process that may run it.

use collector::account::token_store;
use collector::http::Clients;
use collector::state::StateDirectory;
use pipeline::Pipeline;
use runtime::{Chain, Clock, SystemClock};
use status::{Status, report};

use crate::args::StatusArgs;
use crate::{CommandResult, Failure, OrFail, context, terminal};

pub async fn run(options: &StatusArgs) -> CommandResult {
    let pipeline = context::load(&options.pipeline)?;
    let status = gather(&pipeline).await?;
    let text = if options.json {
        report::json(&status)
    } else {
        report::text(&status)
    };
    terminal::say(&text);
    // What is told of a login that this user may not see is not how it is.
    let state = StateDirectory::at(&pipeline.state);
    let accounts = pipeline.accounts.iter();
    let readable = accounts.map(|account| token_store(account, &state).check_readable());
    readable.collect::<Result<_, _>>().or_fail(2)
}

async fn gather(pipeline: &Pipeline) -> Result<Status, Failure> {
    let state = StateDirectory::at(&pipeline.state);
    let clients = Clients::new()?;
    let mut tokens = Vec::new();
    for account in &pipeline.accounts {
        let stored = context::authenticator(account, pipeline, &clients)?
            .tokens()
            .await;
        tokens.push(stored.map_err(|error| Chain(&error).to_string()));
    }
    let (running, now) = (state.running()?, SystemClock.now());
    let mut status = status::gather(pipeline, state.path(), running, tokens, now)?;
    // On a full disk nobody can write down that it is full.
    let full = || {
        runtime::limits::hindrance(state.path()).map(|why| format!("the disk of the state directory {why}"))
    };
    status.journal_problem = status.journal_problem.or_else(full);
    Ok(status)
}
