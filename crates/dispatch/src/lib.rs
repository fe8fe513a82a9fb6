//! From the journal to one sink: wait, read a batch, select, write, acknowledge.
//!
//! Each sink has a worker and a cursor of its own, so that one that is down delays nobody. What a sink must
//! not do is done here: time-outs, retries, dead letters, and catching its panics. What comes little by little is
//! written together. Between the live batches comes what is redelivered.
#![doc = include_str!("../DECISIONS.md")]
#![cfg_attr(not(test), warn(unused_crate_dependencies))]

mod contain;
mod pace;
mod redelivery;
mod remarks;
mod select;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use collector_core::state::{SinkState, State};
use collector_core::{BatchOptions, Entry, Held, Name, Records, Retry, Select, Sink, SinkError, Written};
use jiff::SignedDuration;
use journal::log::deliver::{Acknowledgement, Rejected};
use journal::{Batch, Journal, Log, Read, Reader};
use ledger::Publisher;
use runtime::{Backoff, Chain, Clock};
use tokio_util::sync::CancellationToken;

use contain::contained;
use pace::{Next, Pace};
pub use redelivery::lacks;
use redelivery::{Redeliveries, Turn};
pub use remarks::Remarks;
use select::Choice;

/// How long a paused sink waits before it is tried again: a person has to mend something.
const PAUSE: Duration = Duration::from_secs(60);

/// Delivers the journal to one sink.
pub struct Worker {
    pub name: Name,
    pub select: Select,
    /// Whether the sink takes records.
    pub records: Records,
    pub batch: BatchOptions,
    pub retry: Retry,
    pub journal: Journal,
    pub reader: Reader,
    /// Tells `cardata status` how it fares.
    pub publisher: Publisher,
    pub clock: Arc<dyn Clock>,
    /// Everything up to this number is acknowledged.
    pub cursor: u64,
    /// What is known of the sink's store from earlier runs.
    pub remarks: Remarks,
    /// Deliver what is there, then end.
    pub draining: CancellationToken,
    /// End at once.
    pub aborted: CancellationToken,
}

/// What was told last, with the reason, and what there is to tell though all goes well.
struct Told {
    last: Option<(SinkState, Option<String>)>,
    remarks: Remarks,
}

/// A sink that does not accept writes was told to drain. The journal keeps what it did not take.
struct Undrained;

impl Worker {
    /// Runs until told to drain and everything is delivered, or until aborted. Undelivered entries stay in
    /// the journal.
    pub async fn run(mut self, mut sink: Box<dyn Sink>) {
        let aborted = self.aborted.clone();
        let start = async {
            sink.start();
            Ok(())
        };
        if let Err(error) = contained(start).await {
            tracing::warn!(sink = %self.name, %error, "the sink could not be started");
        }
        tokio::select! {
            () = aborted.cancelled() => {}
            () = self.deliver_all(sink.as_mut()) => {}
        }
        self.close(sink.as_mut()).await;
        // What it holds now cannot be less at the next start.
        if let Ok(Held::UpTo(seq)) = self.attempt(sink.held()).await {
            self.publisher.publish(State::Held(seq), None).await;
        }
    }

    async fn close(&self, sink: &mut dyn Sink) {
        if let Err(error) = contained(sink.close()).await {
            tracing::warn!(sink = %self.name, %error, "the sink could not be closed");
        }
    }

    async fn deliver_all(&mut self, sink: &mut dyn Sink) {
        let mut state = Told {
            last: None,
            remarks: self.remarks,
        };
        self.warn(&state.remarks);
        self.look(sink, &mut state).await;
        let mut newest = self.journal.newest();
        let mut pace = Pace::new(self.batch);
        let mut next = None;
        let mut unacknowledged = None;
        let mut redeliveries = Redeliveries::new(self.journal.noted());
        loop {
            // What is held back for its time is no end: whoever is told to drain while that is found out looks again.
            let draining = self.draining.is_cancelled();
            if next.is_none() {
                self.acknowledge(unacknowledged.take()).await;
                let there = *newest.borrow_and_update();
                next = self.due(&mut pace, there, draining).await;
            }
            let Some(due) = next.take() else {
                if draining {
                    return;
                }
                match redeliveries.turn(self, sink).await {
                    Turn::Done => {
                        state.remarks.filled();
                        continue;
                    }
                    Turn::Delivered => continue,
                    Turn::Nothing | Turn::Later => {}
                }
                tokio::select! {
                    changed = newest.changed() => {
                        if changed.is_err() {
                            // The journal's thread has ended: nothing more will come.
                            return;
                        }
                    }
                    () = pace.pause(self.clock.as_ref()) => {}
                    () = redeliveries.pause(self) => {}
                    () = self.draining.cancelled() => {}
                }
                continue;
            };
            pace.begin(self.clock.now());
            match self.deliver(sink, due, &mut unacknowledged, &mut state).await {
                Ok(behind) => next = behind,
                Err(Undrained) => return,
            }
        }
    }

    /// The next batch, if its time has come; the journal reaches to entry `newest`.
    async fn due(&self, pace: &mut Pace, newest: u64, draining: bool) -> Option<Next> {
        if draining {
            let batch = self.read(self.cursor).await?;
            return Some(Next {
                is_more: batch.last < newest,
                batch,
            });
        }
        if !pace.is_due(self.cursor, newest, self.clock.now()) {
            return None;
        }
        let found = self.read(self.cursor).await;
        pace.judge(found, self.cursor, newest)
    }

    fn choice(&self) -> Choice<'_> {
        Choice {
            selects: vec![&self.select],
            records: self.records,
        }
    }

    /// Writes one batch, for as long as it takes. Meanwhile the one before it is acknowledged, and where more was there
    /// the one behind it is read.
    async fn deliver(
        &mut self,
        sink: &mut dyn Sink,
        Next { batch, is_more }: Next,
        unacknowledged: &mut Option<Acknowledgement>,
        state: &mut Told,
    ) -> Result<Option<Next>, Undrained> {
        let entries = self.choice().of(&batch);
        let acknowledge = self.acknowledge(unacknowledged.take());
        let write = async {
            if entries.is_empty() {
                Some(Written::default())
            } else {
                self.write(sink, &entries, state).await
            }
        };
        let (written, behind, ()) = tokio::join!(write, self.behind(&batch, is_more), acknowledge);
        let written = written.ok_or(Undrained)?;
        let outlived = written.outlived;
        if outlived > 0 {
            tracing::info!(sink = %self.name, readings = outlived, "the store keeps nothing so old, and dropped these readings");
        }
        let mut rejected = Rejected::all(written.rejected, &entries);
        if !rejected.is_empty() {
            tracing::error!(sink = %self.name, rejected = rejected.len(), reason = rejected[0].reason, "the sink refused readings; they are among the dead letters");
        }
        let not_stored = redelivery::refused(&rejected) + outlived;
        let stored = redelivery::readings(&entries).saturating_sub(not_stored);
        let missed = self.choice().missed(&batch);
        if let Some(first) = missed.first() {
            tracing::error!(sink = %self.name, missed = missed.len(), descriptor = first.descriptor, reason = first.reason, "readings of the journal fit their type no longer; they are among the dead letters");
            rejected.extend(missed);
        }
        rejected.extend(batch.dead_letters());
        *unacknowledged = Some(Acknowledgement {
            last: batch.last,
            readings: stored,
            rejected,
        });
        self.cursor = batch.last;
        Ok(behind)
    }

    /// What was there behind a batch when it was read.
    async fn behind(&self, batch: &Batch, is_more: bool) -> Option<Next> {
        if !is_more {
            return None;
        }
        let newest = *self.journal.newest().borrow();
        let batch = self.read(batch.last).await?;
        Some(Next {
            is_more: batch.last < newest,
            batch,
        })
    }

    async fn write(&self, sink: &mut dyn Sink, entries: &[Entry], state: &mut Told) -> Option<Written> {
        let mut backoff = Backoff::new(self.retry.first, self.retry.longest);
        let mut last_try = false;
        loop {
            self.look(sink, state).await;
            let mut draw = |retry_after| backoff.next(retry_after, &mut rand::rng());
            let (trouble, reason, wait) = match self.attempt(sink.write(entries)).await {
                Ok(written) => {
                    let held = self.attempt(sink.held()).await.unwrap_or(Held::Unknown);
                    let readings = redelivery::readings(entries);
                    state.remarks.written(readings, written.outlived, held);
                    self.remark(&state.remarks).await;
                    self.change(state, SinkState::Delivering, None).await;
                    return Some(written);
                }
                Err(SinkError::Misconfigured { reason }) => (SinkState::Paused, reason, PAUSE),
                Err(SinkError::Transient { reason, retry_after }) => {
                    (SinkState::Retrying, reason, draw(retry_after))
                }
                Err(error) => (SinkState::Retrying, error.to_string(), draw(None)),
            };
            self.change(state, trouble, Some(reason)).await;
            if last_try {
                return None;
            }
            // Told to drain, a sink gets one more chance at once.
            tokio::select! {
                () = self.clock.sleep(wait) => {}
                () = self.draining.cancelled() => last_try = true,
            }
        }
    }

    /// One attempt, within its time. A panic is a failure.
    async fn attempt<T>(&self, write: impl Future<Output = Result<T, SinkError>>) -> Result<T, SinkError> {
        within(self.retry.timeout, write).await
    }

    /// Tells the log and `cardata status` once when something changes.
    async fn change(&self, told: &mut Told, state: SinkState, reason: Option<String>) {
        let before = told.last.replace((state, reason.clone()));
        if before == told.last {
            return;
        }
        let error = reason.as_deref().unwrap_or_default();
        match state {
            SinkState::Delivering
                if before
                    .is_some_and(|(state, _)| matches!(state, SinkState::Retrying | SinkState::Paused)) =>
            {
                tracing::info!(sink = %self.name, "the sink accepts writes again");
            }
            SinkState::Retrying => {
                tracing::warn!(sink = %self.name, error, "the sink does not accept writes; trying again until it does");
            }
            SinkState::Paused => {
                tracing::error!(sink = %self.name, error, "the sink is paused until this is mended; nothing is lost");
            }
            _ => {}
        }
        self.publish(state, reason).await;
    }

    /// Tells once where the store lacks something of what it was given.
    async fn look(&self, sink: &mut dyn Sink, told: &mut Told) {
        if !told.remarks.is_asked() {
            return;
        }
        // Where it cannot be looked at, the write says why.
        let held = self.attempt(sink.held()).await.unwrap_or(Held::Unknown);
        told.remarks.judge(held);
        if !told.remarks.is_asked() {
            self.warn(&told.remarks);
            self.remark(&told.remarks).await;
        }
    }

    fn warn(&self, remarks: &Remarks) {
        if let [(_, Some(lack)), _] = remarks.told(&self.name) {
            tracing::warn!(sink = %self.name, "{lack}");
        }
    }

    /// Tells `cardata status` what there is to remark, in this run and the next.
    async fn remark(&self, remarks: &Remarks) {
        for (state, message) in remarks.told(&self.name) {
            self.publisher.publish(state, message).await;
        }
    }

    /// A replay is done: whatever was lacking, its owner has had it brought again.
    async fn filled(&self) {
        let mut remarks = self.remarks;
        remarks.filled();
        self.remark(&remarks).await;
        self.publisher.publish(State::Held(0), None).await;
    }

    async fn publish(&self, state: SinkState, message: Option<String>) {
        self.publisher.publish(State::Sink(state), message).await;
    }

    /// An acknowledgement that cannot be stored is tried until it can: going on without it would deliver
    /// twice after a crash.
    async fn acknowledge(&self, acknowledgement: Option<Acknowledgement>) {
        let Some(acknowledgement) = acknowledgement else {
            return;
        };
        let mut told = false;
        let store = || {
            let acknowledgement = acknowledgement.clone();
            self.journal
                .acknowledge(&self.name, self.clock.now(), acknowledgement)
        };
        while let Err(error) = store().await {
            if !told {
                tracing::error!(sink = %self.name, error = %Chain(&error), "an acknowledgement cannot be stored; trying again");
                told = true;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    /// The next batch. A journal that cannot be read stops this sink where it is, and says so once a minute.
    async fn read(&self, after: u64) -> Option<Batch> {
        loop {
            match self.reader.read(&self.name, after, self.batch.readings).await {
                Ok(batch) => return batch,
                Err(error) if error.is_stopped() => return None,
                Err(error) => {
                    tracing::error!(sink = %self.name, error = %Chain(&error), "the journal cannot be read");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }
}

/// What a sink does, within a time. A panic is a failure.
async fn within<T>(
    limit: Duration,
    attempt: impl Future<Output = Result<T, SinkError>>,
) -> Result<T, SinkError> {
    let attempt = tokio::time::timeout(limit, contained(attempt));
    attempt.await.unwrap_or_else(|_| {
        let limit = SignedDuration::try_from(limit).unwrap_or_default();
        Err(SinkError::transient(format!("no answer within {limit:?}")))
    })
}
