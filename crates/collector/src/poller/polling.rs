//! One poll, and what its outcome means for the next one.
//!
//! A poll is two transactions: with the first call that leaves it is noted that the vehicle is being asked for; what
//! came of it, the calls' ends, the state and the plan that follow are noted with what it brought.

use collector_core::state::PollsState;
use collector_core::{Name, Poll, PollRefused, RawReading, RawSnapshot, SourceError, Vin};
use jiff::{SignedDuration, Timestamp};

use ledger::{Fact, GapCause, INTERRUPTED, PollRecord, Refusal};
use normalise::body::{Body, Scalar};
use normalise::value::is_nothing;
use runtime::contained;
use source::LoginId;
use source_telematics::fit;

use super::Poller;
use super::round::{Polled, Round};
use crate::ingest::Door;

/// What seems to need a person is tried again after these, the last for ever: it may pass, and each try costs calls.
const MISCONFIGURED: [SignedDuration; 3] = [
    SignedDuration::from_mins(10),
    SignedDuration::from_hours(1),
    SignedDuration::from_hours(6),
];

/// Why a poll is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Occasion {
    Planned,
    Demanded,
}

/// What came of a poll.
pub(super) enum Came {
    /// What it brought is in the journal; or there was no poll to make.
    Stored,
    Nothing(PollRefused),
    /// BMW refuses this login: nothing can be polled until there is another one.
    NoLogin {
        login: Option<LoginId>,
        reason: String,
    },
}

impl Came {
    /// What it is to somebody who asked for the poll.
    pub(super) fn refusal(&self) -> Option<PollRefused> {
        match self {
            Self::Stored => None,
            Self::Nothing(refused) => Some(refused.clone()),
            Self::NoLogin { .. } => Some(PollRefused::LoginNeeded),
        }
    }
}

impl Poller {
    pub(super) async fn poll(
        &self,
        poll: &mut dyn Poll,
        round: &mut Round,
        index: usize,
        occasion: Occasion,
    ) -> Came {
        let polled = &round.polled[index];
        let began = self.handles.clock.now();
        let interrupted = Some(INTERRUPTED.to_owned());
        let begun = self.attempt(polled, began, polled.failures + 1, interrupted);
        self.handles
            .budget
            .begin_poll(begun, occasion == Occasion::Demanded);
        let login = self.handles.login.id().await;
        let asked = contained(poll.poll(&polled.vehicle)).await;
        let answer = asked.unwrap_or_else(|panic| {
            tracing::error!(account = %self.account, error = panic, "a source panicked while it was asked, which is a bug");
            Err(SourceError::Transient {
                reason: format!("the source panicked, which is a bug: {panic}"),
                retry_after: None,
            })
        });
        let settled = self.handles.budget.end_poll();
        match answer {
            Ok(snapshot) => {
                let remembered = poll.remembers();
                self.succeeded(round, index, began, snapshot, remembered, settled)
                    .await
            }
            Err(error @ SourceError::Login { .. }) => {
                self.note(round, settled).await;
                let reason = error.to_string();
                Came::NoLogin { login, reason }
            }
            Err(SourceError::Vehicle { reason }) => {
                let refusal = Refusal {
                    account: self.account.clone(),
                    vin: round.polled[index].vehicle.vin.clone(),
                    at: began,
                    login: login.and_then(|login| login.logged_in_at()),
                };
                self.refused(round, index, refusal, reason, settled).await;
                Came::Nothing(PollRefused::Barred)
            }
            Err(error) => self.failed(round, index, began, error, settled).await,
        }
    }

    async fn succeeded(
        &self,
        round: &mut Round,
        index: usize,
        began: Timestamp,
        snapshot: RawSnapshot,
        remembered: Option<String>,
        mut facts: Vec<Fact>,
    ) -> Came {
        round.succeeded(index, began);
        let polled = &round.polled[index];
        let (vin, source) = (polled.vehicle.vin.clone(), polled.source);
        let is_seldom = self.plan.sources[source].is_seldom;
        if !is_seldom {
            self.handles.hearing.polled(&snapshot);
        }
        let record = PollRecord {
            last_at: began,
            last_success_at: Some(began),
            failures: 0,
            problem: None,
            activity: match is_seldom {
                true => remembered,
                false => self.handles.hearing.remembered(&vin),
            },
        };
        facts.push(self.polled(polled, record));
        facts.extend(self.published(PollsState::Polling, None, None));
        facts.extend(self.planned(round).await);
        let name = self.plan.sources[source].name.clone();
        let values = snapshot
            .readings
            .iter()
            .filter(|reading| says_something(reading))
            .count();
        let Ok((appended, noted)) = self.door(&name).take_poll(snapshot, facts).await else {
            tracing::error!(account = %self.account, source = %name, "stopping without a snapshot that could not be stored; what it brought is lost");
            return Came::Nothing(PollRefused::Stopped);
        };
        if !noted {
            self.forget(round);
        }
        tracing::info!(
            account = %self.account, source = %name, vehicle = %self.handles.names.of(&vin),
            new = appended.new, repeats = appended.repeats, absent = appended.absent,
            rejected = appended.rejected, "polled"
        );
        if round.polled[index].is_mute(values, fit::POLLS) {
            self.advise(&vin, source).await;
        }
        Came::Stored
    }

    /// Says once a run that a source is none for a vehicle.
    async fn advise(&self, vin: &Vin, source: usize) {
        let Some(advice) = self.plan.sources[source].advice else {
            return;
        };
        let details = self.handles.ledger.details(vin.clone()).await.ok().flatten();
        if !details.is_some_and(|details| fit::is_electric(&details)) {
            tracing::warn!(account = %self.account, source = %self.plan.sources[source].name, vehicle = %self.handles.names.of(vin), "{advice}");
        }
    }

    async fn failed(
        &self,
        round: &mut Round,
        index: usize,
        began: Timestamp,
        error: SourceError,
        mut facts: Vec<Fact>,
    ) -> Came {
        let now = self.handles.clock.now();
        let reason = error.to_string();
        let polled = &mut round.polled[index];
        let vehicle = polled.vehicle.name.to_string();
        let by = keeps(&error);
        let name = self.plan.sources[polled.source].name.clone();
        if let SourceError::Unreadable { answer, .. } = &error
            && self
                .door(&name)
                .take_strays(vec![(**answer).clone()])
                .await
                .is_err()
        {
            tracing::error!(account = %self.account, source = %name, "stopping without an answer that cannot be read and could not be stored; it is lost");
        }
        match error {
            SourceError::Transient { retry_after, .. } | SourceError::Unreadable { retry_after, .. } => {
                polled.failures += 1;
                polled.last = Some(began);
                let asked = retry_after.and_then(|wait| SignedDuration::try_from(wait).ok());
                polled.not_before = asked.map(|asked| now + asked);
                let again = self.outlook(round, now).await.next[index].at;
                tracing::warn!(account = %self.account, source = %name, vehicle, error = reason, %again, "a poll failed");
            }
            SourceError::Quota { .. } => {
                let free_at = self
                    .refused_by_quota(round, index, now, &reason, &mut facts)
                    .await;
                self.note(round, facts).await;
                return Came::Nothing(PollRefused::BudgetSpent { free_at });
            }
            _ => {
                polled.failures += 1;
                polled.last = Some(began);
                let again = now + MISCONFIGURED[round.troubles(index).min(MISCONFIGURED.len()) - 1];
                tracing::error!(account = %self.account, source = %name, error = reason, %again, "the source cannot work like this");
                round.pause(index, again);
            }
        }
        let polled = &round.polled[index];
        // One document that BMW does not give says nothing of the account.
        if !self.plan.sources[polled.source].is_seldom {
            facts.extend(self.published(PollsState::Failing, Some(reason.clone()), by));
        }
        facts.push(self.attempt(polled, began, polled.failures, Some(reason.clone())));
        facts.extend(self.planned(round).await);
        self.note(round, facts).await;
        Came::Nothing(PollRefused::Failed { reason })
    }

    fn door(&self, source: &Name) -> Door {
        let stop = self.plan.cancelled.clone();
        let door = Door::new(&self.handles, source.clone(), self.intake.clone(), stop);
        door.of_polls(self.publisher.clone())
    }

    /// No call left the program, or BMW refused it: the vehicle keeps its turn. When polls may leave again.
    async fn refused_by_quota(
        &self,
        round: &mut Round,
        index: usize,
        now: Timestamp,
        reason: &str,
        facts: &mut Vec<Fact>,
    ) -> Timestamp {
        let until = self.next_call(now).await;
        tracing::info!(account = %self.account, reason, again = %until, "no poll for now");
        for polled in &mut round.polled {
            polled.not_before = polled.not_before.max(Some(until));
        }
        let message = format!("{reason}; next poll {until:.0}");
        facts.extend(self.published(PollsState::Waiting, Some(message), Some(GapCause::Quota)));
        let polled = &round.polled[index];
        let last = polled.last.unwrap_or(now);
        facts.push(self.attempt(polled, last, polled.failures, Some(reason.to_owned())));
        facts.extend(self.planned(round).await);
        until
    }

    /// The plan that follows, as far as it is news.
    pub(super) async fn planned(&self, round: &mut Round) -> Vec<Fact> {
        let now = self.handles.clock.now();
        let outlook = self.outlook(round, now).await;
        self.news(round, &outlook, now)
    }

    pub(super) fn attempt(
        &self,
        polled: &Polled,
        at: Timestamp,
        failures: u32,
        problem: Option<String>,
    ) -> Fact {
        let record = PollRecord {
            last_at: at,
            last_success_at: None,
            failures,
            problem,
            activity: None,
        };
        self.polled(polled, record)
    }

    fn polled(&self, polled: &Polled, record: PollRecord) -> Fact {
        Fact::Polled {
            account: self.account.clone(),
            source: self.plan.sources[polled.source].name.clone(),
            vin: polled.vehicle.vin.clone(),
            record,
        }
    }
}

/// As what an error keeps the polls of an account from being answered.
pub(super) fn keeps(error: &SourceError) -> Option<GapCause> {
    match error {
        SourceError::Transient { .. } | SourceError::Unreadable { .. } => Some(GapCause::PollsFailed),
        SourceError::Quota { .. } => Some(GapCause::Quota),
        SourceError::Login { .. } => Some(GapCause::Login),
        SourceError::Vehicle { .. } => None,
        _ => Some(GapCause::Container),
    }
}

/// Whether a reading brings a value that not every car has.
fn says_something(reading: &RawReading) -> bool {
    let body = Body::parse(reading.body.get());
    let has_value = body.is_some_and(|body| match body.value() {
        Scalar::Null => false,
        Scalar::Text(text) => !is_nothing(&text),
        _ => true,
    });
    has_value && !fit::is_of_any_car(&reading.descriptor)
}
