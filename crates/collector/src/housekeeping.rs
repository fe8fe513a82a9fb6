//! The care of the journal while it is written: flushed now and then, once an hour packed and rid of what is old.

use std::sync::Arc;
use std::time::Duration;

use collector_core::state::{JournalState, State};
use jiff::SignedDuration;
use journal::log::packed::pack::REST;
use journal::{Journal, JournalError};
use ledger::overview::Overview;
use ledger::{Publisher, States};
use runtime::{Chain, Clock, contained};
use tokio_util::sync::CancellationToken;

/// How long sums and acknowledgements may wait for their commit. A kill costs them: sinks are given again what they
/// stored since.
const FLUSH: Duration = Duration::from_secs(10);
/// The same while something comes all the time: each commit of them writes some twenty pages, mostly the same ones.
const BUSY_FLUSH: Duration = Duration::from_secs(30);
const TIDY: Duration = Duration::from_secs(3_600);

/// What the journal's care needs.
#[derive(Clone)]
pub struct Care {
    pub journal: Journal,
    /// How long entries stay that every sink has; `None` for ever.
    pub keep: Option<Duration>,
    pub sinks: Vec<String>,
    pub states: Arc<dyn States>,
    pub clock: Arc<dyn Clock>,
    pub cancelled: CancellationToken,
}

impl Care {
    /// Writes down what waits in memory and publishes whether it can, until cancelled; the rest is for the owner's end.
    pub async fn flush(self) {
        let publisher = Publisher::new("".into(), self.states.clone(), self.clock.clone());
        let (mut wait, mut told) = (FLUSH, None);
        while self.pause(wait).await {
            wait = match flush_and_tell(&self.journal, &publisher, &mut told).await {
                true => BUSY_FLUSH,
                false => FLUSH,
            };
        }
    }

    /// Packs and forgets, until cancelled.
    pub async fn tidy(self) {
        loop {
            // What is under way ends within the transaction at hand.
            tokio::select! {
                () = self.pack() => {}
                () = self.cancelled.cancelled() => return,
            }
            tokio::select! {
                () = self.prune() => {}
                () = self.cancelled.cancelled() => return,
            }
            if !self.pause(TIDY).await {
                return;
            }
        }
    }

    async fn pack(&self) {
        let Ok(before) = self.clock.now().checked_sub(REST) else {
            return;
        };
        match in_words(self.journal.pack(before)).await {
            Ok(packed) if packed.blocks == 0 => {}
            Ok(packed) => {
                tracing::debug!(
                    blocks = packed.blocks,
                    entries = packed.entries,
                    "packed old entries of the journal"
                )
            }
            Err(error) => tracing::warn!(
                error,
                "old entries of the journal stay as they are; nothing is lost"
            ),
        }
    }

    async fn prune(&self) {
        let keep = self
            .keep
            .map(|keep| SignedDuration::try_from(keep).unwrap_or(SignedDuration::MAX));
        let Some(before) = keep.and_then(|keep| self.clock.now().checked_sub(keep).ok()) else {
            return;
        };
        let pruned = async {
            // What is behind it is folded again after a start.
            let derived = Overview::open_file(self.journal.path())?.derived()?;
            let up_to = derived.state.map_or(0, |(seq, _)| seq);
            self.journal.prune(before, self.sinks.clone(), up_to).await
        };
        match in_words(pruned).await {
            Ok(0) => {}
            Ok(removed) => tracing::info!(removed, "took old entries out of the journal"),
            Err(error) => tracing::warn!(error, "old entries stay in the journal"),
        }
    }

    /// `false` when cancelled.
    async fn pause(&self, duration: Duration) -> bool {
        tokio::select! {
            () = self.clock.sleep(duration) => true,
            () = self.cancelled.cancelled() => false,
        }
    }
}

/// Writes down what waits in memory and publishes whether it can. Whether something was written.
async fn flush_and_tell(journal: &Journal, publisher: &Publisher, told: &mut Option<String>) -> bool {
    let flushed = flush(journal, told).await;
    let (state, message) = match &flushed {
        Ok(_) => (JournalState::Writing, None),
        Err(error) => (
            JournalState::Failing,
            Some(format!(
                "sums and acknowledgements cannot be written down; they are kept in memory and tried again, and after \
                 a kill sinks are given again what they have stored since: {error}"
            )),
        ),
    };
    publisher.publish(State::Journal(state), message).await;
    flushed.unwrap_or(false)
}

/// Writes down what waits in memory: sums, and how far the sinks have got. Whether something was written, or why it could
/// not be, which is logged unless it is what was `told` last.
pub async fn flush(journal: &Journal, told: &mut Option<String>) -> Result<bool, String> {
    let written = in_words(journal.flush()).await;
    if let Err(error) = &written
        && told.as_ref() != Some(error)
    {
        tracing::warn!(
            error,
            "sums and acknowledgements could not be written down; trying again until they can"
        );
    }
    *told = written.as_ref().err().cloned();
    written
}

/// What came of it, in words where it failed; a panic too, which must not end the care.
async fn in_words<T>(work: impl Future<Output = Result<T, JournalError>>) -> Result<T, String> {
    let done = contained(work).await?;
    done.map_err(|error| Chain(&error).to_string())
}

#[cfg(test)]
mod tests {
    use journal::Log;
    use journal::log::deliver::Acknowledgement;
    use runtime::SystemClock;
    use store::StoreError;
    use store::sql::Access;

    use super::*;
    use crate::state::OpenState;

    #[tokio::test]
    async fn that_nothing_can_be_written_down_is_published_until_it_can() {
        let folder = tempfile::tempdir().unwrap();
        let state = OpenState::open(folder.path()).unwrap();
        let publisher = Publisher::new("".into(), state.ledger.clone(), Arc::new(SystemClock));
        let rename = async |from: &'static str, to: &'static str| {
            let renamed = state.store.transact(move |tx| {
                let statement = format!("alter table {from} rename to {to}");
                Ok::<_, StoreError>(tx.connection().execute_batch(&statement)?)
            });
            renamed.await.unwrap();
        };
        state.journal.cursor("sink", 0).await.unwrap();
        let acknowledgement = Acknowledgement {
            last: 1,
            ..Acknowledgement::default()
        };
        let acknowledged = state
            .journal
            .acknowledge("sink", SystemClock.now(), acknowledgement);
        acknowledged.await.unwrap();
        rename("cursor", "away").await;
        let mut told = None;
        assert!(!flush_and_tell(&state.journal, &publisher, &mut told).await);
        assert!(told.is_some(), "it is not logged again while it lasts");
        let said = state.ledger.condition().await.unwrap().components.remove(0);
        assert_eq!(
            (&*said.name, said.state),
            ("", State::Journal(JournalState::Failing))
        );
        assert!(said.message.unwrap().contains("cannot be written down"));
        rename("away", "cursor").await;
        assert!(flush_and_tell(&state.journal, &publisher, &mut told).await);
        assert_eq!(told, None);
        let said = state.ledger.condition().await.unwrap().components.remove(0);
        assert_eq!(
            (said.state, said.message),
            (State::Journal(JournalState::Writing), None)
        );
    }
}
