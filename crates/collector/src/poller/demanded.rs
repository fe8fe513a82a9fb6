//! A poll that somebody demands: what may keep it from being made, and its answer.

use std::convert::Infallible;

use collector_core::{PollRefused, Vin};
use jiff::{SignedDuration, Timestamp};
use runtime::Chain;

use super::desk::{Answer, Asked, Bell, FRESH};
use super::polling::{Came, Occasion};
use super::round::Round;
use super::{Poll, Poller};

impl Poller {
    /// For those who want a vehicle polled now.
    pub(crate) fn bell(&self) -> Bell {
        self.bell.clone()
    }

    /// Whether it polls anything that may be demanded: documents are not.
    pub(crate) fn takes_demands(&self) -> bool {
        self.plan.sources.iter().any(|source| !source.is_seldom)
    }

    /// Tells everybody who asks that nothing is polled now. Never ends.
    pub(super) async fn turn_away(&self, refused: PollRefused) -> Infallible {
        self.desk.turn_away(refused).await
    }

    /// Polls the vehicle, or says why not. What a lost login means for the others is left to the caller.
    pub(super) async fn answer(&self, asked: Asked, polls: &mut [Box<dyn Poll>], round: &mut Round) -> Came {
        let now = self.handles.clock.now();
        if let Some(answer) = self.desk.fresh(&asked.vin, now) {
            asked.answer(answer);
            return Came::Stored;
        }
        let (answer, came) = self.demanded(&asked.vin, polls, round, now).await;
        self.desk.keep(&asked.vin, self.handles.clock.now(), &answer);
        asked.answer(answer);
        came
    }

    async fn demanded(
        &self,
        vin: &Vin,
        polls: &mut [Box<dyn Poll>],
        round: &mut Round,
        now: Timestamp,
    ) -> (Answer, Came) {
        let sources: Vec<usize> = (0..self.plan.sources.len())
            .filter(|source| !self.plan.sources[*source].is_seldom && round.index(*source, vin).is_some())
            .collect();
        if sources.is_empty() {
            return (Err(nobody_polls(round, vin)), Came::Stored);
        }
        let mut newest = None;
        let mut due = Vec::new();
        for source in sources {
            let polled = round.index(source, vin).map(|index| &round.polled[index]);
            // What the schedule has just brought is as good.
            match polled.and_then(|polled| polled.last.filter(|_| polled.failures == 0)) {
                Some(last) if now.duration_since(last).abs() < FRESH => newest = newest.max(Some(last)),
                _ => due.push(source),
            }
        }
        if let Err(refused) = self.admits(&due, now).await {
            return (Err(refused), Came::Stored);
        }
        tracing::info!(account = %self.account, vehicle = %self.handles.names.of(vin), "somebody asks for a poll");
        for source in due {
            let (Some(index), Some(poll)) = (round.index(source, vin), polls.get_mut(source)) else {
                continue;
            };
            let began = self.handles.clock.now();
            let came = self.poll(poll.as_mut(), round, index, Occasion::Demanded).await;
            if let Some(refused) = came.refusal() {
                return (Err(refused), came);
            }
            newest = Some(began);
        }
        let answer = newest
            .map(collector_core::Polled::at)
            .ok_or(PollRefused::NotReady);
        (answer, Came::Stored)
    }

    /// Whether one call for each of these sources may leave.
    async fn admits(&self, sources: &[usize], now: Timestamp) -> Result<(), PollRefused> {
        let calls = sources.iter().map(|source| self.plan.sources[*source].calls);
        let admitted = self.handles.budget.admits(calls.sum(), now).await;
        match admitted {
            Ok(Ok(())) => Ok(()),
            Ok(Err(denied)) => Err(PollRefused::BudgetSpent {
                free_at: denied.until,
            }),
            // Without a ledger no call may leave.
            Err(error) => {
                tracing::warn!(account = %self.account, error = %Chain(&error), "could not read what was spent; a poll that was asked for is not made");
                let free_at = now + SignedDuration::from_mins(1);
                Err(PollRefused::BudgetSpent { free_at })
            }
        }
    }
}

fn nobody_polls(round: &Round, vin: &Vin) -> PollRefused {
    if round.has_refused(vin) {
        return PollRefused::Barred;
    }
    match round.polled.iter().any(|polled| polled.vehicle.vin == *vin) {
        true => PollRefused::NoSource,
        false => PollRefused::Unknown,
    }
}
