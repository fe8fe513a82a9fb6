//! One batch of a second delivery: from the journal, through `select`, to the sink, and what came of it back.

use collector_core::{Entry, Sink, SinkError};
use jiff::Timestamp;

use super::{Worker, select};
use collector_core::Select;
use journal::JournalError;
use journal::log::again::{Redelivered, Step};
use journal::log::dead_letters::Letter;
use journal::log::deliver::Rejected;
use journal::log::replay::Replay;

/// Why a second delivery failed.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    #[error(transparent)]
    Sink(#[from] SinkError),
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error("its selection cannot be read: cancel it")]
    Selection(#[source] serde_json::Error),
}

/// What the sink refuses of these entries.
async fn rewrite(
    worker: &Worker,
    sink: &mut dyn Sink,
    entries: &[Entry],
) -> Result<Vec<Rejected>, SinkError> {
    if entries.is_empty() {
        return Ok(Vec::new());
    }
    let written = worker.attempt(sink.rewrite(entries)).await?;
    Ok(Rejected::all(written.rejected, entries))
}

/// Tries letters again, which belong to one sink and stand in the order of their entries.
pub async fn deliver_letters(
    worker: &Worker,
    sink: &mut dyn Sink,
    letters: &[Letter],
) -> Result<(), Problem> {
    let mut redelivered = Redelivered::default();
    let (mut entries, mut tried) = (Vec::new(), Vec::new());
    for letters in letters.chunk_by(|a, b| a.seq == b.seq) {
        let entry = match worker.reader.entry(letters[0].seq).await {
            Ok(entry) => entry.ok_or_else(|| "the journal has no readings of this entry any more".to_owned()),
            Err(error @ JournalError::DamagedEntry(_)) => Err(error.to_string()),
            Err(error) => return Err(error.into()),
        };
        let mut sound = Vec::new();
        for letter in letters {
            match entry
                .as_ref()
                .map_err(Clone::clone)
                .and_then(|entry| fits(worker, letter, entry))
            {
                Ok(()) => sound.push(letter),
                Err(reason) => redelivered.failed.push((letter.id, reason)),
            }
        }
        if let Ok(entry) = entry {
            let meant = |reading: &_| sound.iter().any(|letter| letter.names(reading));
            entries.extend(select::part_of_all(&[&worker.select], &entry, meant));
        }
        tried.extend(sound);
    }
    let rejected = rewrite(worker, sink, &entries).await?;
    redelivered.settled = tried
        .iter()
        .filter(|letter| !is_among(letter, &rejected))
        .map(|letter| letter.id)
        .collect();
    redelivered.stored_letters = readings(&entries).saturating_sub(refused(&rejected));
    let (settled, failed) = (
        redelivered.settled.len(),
        letters.len() - redelivered.settled.len(),
    );
    redelivered.rejected = rejected;
    worker
        .journal
        .redelivered(&worker.name, worker.clock.now(), redelivered)
        .await?;
    tracing::info!(sink = %worker.name, delivered = settled, refused = failed, "tried dead letters again");
    Ok(())
}

/// Why a letter cannot be tried.
fn fits(worker: &Worker, letter: &Letter, entry: &Entry) -> Result<(), String> {
    if !entry
        .snapshot
        .readings
        .iter()
        .any(|reading| letter.names(reading))
    {
        return Err("what BMW sent is no reading for this version of cardata".to_owned());
    }
    match select::part_of_all(&[&worker.select], entry, |reading| letter.names(reading)) {
        Some(_) => Ok(()),
        None => Err("the sink's `select` does not let it through any more".to_owned()),
    }
}

fn is_among(letter: &Letter, rejected: &[Rejected]) -> bool {
    rejected.iter().any(|rejected| {
        rejected.seq == letter.seq
            && rejected.descriptor == letter.descriptor
            && (letter.moment.is_none() || rejected.moment == letter.moment)
    })
}

/// Delivers the next batch of a replay.
pub async fn deliver_replay(worker: &Worker, sink: &mut dyn Sink, replay: &Replay) -> Result<(), Problem> {
    let request = &replay.request;
    let selection: Select = match &request.selection {
        Some(json) => serde_json::from_str(json).map_err(Problem::Selection)?,
        None => Select::default(),
    };
    let in_time = |at: Timestamp| {
        request.since.is_none_or(|since| at >= since) && request.until.is_none_or(|until| at <= until)
    };
    let reader = format!("{} again", worker.name).into();
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
        .filter_map(|entry| {
            select::part_of_all(&[&worker.select, &selection], entry, |reading| {
                in_time(reading.measured_at)
            })
        })
        .collect();
    let mut rejected = rewrite(worker, sink, &entries).await?;
    let refused = refused(&rejected);
    // Damage has no time and no descriptor: it is told whatever was asked for.
    let damaged = batch.iter().flat_map(|batch| batch.dead_letters());
    rejected.extend(damaged.filter(|damaged| damaged.seq <= position));
    // What is no reading has no time.
    if request.since.is_none()
        && request.until.is_none()
        && let Some(batch) = &batch
    {
        let missed = select::missed(&[&worker.select, &selection], batch);
        rejected.extend(missed.into_iter().filter(|missed| missed.seq <= position));
    }
    if let Some(first) = rejected.first() {
        tracing::error!(sink = %worker.name, rejected = rejected.len(), reason = first.reason, "the sink refused readings; they are among the dead letters");
    }
    let letters = worker
        .reader
        .letters_between(&worker.name, replay.position + 1, position)
        .await?;
    let settled: Vec<i64> = letters
        .iter()
        .filter(|letter| {
            !letter.is_about_the_entry() && is_in(letter, &entries) && !is_among(letter, &rejected)
        })
        .map(|letter| letter.id)
        .collect();
    let redelivered = Redelivered {
        stored_letters: settled.len(),
        settled,
        failed: Vec::new(),
        rejected,
        replay: Some(Step {
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
    if position == replay.last_seq {
        tracing::info!(sink = %worker.name, replay = replay.id, "the replay is done");
    }
    Ok(())
}

fn is_in(letter: &Letter, entries: &[Entry]) -> bool {
    let of_entry = entries.iter().filter(|entry| entry.seq == letter.seq);
    of_entry
        .flat_map(|entry| &entry.snapshot.readings)
        .any(|reading| letter.names(reading))
}

fn readings(entries: &[Entry]) -> usize {
    entries.iter().map(|entry| entry.snapshot.readings.len()).sum()
}

/// The readings among what was rejected; whole entries are not counted.
pub fn refused(rejected: &[Rejected]) -> usize {
    rejected
        .iter()
        .filter(|rejected| rejected.moment.is_some())
        .count()
}
