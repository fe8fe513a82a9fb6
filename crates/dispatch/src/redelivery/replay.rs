//! One step of a replay: a batch from the journal, through both selections, to the sink, and what came of it back.
//! Where what the sink holds is to be replaced, the first step erases it.

use collector_core::{Entry, Select, Sink};
use jiff::Timestamp;
use journal::log::dead_letters::DeadLetter;
use journal::log::read::Outgrown;
use journal::log::redelivery::{Redelivered, ReplayStep};
use journal::log::replay::Replay;
use journal::{Batch, Read};

use super::erase::erase;
use super::{Problem, Turn, is_among, readings, refused, rewrite};
use crate::Worker;
use crate::select::Choice;

/// Does the next step of a replay: [`Turn::Done`] where it was the last.
pub async fn deliver_replay(
    worker: &Worker,
    sink: &mut dyn Sink,
    mut replay: Box<Replay>,
) -> Result<Turn, Problem> {
    if replay.done == 0 && !replay.request.rewrite {
        match worker.journal.note_begun(replay.id).await? {
            Some(begun) => *replay = begun,
            // It was cancelled.
            None => return Ok(Turn::Delivered),
        }
    }
    let request = &replay.request;
    let selection: Select = match &request.selection {
        Some(json) => serde_json::from_str(json).map_err(Problem::Selection)?,
        None => Select::default(),
    };
    if request.rewrite && replay.erased_at.is_none() {
        erase(worker, sink, &replay, selection).await?;
        return Ok(Turn::Delivered);
    }
    let choice = Choice {
        selects: vec![&worker.select, &selection],
        records: worker.records,
    };
    let in_time = |at: Timestamp| {
        request.since.is_none_or(|since| at >= since) && request.until.is_none_or(|until| at <= until)
    };
    let reader = format!("{} replay", worker.name).into();
    let batch = worker
        .reader
        .read(&reader, replay.position, worker.batch.readings)
        .await?;
    let position = batch
        .as_ref()
        .map_or(replay.last_seq, |batch| batch.last.min(replay.last_seq));
    let covered = batch
        .iter()
        .flat_map(|batch| batch.entries.iter())
        .filter(|entry| entry.seq <= position);
    let entries: Vec<Entry> = covered
        .filter_map(|entry| choice.part(entry, |part| in_time(part.at())))
        .collect();
    let mut rejected = rewrite(worker, sink, &entries).await?;
    let refused = refused(&rejected);
    // Damage has no time and no descriptor: it is told whatever was asked for.
    let damaged = batch.iter().flat_map(|batch| batch.dead_letters());
    rejected.extend(damaged.filter(|damaged| damaged.seq <= position));
    let missed = |is_wanted: &dyn Fn(&Outgrown) -> bool| {
        let missed = batch.iter().flat_map(|batch| {
            let outgrown = batch.outgrown.iter();
            let outgrown = outgrown.filter(|it| it.seq <= position && is_wanted(it)).cloned();
            choice.missed(&Batch {
                outgrown: outgrown.collect(),
                ..batch.clone()
            })
        });
        missed.collect::<Vec<_>>()
    };
    rejected.extend(missed(&|outgrown| in_time(outgrown.at)));
    if let Some(first) = rejected.first() {
        tracing::error!(sink = %worker.name, rejected = rejected.len(), reason = first.reason, "the sink refused readings; they are among the dead letters");
    }
    let letters = worker
        .reader
        .dead_letters_between(&worker.name, replay.position + 1, position)
        .await?;
    // Beside a value that was delivered may stand one of the same descriptor that is outside the time.
    let not_settled = [rejected.clone(), missed(&|_| true)].concat();
    let settled: Vec<i64> = letters
        .iter()
        .filter(|letter| is_in(letter, &entries) && !is_among(letter, &not_settled))
        .map(|letter| letter.id)
        .collect();
    let redelivered = Redelivered {
        stored: settled.len(),
        settled,
        failed: Vec::new(),
        rejected,
        replay: Some(ReplayStep {
            id: replay.id,
            position,
            readings: readings(&entries).saturating_sub(refused),
            rejected: refused,
        }),
    };
    worker
        .journal
        .redelivered(&worker.name, worker.clock.now(), redelivered)
        .await?;
    if position < replay.last_seq {
        return Ok(Turn::Delivered);
    }
    tracing::info!(sink = %worker.name, replay = replay.id, "the replay is done");
    Ok(Turn::Done)
}

/// Whether a letter is about something that was delivered. One about a whole snapshot may be about what was not.
fn is_in(letter: &DeadLetter, entries: &[Entry]) -> bool {
    let mut of_entry = entries.iter().filter(|entry| entry.seq == letter.seq);
    of_entry.any(|entry| match letter.is_about_the_entry() {
        true => entry.record().is_some(),
        false => entry.readings().iter().any(|reading| letter.names(reading)),
    })
}
