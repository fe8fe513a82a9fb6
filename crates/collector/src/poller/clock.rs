//! Clocks that are set while the program runs.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use runtime::Clock;

/// Smaller steps are what time servers do every day.
const TOLERATED: SignedDuration = SignedDuration::from_secs(2);

/// Compares the clock with the time that has passed since it was last looked at.
#[derive(Debug)]
pub(super) struct ClockWatch {
    shown: Timestamp,
    passed: Option<Duration>,
}

impl ClockWatch {
    pub(super) fn new(clock: &dyn Clock) -> Self {
        Self {
            shown: clock.now(),
            passed: clock.uptime(),
        }
    }

    /// By how much the clock was set forward (or back, below zero) since the last look.
    pub(super) fn jumped(&mut self, clock: &dyn Clock) -> Option<SignedDuration> {
        let before = std::mem::replace(self, Self::new(clock));
        let passed = self.passed?.checked_sub(before.passed?)?;
        let jump = self.shown.duration_since(before.shown) - SignedDuration::try_from(passed).ok()?;
        (jump.abs() >= TOLERATED).then_some(jump)
    }
}
