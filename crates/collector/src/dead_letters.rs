//! Publishes how many readings each sink has not got, for notices, which know no journal.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use collector_core::Name;
use collector_core::state::State;
use journal::Journal;
use ledger::{Announcer, Ledger, Publisher};
use runtime::{Chain, Clock};
use tokio_util::sync::CancellationToken;

/// How often they are counted, in real time: a person reads it, and any process may change it.
const LOOK: Duration = Duration::from_secs(5);

/// Runs until cancelled. The empty name stands for readings that fit no sink.
pub async fn run(
    journal: Journal,
    ledger: Arc<dyn Ledger>,
    sinks: Vec<Name>,
    clock: Arc<dyn Clock>,
    cancelled: CancellationToken,
) {
    let names = sinks.into_iter().chain([Name::from("")]);
    let announcer = |name: Name| {
        let publisher = Publisher::new(name.clone(), ledger.clone(), clock.clone());
        (name, Announcer::new(publisher))
    };
    let mut announcers: HashMap<Name, Announcer> = names.map(announcer).collect();
    while !cancelled.is_cancelled() {
        let counted = journal.clone();
        let count = move || counted.overview()?.dead_letter_counts();
        match tokio::task::spawn_blocking(count).await {
            Ok(Ok(counts)) => {
                for (name, announcer) in &mut announcers {
                    let count = counts.iter().find(|(sink, _)| *sink == **name);
                    let state = State::DeadLetters(count.map_or(0, |(_, count)| *count));
                    announcer.announce(state, None).await;
                }
            }
            Ok(Err(error)) => tracing::debug!(error = %Chain(&error), "could not count the dead letters"),
            // A panic is told where it happens.
            Err(_) => {}
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            () = cancelled.cancelled() => {}
        }
    }
}
