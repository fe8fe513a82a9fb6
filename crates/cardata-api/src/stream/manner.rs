//! In which manner a login is sent: ours, or the plain one that every other client uses.
//!
//! Ours keeps a session and sends the subscription with the login, which loses nothing at a broker that takes it. A broker that
//! does not may close the connection without a word. So where two logins in a row were not answered, the next two are plain, and
//! so on; what was granted last is kept to.

use std::sync::atomic::{AtomicU32, Ordering};

use super::StreamError;

/// So many logins of one manner in a row.
const TRIES: u32 = 2;

/// What is known of a broker.
#[derive(Debug, Default)]
pub(crate) struct Manner {
    /// Logins without an answer, in a row.
    unanswered: AtomicU32,
}

impl Manner {
    /// Whether the next login begins a clean session and waits for its answer before it subscribes.
    pub(crate) fn is_plain(&self) -> bool {
        (self.unanswered.load(Ordering::Relaxed) / TRIES) % 2 == 1
    }

    /// What came of a login in this manner.
    pub(crate) fn learn(&self, was_plain: bool, error: Option<&StreamError>) {
        let known = self.unanswered.load(Ordering::Relaxed);
        let unanswered = match error {
            None => TRIES * u32::from(was_plain),
            Some(
                StreamError::Unreachable { connected: true, .. }
                | StreamError::Unavailable { code: 2 }
                | StreamError::Protocol(_)
                | StreamError::Closed(_),
            ) => known.wrapping_add(1),
            Some(_) => known,
        };
        self.unanswered.store(unanswered, Ordering::Relaxed);
    }
}
