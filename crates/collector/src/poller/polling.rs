//! One poll, and what its outcome means for the next one.

use collector_core::state::PollsState;
use collector_core::{Poll, SourceError, Vehicle};
use jiff::{SignedDuration, Timestamp};

use ledger::PollRecord;
use runtime::Chain;

use super::Poller;
use super::round::Round;
use crate::ingest::Door;

/// A refused vehicle is asked again after this: it may have been sold, or its owner may return as primary user.
const REFUSED: SignedDuration = SignedDuration::from_hours(24);
/// What needs a person is tried again after this; each try costs calls.
const MISCONFIGURED: SignedDuration = SignedDuration::from_hours(6);

impl Poller {
    pub(super) async fn poll(&self, poll: &mut dyn Poll, round: &mut Round, index: usize) {
        let polled = &mut round.polled[index];
        let began = self.handles.clock.now();
        let name = self.plan.sources[polled.source].name.clone();
        self.note_attempt(
            &name,
            &polled.vehicle,
            began,
            polled.failures + 1,
            Some("interrupted"),
        )
        .await;
        let login = self.handles.login.id().await;
        match poll.poll(&polled.vehicle).await {
            Ok(snapshot) => {
                let stop = self.plan.cancelled.clone();
                let door = Door::new(&self.handles, name.clone(), self.intake.clone(), stop);
                let door = door.of_polls(self.publisher.clone());
                let Ok(appended) = door.take([snapshot].into()).await else {
                    tracing::error!(account = %self.account, source = %name, "stopping without a snapshot that could not be stored; what it brought is lost");
                    return;
                };
                let vin = round.polled[index].vehicle.vin.short().to_owned();
                tracing::info!(
                    account = %self.account, source = %name, vehicle = %vin,
                    new = appended.new, repeats = appended.repeats, absent = appended.absent,
                    rejected = appended.rejected, "polled"
                );
                round.succeeded(index, began);
                let polled = &round.polled[index];
                let activity = self.handles.hearing.remembered(&polled.vehicle.vin);
                self.note_success(&name, &polled.vehicle, began, activity).await;
                self.publish(PollsState::Polling, None).await;
            }
            Err(error @ SourceError::Login { .. }) => self.wait_for_login(login, error.to_string()).await,
            Err(error) => self.failed(round, index, began, error).await,
        }
    }

    async fn failed(&self, round: &mut Round, index: usize, began: Timestamp, error: SourceError) {
        let now = self.handles.clock.now();
        let reason = error.to_string();
        let polled = &mut round.polled[index];
        let vehicle = polled.vehicle.vin.short().to_owned();
        let name = self.plan.sources[polled.source].name.clone();
        match error {
            SourceError::Transient { retry_after, .. } => {
                polled.failures += 1;
                polled.last = Some(began);
                let asked = retry_after.and_then(|wait| SignedDuration::try_from(wait).ok());
                polled.not_before = asked.map(|asked| now + asked);
                let again = self.outlook(round, now).await.next[index].at;
                tracing::warn!(account = %self.account, source = %name, vehicle, error = reason, %again, "a poll failed");
            }
            SourceError::Quota { .. } => return self.refused_by_quota(round, index, now, &reason).await,
            SourceError::Vehicle { .. } => {
                tracing::error!(account = %self.account, source = %name, vehicle, error = reason, "BMW refuses this vehicle; asking again in a day");
                polled.last = Some(began);
                polled.not_before = Some(now + REFUSED);
            }
            _ => {
                tracing::error!(account = %self.account, source = %name, error = reason, "the source cannot work like this; trying again in six hours");
                polled.last = Some(began);
                let source = polled.source;
                for polled in round.polled.iter_mut().filter(|polled| polled.source == source) {
                    polled.not_before = polled.not_before.max(Some(now + MISCONFIGURED));
                }
            }
        }
        self.publish(PollsState::Failing, Some(reason.clone())).await;
        let polled = &round.polled[index];
        self.note_attempt(&name, &polled.vehicle, began, polled.failures, Some(&reason))
            .await;
    }

    /// No call left the program, or BMW refused it: the vehicle keeps its turn.
    async fn refused_by_quota(&self, round: &mut Round, index: usize, now: Timestamp, reason: &str) {
        let until = self.next_call(now).await;
        tracing::info!(account = %self.account, reason, again = %until, "no poll for now");
        for polled in &mut round.polled {
            polled.not_before = polled.not_before.max(Some(until));
        }
        self.publish(
            PollsState::Waiting,
            Some(format!("{reason}; next poll {until:.0}")),
        )
        .await;
        let polled = &round.polled[index];
        let name = &self.plan.sources[polled.source].name;
        let last = polled.last.unwrap_or(now);
        self.note_attempt(name, &polled.vehicle, last, polled.failures, Some(reason))
            .await;
    }

    async fn note_attempt(
        &self,
        source: &str,
        vehicle: &Vehicle,
        at: Timestamp,
        failures: u32,
        problem: Option<&str>,
    ) {
        let problem = problem.map(str::to_owned);
        self.note(
            source,
            vehicle,
            PollRecord {
                last_at: at,
                last_success_at: None,
                failures,
                problem,
                activity: None,
            },
        )
        .await;
    }

    async fn note_success(&self, source: &str, vehicle: &Vehicle, at: Timestamp, activity: Option<String>) {
        let record = PollRecord {
            last_at: at,
            last_success_at: Some(at),
            failures: 0,
            problem: None,
            activity,
        };
        self.note(source, vehicle, record).await;
    }

    /// What cannot be noted costs at most an earlier poll after a restart, which the ledger still bounds.
    async fn note(&self, source: &str, vehicle: &Vehicle, record: PollRecord) {
        if let Err(error) = self
            .handles
            .ledger
            .remember_poll(&self.account, source, &vehicle.vin, record)
            .await
        {
            tracing::warn!(account = %self.account, error = %Chain(&error), "could not note when a vehicle was polled");
        }
    }
}
