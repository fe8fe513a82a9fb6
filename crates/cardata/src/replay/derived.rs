//! `cardata replay --derived`: all records anew, by whoever holds the state directory: the process that runs the pipeline,
//! or this one.

use std::time::{Duration, Instant};

use collector::deriving::outcome::{Example, OfKind, Outcome};
use collector::deriving::{self, Deriving};
use collector::state::{OpenState, StateDirectory, StateError};
use collector_core::record_kind;
use jiff::Timestamp;
use ledger::overview::Overview;
use pipeline::Pipeline;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::{CommandResult, Failure, OrFail, redelivery, signals, terminal};

/// How often it is looked whether the other process is done.
const BETWEEN_LOOKS: Duration = Duration::from_millis(500);
/// When nothing has come for so long, it is looked whether the other process still runs.
const PATIENCE: Duration = Duration::from_secs(10);

pub async fn run(pipeline: &Pipeline, state: &OpenState, json: bool) -> CommandResult {
    let stop = signals::stop_token();
    let outcome = loop {
        match StateDirectory::at(&pipeline.state).lock() {
            Ok(_lock) => break here(pipeline, state, &stop).await?,
            Err(StateError::InUse { holder, .. }) => {
                terminal::note(&format!(
                    "{holder} has the state directory: if it is `cardata run`, it derives; else this waits for its end"
                ));
                match there(pipeline, state, &stop).await? {
                    There::Done(outcome) => break Some(outcome),
                    There::Ended => {}
                    There::Left => break None,
                }
            }
            Err(error) => return Err(error.into()),
        }
    };
    let Some(outcome) = outcome else {
        let left =
            "it is not done: `cardata run` does it when it is started or goes on, or this command once more";
        return Err(Failure::new(4, left.to_owned()));
    };
    match json {
        true => terminal::answer(1, &document(&outcome)),
        false => {
            terminal::say(&text(&outcome));
            Ok(())
        }
    }
}

/// What came of asking another process.
enum There {
    Done(Outcome),
    /// It has ended, and has not derived.
    Ended,
    /// Nobody waits for it any more.
    Left,
}

/// Derives in this process.
async fn here(
    pipeline: &Pipeline,
    state: &OpenState,
    stop: &CancellationToken,
) -> Result<Option<Outcome>, Failure> {
    let names = state.names(&pipeline.vehicles)?;
    let deriving = Deriving {
        state: state.clone(),
        reader: state.journal.reader(names.settings())?,
        rules: pipeline.rules.clone(),
        clock: collector::clock(pipeline, state)?,
    };
    let bar = terminal::spinner("deriving all records anew");
    let outcome = deriving.all_anew(stop).await;
    bar.finish_and_clear();
    state.store.checkpoint().await;
    Ok(outcome?)
}

/// Has the process do it that runs the pipeline.
async fn there(pipeline: &Pipeline, state: &OpenState, stop: &CancellationToken) -> Result<There, Failure> {
    let asked_at = redelivery::now(state)?;
    // As the ledger keeps it.
    let asked_at = Timestamp::from_millisecond(asked_at.as_millisecond()).or_fail(70)?;
    deriving::ask(state, asked_at).await?;
    let directory = StateDirectory::at(&pipeline.state);
    let bar = terminal::spinner("deriving all records anew");
    let mut looked_at = Instant::now();
    let outcome = loop {
        let derived = Overview::open_file(state.store.path())
            .or_fail(2)?
            .derived()
            .or_fail(2)?;
        match derived.asked {
            Some((at, Some(outcome))) if at == asked_at => {
                break There::Done(serde_json::from_str(&outcome).or_fail(70)?);
            }
            // Somebody else has asked since: that does it too, and tells him.
            Some((at, _)) if at != asked_at => break There::Left,
            _ => {}
        }
        if looked_at.elapsed() > PATIENCE {
            looked_at = Instant::now();
            if directory.running()?.is_none() {
                break There::Ended;
            }
        }
        tokio::select! {
            () = tokio::time::sleep(BETWEEN_LOOKS) => {}
            () = stop.cancelled() => break There::Left,
        }
    };
    bar.finish_and_clear();
    Ok(outcome)
}

fn text(outcome: &Outcome) -> String {
    let mut lines = Vec::new();
    for (name, kind) in &outcome.kinds {
        let plural = record_kind(name).map_or(name.as_str(), |kind| kind.plural);
        lines.push(format!("{}: {}", plural.replace('_', " "), sums(kind)));
        lines.extend(kind.examples.iter().map(example));
    }
    if outcome.kept > 0 {
        lines.push(format!(
            "{} older than the journal's entries stay as they are",
            outcome.kept
        ));
    }
    if outcome.is_unchanged() {
        lines.push("Nothing changed.".to_owned());
    }
    lines.join("\n")
}

fn sums(kind: &OfKind) -> String {
    let sums = [
        (kind.unchanged, "unchanged"),
        (kind.changed, "changed"),
        (kind.new, "new"),
        (kind.withdrawn, "withdrawn"),
    ];
    let told = sums.iter().filter(|(number, _)| *number > 0);
    told.map(|(number, what)| format!("{number} {what}"))
        .collect::<Vec<_>>()
        .join(", ")
}

fn example(example: &Example) -> String {
    let unknown = || "unknown".to_owned();
    let differences = example.differences.iter().map(|difference| {
        let (before, now) = (difference.before.clone(), difference.now.clone());
        let (before, now) = (before.unwrap_or_else(unknown), now.unwrap_or_else(unknown));
        format!("{} {before} -> {now}", difference.column)
    });
    let differences: Vec<_> = differences.collect();
    format!(
        "  {} {}: {}",
        example.vehicle,
        example.key,
        differences.join(", ")
    )
}

fn document(outcome: &Outcome) -> Value {
    let kinds = outcome.kinds.iter().map(|(name, kind)| {
        let examples = kind.examples.iter().map(|example| {
            let differences = example.differences.iter().map(|difference| {
                json!({ "column": difference.column, "before": difference.before, "now": difference.now })
            });
            json!({
                "vehicle": example.vehicle,
                "record": example.key,
                "differences": differences.collect::<Value>(),
            })
        });
        json!({
            "kind": name,
            "unchanged": kind.unchanged,
            "changed": kind.changed,
            "new": kind.new,
            "withdrawn": kind.withdrawn,
            "examples": examples.collect::<Value>(),
        })
    });
    json!({
        "unchanged": outcome.is_unchanged(),
        "kinds": kinds.collect::<Value>(),
        "kept": outcome.kept,
    })
}
