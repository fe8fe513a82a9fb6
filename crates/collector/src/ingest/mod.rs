//! The one way into the journal: for what was polled and what a stream brought.
//!
//! What comes is kept until the journal has taken it, however long that takes, and nothing more is asked for meanwhile: a
//! poll has spent its call, and BMW sends a message once. What the journal can never take, because of a bug, is kept as a
//! stray, byte by byte, and the rest of its snapshot is stored. What is told of a vehicle counts for the planner when it is
//! stored: at once for whoever wakes the poller; a poll is stored in one transaction with the plan that follows from it, and
//! nobody plans meanwhile.
//!
//! * [`Door`]: repeats, failures and strays; [`sift`]: which readings become one. [`Intake`]: where it leads. [`streams`]:
//!   what of a stream goes through. [`oddities`]: what the log is told of values.

mod oddities;
mod sift;
mod streams;
#[cfg(test)]
mod tests;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use collector_core::state::{PollsState, State, StreamState};
use collector_core::{Name, Names, RawSnapshot, Stray};
use journal::{Appended, JournalError};
use ledger::{Fact, Ledger, Publisher};
use runtime::Chain;
use source::{Handles, Hearing};
use store::StoreError;
use tokio_util::sync::CancellationToken;

use crate::state::OpenState;
use oddities::Oddities;

pub use streams::{Streamed, build, note_last_heard};

/// How long a journal that cannot take something is left alone, in real time: no clock makes a disk emptier.
const RETRY: Duration = Duration::from_secs(5);

/// What takes in what comes.
#[async_trait]
pub trait Intake: std::fmt::Debug + Send + Sync {
    /// Stores snapshots, in this order, and what the ledger is told with them, in one transaction.
    async fn append(
        &self,
        account: &Name,
        source: &Name,
        snapshots: Arc<[RawSnapshot]>,
        facts: Arc<[Fact]>,
    ) -> Result<Stored, JournalError>;

    /// What storing a snapshot would come to. Stores nothing.
    async fn try_out(&self, account: &Name, source: &Name, snapshot: RawSnapshot)
    -> Result<(), JournalError>;

    /// Keeps what cannot be read, or not be stored otherwise.
    async fn keep_strays(
        &self,
        account: &Name,
        source: &Name,
        strays: Vec<Stray>,
    ) -> Result<(), JournalError>;
}

/// What became of snapshots and facts.
#[derive(Debug)]
pub struct Stored {
    pub appended: Vec<Appended>,
    /// Whether the ledger took the facts: that it does not keeps no snapshot from being stored.
    pub noted: bool,
}

/// The way of one source of one account.
#[derive(Debug, Clone)]
pub struct Door {
    pub(crate) account: Name,
    pub(crate) source: Name,
    intake: Arc<dyn Intake>,
    hearing: Arc<Hearing>,
    names: Names,
    ledger: Arc<dyn Ledger>,
    stop: CancellationToken,
    /// Who says how the polls or the stream of the account fare.
    publisher: Publisher,
    /// How they fare while the journal takes nothing, and when it does again.
    failing: State,
    well: State,
    retry: Duration,
    oddities: Arc<Oddities>,
}

/// The program was stopped before the journal took what came. Why it did not.
#[derive(Debug)]
pub struct Stopped(pub JournalError);

impl Door {
    /// The door of a stream.
    pub fn new(handles: &Handles, source: Name, intake: Arc<dyn Intake>, stop: CancellationToken) -> Self {
        let account = handles.login.account.clone();
        Self {
            publisher: Publisher::new(account.clone(), handles.ledger.clone(), handles.clock.clone()),
            failing: State::Stream(StreamState::Waiting),
            well: State::Stream(StreamState::Streaming),
            account,
            source,
            intake,
            hearing: handles.hearing.clone(),
            names: handles.names.clone(),
            ledger: handles.ledger.clone(),
            stop,
            retry: RETRY,
            oddities: Arc::default(),
        }
    }

    /// The same for polls.
    #[must_use]
    pub fn of_polls(self, publisher: Publisher) -> Self {
        Self {
            publisher,
            failing: State::Polls(PollsState::Failing),
            well: State::Polls(PollsState::Polling),
            ..self
        }
    }

    /// Stores what a stream brought, in this order and with what the ledger is told of it, and tells the planner.
    ///
    /// # Errors
    /// The program was stopped first.
    pub async fn take(&self, snapshots: Arc<[RawSnapshot]>, facts: Vec<Fact>) -> Result<(), Stopped> {
        if snapshots.is_empty() {
            return Ok(());
        }
        self.store(&snapshots, facts.into()).await?;
        snapshots.iter().for_each(|snapshot| self.hearing.heard(snapshot));
        Ok(())
    }

    /// Stores what a poll brought and what the ledger is told of it. What was new of it, and whether the ledger took that.
    ///
    /// # Errors
    /// The program was stopped first.
    pub async fn take_poll(
        &self,
        snapshot: RawSnapshot,
        facts: Vec<Fact>,
    ) -> Result<(Appended, bool), Stopped> {
        self.store(&[snapshot].into(), facts.into()).await
    }

    /// What was new, as a sum, and whether the ledger took the facts.
    async fn store(
        &self,
        snapshots: &Arc<[RawSnapshot]>,
        facts: Arc<[Fact]>,
    ) -> Result<(Appended, bool), Stopped> {
        let append = || {
            self.intake
                .append(&self.account, &self.source, snapshots.clone(), facts.clone())
        };
        let stored = match self.until_stored(append).await? {
            Some(stored) => {
                let rejected = stored.appended.iter().any(|one| one.rejected > 0);
                self.oddities.look(snapshots, rejected);
                stored
            }
            // A bug: nothing more is made of it.
            None => Stored {
                appended: self.take_singly(snapshots).await?,
                noted: self.note(&facts).await,
            },
        };
        let appended = stored.appended.iter().fold(Appended::default(), together);
        tracing::debug!(account = %self.account, source = %self.source, snapshots = snapshots.len(), new = appended.new, repeats = appended.repeats, "stored");
        Ok((appended, stored.noted))
    }

    async fn note(&self, facts: &[Fact]) -> bool {
        let noted = self.ledger.note(facts.to_vec()).await;
        noted
            .inspect_err(|error| tracing::warn!(account = %self.account, source = %self.source, error = %Chain(error), "could not note what was asked for"))
            .is_ok()
    }

    /// One by one, where a bug keeps several from being stored: of one that cannot be stored even alone, what makes the
    /// journal panic becomes a stray.
    async fn take_singly(&self, snapshots: &[RawSnapshot]) -> Result<Vec<Appended>, Stopped> {
        let mut all = Vec::new();
        for snapshot in snapshots {
            match self.take_one(snapshot).await? {
                Some(appended) => all.extend(appended),
                None => all.extend(self.take_sifted(snapshot).await?),
            }
        }
        Ok(all)
    }

    async fn take_one(&self, snapshot: &RawSnapshot) -> Result<Option<Vec<Appended>>, Stopped> {
        let one = || {
            self.intake.append(
                &self.account,
                &self.source,
                [snapshot.clone()].into(),
                Arc::default(),
            )
        };
        let stored = self.until_stored(one).await?;
        Ok(stored.map(|stored| stored.appended))
    }

    /// Keeps what is no snapshot.
    ///
    /// # Errors
    /// The program was stopped first.
    pub async fn take_strays(&self, strays: Vec<Stray>) -> Result<(), Stopped> {
        if strays.is_empty() {
            return Ok(());
        }
        let keep = || {
            self.intake
                .keep_strays(&self.account, &self.source, strays.clone())
        };
        if self.until_stored(keep).await?.is_none() {
            tracing::error!(account = %self.account, source = %self.source, messages = strays.len(), "what cannot be read made the journal panic, which is a bug; it is lost");
        }
        Ok(())
    }

    /// Tries until the journal takes it, and once more when the program stops. `None` where it never will, because of a bug.
    async fn until_stored<T, F>(&self, store: impl Fn() -> F) -> Result<Option<T>, Stopped>
    where
        F: Future<Output = Result<T, JournalError>>,
    {
        let (mut told, mut last) = (false, false);
        loop {
            let error = match store().await {
                Ok(stored) => {
                    if told {
                        tracing::info!(account = %self.account, source = %self.source, "the journal takes snapshots again");
                        self.publisher.publish(self.well, None).await;
                    }
                    return Ok(Some(stored));
                }
                Err(error) if error.is_bug() => return Ok(None),
                Err(error) => error,
            };
            if last {
                return Err(Stopped(error));
            }
            if !told {
                tracing::error!(account = %self.account, source = %self.source, error = %Chain(&error), "a snapshot cannot be stored; it is kept in memory and tried again, and nothing more is asked for meanwhile");
                told = true;
            }
            // Each time: the ledger, in the same file, may not have taken it before.
            self.publisher.publish(self.failing, Some(trouble(&error))).await;
            tokio::select! {
                () = tokio::time::sleep(self.retry) => {}
                () = self.stop.cancelled() => last = true,
            }
        }
    }
}

fn trouble(error: &JournalError) -> String {
    let error = Chain(error);
    format!("what came cannot be stored; it is kept in memory and tried again, and a kill loses it: {error}")
}

#[async_trait]
impl Intake for OpenState {
    async fn append(
        &self,
        account: &Name,
        source: &Name,
        snapshots: Arc<[RawSnapshot]>,
        facts: Arc<[Fact]>,
    ) -> Result<Stored, JournalError> {
        let append = || {
            let (account, source, journal) = (account.clone(), source.clone(), self.journal.clone());
            let (snapshots, facts) = (snapshots.clone(), facts.clone());
            self.store.transact(move |tx| {
                let appended = journal.append_within(tx, &account, &source, &snapshots)?;
                // That it is not noted must not keep what was sent from being stored.
                let noted = ledger::note(tx, &facts);
                let noted = noted.inspect_err(|error| tracing::warn!(%account, error = %Chain(error), "could not note what was asked for or heard")).is_ok();
                Ok::<_, JournalError>(Stored { appended, noted })
            })
        };
        let stored = self.journal.mended(append).await?;
        // What fits no type is among the dead letters.
        if stored.appended.iter().any(|one| one.rejected > 0) {
            self.journal.note();
        }
        Ok(stored)
    }

    async fn try_out(
        &self,
        account: &Name,
        source: &Name,
        snapshot: RawSnapshot,
    ) -> Result<(), JournalError> {
        let (account, source, journal) = (account.clone(), source.clone(), self.journal.clone());
        let tried = self.store.transact(move |tx| {
            let appended = journal.append_within(tx, &account, &source, &[snapshot]);
            // Nothing of a job that fails happens.
            Err::<Infallible, _>(Tried(appended.map(drop)))
        });
        let Err(Tried(outcome)) = tried.await;
        outcome
    }

    async fn keep_strays(
        &self,
        account: &Name,
        source: &Name,
        strays: Vec<Stray>,
    ) -> Result<(), JournalError> {
        self.journal.keep_strays(account, source, strays).await
    }
}

/// What storing something would come to.
struct Tried(Result<(), JournalError>);

impl From<StoreError> for Tried {
    fn from(error: StoreError) -> Self {
        Self(Err(error.into()))
    }
}

fn together(sum: Appended, one: &Appended) -> Appended {
    Appended {
        seq: one.seq.or(sum.seq),
        new: sum.new + one.new,
        repeats: sum.repeats + one.repeats,
        absent: sum.absent + one.absent,
        rejected: sum.rejected + one.rejected,
    }
}
