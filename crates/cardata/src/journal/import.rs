//! `cardata journal import`: takes in what `export` wrote; a bad line is told and stops nothing.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use collector::deriving;
use collector::state::{OpenState, StateDirectory};
use indicatif::ProgressBar;
use journal::Journal;
use journal::care::import::{ImportError, ImportSummary};
use serde_json::json;

use super::args::ImportArgs;
use super::{bar, count, failure};
use crate::{CommandResult, Failure, context, terminal};

/// So many bad lines are told one by one.
const TOLD: u64 = 20;

pub async fn run(options: &ImportArgs) -> CommandResult {
    let pipeline = context::load(&options.pipeline)?;
    let (mut input, length) = open(&options.input)?;
    let state = StateDirectory::create(&pipeline.state)?;
    let _lock = state.lock()?;
    let state = OpenState::of(&pipeline).map_err(failure)?;
    // What comes in may be older than what was folded.
    deriving::forget(&state).await.map_err(failure)?;
    let bar = bar("importing", length);
    let result = take_in(&state.journal, &mut *input, &bar).await;
    bar.finish_and_clear();
    state.store.checkpoint().await;
    let summary = result.map_err(|error| match error {
        ImportError::Journal(error) => failure(error),
        ImportError::Header(_) => Failure::of(4, &error),
        _ => Failure::of(2, &error),
    })?;
    match options.json {
        true => terminal::answer(1, &document(&summary))?,
        false => terminal::say(&report(&summary)),
    }
    if summary.bad > 0 {
        let refused = count(summary.bad, "line was", "lines were");
        return Err(Failure::new(
            4,
            format!("{refused} refused and left out, everything else is in the journal."),
        ));
    }
    Ok(())
}

fn open(path: &Path) -> Result<(Box<dyn BufRead>, u64), Failure> {
    if path == Path::new("-") {
        return Ok((Box::new(BufReader::new(io::stdin())), 0));
    }
    let failed = |error| Failure::new(2, format!("cannot read {}: {error}", path.display()));
    let file = File::open(path).map_err(failed)?;
    let length = file.metadata().map_err(failed)?.len();
    Ok((Box::new(BufReader::with_capacity(1 << 20, file)), length))
}

async fn take_in(
    journal: &Journal,
    input: &mut dyn BufRead,
    bar: &ProgressBar,
) -> Result<ImportSummary, ImportError> {
    let mut told = 0;
    let bad = |line: u64, error: journal::care::import::LineError| {
        told += 1;
        if told <= TOLD {
            bar.suspend(|| terminal::error(&format!("line {line}: {error}")));
        } else if told == TOLD + 1 {
            bar.suspend(|| terminal::error("further bad lines are only counted"));
        }
    };
    journal.import(input, bad, |bytes| bar.inc(bytes)).await
}

fn document(summary: &ImportSummary) -> serde_json::Value {
    json!({
        "entries": summary.entries,
        "readings": summary.readings,
        "mended": summary.mended,
        "known_entries": summary.known,
        "repeats": summary.repeats,
        "refused_lines": summary.bad,
    })
}

fn report(summary: &ImportSummary) -> String {
    let mended = match summary.mended {
        0 => String::new(),
        number => format!(
            " {} of this very journal got their places back; what a sink missed of them is among its dead letters.",
            count(number, "entry", "entries")
        ),
    };
    format!(
        "{} with {} taken in; {} and {} were here already.{mended}",
        count(summary.entries, "entry", "entries"),
        count(summary.readings, "reading", "readings"),
        count(summary.known, "entry", "entries"),
        count(summary.repeats, "reading", "readings"),
    )
}
