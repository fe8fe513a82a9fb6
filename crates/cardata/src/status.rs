//! `cardata status`: how a pipeline fares, read beside the process that may run it.

use collector::http::Clients;
use collector::state::StateDirectory;
use pipeline::Pipeline;
use runtime::{Chain, Clock, SystemClock};
use status::{Status, report};

use crate::args::StatusArgs;
use crate::{CommandResult, Failure, context, terminal};

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
    Ok(status::gather(pipeline, state.path(), running, tokens, now)?)
}
