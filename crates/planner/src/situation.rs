//! What a plan of polls depends on, and what it says.

use collector_core::Every;
use jiff::{SignedDuration, Timestamp};

use super::activity::{Activity, Event};
use super::reason::Reason;
use crate::quota::Spent;

/// One vehicle as one source polls it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Target {
    pub every: Every,
    /// Calls that one poll costs.
    pub calls: u32,
    /// Whether it is asked for what changes seldom, at a fixed interval: a failure waits a day.
    pub is_seldom: bool,
    /// When it was last asked for, with or without success.
    pub last: Option<Timestamp>,
    /// Failures since the last success.
    pub failures: u32,
    /// Not to be asked for before this, whatever the calls allow.
    pub not_before: Option<Timestamp>,
    pub activity: Activity,
    /// What its stream tells; `None` where it has none, where it is down, and where this vehicle is not heard on it.
    pub stream: Option<Streamed>,
}

impl Target {
    /// Whether it waits for a day because of a failure.
    pub(super) fn waits_a_day(&self) -> bool {
        self.is_seldom && self.failures > 0
    }
}

/// A vehicle that speaks by itself on a stream that is connected.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Streamed {
    /// Whether everything that a poll asks for comes by the stream.
    pub whole: bool,
    /// When it last spoke, or since when it could have been heard.
    pub heard: Timestamp,
    /// What happened last, and when that was told.
    pub event: Option<(Timestamp, Event)>,
}

/// Everything that a plan depends on.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    pub now: Timestamp,
    pub spent: &'a Spent,
    /// Calls that polls may make in 24 hours.
    pub limit: u32,
    /// Whether it is night where the owner lives.
    pub night: bool,
    pub targets: &'a [Target],
}

/// The next poll of a target.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Next {
    pub at: Timestamp,
    pub reason: Reason,
    /// The interval at which it goes on as things are.
    pub every: SignedDuration,
    /// How long it has waited, in intervals: what has waited longest for its value goes first.
    pub urgency: f64,
}

/// A plan.
#[derive(Debug, Clone, PartialEq)]
pub struct Outlook {
    /// In the order of the targets.
    pub next: Vec<Next>,
    /// Calls that could be made now, by whomever, with every promise of the next 24 hours kept.
    pub spare: u32,
}

impl Outlook {
    /// The target to poll now.
    pub fn due(&self, now: Timestamp) -> Option<usize> {
        let due = (0..self.next.len()).filter(|&index| self.next[index].at <= now);
        due.max_by(|&a, &b| {
            let (first, second) = (&self.next[a], &self.next[b]);
            let urgency = first.urgency.total_cmp(&second.urgency);
            urgency.then(second.at.cmp(&first.at)).then(b.cmp(&a))
        })
    }

    /// When the next poll comes.
    pub fn first(&self) -> Option<Timestamp> {
        self.next.iter().map(|next| next.at).min()
    }
}
