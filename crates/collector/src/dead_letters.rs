//! Publishes how many readings each sink has not got, for notices, which know no journal.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use collector_core::Name;
use collector_core::state::State;
use journal::Journal;
use ledger::{Ledger, Publisher};
use runtime::{Chain, Clock};
use tokio_util::sync::CancellationToken;

/// They are counted again after this at the soonest, in real time: a person reads it.
const LOOK: Duration = Duration::from_secs(5);

/// Runs until cancelled. Counts when something was noted in the journal, by whatever process. The empty name stands for
/// readings that fit no sink.
pub async fn run(
    journal: Journal,
    ledger: Arc<dyn Ledger>,
    sinks: Vec<Name>,
    clock: Arc<dyn Clock>,
    cancelled: CancellationToken,
) {
    let names = sinks.into_iter().chain([Name::from("")]);
    let publisher = |name: Name| {
        let publisher = Publisher::new(name.clone(), ledger.clone(), clock.clone());
        (name, publisher)
    };
    let publishers: HashMap<Name, Publisher> = names.map(publisher).collect();
    let mut noted = journal.noted();
    while !cancelled.is_cancelled() {
        noted.mark_unchanged();
        count(&journal, &publishers).await;
        let changed = async {
            tokio::time::sleep(LOOK).await;
            noted.changed().await
        };
        tokio::select! {
            // Whoever has the journal sends on it, so it is there.
            _ = changed => {}
            () = cancelled.cancelled() => {}
        }
    }
}

async fn count(journal: &Journal, publishers: &HashMap<Name, Publisher>) {
    let journal = journal.clone();
    let count = move || journal.overview()?.dead_letter_counts();
    match tokio::task::spawn_blocking(count).await {
        Ok(Ok(counts)) => {
            for (name, publisher) in publishers {
                let count = counts.iter().find(|(sink, _)| *sink == **name);
                let state = State::DeadLetters(count.map_or(0, |(_, count)| *count));
                publisher.publish(state, None).await;
            }
        }
        Ok(Err(error)) => tracing::debug!(error = %Chain(&error), "could not count the dead letters"),
        // A panic is told where it happens.
        Err(_) => {}
    }
}
