//! How many calls may leave, and when the next one may: arithmetic without a clock or a disk.
//!
//! BMW allows 50 calls a day and account, counts failed ones too, and locks the account out of its own web
//! portal when they are used up. When the day begins is not documented; the best evidence says at midnight
//! UTC, some see a rolling window of 24 hours. So no call leaves that would exceed either.

use jiff::{SignedDuration, Timestamp};

/// Calls that polls leave for upkeep: the mapping, containers and the owner's own commands.
pub const RESERVED: u32 = 2;

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// How much one kind of call may use of the quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    pub calls_per_day: u32,
    /// Calls of the day that this kind may not touch.
    pub reserved: u32,
}

/// The calls of one account, oldest first, as far as they can matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Spent {
    pub calls: Vec<Timestamp>,
    /// Those of them that were no polls, oldest first.
    pub upkeep: Vec<Timestamp>,
    /// BMW said that no call is left; none may leave before this.
    pub blocked_until: Option<Timestamp>,
}

/// No call may leave now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Denied {
    /// When the next one may, as far as is known now.
    pub until: Timestamp,
}

impl Allowance {
    /// For calls that the schedule makes.
    pub fn for_polls(calls_per_day: u32) -> Self {
        Self {
            calls_per_day,
            reserved: RESERVED.min(calls_per_day.saturating_sub(1)),
        }
    }

    /// For calls that a person asked for, or without which no poll is possible.
    pub fn for_necessities(calls_per_day: u32) -> Self {
        Self {
            calls_per_day,
            reserved: 0,
        }
    }

    /// How many calls a day this kind may make.
    pub fn limit(&self) -> u32 {
        self.calls_per_day.saturating_sub(self.reserved)
    }

    /// Whether one more call may leave at `now`.
    pub fn permits(&self, spent: &Spent, now: Timestamp) -> Result<(), Denied> {
        let limit = usize::try_from(self.limit()).unwrap_or(usize::MAX);
        let mut until = spent.blocked_until.filter(|until| *until > now).unwrap_or(now);
        if spent.in_utc_day(now) >= limit {
            until = until.max(next_utc_midnight(now));
        }
        // One more is possible when all but `limit - 1` of the last 24 hours' calls have left the window.
        let in_window: Vec<_> = spent.calls.iter().filter(|at| **at > now - DAY).collect();
        if in_window.len() >= limit {
            let leaving = in_window.get(in_window.len() - limit.max(1));
            until = until.max(leaving.map_or(now + DAY, |at| **at + DAY));
        }
        if until > now {
            Err(Denied { until })
        } else {
            Ok(())
        }
    }
}

impl Spent {
    /// How many calls of the reserve are left at `now`.
    pub fn reserve_left(&self, now: Timestamp) -> u32 {
        let used = self.upkeep.iter().filter(|at| **at > now - DAY).count();
        RESERVED.saturating_sub(u32::try_from(used).unwrap_or(u32::MAX))
    }

    /// When a call of the reserve is free again, as far as is known at `now`, which it is where one is left.
    pub fn reserve_opens(&self, now: Timestamp) -> Timestamp {
        let used: Vec<_> = self.upkeep.iter().filter(|at| **at > now - DAY).collect();
        let last = used.len().checked_sub(RESERVED as usize);
        last.map_or(now, |last| *used[last] + DAY)
    }

    /// Calls in the UTC day of `now`, and calls after it that a clock set back has left.
    pub fn in_utc_day(&self, now: Timestamp) -> usize {
        let midnight = next_utc_midnight(now) - DAY;
        self.calls.iter().filter(|at| **at >= midnight).count()
    }

    /// Calls in the 24 hours before `now`.
    pub fn in_window(&self, now: Timestamp) -> usize {
        self.calls.iter().filter(|at| **at > now - DAY).count()
    }

    /// How many calls of `allowance` are left at `now`.
    pub fn left(&self, allowance: Allowance, now: Timestamp) -> u32 {
        if self.blocked_until.is_some_and(|until| until > now) {
            return 0;
        }
        let used = u32::try_from(self.in_utc_day(now).max(self.in_window(now))).unwrap_or(u32::MAX);
        allowance.limit().saturating_sub(used)
    }
}

/// The end of the UTC day of `now`.
pub fn next_utc_midnight(now: Timestamp) -> Timestamp {
    let seconds = now.as_second();
    let next = seconds - seconds.rem_euclid(86_400) + 86_400;
    Timestamp::from_second(next).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_day_ends_at_midnight_utc() {
        assert_eq!(
            next_utc_midnight(at("2026-03-01T00:00:00Z")),
            at("2026-03-02T00:00:00Z")
        );
        assert_eq!(
            next_utc_midnight(at("2026-03-01T23:59:59.999Z")),
            at("2026-03-02T00:00:00Z")
        );
    }

    #[test]
    fn a_used_up_day_waits_for_the_window_too() {
        let allowance = Allowance {
            calls_per_day: 2,
            reserved: 0,
        };
        let spent = Spent {
            calls: vec![at("2026-03-01T10:00:00Z"), at("2026-03-01T23:00:00Z")],
            ..Spent::default()
        };
        let denied = allowance.permits(&spent, at("2026-03-01T23:30:00Z")).unwrap_err();
        assert_eq!(denied.until, at("2026-03-02T10:00:00Z"));
        assert_eq!(allowance.permits(&spent, denied.until), Ok(()));
    }

    #[test]
    fn a_block_holds_until_its_end() {
        let allowance = Allowance::for_polls(50);
        let spent = Spent {
            blocked_until: Some(at("2026-03-02T00:00:00Z")),
            ..Spent::default()
        };
        assert!(allowance.permits(&spent, at("2026-03-01T12:00:00Z")).is_err());
        assert_eq!(spent.left(allowance, at("2026-03-01T12:00:00Z")), 0);
        assert_eq!(allowance.permits(&spent, at("2026-03-02T00:00:00Z")), Ok(()));
    }

    #[test]
    fn the_reserve_opens_when_all_but_one_of_its_calls_are_a_day_old() {
        let now = at("2026-03-02T12:00:00Z");
        let opens = |upkeep: &[&str]| {
            let upkeep = upkeep.iter().map(|text| at(text)).collect();
            let spent = Spent {
                upkeep,
                ..Spent::default()
            };
            let opens = spent.reserve_opens(now);
            assert!(spent.reserve_left(opens) > 0);
            opens
        };
        assert_eq!(opens(&["2026-03-01T11:00:00Z", "2026-03-02T11:00:00Z"]), now);
        let used = [
            "2026-03-01T15:00:00Z",
            "2026-03-01T18:00:00Z",
            "2026-03-02T11:00:00Z",
        ];
        assert_eq!(opens(&used), at("2026-03-02T18:00:00Z"));
        assert_eq!(opens(&used[..2]), at("2026-03-02T15:00:00Z"));
    }

    #[test]
    fn polls_leave_a_reserve() {
        assert_eq!(Allowance::for_polls(50).limit(), 48);
        assert_eq!(Allowance::for_polls(1).limit(), 1);
    }

    proptest! {
        /// However attempts fall, and however the clock jumps between them, no UTC day and no 24 hours see
        /// more calls than are allowed.
        #[test]
        fn no_window_is_ever_exceeded(limit in 1_u32..6, steps in prop::collection::vec(-7_200_i64..30_000, 1..120)) {
            let allowance = Allowance { calls_per_day: limit, reserved: 0 };
            let mut now = at("2026-03-01T00:00:00Z");
            let mut spent = Spent::default();
            for step in steps {
                now += SignedDuration::from_secs(step);
                if allowance.permits(&spent, now).is_ok() {
                    spent.calls.push(now);
                    spent.calls.sort();
                }
            }
            for call in &spent.calls {
                let window = spent.calls.iter().filter(|at| *at >= call && **at < *call + DAY).count();
                prop_assert!(window <= limit as usize);
                let day_end = next_utc_midnight(*call);
                let day = spent.calls.iter().filter(|at| **at >= day_end - DAY && **at < day_end).count();
                prop_assert!(day <= limit as usize);
            }
        }

        #[test]
        fn a_denial_names_a_moment_at_which_a_call_may_leave(limit in 1_u32..6, ages in prop::collection::vec(0_i64..90_000, 0..20)) {
            let allowance = Allowance { calls_per_day: limit, reserved: 0 };
            let now = at("2026-03-01T12:00:00Z");
            let mut calls: Vec<_> = ages.iter().map(|age| now - SignedDuration::from_secs(*age)).collect();
            calls.sort();
            let spent = Spent { calls, ..Spent::default() };
            if let Err(denied) = allowance.permits(&spent, now) {
                prop_assert!(denied.until > now);
                prop_assert_eq!(allowance.permits(&spent, denied.until), Ok(()));
            }
        }
    }
}
