//! The one way into the journal: for what was polled and what a stream brought.
//!
//! What comes is kept until the journal has taken it, however long that takes, and nothing more is asked for meanwhile: a
//! poll has spent its call, and BMW sends a message once. What the journal can never take, because of a bug, is kept as a
//! stray, byte by byte. What is told of a vehicle counts for the planner when it is stored: at once for whoever wakes the
//! poller; a poll is stored in one transaction with the plan that follows from it, and nobody plans meanwhile.
//!
//! * [`Door`]: repeats, failures and strays. [`Intake`]: where it leads. [`streams`]: what of a stream goes through.

mod streams;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use collector_core::state::{PollsState, State};
use collector_core::{Name, RawReading, RawSnapshot, Stray};
use journal::{Appended, JournalError};
use ledger::{Fact, Ledger, Publisher};
use runtime::Chain;
use serde::{Serialize, Serializer};
use source::{Handles, Hearing};
use tokio_util::sync::CancellationToken;

use crate::state::OpenState;

pub use streams::{Streamed, build};

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
    ledger: Arc<dyn Ledger>,
    stop: CancellationToken,
    /// Who says that the polls of the account are in trouble.
    polls: Option<Publisher>,
    retry: Duration,
}

/// The program was stopped before the journal took what came. Why it did not.
#[derive(Debug)]
pub struct Stopped(pub JournalError);

impl Door {
    pub fn new(handles: &Handles, source: Name, intake: Arc<dyn Intake>, stop: CancellationToken) -> Self {
        Self {
            account: handles.login.account.clone(),
            source,
            intake,
            hearing: handles.hearing.clone(),
            ledger: handles.ledger.clone(),
            stop,
            polls: None,
            retry: RETRY,
        }
    }

    /// The same for polls, whose trouble is published.
    #[must_use]
    pub fn of_polls(self, publisher: Publisher) -> Self {
        Self {
            polls: Some(publisher),
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

    /// Stores what a poll brought and what the ledger is told of it. What was new of it.
    ///
    /// # Errors
    /// The program was stopped first.
    pub async fn take_poll(&self, snapshot: RawSnapshot, facts: Vec<Fact>) -> Result<Appended, Stopped> {
        self.store(&[snapshot].into(), facts.into()).await
    }

    /// What was new, as a sum.
    async fn store(&self, snapshots: &Arc<[RawSnapshot]>, facts: Arc<[Fact]>) -> Result<Appended, Stopped> {
        let append = || {
            self.intake
                .append(&self.account, &self.source, snapshots.clone(), facts.clone())
        };
        let stored = match self.until_stored(append).await? {
            Some(stored) => stored,
            None => Stored {
                appended: self.take_singly(snapshots).await?,
                noted: self.note(&facts).await,
            },
        };
        if !stored.noted
            && let Some(polls) = &self.polls
        {
            polls.forget();
        }
        let appended = stored.appended.iter().fold(Appended::default(), together);
        tracing::debug!(account = %self.account, source = %self.source, snapshots = snapshots.len(), new = appended.new, repeats = appended.repeats, "stored");
        Ok(appended)
    }

    async fn note(&self, facts: &[Fact]) -> bool {
        let noted = self.ledger.note(facts.to_vec()).await;
        noted
            .inspect_err(|error| tracing::warn!(account = %self.account, source = %self.source, error = %Chain(error), "could not note what was asked for"))
            .is_ok()
    }

    /// One by one, where a bug keeps several from being stored: what cannot be stored even alone becomes a stray.
    async fn take_singly(&self, snapshots: &[RawSnapshot]) -> Result<Vec<Appended>, Stopped> {
        let mut all = Vec::new();
        for snapshot in snapshots {
            let one = || {
                self.intake.append(
                    &self.account,
                    &self.source,
                    [snapshot.clone()].into(),
                    Arc::default(),
                )
            };
            match self.until_stored(one).await? {
                Some(stored) => all.extend(stored.appended),
                None => {
                    tracing::error!(account = %self.account, source = %self.source, "a snapshot made the journal panic, which is a bug; it is kept as a stray");
                    self.take_strays(vec![as_stray(snapshot)]).await?;
                }
            }
        }
        Ok(all)
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
                        self.tell(PollsState::Polling, None).await;
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
                self.tell(PollsState::Failing, Some(Chain(&error).to_string()))
                    .await;
                told = true;
            }
            tokio::select! {
                () = tokio::time::sleep(self.retry) => {}
                () = self.stop.cancelled() => last = true,
            }
        }
    }

    async fn tell(&self, state: PollsState, message: Option<String>) {
        if let Some(polls) = &self.polls {
            polls.publish(State::Polls(state), message).await;
        }
    }
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
        let (account, source, journal) = (account.clone(), source.clone(), self.journal.clone());
        let stored = self.store.transact(move |tx| {
            let appended = journal.append_within(tx, &account, &source, &snapshots)?;
            // That it is not noted must not keep what was sent from being stored.
            let noted = ledger::note(tx, &facts);
            let noted = noted.inspect_err(|error| tracing::warn!(%account, error = %Chain(error), "could not note what was asked for or heard")).is_ok();
            Ok::<_, JournalError>(Stored { appended, noted })
        });
        let stored = stored.await?;
        // What fits no type is among the dead letters.
        if stored.appended.iter().any(|one| one.rejected > 0) {
            self.journal.note();
        }
        Ok(stored)
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

fn together(sum: Appended, one: &Appended) -> Appended {
    Appended {
        seq: one.seq.or(sum.seq),
        new: sum.new + one.new,
        repeats: sum.repeats + one.repeats,
        absent: sum.absent + one.absent,
        rejected: sum.rejected + one.rejected,
    }
}

/// A snapshot in the form of a message, its bodies byte by byte.
fn as_stray(snapshot: &RawSnapshot) -> Stray {
    struct Data<'a>(&'a [RawReading]);
    impl Serialize for Data<'_> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_map(self.0.iter().map(|reading| (&reading.descriptor, &reading.body)))
        }
    }
    #[derive(Serialize)]
    struct Message<'a> {
        vin: &'a str,
        timestamp: Option<&'a str>,
        data: Data<'a>,
    }
    let message = Message {
        vin: snapshot.vin.as_str(),
        timestamp: snapshot.sent_at.as_deref(),
        data: Data(&snapshot.readings),
    };
    Stray {
        received_at: snapshot.received_at,
        topic: snapshot.vin.as_str().to_owned(),
        // Text and JSON that was read before cannot fail to be written.
        payload: serde_json::to_vec(&message).unwrap_or_default(),
        reason: "storing it is a bug of this program".to_owned(),
    }
}
