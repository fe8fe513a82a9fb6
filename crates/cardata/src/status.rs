//! `cardata status`.

use std::sync::Arc;

use collector::account;
use collector::http::Clients;
use collector::state::StateDirectory;
use pipeline::Pipeline;
use runtime::{Clock, SystemClock};
use status::{Status, Tokens, report};

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
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let clients = Clients::new()?;
    let mut tokens: Vec<Tokens> = Vec::new();
    for options in &pipeline.accounts {
        let (http, _) = clients.of(options)?;
        let authenticator = account::authenticator(options, &http, &state, &clock);
        let stored = authenticator.tokens().await;
        tokens.push(stored.map_err(|error| context::chain(&error)));
    }
    status::gather(pipeline, state.path(), state.running(), tokens, clock.now())
        .map_err(|error| Failure::new(2, context::chain(&error)))
}
