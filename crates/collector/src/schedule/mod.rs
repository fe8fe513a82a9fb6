//! When which vehicle is polled, and what a failure means for the next time.
//!
//! One scheduler an account: it polls one vehicle at a time, the one that has waited longest first. When a
//! poll was due before the program started is remembered, so a restart asks no earlier.

mod cadence;
mod login;
mod notes;
mod spare;
#[cfg(test)]
mod tests;
mod vehicles;

use std::sync::Arc;
use std::time::Duration;

use collector_core::{Name, Poll, RawSnapshot, SourceError, Vehicle};
use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

pub use cadence::{Demand, Plan};

use crate::account::{Account, Chain};
use crate::config::{Every, Patterns, Vehicles};
use crate::journal::append::Appended;
use crate::journal::polls::PollRecord;
use crate::quota::Allowance;

/// A refused vehicle is asked again after this: it may have been sold, or its owner may return as primary user.
const REFUSED: SignedDuration = SignedDuration::from_hours(24);
/// What needs a person is tried again after this; each try costs calls.
const MISCONFIGURED: SignedDuration = SignedDuration::from_hours(6);
/// No poll is further away than this or its interval, unless the clock was set back.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_hours(25);
/// No wait is longer than this at a stretch, so that a changed clock is noticed.
const STRETCH: Duration = Duration::from_secs(60);

/// A source that the scheduler asks.
pub struct PolledSource {
    pub name: Name,
    pub every: Every,
    pub calls: u32,
    /// Which vehicles of the account it is for.
    pub vehicles: Patterns,
}

/// Polls the vehicles of one account until it is cancelled.
pub struct Scheduler {
    pub account: Arc<Account>,
    pub vehicles: Vehicles,
    pub sources: Vec<PolledSource>,
    pub cancelled: CancellationToken,
}

/// A scheduler and the sources that it asks, in the order of [`Scheduler::sources`].
pub type Scheduled = (Scheduler, Vec<Box<dyn Poll>>);

/// One vehicle as one source sees it.
struct Target {
    source: usize,
    vehicle: Vehicle,
    due: Timestamp,
    failures: u32,
}

impl Scheduler {
    /// Runs until cancelled. A poll that is under way is finished: its call is spent.
    ///
    /// `polls` are the sources themselves, in the order of `sources`.
    pub async fn run(self, mut polls: Vec<Box<dyn Poll>>) {
        while let Some(vehicles) = self.known_vehicles().await {
            let plan = self.plan(&vehicles);
            let mut targets = self.targets(vehicles, &plan).await;
            let now = self.account.clock.now();
            let until = now
                + if targets.is_empty() {
                    vehicles::EMPTY_MAPPING_AGE
                } else {
                    vehicles::MAPPING_AGE
                };
            self.poll_until(until, &mut polls, &mut targets, &plan).await;
        }
    }

    async fn poll_until(
        &self,
        until: Timestamp,
        polls: &mut [Box<dyn Poll>],
        targets: &mut [Target],
        plan: &Plan,
    ) {
        loop {
            let now = self.account.clock.now();
            if self.cancelled.is_cancelled() || now >= until {
                return;
            }
            let Some(index) = first_due(targets) else {
                self.wait_for(until).await;
                continue;
            };
            let every = plan.every[targets[index].source];
            if targets[index].due > now {
                self.wait_for(targets[index].due.min(until)).await;
                // After the clock was set back, what was due soon must not wait for hours.
                let now = self.account.clock.now();
                for target in targets.iter_mut() {
                    target.due = target.due.min(now + LONGEST_WAIT.max(plan.every[target.source]));
                }
                continue;
            }
            let Some(poll) = polls.get_mut(targets[index].source) else {
                return;
            };
            self.poll(poll.as_mut(), targets, index, every).await;
        }
    }

    fn plan(&self, vehicles: &[Vehicle]) -> Plan {
        let limit = Allowance::for_polls(self.account.calls_per_day).limit();
        let demand = |source: &PolledSource| Demand {
            every: source.every,
            calls: source.calls,
            vehicles: vehicles
                .iter()
                .filter(|vehicle| source.vehicles.matches_vehicle(vehicle))
                .count(),
        };
        let plan = Plan::new(&self.sources.iter().map(demand).collect::<Vec<_>>(), limit);
        if plan.stretched {
            tracing::warn!(account = %self.account.name, vehicles = vehicles.len(), limit, "the vehicles need more calls a day than there are; polling them less often");
        }
        self.account.leaves_unplanned(plan.spare);
        plan
    }

    async fn targets(&self, vehicles: Vec<Vehicle>, plan: &Plan) -> Vec<Target> {
        let now = self.account.clock.now();
        let mut targets = Vec::new();
        for (index, source) in self.sources.iter().enumerate() {
            for vehicle in vehicles
                .iter()
                .filter(|vehicle| source.vehicles.matches_vehicle(vehicle))
            {
                let record = self.record(&source.name, vehicle).await;
                let failures = record.as_ref().map_or(0, |record| record.failures);
                // A failed or interrupted attempt is made good sooner than the next regular one.
                let wait = cadence::after_failures(failures, plan.every[index], plan.spare);
                let due = record.map_or(now, |record| (record.last_at + wait).max(now));
                targets.push(Target {
                    source: index,
                    vehicle: vehicle.clone(),
                    due,
                    failures,
                });
            }
        }
        targets
    }

    async fn record(&self, source: &str, vehicle: &Vehicle) -> Option<PollRecord> {
        let record = self
            .account
            .journal
            .poll_record(&self.account.name, source, &vehicle.vin)
            .await;
        record.unwrap_or_else(|error| {
            tracing::warn!(account = %self.account.name, error = %Chain(&error), "could not read when a vehicle was last polled");
            None
        })
    }

    async fn poll(&self, poll: &mut dyn Poll, targets: &mut [Target], index: usize, every: SignedDuration) {
        let target = &mut targets[index];
        let began = self.account.clock.now();
        let name = self.sources[target.source].name.clone();
        self.account
            .note_attempt(
                &name,
                &target.vehicle,
                began,
                target.failures + 1,
                Some("interrupted"),
            )
            .await;
        let login = self.account.login_id().await;
        match poll.poll(&target.vehicle).await {
            Ok(snapshot) => {
                let Some(appended) = self.store(&name, snapshot).await else {
                    return;
                };
                let vin = target.vehicle.vin.short().to_owned();
                tracing::info!(
                    account = %self.account.name, source = %name, vehicle = %vin,
                    new = appended.new, repeats = appended.repeats, absent = appended.absent,
                    rejected = appended.rejected, "polled"
                );
                target.failures = 0;
                target.due = began + every;
                self.account.note_success(&name, &target.vehicle, began).await;
                self.account.publish("polling", None).await;
            }
            Err(error @ SourceError::Login { .. }) => {
                let reason = error.to_string();
                self.account.publish("login needed", Some(reason.clone())).await;
                tracing::error!(account = %self.account.name, error = reason, "polling stops until `cardata login` has been run");
                self.account.wait_for_login(login, &self.cancelled).await;
                target.due = self.account.clock.now();
            }
            Err(error) => self.failed(targets, index, every, began, error).await,
        }
    }

    async fn failed(
        &self,
        targets: &mut [Target],
        index: usize,
        every: SignedDuration,
        began: Timestamp,
        error: SourceError,
    ) {
        let now = self.account.clock.now();
        let reason = error.to_string();
        let target = &mut targets[index];
        let vehicle = target.vehicle.vin.short().to_owned();
        let name = self.sources[target.source].name.clone();
        match error {
            SourceError::Transient { retry_after, .. } => {
                target.failures += 1;
                let spare = self.spare(targets, every).await;
                let target = &mut targets[index];
                let wait = cadence::after_failures(target.failures, every, spare);
                let asked = retry_after.and_then(|wait| SignedDuration::try_from(wait).ok());
                target.due = now + asked.map_or(wait, |asked| asked.max(wait));
                tracing::warn!(account = %self.account.name, source = %name, vehicle, error = reason, again = %target.due, "a poll failed");
            }
            SourceError::Quota { .. } => {
                let until = self.next_call(now).await;
                tracing::info!(account = %self.account.name, reason, again = %until, "no poll for now");
                self.account
                    .publish("waiting", Some(format!("{reason}; next poll {until:.0}")))
                    .await;
                targets
                    .iter_mut()
                    .for_each(|target| target.due = target.due.max(until));
                return self
                    .account
                    .note_attempt(
                        &name,
                        &targets[index].vehicle,
                        began,
                        targets[index].failures,
                        Some(&reason),
                    )
                    .await;
            }
            SourceError::Vehicle { .. } => {
                tracing::error!(account = %self.account.name, source = %name, vehicle, error = reason, "BMW refuses this vehicle; asking again in a day");
                target.due = now + REFUSED;
            }
            _ => {
                tracing::error!(account = %self.account.name, source = %name, error = reason, "the source cannot work like this; trying again in six hours");
                targets
                    .iter_mut()
                    .for_each(|target| target.due = target.due.max(now + MISCONFIGURED));
            }
        }
        self.account.publish("failing", Some(reason.clone())).await;
        let target = &targets[index];
        self.account
            .note_attempt(&name, &target.vehicle, began, target.failures, Some(&reason))
            .await;
    }

    /// Puts a snapshot into the journal, however long that takes: its call is spent. `None` where the program
    /// was stopped before it could.
    async fn store(&self, source: &Name, snapshot: RawSnapshot) -> Option<Appended> {
        let snapshot = Arc::new(snapshot);
        let mut told = false;
        loop {
            let appended = self
                .account
                .journal
                .append(self.account.name.clone(), source.clone(), snapshot.clone())
                .await;
            let error = match appended {
                Ok(appended) => return Some(appended),
                Err(error) => error,
            };
            if !told {
                tracing::error!(account = %self.account.name, error = %Chain(&error), "a snapshot cannot be stored; it is kept in memory and tried again");
                self.account
                    .publish("failing", Some(Chain(&error).to_string()))
                    .await;
                told = true;
            }
            // Real time: no clock makes a disk emptier.
            tokio::select! {
                () = tokio::time::sleep(Duration::from_secs(5)) => {}
                () = self.cancelled.cancelled() => {
                    tracing::error!(account = %self.account.name, source = %source, "stopping without a snapshot that could not be stored; what it brought is lost");
                    return None;
                }
            }
        }
    }

    /// Calls of today that no planned poll needs.
    async fn spare(&self, targets: &[Target], every: SignedDuration) -> u32 {
        let now = self.account.clock.now();
        let Ok(spent) = self.account.journal.spent_calls(&self.account.name, now).await else {
            return 0;
        };
        let left = spent.left(Allowance::for_polls(self.account.calls_per_day), now);
        let rest = crate::quota::next_utc_midnight(now)
            .duration_since(now)
            .as_secs_f64();
        let planned = rest / every.as_secs_f64().max(1.0) * targets.len() as f64;
        left.saturating_sub(planned.ceil().min(f64::from(u32::MAX)) as u32)
    }

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

    async fn wait_for(&self, due: Timestamp) {
        let wait = Duration::try_from(due.duration_since(self.account.clock.now())).unwrap_or_default();
        tokio::select! {
            () = self.account.clock.sleep(wait.min(STRETCH)) => {}
            () = self.cancelled.cancelled() => {}
        }
    }
}

fn first_due(targets: &[Target]) -> Option<usize> {
    (0..targets.len()).min_by_key(|&index| targets[index].due)
}
