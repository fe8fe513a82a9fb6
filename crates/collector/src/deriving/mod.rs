//! Records out of the journal: a reader of its entries that folds them with [`derive`] and appends what is to be told.
//!
//! * [`run`](Deriving::run): beside a run, behind the newest entry by some seconds. [`fold`]: some entries, and what they tell.
//! * [`anew`]: everything from the first entry on, compared with the records that are there. [`survey`]: what is there.
//!   [`compared`]: what differs. [`outcome`]: what came of it, for people and programs.
//! * [`telling`]: records into the journal, in one transaction with how far they are told.
//!
//! What is told is known by `told_through`, which moves with the records; the state behind an earlier entry is kept now and
//! then. A start goes on from that state, folds in silence up to `told_through`, and on from there: folding is
//! deterministic, so whatever ends a run, nothing is told twice and nothing is left out.

pub mod anew;
mod compared;
mod fold;
mod merged;
pub mod outcome;
mod survey;
mod telling;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::{Duration, Instant};

use collector_core::state::{DerivingState, State};
use derive::{Deriver, Rules};
use journal::{JournalError, Log, Read, Reader};
use ledger::Publisher;
use ledger::overview::Overview;
use runtime::clock::{later, until};
use runtime::{Chain, Clock};
use tokio_util::sync::CancellationToken;

use crate::state::OpenState;
use fold::Fold;
use outcome::Outcome;
use telling::Kept;
pub use telling::{ask, forget};

/// What comes behind a silence is folded at once, what follows so much later, all of it together: as sinks are written to,
/// so that one decoding serves both, and records are written with the readings that follow.
const PACE: Duration = Duration::from_secs(10);
/// About so many readings are folded at a time: half of what a sink is given, for memory's sake.
const AT_ONCE: usize = 5_000;
/// The state is kept so rarely while entries come, in real time: it has some hundred kilobytes where a car is charged daily,
/// and to fold five minutes of a car again takes no second.
const RARELY: Duration = Duration::from_secs(300);
/// How long a database that refuses is left alone.
const PAUSE: Duration = Duration::from_secs(60);
/// The reader's name among the sinks of the journal's reader, which no sink can have.
const READER: &str = " deriving";

/// What derives, and with what.
#[derive(Debug, Clone)]
pub struct Deriving {
    pub state: OpenState,
    pub reader: Reader,
    pub rules: Rules,
    pub clock: Arc<dyn Clock>,
}

/// Ended because it was told to, before it was done.
#[derive(Debug)]
struct Stopped;

impl Deriving {
    /// Derives until `stop` is cancelled, then what is there, and keeps the state. May be dropped at any moment.
    pub async fn run(self, stop: CancellationToken) {
        let publisher = self.publisher();
        let mut fold = None;
        while !stop.is_cancelled() {
            match self.derive(&mut fold, &publisher, &stop).await {
                Ok(Ok(())) => break,
                Ok(Err(Stopped)) => return,
                Err(error) if error.is_stopped() => return,
                Err(error) => {
                    // What was folded and not told is folded again.
                    fold = None;
                    let reason = Chain(&error).to_string();
                    tracing::error!(
                        error = reason,
                        "records cannot be derived; trying again every minute"
                    );
                    publisher
                        .publish(State::Deriving(DerivingState::Failing), Some(reason))
                        .await;
                    tokio::select! {
                        () = self.clock.sleep(PAUSE) => {}
                        () = stop.cancelled() => {}
                    }
                }
            }
        }
        let Some(mut fold) = fold else { return };
        if let Err(error) = self.finish(&mut fold).await {
            tracing::warn!(error = %Chain(&error), "what was derived last could not be kept; the next start derives it again");
        }
    }

    /// The voice of what derives, of which there is one.
    pub fn publisher(&self) -> Publisher {
        Publisher::new("".into(), self.state.ledger.clone(), self.clock.clone())
    }

    /// All records anew, without a run: what came of it; `None` where `stop` came first. The caller holds the state directory.
    /// Whoever has asked for it before need not ask again.
    ///
    /// # Errors
    /// The journal cannot be read or written.
    pub async fn all_anew(&self, stop: &CancellationToken) -> Result<Option<Outcome>, JournalError> {
        let publisher = self.publisher();
        let wanted = Overview::open_file(self.state.store.path())?.derived()?.wanted();
        let Some((_, outcome)) = self.anew(&publisher, stop).await? else {
            return Ok(None);
        };
        if let Some(asked_at) = wanted {
            telling::answer(&self.state, asked_at, &outcome).await?;
        }
        publisher
            .publish(State::Deriving(DerivingState::UpToDate), None)
            .await;
        Ok(Some(outcome))
    }

    async fn derive(
        &self,
        fold: &mut Option<Fold>,
        publisher: &Publisher,
        stop: &CancellationToken,
    ) -> Result<Result<(), Stopped>, JournalError> {
        let (mut newest, mut noted) = (self.state.journal.newest(), self.state.journal.noted());
        loop {
            let derived = Overview::open_file(self.state.store.path())?.derived()?;
            if let Some(asked_at) = derived.wanted() {
                *fold = None;
                let Some((anew, outcome)) = self.anew(publisher, stop).await? else {
                    return Ok(Err(Stopped));
                };
                telling::answer(&self.state, asked_at, &outcome).await?;
                *fold = Some(anew);
            } else if fold.is_none() {
                *fold = match self.restored(derived) {
                    Some(restored) => Some(restored),
                    None => self.anew(publisher, stop).await?.map(|(fold, _)| fold),
                };
            }
            let Some(fold) = fold.as_mut() else {
                return Ok(Err(Stopped));
            };
            loop {
                let there = *newest.borrow_and_update();
                let began = self.clock.now();
                while self.step(fold).await? {
                    if stop.is_cancelled() {
                        return Ok(Ok(()));
                    }
                    self.tell_behind(publisher, there.saturating_sub(fold.at)).await;
                }
                publisher
                    .publish(State::Deriving(DerivingState::UpToDate), None)
                    .await;
                tokio::select! {
                    changed = newest.changed() => if changed.is_err() {
                        return Ok(Err(Stopped));
                    },
                    changed = noted.changed() => if changed.is_ok() {
                        break;
                    },
                    () = stop.cancelled() => return Ok(Ok(())),
                }
                tokio::select! {
                    () = self.clock.sleep(until(self.clock.now(), later(began, PACE))) => {}
                    () = stop.cancelled() => return Ok(Ok(())),
                }
            }
        }
    }

    /// Only what takes a while is worth a word.
    async fn tell_behind(&self, publisher: &Publisher, behind: u64) {
        if behind > AT_ONCE as u64 {
            let message = format!("{behind} entries are still to be looked through");
            publisher
                .publish(State::Deriving(DerivingState::Behind), Some(message))
                .await;
        }
    }

    /// Goes on from what was kept; `None` where it cannot, or where nothing was.
    fn restored(&self, derived: ledger::Derived) -> Option<Fold> {
        let (seq, state) = derived.state?;
        let newest = *self.state.journal.newest().borrow();
        let reason = match Deriver::restore(self.rules.clone(), &state) {
            Ok(_) if derived.told_through.max(seq) > newest => {
                format!("it is not of the entries of this journal, which end with {newest}")
            }
            Ok(deriver) => return Some(Fold::behind(deriver, seq, derived.told_through)),
            Err(error) => Chain(&error).to_string(),
        };
        tracing::warn!(
            reason,
            "what was kept of deriving cannot be gone on from: records are derived anew from the whole journal, and only what differs is told"
        );
        None
    }

    /// Folds what is there, at most about [`AT_ONCE`] readings, and tells what they tell. Whether there was something.
    async fn step(&self, fold: &mut Fold) -> Result<bool, JournalError> {
        if fold.at >= *self.state.journal.newest().borrow() {
            return Ok(false);
        }
        let Some(batch) = self.reader.read(&READER.into(), fold.at, AT_ONCE).await? else {
            return Ok(false);
        };
        let tellings = fold.take(batch).await?;
        let is_due = fold.is_due() && fold.kept_at.is_none_or(|at| at.elapsed() > RARELY);
        if !tellings.is_empty() || is_due {
            let kept = Kept {
                told_through: fold.at,
                state: is_due.then(|| (fold.at, fold.deriver.state())),
            };
            telling::append(&self.state, tellings, Some(kept)).await?;
            fold.told_through = fold.told_through.max(fold.at);
        }
        if is_due {
            fold.kept(Instant::now());
        }
        Ok(true)
    }

    /// What is there when a run ends, and the state where it has changed.
    async fn finish(&self, fold: &mut Fold) -> Result<(), JournalError> {
        while self.step(fold).await? {}
        if !fold.is_changed {
            return Ok(());
        }
        let kept = Kept {
            told_through: fold.at,
            state: Some((fold.at, fold.deriver.state())),
        };
        telling::append(&self.state, Vec::new(), Some(kept)).await
    }
}
