//! The owner's night, and clocks that are set while the program runs.

use std::time::Duration;

use cardata_auth::Clock;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// Smaller steps are what time servers do every day.
const TOLERATED: SignedDuration = SignedDuration::from_secs(2);

/// From 23 to 6 o'clock where the owner lives, whatever the season does to the clocks there.
pub(super) fn is_night(timezone: &TimeZone, now: Timestamp) -> bool {
    let hour = timezone.to_datetime(now).hour();
    !(6..23).contains(&hour)
}

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

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn night_follows_the_clocks_of_the_place() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        // Winter time until 2026-03-29, summer time from then until 2026-10-25.
        for (night, moment) in [
            (true, "2026-03-28T22:00:00Z"),
            (true, "2026-03-29T03:59:59Z"),
            (false, "2026-03-29T04:00:00Z"),
            (false, "2026-03-29T20:59:59Z"),
            (true, "2026-03-29T21:00:00Z"),
            (true, "2026-10-24T21:00:00Z"),
            (true, "2026-10-25T04:59:59Z"),
            (false, "2026-10-25T05:00:00Z"),
            (false, "2026-10-25T21:59:59Z"),
        ] {
            assert_eq!(is_night(&berlin, at(moment)), night, "{moment}");
        }
    }
}
