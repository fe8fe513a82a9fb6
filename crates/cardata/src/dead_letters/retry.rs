//! `cardata dead-letters retry`: the letters are marked, and whoever holds the state directory delivers them.
//!
//! A reading that fitted no type is interpreted here, with what this version of the program knows; if it is a
//! reading now, each sink that missed it gets a letter of its own.

use std::collections::HashSet;

use collector::state::OpenState;
use collector_core::state::{SinkState, State};
use collector_core::{Body, Entry, Name, Records};
use journal::JournalError;
use journal::log::dead_letters::DeadLetter;
use journal::log::overview::{Overview, SinkTotals};
use journal::log::redelivery::Judgement;
use ledger::overview::Overview as LedgerOverview;
use pipeline::{Pipeline, SinkSpec};
use serde_json::json;

use super::{ChoiceArgs, chosen};
use crate::redelivery::{self, Ended, Progress};
use crate::{CommandResult, Failure, context, terminal};

pub async fn run(options: ChoiceArgs) -> CommandResult {
    let pipeline = context::load(&options.pipeline)?;
    let state = redelivery::open(&pipeline)?;
    let journal = &state.journal;
    let overview = journal.overview()?;
    let all = overview.dead_letters()?;
    let known: HashSet<i64> = all.iter().map(|letter| letter.id).collect();
    let (typeless, addressed): (Vec<_>, Vec<_>) = chosen(all, &options, &pipeline)?
        .into_iter()
        .partition(|letter| letter.sink.is_empty());
    if let Some(letter) = addressed.iter().find(|letter| !is_there(&pipeline, letter)) {
        return Err(Failure::new(
            2,
            format!(
                "{} has no sink `{}` any more: put it back, or `cardata dead-letters drop --sink {}`",
                pipeline.path.display(),
                letter.sink,
                letter.sink
            ),
        ));
    }
    let judged = typeless.len();
    let misfits = judge(&pipeline, &state, &overview, typeless).await?;
    if judged > misfits.len() {
        terminal::error(&format!(
            "{} that fitted no type are readings for this version of cardata",
            judged - misfits.len()
        ));
    }
    let ids: Vec<i64> = addressed.iter().map(|letter| letter.id).collect();
    journal.retry_dead_letters(ids.clone()).await?;
    let mut tried: HashSet<i64> = ids.into_iter().collect();
    // Those that were addressed just now are about to be tried too.
    let now = overview.dead_letters()?.into_iter();
    let new = now.filter(|letter| letter.retry && !known.contains(&letter.id));
    tried.extend(new.map(|letter| letter.id));
    if !tried.is_empty() {
        let ledger = LedgerOverview::open_file(state.store.path()).map_err(JournalError::from)?;
        let look = |overview: &Overview| progress(overview, &ledger, &tried);
        let ended = redelivery::follow(pipeline, &state, look).await?;
        if ended == Ended::Left {
            terminal::error(
                "what is left stays marked: it is tried when `cardata run` is started, or at the next `retry`",
            );
        }
    }
    report(&overview.dead_letters()?, &tried, &misfits, options.json)
}

fn is_there(pipeline: &Pipeline, letter: &DeadLetter) -> bool {
    pipeline.sinks.iter().any(|sink| *sink.name == *letter.sink)
}

/// Those that still do not fit, with the reason.
async fn judge(
    pipeline: &Pipeline,
    state: &OpenState,
    overview: &Overview,
    letters: Vec<DeadLetter>,
) -> Result<Vec<i64>, JournalError> {
    if letters.is_empty() {
        return Ok(Vec::new());
    }
    let journal = &state.journal;
    // Vehicles have their names, by which sinks select them.
    let reader = journal.reader(state.names(&pipeline.vehicles)?.settings())?;
    let cursors = overview.sinks()?;
    let mut misfits = Vec::new();
    for letter in letters {
        match reader.judge(letter.clone()).await? {
            Judgement::Refused(reason) => {
                misfits.push(letter.id);
                journal.fail_dead_letter(letter.id, reason).await?;
            }
            Judgement::Fits(entry) => {
                let missed = pipeline
                    .sinks
                    .iter()
                    .filter(|sink| has_missed(sink, &cursors, &entry));
                let sinks: Vec<Name> = missed.map(|sink| sink.name.clone()).collect();
                journal.readdress_dead_letter(letter, entry, sinks).await?;
            }
        }
    }
    Ok(misfits)
}

/// Whether a sink would have received this, and has passed it. One that has not gets it by itself.
fn has_missed(sink: &SinkSpec, cursors: &[SinkTotals], entry: &Entry) -> bool {
    let passed = cursors
        .iter()
        .any(|totals| *totals.sink == *sink.name && totals.cursor >= entry.seq);
    let select = &sink.select;
    let is_meant = match &entry.body {
        Body::Snapshot(snapshot) => {
            let readings = snapshot.readings.iter().map(|reading| &reading.descriptor);
            let ended = snapshot.ended.iter().map(|ended| &ended.descriptor);
            select.matches_vehicle(&snapshot.vehicle)
                && select.matches_source(&snapshot.source)
                && readings
                    .chain(ended)
                    .any(|descriptor| select.matches_descriptor(descriptor))
        }
        Body::Record(record) => {
            sink.plugin.records != Records::NotTaken && select.matches_vehicle(&record.vehicle)
        }
        _ => false,
    };
    passed && is_meant
}

fn progress(overview: &Overview, ledger: &LedgerOverview, tried: &HashSet<i64>) -> Result<Progress, Failure> {
    let mut waiting = overview.dead_letters()?;
    waiting.retain(|letter| letter.retry && tried.contains(&letter.id));
    let (of, left) = (tried.len() as u64, waiting.len() as u64);
    let components = ledger.components().map_err(JournalError::from)?;
    let stuck = components.iter().find(|component| {
        let waits = || waiting.iter().any(|letter| *letter.sink == *component.name);
        matches!(
            component.state,
            State::Sink(SinkState::Retrying | SinkState::Paused)
        ) && waits()
    });
    Ok(Progress {
        done: of - left,
        of,
        finished: left == 0,
        text: format!("{} of {of} dead letters tried again", of - left),
        problem: stuck.and_then(|sink| Some(format!("{}: {}", sink.name, sink.message.as_ref()?))),
    })
}

fn report(now: &[DeadLetter], tried: &HashSet<i64>, misfits: &[i64], json: bool) -> CommandResult {
    let (waiting, refused): (Vec<_>, Vec<_>) = now
        .iter()
        .filter(|letter| tried.contains(&letter.id) || misfits.contains(&letter.id))
        .partition(|letter| letter.retry);
    let delivered = tried.len() - waiting.len() - (refused.len() - misfits.len());
    let (again, left) = (refused.len(), waiting.len());
    let mut text = format!("{delivered} delivered, {again} refused again");
    if left > 0 {
        text += &format!(", {left} waiting");
    }
    match json {
        true => terminal::answer(
            1,
            &json!({ "delivered": delivered, "refused": again, "waiting": left }),
        )?,
        false => terminal::say(&text),
    }
    match refused.first() {
        None => Ok(()),
        Some(first) => Err(Failure::new(
            4,
            format!(
                "dead letter {}: {}; `cardata dead-letters list` shows the rest",
                first.id, first.reason
            ),
        )),
    }
}
