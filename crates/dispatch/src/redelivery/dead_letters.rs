//! Dead letters that are tried again: from the journal, through `select`, to the sink, and what came of it back.

use collector_core::{Entry, Sink};
use journal::JournalError;
use journal::log::dead_letters::DeadLetter;
use journal::log::redelivery::Redelivered;

use super::{Problem, is_among, readings, refused, rewrite};
use crate::Worker;
use crate::select::Part;

/// Tries letters again, which belong to one sink and stand in the order of their entries.
pub async fn deliver_dead_letters(
    worker: &Worker,
    sink: &mut dyn Sink,
    letters: &[DeadLetter],
) -> Result<(), Problem> {
    let mut redelivered = Redelivered::default();
    let (mut entries, mut tried, mut missed) = (Vec::new(), Vec::new(), Vec::new());
    let mut held = 0;
    for letters in letters.chunk_by(|a, b| a.seq == b.seq) {
        if held >= worker.batch.readings {
            // The others are due the next time.
            break;
        }
        let found = match worker.reader.entry(letters[0].seq).await {
            Ok(found) => found.ok_or_else(|| "the journal has no readings of this entry any more".to_owned()),
            Err(error @ JournalError::DamagedEntry(_)) => Err(error.to_string()),
            Err(error) => return Err(error.into()),
        };
        let batch = match found {
            Ok(batch) => batch,
            Err(reason) => {
                redelivered
                    .failed
                    .extend(letters.iter().map(|letter| (letter.id, reason.clone())));
                continue;
            }
        };
        held += batch.readings;
        let entry = batch.entries.first();
        let mut sound = Vec::new();
        for letter in letters {
            match fits(worker, letter, entry) {
                Ok(()) => sound.push(letter),
                Err(reason) => redelivered.failed.push((letter.id, reason)),
            }
        }
        if sound.iter().any(|letter| letter.is_about_the_entry()) {
            missed.extend(worker.choice().missed(&batch));
        }
        let meant = |part: Part<'_>| sound.iter().any(|letter| is_about(letter, part));
        entries.extend(entry.and_then(|entry| worker.choice().part(entry, meant)));
        tried.extend(sound);
    }
    let rejected = rewrite(worker, sink, &entries).await?;
    redelivered.settled = tried
        .iter()
        .filter(|letter| !is_among(letter, &rejected))
        .map(|letter| letter.id)
        .collect();
    redelivered.stored = readings(&entries).saturating_sub(refused(&rejected));
    let settled = redelivered.settled.len();
    let failed = redelivered.failed.len() + tried.len() - settled;
    redelivered.rejected = [rejected, missed].concat();
    worker
        .journal
        .redelivered(&worker.name, worker.clock.now(), redelivered)
        .await?;
    tracing::info!(sink = %worker.name, delivered = settled, refused = failed, "tried dead letters again");
    Ok(())
}

/// Why a letter cannot be tried. Of a whole snapshot nobody knew what the sink is to have: it may be nothing.
fn fits(worker: &Worker, letter: &DeadLetter, entry: Option<&Entry>) -> Result<(), String> {
    if letter.is_about_the_entry() && entry.is_none_or(|entry| entry.record().is_none()) {
        return Ok(());
    }
    let is_named = |entry: &&Entry| {
        letter.is_about_the_entry() || entry.readings().iter().any(|reading| letter.names(reading))
    };
    let Some(entry) = entry.filter(is_named) else {
        return Err("what BMW sent is no reading for this version of cardata".to_owned());
    };
    match worker.choice().part(entry, |part| is_about(letter, part)) {
        Some(_) => Ok(()),
        None => Err("the sink's `select` does not let it through any more".to_owned()),
    }
}

fn is_about(letter: &DeadLetter, part: Part<'_>) -> bool {
    match part {
        Part::Reading(reading) => letter.names(reading),
        Part::Ended(_) | Part::Record(_) => letter.is_about_the_entry(),
    }
}
