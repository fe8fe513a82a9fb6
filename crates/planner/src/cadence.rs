//! How the calls of a day are shared: what is promised to every vehicle, and what is left for those that do
//! something.

use super::calendar::{DAY, MINUTE};
use collector_core::Every;

use super::situation::{Streamed, Target};
use super::streamed;

/// No vehicle that has its account for itself waits longer.
const NEVER_LONGER: i64 = 55 * MINUTE;
/// As often as it makes sense to look at a vehicle that charges or drives.
const SHORTEST: i64 = 10 * MINUTE;
/// The first wait after a failure, doubled with each further one, where calls can be spared for it.
const FIRST_RETRY: i64 = 5 * MINUTE;

/// How the limit of an account is shared among its targets. Durations are in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Shares {
    /// By how much fixed intervals are stretched: they ask for more calls than there are.
    pub fixed_stretch: f64,
    /// The interval at which the calls that fixed intervals leave are used up by sharing them equally.
    pub fair: i64,
    /// What every vehicle on `auto` is promised.
    pub auto_longest: i64,
    /// The shortest interval of a vehicle that does something.
    pub shortest: i64,
    /// Calls that parked vehicles leave for one that begins to charge or to drive, and for what streams tell of.
    pub kept: u32,
}

impl Shares {
    /// Shares `limit` calls a day: fixed intervals get what they ask for as far as it goes.
    pub(super) fn new(targets: &[Target], limit: u32) -> Self {
        let limit = f64::from(limit.max(1));
        let fixed: f64 = targets.iter().map(fixed_calls_a_day).sum();
        let round: f64 = targets
            .iter()
            .filter(|target| target.every == Every::Auto)
            .map(|target| f64::from(target.calls))
            .sum();
        // Even beside greedy fixed intervals every vehicle is looked at once a day.
        let budget = (limit - fixed).max(round).max(1.0);
        let fair = (DAY as f64 * round.max(1.0) / budget) as i64;
        let longest = (fair + fair / 2).max(NEVER_LONGER.min(2 * DAY));
        let promised = DAY as f64 / longest as f64 * round;
        let left = (budget - promised).max(0.0);
        let events: f64 = targets.iter().map(calls_for_events).sum();
        Self {
            fixed_stretch: (fixed / limit).max(1.0),
            fair: fair.max(1_000),
            auto_longest: longest,
            shortest: (fair / 3).clamp(1_000, SHORTEST),
            kept: (left / 10.0 + events.min(left / 2.0)) as u32,
        }
    }

    /// The interval that the target is promised.
    pub(super) fn promised(&self, every: Every) -> i64 {
        match every {
            Every::Fixed(every) => (milliseconds_of(every) * self.fixed_stretch).max(1_000.0) as i64,
            Every::Auto => self.auto_longest,
        }
    }

    /// The interval of a vehicle that speaks by itself. Where many share an account, half of the calls are for what
    /// happens to them.
    pub(super) fn streamed(&self, streamed: &Streamed) -> i64 {
        let every = if streamed.whole {
            streamed::WHOLE
        } else {
            streamed::PARTIAL
        };
        every.max(2 * self.fair).min(self.auto_longest.max(DAY))
    }

    /// The interval of a target that gets `calls` within `spread`, beside its promise.
    pub(super) fn interval(&self, target: &Target, calls: f64, spread: i64, shortest: i64) -> i64 {
        let longest = self.auto_longest as f64;
        let polls = calls / f64::from(target.calls.max(1));
        let every = 1.0 / (1.0 / longest + polls / spread as f64);
        (every.min(longest) as i64).max(shortest.min(self.auto_longest))
    }

    /// How long the polls that events want wait for one another, where `calls` can be spared.
    pub(super) fn events_apart(&self, target: &Target, calls: f64) -> i64 {
        self.interval(target, calls, streamed::EVENTS_SPREAD, streamed::EVENTS_APART)
    }

    pub(super) fn stretches_fixed(&self) -> bool {
        self.fixed_stretch > 1.000_001
    }
}

fn fixed_calls_a_day(target: &Target) -> f64 {
    match target.every {
        Every::Fixed(every) => DAY as f64 / milliseconds_of(every).max(1.0) * f64::from(target.calls),
        Every::Auto => 0.0,
    }
}

fn calls_for_events(target: &Target) -> f64 {
    if target.every == Every::Auto && target.stream.is_some() {
        f64::from(streamed::EVENTS_KEPT) * f64::from(target.calls)
    } else {
        0.0
    }
}

/// Whether fixed intervals ask for more than `limit` calls a day, so that all of them are stretched.
pub fn stretches_fixed(targets: &[Target], limit: u32) -> bool {
    Shares::new(targets, limit).stretches_fixed()
}

/// How long to wait after this many failures in a row, where calls can be spared for it.
pub(super) fn retry(failures: u32, every: i64) -> i64 {
    let doublings = failures.saturating_sub(1).min(20);
    (FIRST_RETRY << doublings).min(every)
}

fn milliseconds_of(every: std::time::Duration) -> f64 {
    every.as_secs_f64() * 1_000.0
}
