//! Since when messages are held that are not stored: what a stop, a kill or a panic would lose.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

/// Shared by the connections of a stream. Each says when the first arrived of what it holds; clones are one.
#[derive(Debug, Clone, Default)]
pub struct Unstored(Arc<Mutex<Vec<Timestamp>>>);

impl Unstored {
    /// A connection holds what arrived from then on.
    pub fn hold(&self, since: Timestamp) {
        self.lock().push(since);
    }

    /// It is stored.
    pub fn release(&self, since: Timestamp) {
        let mut held = self.lock();
        if let Some(position) = held.iter().position(|one| *one == since) {
            held.swap_remove(position);
        }
    }

    /// The latest time, up to `now`, before which everything that had come is stored.
    pub fn stored_until(&self, now: Timestamp) -> Timestamp {
        self.lock().iter().copied().fold(now, Timestamp::min)
    }

    /// The same where all that is held is lost.
    pub fn lose(&self, now: Timestamp) -> Timestamp {
        let until = self.stored_until(now);
        self.lock().clear();
        until
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Timestamp>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
