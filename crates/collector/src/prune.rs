//! Takes old entries out of the journal once an hour.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use runtime::Clock;
use tokio_util::sync::CancellationToken;

use journal::Journal;
use runtime::Chain;

const EVERY: Duration = Duration::from_secs(3_600);

/// Runs until cancelled.
pub async fn run(
    journal: Journal,
    keep: Duration,
    sinks: Vec<String>,
    clock: Arc<dyn Clock>,
    cancelled: CancellationToken,
) {
    let keep = SignedDuration::try_from(keep).unwrap_or(SignedDuration::MAX);
    while !cancelled.is_cancelled() {
        if let Ok(before) = clock.now().checked_sub(keep) {
            match journal.prune(before, sinks.clone()).await {
                Ok(0) => {}
                Ok(removed) => tracing::info!(removed, "took old entries out of the journal"),
                Err(error) => tracing::warn!(error = %Chain(&error), "old entries stay in the journal"),
            }
        }
        tokio::select! {
            () = clock.sleep(EVERY) => {}
            () = cancelled.cancelled() => {}
        }
    }
}
