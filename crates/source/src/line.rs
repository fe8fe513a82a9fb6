//! Whether a stream carries what vehicles tell: its connection, with short breaks forgiven.

use jiff::{SignedDuration, Timestamp};
use planner::GAP_WORTH_A_POLL;

/// A shorter break is a token that was renewed or a network that stuttered. During a longer one vehicles are polled as
/// if there were no stream.
const FORGIVEN: SignedDuration = SignedDuration::from_mins(5);

/// The connection of one stream.
#[derive(Debug, Default)]
pub(super) struct Line {
    connected: bool,
    /// Since when it is connected without a gap; kept during a break.
    carries_since: Option<Timestamp>,
    broke_at: Option<Timestamp>,
    /// The end of the last gap that a poll has to bridge.
    missed: Option<Timestamp>,
}

impl Line {
    /// Whether that changed anything.
    pub(super) fn connect(&mut self, at: Timestamp) -> bool {
        if self.connected {
            return false;
        }
        self.connected = true;
        let broke = self.broke_at.take();
        if self.carries_since.is_none() || !broke.is_some_and(|broke| is_forgiven(broke, at)) {
            self.carries_since = Some(at);
        }
        if broke.is_none_or(|broke| at.duration_since(broke) >= GAP_WORTH_A_POLL) {
            self.missed = Some(at);
        }
        true
    }

    /// Of another run: the end of the last gap that a poll has to bridge, and since when nobody is connected.
    pub(super) fn recall_gaps(&mut self, missed: Option<Timestamp>, since: Option<Timestamp>) {
        self.missed = self.missed.max(missed);
        if !self.connected {
            self.broke_at = since;
        }
    }

    /// When it was connected again after a gap that only a poll can bridge.
    pub(super) fn missed(&self) -> Option<Timestamp> {
        self.missed
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
        for at in [&mut self.carries_since, &mut self.broke_at, &mut self.missed] {
            *at = at.map(|at| at.checked_add(by).unwrap_or(at));
        }
    }
}

fn is_forgiven(broke: Timestamp, now: Timestamp) -> bool {
    now.duration_since(broke) < FORGIVEN
}
