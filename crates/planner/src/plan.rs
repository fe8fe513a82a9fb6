//! When which vehicle is polled next, and why: arithmetic without a clock, a disk or randomness.
//!
//! First comes the promise: every vehicle is polled at its interval, with `every: auto` at the longest one. The
//! calls that were made and those that are promised for the next two days are laid on one calendar. What no
//! window of 24 hours needs can be spared, and is spent by value: most on vehicles that charge or drive, the rest
//! of a UTC day on parked ones. A poll before its promised time is made only if every promise still fits behind
//! it. Where the promises themselves do not fit, all of them are stretched by the same factor.
//!
//! A vehicle that speaks by itself ([`super::streamed`]) makes less use of its promise, and keeps it: the stream may
//! drop at any moment.

use collector_core::Every;
use jiff::{SignedDuration, Timestamp};

use super::activity::Activity;
use super::cadence::{self, Shares};
use super::calendar::{Calendar, DAY, HOUR, MINUTE, milliseconds, moment};
use super::reason::Reason;
use super::situation::{Next, Outlook, Situation, Target};
use super::streamed;
use crate::quota::next_utc_midnight;

/// A vehicle that does something gets its share of what can be spared within this time.
const SPREAD_WHEN_ACTIVE: i64 = 30 * MINUTE;
/// When values that end a drive or a charge have arrived.
const LAST_LOOK: i64 = 15 * MINUTE;
/// Two polls of an account that come due together are kept this far apart.
const APART: i64 = 2 * MINUTE;
/// Promises are stretched by at most this much; the ledger holds what is left.
const MOST_STRETCHED: f64 = 64.0;
/// Above this many promised calls nothing is weighed: BMW allows 50 a day, and a backend of one's own that allows
/// thousands is not worth the time. The ledger holds its limit all the same.
const MOST_WEIGHED: i64 = 10_000;

/// Plans the next poll of each target. Depends on nothing but the situation.
pub fn plan(situation: &Situation<'_>) -> Outlook {
    let planner = Planner::new(situation);
    let (stretch, spare) = planner.weigh();
    let mut steps: Vec<Step> = (0..situation.targets.len())
        .map(|index| planner.step(index, stretch, spare))
        .collect();
    if stretch.is_none() {
        planner.even_out(&mut steps);
    }
    planner.keep_apart(&mut steps);
    for (index, step) in steps.iter_mut().enumerate() {
        if stretch.is_none() {
            planner.hold_to_the_promise(index, step);
        }
        planner.retry(index, step, stretch.is_none());
        planner.wait_for_others(index, step);
    }
    let next = steps.iter().zip(situation.targets);
    Outlook {
        next: next
            .map(|(step, target)| step.told(target, situation.now))
            .collect(),
        spare,
    }
}

struct Planner<'a> {
    situation: &'a Situation<'a>,
    now: i64,
    /// The first moment that BMW allows.
    start: i64,
    shares: Shares,
    /// The calls of the last 24 hours.
    past: Calendar,
    /// Calls that no promise needs, where they are so many that nothing has to be weighed.
    ample: Option<u32>,
    /// Whether the promised calls are few enough to be weighed one by one.
    weighed: bool,
}

struct Step {
    at: i64,
    every: i64,
    /// When it was promised.
    promised: i64,
    reason: Reason,
}

impl Step {
    fn told(&self, target: &Target, now: Timestamp) -> Next {
        let waited = target.last.map_or(f64::INFINITY, |last| {
            now.duration_since(last).as_secs_f64() * 1_000.0
        });
        Next {
            at: moment(self.at),
            reason: self.reason,
            every: SignedDuration::from_millis(self.every),
            urgency: waited / self.every as f64,
        }
    }
}

impl<'a> Planner<'a> {
    fn new(situation: &'a Situation<'a>) -> Self {
        let now = milliseconds(situation.now);
        let shares = Shares::new(situation.targets, situation.limit);
        // What lies in the future was made before the clock was set back.
        let made = situation.spent.calls.iter().map(|at| milliseconds(*at).min(now));
        let made: Vec<i64> = made.filter(|at| *at > now - DAY).collect();
        let promised =
            |target: &Target| (2 * DAY / shares.promised(target.every) + 2) * i64::from(target.calls);
        let promised: i64 = situation.targets.iter().map(promised).sum();
        let start = situation
            .spent
            .blocked_until
            .map_or(now, |until| milliseconds(until).max(now));
        Self {
            situation,
            now,
            start,
            shares,
            ample: u32::try_from(i64::from(situation.limit) - made.len() as i64 - promised)
                .ok()
                .filter(|ample| *ample > 0),
            past: Calendar::new(made, situation.limit),
            weighed: promised <= MOST_WEIGHED,
        }
    }

    fn autos(&self) -> usize {
        let targets = self.situation.targets.iter();
        targets.filter(|target| target.every == Every::Auto).count()
    }

    /// How many are polled by what polls alone tell of them.
    fn unheard(&self) -> usize {
        let targets = self.situation.targets.iter();
        targets.filter(|target| is_unheard(target)).count()
    }

    /// When a target was last polled, as far as this clock can know.
    fn last(&self, index: usize) -> Option<i64> {
        Some(milliseconds(self.situation.targets[index].last?).min(self.now))
    }

    /// No earlier than BMW and the last failure allow.
    fn earliest(&self, index: usize) -> i64 {
        let not_before = self.situation.targets[index].not_before;
        self.start.max(not_before.map_or(self.now, milliseconds))
    }

    /// When the target was promised to be polled.
    fn due(&self, index: usize, stretch: f64) -> i64 {
        let earliest = self.earliest(index);
        let due = self.due_by_interval(index, stretch);
        if due >= earliest || stretch <= 1.0 {
            return due.max(earliest);
        }
        // What waits already does not come all at once.
        let first = |other: &usize| {
            let order = (self.due_by_interval(*other, stretch), *other);
            order < (due, index) && self.earliest(*other) <= earliest
        };
        let targets = self.situation.targets.len();
        let before = (0..targets).filter(first).count();
        let share = self.longest_interval(index, stretch) as f64 * (1.0 - 1.0 / stretch);
        earliest + (share * before as f64 / targets as f64) as i64
    }

    /// The same, whatever keeps it from being kept.
    fn due_by_interval(&self, index: usize, stretch: f64) -> i64 {
        let every = match self.situation.targets[index].waits_a_day() {
            true => DAY,
            false => self.longest_interval(index, stretch),
        };
        self.last(index).map_or(i64::MIN, |last| last + every)
    }

    fn longest_interval(&self, index: usize, stretch: f64) -> i64 {
        (self.shares.promised(self.situation.targets[index].every) as f64 * stretch) as i64
    }

    /// Everything that was made and is promised, with `early` polled at a time of its own.
    fn calendar(&self, stretch: f64, early: Option<(usize, i64)>) -> Calendar {
        let mut calls = self.past.calls().to_vec();
        for (index, target) in self.situation.targets.iter().enumerate() {
            let mut at = match early {
                Some((chosen, at)) if chosen == index => at,
                _ => self.due(index, stretch),
            };
            while at < self.now + 2 * DAY {
                calls.extend((0..target.calls).map(|_| at));
                at += self.longest_interval(index, stretch).max(1_000);
            }
        }
        Calendar::new(calls, self.situation.limit)
    }

    /// By how much every promise must be stretched to fit, and the calls that no promise needs; `None` where they
    /// fit as they are.
    fn weigh(&self) -> (Option<f64>, u32) {
        if let Some(spare) = self.ample {
            return (None, spare);
        }
        if !self.weighed {
            return (None, 0);
        }
        let calendar = self.calendar(1.0, None);
        if calendar.fits(self.now) {
            return (None, calendar.room(self.now));
        }
        let (mut too_short, mut enough) = (1.0, MOST_STRETCHED);
        // To within a per cent.
        for _ in 0..9 {
            let middle = f64::sqrt(too_short * enough);
            if self.calendar(middle, None).fits(self.now) {
                enough = middle;
            } else {
                too_short = middle;
            }
        }
        (Some(enough), 0)
    }

    /// What a target would do if it were alone.
    fn step(&self, index: usize, stretch: Option<f64>, spare: u32) -> Step {
        let target = &self.situation.targets[index];
        let factor = stretch.unwrap_or(1.0);
        let promised = self.due(index, factor);
        let every = self.longest_interval(index, factor);
        let step = |at: i64, every: i64, reason: Reason| Step {
            at,
            every,
            promised,
            reason,
        };
        let Some(last) = self.last(index) else {
            return step(promised, every, Reason::First);
        };
        if let (Every::Auto, Some(streamed)) = (target.every, &target.stream) {
            let slow = self.shares.streamed(streamed).max(every);
            let apart = self.shares.events_apart(target, self.share(spare));
            let (at, reason) = streamed::next(target, streamed, self.now, last, slow, apart);
            // Where not even the promises fit, nothing comes before its own.
            let first = stretch.map_or(at, |_| promised);
            return step(at.max(first).max(self.earliest(index)), slow, reason);
        }
        // A few per cent are not worth a word.
        let short = factor > 1.02;
        match target.every {
            _ if target.waits_a_day() => step(promised, every, Reason::Retry(target.failures)),
            _ if short => step(promised, every, Reason::Short(every)),
            Every::Fixed(_) if self.shares.stretches_fixed() => {
                step(promised, every, Reason::Stretched(every))
            }
            Every::Fixed(_) => step(promised, every, Reason::Fixed(every)),
            Every::Auto if spare == 0 => step(promised, every, Reason::Tight(every)),
            Every::Auto => {
                let (wait, every, reason) = self.wish(target, spare);
                step((last + wait).max(self.earliest(index)), every, reason)
            }
        }
    }

    /// The part of one target that could use all calls: what the others might want is half theirs.
    fn share(&self, spare: u32) -> f64 {
        f64::from(spare) * 2.0 / (self.autos() as f64 + 1.0)
    }

    /// How long a target on `auto` would wait after its last poll, and at which interval it would go on.
    fn wish(&self, target: &Target, spare: u32) -> (i64, i64, Reason) {
        let shares = &self.shares;
        let rest_of_day = milliseconds(next_utc_midnight(self.situation.now)) - self.now;
        let active = |every: i64, reason: fn(i64) -> Reason| (every, every, reason(every));
        // During a breakdown it does not matter what the vehicle does: nothing is to be learned about it.
        let activity = if target.failures > 2 {
            Activity::Parked
        } else {
            target.activity
        };
        let busy = || shares.interval(target, self.share(spare), SPREAD_WHEN_ACTIVE, shares.shortest);
        let left = f64::from(spare.saturating_sub(shares.kept)) / self.unheard().max(1) as f64;
        let day = || shares.interval(target, left, (rest_of_day / 4).max(HOUR / 4), shares.fair * 2 / 3);
        match activity {
            Activity::Charging => active(busy(), Reason::Charging),
            Activity::Driving => active(busy(), Reason::Driving),
            Activity::Ended => {
                let every = day();
                (every.min(LAST_LOOK), every, Reason::Ended)
            }
            Activity::Parked if self.situation.night => {
                let night = shares.interval(target, left, DAY / 2, shares.fair);
                active(night, Reason::ParkedAtNight)
            }
            Activity::Parked => active(day(), Reason::Parked),
        }
    }

    /// Parked vehicles that come due together are drawn apart: the account is looked at evenly.
    fn even_out(&self, steps: &mut [Step]) {
        let targets = self.situation.targets;
        let mut parked: Vec<usize> = (0..steps.len())
            .filter(|&index| {
                let target = &targets[index];
                is_unheard(target) && target.last.is_some() && target.failures == 0
            })
            .collect();
        if parked.len() < 2 || parked.len() < self.unheard() {
            return;
        }
        let rate: f64 = parked.iter().map(|&index| 1.0 / steps[index].every as f64).sum();
        let beat = ((1.0 / rate) as i64).max(self.shares.fair / parked.len() as i64);
        let newest = parked.iter().filter_map(|&index| self.last(index)).max();
        parked.sort_by_key(|&index| steps[index].at);
        let mut slot = newest.unwrap_or(self.now);
        for index in parked {
            slot += beat;
            if targets[index].activity == Activity::Parked {
                let earliest = self.earliest(index);
                steps[index].at = steps[index].at.min(slot.max(earliest));
            }
        }
    }

    /// Polls of an account that has waited do not all leave in one moment.
    fn keep_apart(&self, steps: &mut [Step]) {
        let targets = self.situation.targets;
        let mut autos: Vec<usize> = (0..steps.len())
            .filter(|&index| targets[index].every == Every::Auto && targets[index].last.is_some())
            .collect();
        autos.sort_by_key(|&index| steps[index].at);
        let apart = APART.min(self.shares.fair / self.autos().max(1) as i64 / 4);
        let newest = autos.iter().filter_map(|&index| self.last(index)).max();
        let mut free = newest.map_or(self.now, |newest| newest + apart);
        for index in autos {
            steps[index].at = steps[index].at.max(free);
            free = steps[index].at + apart;
        }
    }

    /// Moves a poll that would break a promise to its own promised time.
    fn hold_to_the_promise(&self, index: usize, step: &mut Step) {
        if step.at < step.promised && !self.can_be_early(index, step.at) {
            let every = self.longest_interval(index, 1.0);
            step.at = step.promised;
            step.every = every;
            step.reason = Reason::Tight(every);
        }
    }

    fn can_be_early(&self, index: usize, at: i64) -> bool {
        self.ample.is_some() || (self.weighed && self.calendar(1.0, Some((index, at))).fits(self.now))
    }

    /// A failed poll is repeated sooner where no promise needs the call.
    fn retry(&self, index: usize, step: &mut Step, promises_fit: bool) {
        let target = &self.situation.targets[index];
        let Some(last) = self
            .last(index)
            .filter(|_| target.failures > 0 && !target.is_seldom)
        else {
            return;
        };
        let longest = self.longest_interval(index, 1.0);
        let at = (last + cadence::retry(target.failures, step.every.min(longest))).max(self.earliest(index));
        if at < step.at && promises_fit && self.can_be_early(index, at) {
            step.at = at;
            step.reason = Reason::Retry(target.failures);
        }
    }

    /// No poll is begun whose calls could not all leave, or that is not wanted yet.
    fn wait_for_others(&self, index: usize, step: &mut Step) {
        let Target {
            calls, not_before, ..
        } = self.situation.targets[index];
        if not_before.is_some_and(|until| until > self.situation.now && milliseconds(until) >= step.at) {
            step.reason = Reason::Paused;
        }
        let opens = self.past.opens(self.now, calls);
        if opens > step.at {
            step.at = opens;
            step.reason = Reason::UsedUp(moment(opens));
        }
        if self.start > self.now && step.at >= self.start {
            // Others keep their order behind the end of the block.
            step.reason = Reason::Blocked(moment(self.start));
        }
    }
}

fn is_unheard(target: &Target) -> bool {
    target.every == Every::Auto && target.stream.is_none()
}

#[cfg(test)]
#[path = "tests/streaming.rs"]
mod streaming;
#[cfg(test)]
#[path = "tests/planning.rs"]
mod tests;
#[cfg(test)]
#[path = "tests/world.rs"]
mod world;
