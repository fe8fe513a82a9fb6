//! Vehicles that BMW says the account may not read (CU-104: sold, or somebody else is the main user): their polls end, for
//! each would cost a call to hear the same. Asked again is when a mapping newly names the account the main user, which is
//! looked at when vehicles are listed anew, when somebody has logged in since, or once a week: where the pipeline file names the
//! vehicles, nobody asks for a mapping. A restart changes nothing.

use std::collections::BTreeSet;

use collector_core::Vin;
use collector_core::state::PollsState;
use ledger::{Fact, GapCause, Refusal};
use runtime::Chain;

use super::Poller;
use super::round::{Polled, Round};
use super::vehicles::MAPPING_AGE;

/// A vehicle as one source asked for it, and that BMW refused it.
pub(super) struct Ended(Polled, Refusal);

impl Round {
    /// Every source stops to ask for the vehicle.
    fn end(&mut self, refusal: &Refusal) {
        let its = |polled: &mut Polled| polled.vehicle.vin == refusal.vin;
        let ended = self.polled.extract_if(.., its);
        self.ended
            .extend(ended.map(|polled| Ended(polled, refusal.clone())));
    }

    /// Whether BMW refuses the vehicle.
    pub(super) fn has_refused(&self, vin: &Vin) -> bool {
        self.ended.iter().any(|ended| ended.0.vehicle.vin == *vin)
    }

    /// No vehicle is left to poll, but there were some.
    fn has_ended(&self) -> bool {
        self.polled.is_empty() && !self.ended.is_empty()
    }
}

impl Poller {
    /// Ends the polls of the vehicle for which poll `index` was made.
    pub(super) async fn refused(
        &self,
        round: &mut Round,
        index: usize,
        refusal: Refusal,
        reason: String,
        mut facts: Vec<Fact>,
    ) {
        let polled = &round.polled[index];
        let source = &self.plan.sources[polled.source].name;
        tracing::error!(account = %self.account, %source, vehicle = %polled.vehicle.name, error = reason, "BMW says that this account may not read this vehicle: its polls end; it is asked again when the mapping changes, after `cardata login`, and once a week");
        facts.push(self.attempt(polled, refusal.at, polled.failures, Some(reason)));
        round.end(&refusal);
        facts.push(Fact::Refused(refusal));
        facts.extend(self.nothing_left(round));
        facts.extend(self.planned(round).await);
        self.note(round, facts).await;
    }

    /// Ends what ended in another run.
    pub(super) async fn recall_refusals(&self, round: &mut Round) {
        let refusals = self.handles.ledger.refusals().await.unwrap_or_else(|error| {
            tracing::warn!(account = %self.account, error = %Chain(&error), "could not read which vehicles BMW refuses");
            Vec::new()
        });
        let its = refusals.iter().filter(|refusal| refusal.account == self.account);
        its.for_each(|refusal| round.end(refusal));
        self.readmit(round).await;
        let told = self.nothing_left(round);
        self.note(round, told).await;
    }

    /// Whoever has logged in since wants to know anew, and so do all after a week.
    pub(super) async fn readmit(&self, round: &mut Round) {
        if round.ended.is_empty() {
            return;
        }
        let (login, now) = (self.handles.login.id().await, self.handles.clock.now());
        let is_over = |ended: &mut Ended| {
            let is_new = login.is_some_and(|login| !ended.1.is_of(login.logged_in_at()));
            is_new || now.duration_since(ended.1.at) >= MAPPING_AGE
        };
        let again = round.ended.extract_if(.., is_over);
        // At once: somebody waits for it.
        let again = again.map(|Ended(mut polled, _)| {
            polled.last = None;
            polled
        });
        round.polled.extend(again);
    }

    /// Says so where no vehicle is left to poll.
    pub(super) fn nothing_left(&self, round: &Round) -> Vec<Fact> {
        if !round.has_ended() {
            return Vec::new();
        }
        let names = round.ended.iter().map(|ended| &*ended.0.vehicle.name);
        let names: Vec<&str> = BTreeSet::from_iter(names).into_iter().collect();
        let message = format!(
            "no vehicle is left to poll: BMW says that this account may not read {} (CU-104)",
            names.join(", ")
        );
        let by = Some(GapCause::Container);
        match self.handles.hearing.is_carried(self.handles.clock.now()) {
            // Nobody has to act: what the stream brings is stored.
            true => self.published(PollsState::Waiting, Some(message + "; its stream runs"), by),
            false => self.published(PollsState::Failing, Some(message), by),
        }
    }
}
