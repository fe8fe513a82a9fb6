//! When which vehicle is polled, and what a failure means for the next time.
//!
//! One scheduler an account: it polls one vehicle at a time, the one that has waited longest for its value first.
//!
//! * [`planner`]: the next poll of each vehicle, from the calls that were made and what the vehicles do: pure.
//!   [`cadence`], [`calendar`], [`situation`] and [`reason`] are its parts, [`activity`] reads the last readings.
//! * [`hearing`]: what streams tell of the vehicles, [`coverage`]: what they leave out, [`line`]: how their connections
//!   fare. [`streamed`]: when a poll brings what they did not.
//! * [`round`]: what is known of the vehicles while polls are made. [`polling`]: a poll and its outcome.

mod activity;
mod cadence;
mod calendar;
mod clock;
mod coverage;
mod hearing;
mod line;
mod login;
mod notes;
mod planner;
mod polling;
mod reason;
mod round;
mod situation;
mod streamed;
#[cfg(test)]
mod tests;
mod vehicles;

use std::sync::Arc;
use std::time::Duration;

use collector_core::{Name, Poll};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

pub use activity::{Activity, Evidence, Happened};
pub use hearing::Hearing;
pub use login::LoginId;
pub use planner::plan;
pub use reason::Reason;
pub use situation::{Next, Outlook, Pace, Situation, Streamed, Target};

use crate::account::Account;
use crate::config::{Every, Patterns, Vehicles};
use crate::quota::Allowance;
use clock::ClockWatch;
use round::Round;

/// No wait is longer than this at a stretch, so that a changed clock is noticed.
const STRETCH: Duration = Duration::from_secs(60);
/// A plan is made anew at least this often: calls leave the window, night falls.
const REPLAN: SignedDuration = SignedDuration::from_mins(10);

/// A source that the scheduler asks.
pub struct PolledSource {
    pub name: Name,
    pub every: Every,
    pub calls: u32,
    /// Whether everything that it asks for could come by a stream.
    pub streamable: bool,
    /// Which vehicles of the account it is for.
    pub vehicles: Patterns,
}

/// Polls the vehicles of one account until it is cancelled.
pub struct Scheduler {
    pub account: Arc<Account>,
    pub vehicles: Vehicles,
    pub sources: Vec<PolledSource>,
    /// Where the owner lives: parked vehicles are polled less often by night.
    pub timezone: TimeZone,
    pub cancelled: CancellationToken,
}

/// A scheduler and the sources that it asks, in the order of [`Scheduler::sources`].
pub type Scheduled = (Scheduler, Vec<Box<dyn Poll>>);

impl Scheduler {
    /// Runs until cancelled. A poll that is under way is finished: its call is spent.
    ///
    /// `polls` are the sources themselves, in the order of `sources`.
    pub async fn run(self, mut polls: Vec<Box<dyn Poll>>) {
        let mut watch = ClockWatch::new(self.account.clock.as_ref());
        while let Some(vehicles) = self.known_vehicles().await {
            let mut round = self.round(vehicles).await;
            self.warn_of_stretched_intervals(&round);
            let now = self.account.clock.now();
            let until = now
                + if round.polled.is_empty() {
                    vehicles::EMPTY_MAPPING_AGE
                } else {
                    vehicles::MAPPING_AGE
                };
            self.poll_until(until, &mut polls, &mut round, &mut watch).await;
        }
    }

    async fn poll_until(
        &self,
        until: Timestamp,
        polls: &mut [Box<dyn Poll>],
        round: &mut Round,
        watch: &mut ClockWatch,
    ) {
        while !self.cancelled.is_cancelled() {
            if let Some(by) = watch.jumped(self.account.clock.as_ref()) {
                self.follow_the_clock(round, by).await;
            }
            let now = self.account.clock.now();
            if now >= until {
                return;
            }
            let outlook = self.outlook(round, now).await;
            self.tell(round, &outlook, now).await;
            let Some(index) = outlook.due(now) else {
                let next = outlook.first().unwrap_or(until);
                let stream = self.account.hearing.gives_up_at(now).unwrap_or(until);
                self.wait_for(next.min(until).min(stream).min(now + REPLAN)).await;
                continue;
            };
            let Some(poll) = polls.get_mut(round.polled[index].source) else {
                return;
            };
            self.poll(poll.as_mut(), round, index).await;
        }
    }

    /// The plan as of `now`.
    async fn outlook(&self, round: &Round, now: Timestamp) -> Outlook {
        let targets = round.targets(&self.sources, &self.account.hearing, now);
        let spent = self.account.journal.spent_calls(&self.account.name, now).await;
        let situation = Situation {
            now,
            // Without a ledger the gate lets no call leave.
            spent: &spent.unwrap_or_default(),
            limit: Allowance::for_polls(self.account.calls_per_day).limit(),
            night: clock::is_night(&self.timezone, now),
            targets: &targets,
        };
        let outlook = plan(&situation);
        self.account.set_targets(targets);
        outlook
    }

    fn warn_of_stretched_intervals(&self, round: &Round) {
        let limit = Allowance::for_polls(self.account.calls_per_day).limit();
        let now = self.account.clock.now();
        let targets = round.targets(&self.sources, &self.account.hearing, now);
        if cadence::Shares::new(&targets, limit).is_stretched() {
            tracing::warn!(account = %self.account.name, polled = targets.len(), limit, "the vehicles need more calls a day than there are; polling them less often");
        }
    }

    /// The clock was set by somebody: what is noted keeps its age.
    async fn follow_the_clock(&self, round: &mut Round, by: SignedDuration) {
        tracing::warn!(account = %self.account.name, seconds = by.as_secs(), "the clock was set; the times of the calls are moved with it");
        round.move_with_the_clock(by);
        self.account.hearing.move_with_the_clock(by);
        let moved = self
            .account
            .journal
            .move_with_the_clock(&self.account.name, by)
            .await;
        if let Err(error) = moved {
            tracing::warn!(account = %self.account.name, error = %crate::account::Chain(&error), "could not move the times of the calls with the clock");
        }
    }

    /// When the next call may leave, after one was refused.
    async fn next_call(&self, now: Timestamp) -> Timestamp {
        let spent = self.account.journal.spent_calls(&self.account.name, now).await;
        let denied = spent.ok().and_then(|spent| {
            Allowance::for_polls(self.account.calls_per_day)
                .permits(&spent, now)
                .err()
        });
        // Refused for another reason, such as a ledger that could not be written.
        denied.map_or(now + SignedDuration::from_mins(1), |denied| denied.until)
    }

    /// Waits until `due`, or until the stream tells of something, or the clock was set back, or until cancelled.
    async fn wait_for(&self, due: Timestamp) {
        let mut now = self.account.clock.now();
        while now < due && !self.cancelled.is_cancelled() {
            let wait = Duration::try_from(due.duration_since(now)).unwrap_or_default();
            tokio::select! {
                () = self.account.clock.sleep(wait.min(STRETCH)) => {}
                () = self.account.hearing.changed() => return,
                () = self.cancelled.cancelled() => {}
            }
            let before = std::mem::replace(&mut now, self.account.clock.now());
            if now < before {
                return;
            }
        }
    }
}

fn pace(every: Every) -> Pace {
    match every {
        Every::Fixed(every) => Pace::Fixed(SignedDuration::try_from(every).unwrap_or(SignedDuration::MAX)),
        Every::Auto => Pace::Auto,
    }
}
