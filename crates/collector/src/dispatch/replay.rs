//! What a sink is given a second time: dead letters that are tried again, and replays of the history.
//!
//! The worker of the sink does it between its live batches, so a sink has one writer at a time. A failure here
//! holds up nothing but itself: the worker goes back to the live entries and comes again.

use std::time::Duration;

use collector_core::{Entry, Sink, SinkError};
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use super::backoff::Backoff;
use super::{PAUSE, Worker, contain::contained, publish, select};
use crate::account::Chain;
use crate::config::Select;
use crate::journal::JournalError;
use crate::journal::again::{Redelivered, Step, Wanted};
use crate::journal::dead_letters::Letter;
use crate::journal::deliver::Rejected;
use crate::journal::replay::Replay;

/// How often another process's request is looked for, in real time.
const LOOK: Duration = Duration::from_secs(1);

/// The second deliveries of one worker.
#[derive(Default)]
pub struct Again {
    /// When nothing was found.
    looked: Option<Instant>,
    failing: Option<Failing>,
}

/// A second delivery that failed, and when it is tried again.
struct Failing {
    at: Timestamp,
    wait: Duration,
    backoff: Backoff,
    reason: String,
}

/// What came of a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Nothing is asked for.
    Nothing,
    /// Something is, and its time comes later.
    Later,
    /// A batch was delivered.
    Delivered,
}

#[derive(Debug, thiserror::Error)]
enum Problem {
    #[error(transparent)]
    Sink(#[from] SinkError),
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error("its selection cannot be read: cancel it")]
    Selection(#[source] serde_json::Error),
}

impl Worker {
    /// Delivers what is asked for a second time and nothing else, then ends; or when told to drain, after the
    /// batch at hand. For a process that does not run the pipeline.
    pub async fn redeliver(self, mut sink: Box<dyn Sink>) {
        let mut again = Again::default();
        loop {
            let turn = tokio::select! {
                () = self.aborted.cancelled() => break,
                turn = again.turn(&self, sink.as_mut()) => turn,
            };
            if turn == Turn::Nothing || self.draining.is_cancelled() {
                break;
            }
            if turn == Turn::Later {
                tokio::select! {
                    () = again.pause(&self) => {}
                    () = self.draining.cancelled() => break,
                }
            }
        }
        if let Err(error) = contained(sink.close()).await {
            tracing::warn!(sink = %self.name, %error, "the sink could not be closed");
        }
    }
}

impl Again {
    /// Delivers one batch of what is asked for, if its time has come.
    pub async fn turn(&mut self, worker: &Worker, sink: &mut dyn Sink) -> Turn {
        if !self.left(worker).is_zero() {
            return Turn::Later;
        }
        if self.looked.is_some_and(|at| at.elapsed() < LOOK) {
            return Turn::Nothing;
        }
        self.looked = None;
        let found = worker.reader.wanted(&worker.name, worker.batch.readings).await;
        let (replay, result) = match found {
            Ok(Some(Wanted::Letters(letters))) => (None, deliver_letters(worker, sink, &letters).await),
            Ok(Some(Wanted::Replay(replay))) => {
                (Some(replay.id), deliver_replay(worker, sink, &replay).await)
            }
            Ok(None) | Err(JournalError::Stopped) => {
                self.looked = Some(Instant::now());
                self.recover(worker).await;
                return Turn::Nothing;
            }
            Err(error) => (None, Err(error.into())),
        };
        match result {
            Ok(()) => {
                if self.failing.take().is_some() {
                    publish(
                        &worker.journal,
                        &worker.name,
                        "delivering",
                        None,
                        worker.clock.now(),
                    )
                    .await;
                }
                Turn::Delivered
            }
            Err(problem) => {
                self.fail(worker, replay, &problem).await;
                Turn::Later
            }
        }
    }

    /// Returns when the next turn may find something to do.
    pub async fn pause(&self, worker: &Worker) {
        match self.left(worker) {
            Duration::ZERO => tokio::time::sleep(LOOK).await,
            left => worker.clock.sleep(left).await,
        }
    }

    /// The rest of the wait behind a failure. A clock that was set back ends it.
    fn left(&self, worker: &Worker) -> Duration {
        let Some(failing) = &self.failing else {
            return Duration::ZERO;
        };
        let passed = worker.clock.now().duration_since(failing.at);
        let left = SignedDuration::try_from(failing.wait)
            .unwrap_or_default()
            .saturating_sub(passed);
        if passed.is_negative() {
            return Duration::ZERO;
        }
        Duration::try_from(left).unwrap_or_default()
    }

    async fn recover(&mut self, worker: &Worker) {
        if self.failing.take().is_some() {
            publish(
                &worker.journal,
                &worker.name,
                "delivering",
                None,
                worker.clock.now(),
            )
            .await;
        }
    }

    /// Waits as the live way does. What is wrong is told once, and noted where the owner of a replay looks.
    async fn fail(&mut self, worker: &Worker, replay: Option<i64>, problem: &Problem) {
        let reason = Chain(problem).to_string();
        let before = self.failing.take();
        if before.as_ref().is_none_or(|before| before.reason != reason) {
            tracing::warn!(sink = %worker.name, error = reason, "a second delivery fails; trying again until it does not");
            let state = match problem {
                Problem::Sink(SinkError::Misconfigured { .. }) => "paused",
                _ => "retrying",
            };
            publish(
                &worker.journal,
                &worker.name,
                state,
                Some(reason.clone()),
                worker.clock.now(),
            )
            .await;
            if let Some(id) = replay {
                let noted = worker.journal.note_replay_problem(id, Some(reason.clone())).await;
                if let Err(error) = noted {
                    tracing::debug!(sink = %worker.name, error = %Chain(&error), "could not note a problem");
                }
            }
        }
        let retry = &worker.retry;
        let mut backoff = before.map_or_else(
            || Backoff::new(retry.first, retry.longest),
            |before| before.backoff,
        );
        let wait = match problem {
            Problem::Sink(SinkError::Transient { retry_after, .. }) => {
                backoff.next(*retry_after, &mut rand::rng())
            }
            Problem::Sink(SinkError::Misconfigured { .. }) | Problem::Selection(_) => PAUSE,
            _ => backoff.next(None, &mut rand::rng()),
        };
        self.failing = Some(Failing {
            at: worker.clock.now(),
            wait,
            backoff,
            reason,
        });
    }
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
async fn deliver_letters(worker: &Worker, sink: &mut dyn Sink, letters: &[Letter]) -> Result<(), Problem> {
    let mut redelivered = Redelivered::default();
    let (mut entries, mut tried) = (Vec::new(), Vec::new());
    for letters in letters.chunk_by(|a, b| a.seq == b.seq) {
        let entry = match worker.reader.entry(letters[0].seq).await {
            Ok(entry) => entry.ok_or_else(|| "the journal has no readings of this entry any more".to_owned()),
            Err(error @ JournalError::Damaged { .. }) => Err(error.to_string()),
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
async fn deliver_replay(worker: &Worker, sink: &mut dyn Sink, replay: &Replay) -> Result<(), Problem> {
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
    let rejected = rewrite(worker, sink, &entries).await?;
    if let Some(first) = rejected.first() {
        tracing::error!(sink = %worker.name, rejected = rejected.len(), reason = first.reason, "the sink refused readings; they are among the dead letters");
    }
    let refused = refused(&rejected);
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
fn refused(rejected: &[Rejected]) -> usize {
    rejected
        .iter()
        .filter(|rejected| rejected.moment.is_some())
        .count()
}
