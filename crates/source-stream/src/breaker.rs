//! How soon and how often a stream may try to connect: pure, and written down, so that a restart storms no more than a
//! run.
//!
//! Two things hold a try back. The *delay* follows what went wrong last and grows while it goes on; a restart and a
//! new login skip it. The *allowance* cannot be skipped: whatever fails, and however often the program is started,
//!
//! | | in a minute | in an hour | in a day |
//! | --- | --- | --- | --- |
//! | tries | 62 | 180 | 2,940 |
//! | connections, which a try comes to where anybody listens | 9 | 180 | 2,940 |
//!
//! A connection that takes over from one that works costs nothing of it, unless it fails. BMW counts the connections of
//! an address within a minute (integration guide v1.5) and does not say how many it takes: a household stays below ten.
//!
//! When the way is open again, an outage is over within a minute, whatever was before: no delay of an outage is longer,
//! and a try is allowed every half a minute. A login that is refused is one too: there are nights in which BMW refuses good
//! passwords. What waits for its owner is tried within five minutes of what he does. A duel is no outage.

#[cfg(test)]
mod tests;

use std::time::Duration;

use jiff::Timestamp;
use rand::Rng;
use runtime::Clock;
use runtime::clock::until;
use serde::{Deserialize, Serialize};

/// A connection that lasted this long ends a row of failures.
pub const STEADY: Duration = Duration::from_secs(15);
/// One that lasted this long ends a duel with another program.
pub const QUIET: Duration = Duration::from_secs(600);
/// A connection that was dropped within this may have been taken by another program. One that lasted longer ended for a reason
/// that nobody tells: there are nights in which BMW ends every connection after a minute or so.
const SOON: Duration = Duration::from_secs(20);
/// So many such drops in a row, with no failure between them, are another program and no broker that restarts.
const DUEL: u32 = 4;

/// Each delay is multiplied by a factor that is drawn from here.
const JITTER: std::ops::Range<f64> = 0.8..1.2;

const SECOND: Duration = Duration::from_secs(1);
const TRIES: Limit = Limit::new(60, Duration::from_secs(30));
const CONNECTIONS: Limit = Limit::new(3, Duration::from_secs(10));
/// The longest delay of an outage, which its jitter makes a minute.
const LONGEST_OUTAGE_DELAY: u64 = 50;
/// The same of what the owner has to allow in BMW's portal, which takes effect two minutes later.
const OWNERS_DELAY: Duration = Duration::from_secs(120);
const LONGEST_OWNERS_DELAY: u64 = 250;

/// What went wrong, by what it means for the next try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// The broker or the network is away, or a connection was dropped.
    Outage,
    /// The login was refused.
    Refused,
    /// The subscription was refused, or a login that does not cover the stream: the owner has to allow it.
    NotSubscribed,
    /// Another program takes the connection again and again.
    Duel,
}

/// What a clock shows, and what it cannot be set to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    pub shown: Timestamp,
    /// See [`Clock::uptime`].
    pub uptime: Option<Duration>,
}

impl Now {
    pub fn of(clock: &dyn Clock) -> Self {
        Self {
            shown: clock.now(),
            uptime: clock.uptime(),
        }
    }

    /// The time from `before` until this: by what cannot be set where both know it. Never negative.
    fn since(self, before: Self) -> Duration {
        let passed = self
            .uptime
            .zip(before.uptime)
            .and_then(|(now, before)| now.checked_sub(before));
        // A machine that was started in between, or a clock that cannot be set.
        passed.unwrap_or_else(|| until(before.shown, self.shown))
    }
}

/// So many at once, and one more for each `interval` that passes.
struct Limit {
    burst: u32,
    interval: Duration,
}

impl Limit {
    const fn new(burst: u32, interval: Duration) -> Self {
        Self { burst, interval }
    }

    /// How long it takes until one more is allowed, with this much debt.
    fn wait(&self, debt: Duration) -> Duration {
        debt.saturating_sub(self.interval * (self.burst - 1))
    }
}

/// What is known of past tries.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Breaker {
    /// The moment up to which the debts are paid off, in milliseconds.
    shown: i64,
    uptime: Option<u64>,
    /// What has been used of each limit, paid off by passing time; in milliseconds.
    tries: u64,
    window: u64,
    /// In a row.
    outages: u32,
    refusals: u32,
    unsubscribed: u32,
    /// Connections that were dropped soon, in a row.
    drops: u32,
    /// When connections of the last minute were made, in milliseconds; takeovers are among them.
    recent: Vec<i64>,
    /// What the next delay follows.
    #[serde(skip)]
    last: Option<Trouble>,
}

impl Breaker {
    /// How long to wait for what went wrong last.
    pub fn delay(&self, random: &mut impl Rng) -> Duration {
        let delay = match self.last {
            None => Duration::ZERO,
            // The first is a dropped connection as a rule; from the second on nobody answers.
            Some(Trouble::Outage) if self.outages <= 1 => SECOND / 5,
            Some(Trouble::Outage) => {
                growing(SECOND, 1.5, self.outages.saturating_sub(12), LONGEST_OUTAGE_DELAY)
            }
            Some(Trouble::Refused) => {
                growing(SECOND, 2.0, self.refusals.saturating_sub(1), LONGEST_OUTAGE_DELAY)
            }
            Some(Trouble::NotSubscribed) => {
                let steps = self.unsubscribed.saturating_sub(1);
                growing(OWNERS_DELAY, 2.0, steps, LONGEST_OWNERS_DELAY)
            }
            Some(Trouble::Duel) => growing(SECOND * 10, 2.0, self.drops.saturating_sub(DUEL), 750),
        };
        delay.mul_f64(random.random_range(JITTER))
    }

    /// How long a try is not allowed yet, whoever wishes it.
    pub fn held(&mut self, now: Now) -> Duration {
        self.pay_off(now);
        let tries = TRIES.wait(Duration::from_millis(self.tries));
        tries.max(CONNECTIONS.wait(Duration::from_millis(self.window)))
    }

    /// A connection is being built up. Until it is known to have come to none, it counts as one.
    pub fn connecting(&mut self, now: Now) {
        self.pay_off(now);
        self.tries = self.tries.saturating_add(millis(TRIES.interval));
        self.window = self.window.saturating_add(millis(CONNECTIONS.interval));
        self.connected_at(now.shown);
    }

    /// A connection was made, be it one that took over from another.
    pub fn connected_at(&mut self, at: Timestamp) {
        let before = at.as_millisecond() - 60_000;
        self.recent.retain(|recent| *recent >= before);
        self.recent.push(at.as_millisecond());
    }

    /// When the connections of the last minute were made.
    pub fn recent(&self) -> impl Iterator<Item = Timestamp> {
        let recent = self.recent.iter();
        recent.filter_map(|at| Timestamp::from_millisecond(*at).ok())
    }

    /// The try came to no connection.
    pub fn not_connected(&mut self) {
        self.window = self.window.saturating_sub(millis(CONNECTIONS.interval));
        self.recent.pop();
    }

    /// A try has failed.
    pub fn failed(&mut self, trouble: Trouble) {
        let count = match trouble {
            Trouble::Outage => &mut self.outages,
            Trouble::Refused => &mut self.refusals,
            Trouble::NotSubscribed => &mut self.unsubscribed,
            Trouble::Duel => &mut self.drops,
        };
        *count = count.saturating_add(1);
        // A broker that restarts does not answer in between; another program leaves the broker as it is.
        if trouble == Trouble::Outage && !self.in_duel() {
            self.drops = 0;
        }
        self.last = Some(trouble);
    }

    /// Refusals in a row.
    pub fn refusals(&self) -> u32 {
        self.refusals
    }

    /// A connection is over that had lasted this long, and whose password was `good` to the end. Returns how many
    /// evictions have come to light.
    pub fn dropped(&mut self, lasted: Duration, good: bool) -> u32 {
        self.lasted(lasted);
        self.drops = match good && lasted < SOON {
            true => self.drops.saturating_add(1),
            false => 0,
        };
        // Whoever let us in is not away, whatever was before.
        self.outages = 1;
        self.last = Some(Trouble::Outage);
        if !self.in_duel() {
            return 0;
        }
        self.last = Some(Trouble::Duel);
        if self.drops == DUEL { DUEL } else { 1 }
    }

    /// A connection has lasted this long. Returns whether a duel is over.
    pub fn lasted(&mut self, lasted: Duration) -> bool {
        if lasted >= STEADY {
            (self.outages, self.refusals, self.unsubscribed) = (0, 0, 0);
        }
        let over = lasted >= QUIET && self.in_duel();
        if lasted >= QUIET {
            self.drops = 0;
        }
        over
    }

    /// Whether another program seems to take the connection again and again.
    pub fn in_duel(&self) -> bool {
        self.drops >= DUEL
    }

    fn pay_off(&mut self, now: Now) {
        let before = Now {
            shown: Timestamp::from_millisecond(self.shown).unwrap_or_default(),
            uptime: self.uptime.map(Duration::from_millis),
        };
        let passed = millis(now.since(before));
        self.tries = self.tries.saturating_sub(passed);
        self.window = self.window.saturating_sub(passed);
        self.shown = now.shown.as_millisecond();
        self.uptime = now.uptime.map(millis);
    }
}

/// `first`, multiplied by `factor` as often as `steps` says, up to a longest that is given in seconds.
fn growing(first: Duration, factor: f64, steps: u32, longest: u64) -> Duration {
    let steps = i32::try_from(steps.min(64)).unwrap_or(64);
    let seconds = first.as_secs_f64() * factor.powi(steps);
    Duration::try_from_secs_f64(seconds)
        .unwrap_or(Duration::MAX)
        .min(Duration::from_secs(longest))
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
