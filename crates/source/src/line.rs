//! Whether a stream carries what vehicles tell: its connection, with short breaks forgiven.

use jiff::{SignedDuration, Timestamp};

/// A shorter break is a token that was renewed or a network that stuttered. During a longer one vehicles are polled as
/// if there were no stream, and what was sent in it is fetched by a poll behind it.
const FORGIVEN: SignedDuration = SignedDuration::from_mins(5);

/// The connection of one stream.
#[derive(Debug, Default)]
pub(super) struct Line {
    connected: bool,
    /// Since when it is connected without a gap; kept during a break.
    carries_since: Option<Timestamp>,
    broke_at: Option<Timestamp>,
}

impl Line {
    /// Whether that changed anything.
    pub(super) fn connect(&mut self, at: Timestamp) -> bool {
        if self.connected {
            return false;
        }
        self.connected = true;
        let forgiven = self.broke_at.take().is_some_and(|broke| is_forgiven(broke, at));
        if self.carries_since.is_none() || !forgiven {
            self.carries_since = Some(at);
        }
        true
    }

    /// Whether that changed anything.
    pub(super) fn disconnect(&mut self, at: Timestamp) -> bool {
        if !self.connected {
            return false;
        }
        self.connected = false;
        self.broke_at = Some(at);
        true
    }

    /// Since when nothing was missed; `None` while it cannot be counted on.
    pub(super) fn carries_since(&self, now: Timestamp) -> Option<Timestamp> {
        let counted_on = self.connected || self.broke_at.is_some_and(|broke| is_forgiven(broke, now));
        self.carries_since.filter(|_| counted_on)
    }

    /// The end of the break that is forgiven now.
    pub(super) fn gives_up_at(&self, now: Timestamp) -> Option<Timestamp> {
        let broke = self.broke_at.filter(|broke| is_forgiven(*broke, now))?;
        broke.checked_add(FORGIVEN).ok()
    }

    pub(super) fn move_with_the_clock(&mut self, by: SignedDuration) {
        for at in [&mut self.carries_since, &mut self.broke_at] {
            *at = at.map(|at| at.checked_add(by).unwrap_or(at));
        }
    }
}

fn is_forgiven(broke: Timestamp, now: Timestamp) -> bool {
    now.duration_since(broke) < FORGIVEN
}
