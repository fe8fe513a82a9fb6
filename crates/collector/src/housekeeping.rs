//! The care of the journal while it is written: flushed every few seconds, once an hour packed and rid of what is old.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use journal::log::packed::pack::REST;
use journal::{Journal, JournalError};
use runtime::{Chain, Clock, contained};
use tokio_util::sync::CancellationToken;

/// How long sums and acknowledgements may wait for their commit. A kill costs them: sinks are given again what they
/// stored since.
const FLUSH: Duration = Duration::from_secs(10);
const TIDY: Duration = Duration::from_secs(3_600);

/// What the journal's care needs.
#[derive(Clone)]
pub struct Care {
    pub journal: Journal,
    /// How long entries stay that every sink has; `None` for ever.
    pub keep: Option<Duration>,
    pub sinks: Vec<String>,
    pub clock: Arc<dyn Clock>,
    pub cancelled: CancellationToken,
}

impl Care {
    /// Writes down what waits in memory, until cancelled; the rest is for the owner's end.
    pub async fn flush(self) {
        while self.pause(FLUSH).await {
            flush(&self.journal).await;
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
        match told(self.journal.pack(before)).await {
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
        match told(self.journal.prune(before, self.sinks.clone())).await {
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

/// Writes down what waits in memory: sums, and how far the sinks have got.
pub async fn flush(journal: &Journal) {
    if let Err(error) = told(journal.flush()).await {
        tracing::warn!(
            error,
            "sums and acknowledgements could not be written down; trying again"
        );
    }
}

/// What came of it, in words where it failed; a panic too, which must not end the care.
async fn told<T>(work: impl Future<Output = Result<T, JournalError>>) -> Result<T, String> {
    let done = contained(work).await?;
    done.map_err(|error| Chain(&error).to_string())
}
