//! Redelivery: dead letters that are tried again, and replays of the history, some of which take the place of what the
//! sink holds.
//!
//! The worker of the sink does it between its live batches, so a sink has one writer at a time. A failure here
//! holds up nothing but itself: the worker goes back to the live entries and comes again.

mod dead_letters;
mod erase;
mod replay;

use std::time::Duration;

use collector_core::state::SinkState;
use collector_core::{Entry, Sink, SinkError};
use jiff::{SignedDuration, Timestamp};
use journal::JournalError;
use journal::log::dead_letters::DeadLetter;
use journal::log::deliver::Rejected;
use journal::log::redelivery::Due;
use runtime::{Backoff, Chain};
use tokio::sync::watch;

use crate::{PAUSE, Worker};
use dead_letters::deliver_dead_letters;
pub use erase::lacks;
use replay::deliver_replay;

/// When a replay that the journal is not whole enough for is looked at again: a look reads all of it.
const RARELY: Duration = Duration::from_secs(3_600);

/// The redeliveries of one worker.
pub struct Redeliveries {
    /// Changes when something may have been asked for.
    noted: watch::Receiver<u64>,
    /// Nothing was found since it changed last.
    is_idle: bool,
    failing: Option<Failing>,
}

/// A redelivery that failed, and when it is tried again.
struct Failing {
    at: Timestamp,
    wait: Duration,
    backoff: Backoff,
    reason: String,
    /// The journal does not have what is asked for.
    is_lacking: bool,
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
    /// The last batch of a replay was delivered.
    Done,
}

impl Worker {
    /// For a process that runs no pipeline: redelivers what is asked for, then ends, or when told to drain, or where
    /// what is next waits for the journal's owner.
    pub async fn redeliver(self, mut sink: Box<dyn Sink>) {
        let mut redeliveries = Redeliveries::new(self.journal.noted());
        loop {
            let turn = tokio::select! {
                () = self.aborted.cancelled() => break,
                turn = redeliveries.turn(&self, sink.as_mut()) => turn,
            };
            if turn == Turn::Nothing || redeliveries.is_lacking() || self.draining.is_cancelled() {
                break;
            }
            if turn == Turn::Later {
                tokio::select! {
                    () = redeliveries.pause(&self) => {}
                    () = self.draining.cancelled() => break,
                }
            }
        }
        self.close(sink.as_mut()).await;
    }
}

impl Redeliveries {
    pub fn new(noted: watch::Receiver<u64>) -> Self {
        Self {
            noted,
            is_idle: false,
            failing: None,
        }
    }

    /// Delivers one batch of what is asked for, if its time has come.
    pub async fn turn(&mut self, worker: &Worker, sink: &mut dyn Sink) -> Turn {
        if !self.left(worker).is_zero() {
            return Turn::Later;
        }
        // Whoever has the journal sends on it, so it is there.
        if self.is_idle && !self.noted.has_changed().unwrap_or(true) {
            return Turn::Nothing;
        }
        self.noted.mark_unchanged();
        self.is_idle = false;
        let found = worker.reader.due(&worker.name, worker.batch.readings).await;
        let (replay, result) = match found {
            Ok(Some(Due::DeadLetters(letters))) => {
                let delivered = deliver_dead_letters(worker, sink, &letters).await;
                (None, delivered.map(|()| Turn::Delivered))
            }
            Ok(Some(Due::Replay(replay))) => (Some(replay.id), deliver_replay(worker, sink, replay).await),
            Err(error) if !error.is_stopped() => (None, Err(error.into())),
            Ok(None) | Err(_) => {
                self.is_idle = true;
                self.recover(worker).await;
                return Turn::Nothing;
            }
        };
        match result {
            Ok(turn) => {
                self.recover(worker).await;
                if turn == Turn::Done {
                    worker.filled().await;
                }
                turn
            }
            Err(problem) => {
                self.fail(worker, replay, &problem).await;
                Turn::Later
            }
        }
    }

    /// Returns when the next turn may find something to do.
    pub async fn pause(&mut self, worker: &Worker) {
        match self.left(worker) {
            Duration::ZERO if self.noted.changed().await.is_ok() => self.is_idle = false,
            Duration::ZERO => std::future::pending().await,
            left => worker.clock.sleep(left).await,
        }
    }

    fn is_lacking(&self) -> bool {
        self.failing.as_ref().is_some_and(|failing| failing.is_lacking)
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
            worker.publish(SinkState::Delivering, None).await;
        }
    }

    /// Waits as the live way does. What is wrong is told once, and noted where the owner of a replay looks.
    async fn fail(&mut self, worker: &Worker, replay: Option<i64>, problem: &Problem) {
        let reason = Chain(problem).to_string();
        let before = self.failing.take();
        if before.as_ref().is_none_or(|before| before.reason != reason) {
            tracing::warn!(sink = %worker.name, error = reason, "a redelivery fails; trying again until it does not");
            let state = match problem {
                Problem::Sink(SinkError::Misconfigured { .. }) => Some(SinkState::Paused),
                // The sink fares well.
                Problem::Lacking(_) | Problem::Unerasable(_) | Problem::Selection(_) => None,
                _ => Some(SinkState::Retrying),
            };
            if let Some(state) = state {
                worker.publish(state, Some(reason.clone())).await;
            }
            if let Some(id) = replay {
                let noted = worker.journal.note_replay_problem(id, Some(reason.clone())).await;
                if let Err(error) = noted {
                    tracing::debug!(sink = %worker.name, error = %Chain(&error), "could not note a problem");
                }
            }
        }
        let retry = &worker.retry;
        let fresh = || Backoff::new(retry.first, retry.longest);
        let mut backoff = before.map_or_else(fresh, |before| before.backoff);
        let wait = match problem {
            Problem::Sink(SinkError::Transient { retry_after, .. }) => {
                backoff.next(*retry_after, &mut rand::rng())
            }
            Problem::Sink(SinkError::Misconfigured { .. })
            | Problem::Unerasable(_)
            | Problem::Selection(_) => PAUSE,
            Problem::Lacking(_) => RARELY,
            _ => backoff.next(None, &mut rand::rng()),
        };
        self.failing = Some(Failing {
            at: worker.clock.now(),
            wait,
            backoff,
            reason,
            is_lacking: matches!(problem, Problem::Lacking(_)),
        });
    }
}

/// Why a redelivery failed.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    #[error(transparent)]
    Sink(#[from] SinkError),
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error("its selection cannot be read: cancel it")]
    Selection(#[source] serde_json::Error),
    /// Why the sink cannot remove what it holds, and what to do.
    #[error("{0}")]
    Unerasable(String),
    /// What is missing from the journal, and what to do.
    #[error("{0}")]
    Lacking(String),
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

fn is_among(letter: &DeadLetter, rejected: &[Rejected]) -> bool {
    rejected.iter().any(|rejected| {
        rejected.seq == letter.seq
            && rejected.descriptor == letter.descriptor
            && (letter.reading.is_none() || rejected.reading == letter.reading)
    })
}

pub fn readings(entries: &[Entry]) -> usize {
    entries.iter().map(|entry| entry.readings().len()).sum()
}

/// The readings among what was rejected; whole entries are not counted.
pub fn refused(rejected: &[Rejected]) -> usize {
    let of_readings = rejected.iter().filter(|rejected| rejected.reading.is_some());
    of_readings.count()
}
