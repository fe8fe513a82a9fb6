//! Notices what others do to the state database of a running pipeline: a command that writes to it, and a person who puts
//! another file in its place.

use std::time::Duration;

use journal::Journal;
use runtime::Chain;
use store::{Store, StoreError};
use tokio_util::sync::CancellationToken;

/// How often it is looked, in real time: a person waits for what was asked for, and each look wakes a machine that may have
/// nothing else to do.
const LOOK: Duration = Duration::from_secs(5);

/// Runs until `stop` is cancelled, and cancels it where the file of the database has lost its place. Its looks are the only
/// ones of the whole program where nothing happens, and read no table.
pub async fn run(store: Store, journal: Journal, stop: CancellationToken) {
    let mut before = store.version().await.ok();
    // What was asked for before this look.
    journal.note();
    while !stop.is_cancelled() {
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            () = stop.cancelled() => {}
        }
        let now = store.version().await;
        if let Err(error @ StoreError::Displaced { .. }) = &now {
            tracing::error!(error = %Chain(error), "cardata ends, when what is on its way has come, and keeps a copy of what it has");
            stop.cancel();
            return;
        }
        let now = now.ok();
        if now != before {
            journal.note();
        }
        before = now;
    }
}

#[cfg(test)]
mod tests {
    use journal::Log;

    use super::*;
    use crate::state::OpenState;

    #[tokio::test]
    async fn what_another_connection_commits_is_noticed_and_what_its_own_does_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let state = OpenState::open(folder.path()).unwrap();
        let other = rusqlite::Connection::open(state.store.path()).unwrap();
        let commit = || {
            let request =
                "insert into replay (sink, entries, position, last_seq, created_at) values ('a', 1, 0, 1, 0)";
            assert_eq!(other.execute(request, []).unwrap(), 1);
        };
        let before = state.store.version().await.unwrap();
        state.journal.cursor("a", 0).await.unwrap();
        assert_eq!(state.store.version().await.unwrap(), before);
        commit();
        assert_ne!(state.store.version().await.unwrap(), before);

        let mut noted = state.journal.noted();
        let cancelled = CancellationToken::new();
        let running = tokio::spawn(run(state.store.clone(), state.journal.clone(), cancelled.clone()));
        noted.changed().await.unwrap();
        commit();
        noted.changed().await.unwrap();
        cancelled.cancel();
        running.await.unwrap();
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_database_that_loses_its_place_ends_the_run() {
        let folder = tempfile::tempdir().unwrap();
        let state = OpenState::open(folder.path()).unwrap();
        let stop = CancellationToken::new();
        std::fs::remove_file(state.store.path()).unwrap();
        run(state.store, state.journal, stop.clone()).await;
        assert!(stop.is_cancelled());
    }
}
