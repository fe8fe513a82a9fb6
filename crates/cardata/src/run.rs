//! `cardata run`: a pipeline until it is told to stop, and what to do where it cannot start.

use collector::{Engine, RunError, Summary};
use pipeline::Pipeline;
use pipeline_init::lookup;
use status::table::{counted, table};

use crate::args::PipelineArgs;
use crate::page::{self, Page};
use crate::service::Service;
use crate::{CommandResult, Failure, clock, context, signals, terminal};

/// With fewer, connections, stores and the journal get into each other's way.
const FEWEST_FILES: u64 = 128;

pub async fn run(options: PipelineArgs) -> CommandResult {
    let pipeline = context::load(&options)?;
    // The engine takes one of its own.
    let shown = context::load(&options)?;
    let sinks: Vec<_> = pipeline.sinks.iter().map(|sink| sink.name.to_string()).collect();
    let state = pipeline.state.clone();
    let stop = signals::stop_token();
    let engine = Engine::start_telling(pipeline, clock::follow)
        .await
        .map_err(|error| failure(error, &options))?;
    let page = page(shown, &engine).await;
    if let Some(url) = engine.simulator() {
        tracing::info!(url = url.as_str(), "logged in to a simulated BMW of this process");
        terminal::note(&format!(
            "History and logins are kept in {}. Stop with Ctrl-C.",
            state.display()
        ));
    }
    tracing::info!(sinks = sinks.join(", "), accounts = engine.accounts().len(), state = %state.display(), "running");
    if let Some(files) = runtime::limits::open_files().filter(|files| *files < FEWEST_FILES) {
        tracing::warn!(
            files,
            "this process may have few files open: allow it more (`ulimit -n`, or `LimitNOFILE` of its service)"
        );
    }
    let serving = page.map(|page| tokio::spawn(page.run(stop.clone())));
    let watch = tokio::spawn(Service::of_environment().watch(stop.clone()));
    let summary = engine.run(stop).await;
    watch.abort();
    if let Some(serving) = serving {
        let _ = serving.await;
    }
    terminal::note(&match summary? {
        Some(summary) => report(&summary),
        None => "\nStopped. The journal did not answer any more: another program holds it, its disk hangs, or it was \
                 damaged or taken away. `cardata status` says how it is; the next start goes on from what it holds."
            .to_owned(),
    });
    Ok(())
}

/// The page, with its link told. Without it everything else goes on.
async fn page(pipeline: Pipeline, engine: &Engine) -> Option<Page> {
    match page::prepare(pipeline, engine).await {
        Ok(page) => {
            let page = page?;
            let note = page
                .note
                .as_ref()
                .map(|note| format!(" ({note})"))
                .unwrap_or_default();
            terminal::note(&format!("See it: {}{note}", page.link));
            Some(page)
        }
        Err(failure) => {
            tracing::error!("there is no page: {}", failure.message);
            None
        }
    }
}

fn failure(error: RunError, options: &PipelineArgs) -> Failure {
    let RunError::LoginNeeded { accounts } = &error else {
        return error.into();
    };
    let each = accounts
        .iter()
        .map(|(account, problem)| format!("  {account}: {problem}\n"));
    let message = format!(
        "No account is logged in.\n{}Log in once, then run again:\n  cardata login{}",
        each.collect::<String>(),
        lookup::repeated(options.config.as_deref())
    );
    Failure::new(error.exit_code(), message)
}

fn report(summary: &Summary) -> String {
    let rows = summary.sinks.iter().map(|sink| {
        vec![
            sink.name.to_string(),
            sink.delivered_readings.to_string(),
            sink.waiting_readings.to_string(),
            sink.dead_letters.to_string(),
        ]
    });
    format!(
        "\nStopped. {} with {}, {} spent.\n{}",
        counted(summary.snapshots, "snapshot"),
        counted(summary.readings, "reading"),
        counted(summary.calls, "call"),
        table("sink | delivered | waiting | dead letters", rows)
    )
}
