//! What the poller knows of the vehicles that it polls, and how the plan is told.

use collector_core::{Vehicle, Vin};
use jiff::{SignedDuration, Timestamp};

use ledger::{Fact, GapCause, PlannedPoll, PollRecord};
use planner::{Outlook, Reason, Target};
use runtime::Chain;
use source::Hearing;

use super::ended::Ended;
use super::{PolledSource, Poller};
use collector_core::state::PollsState;

/// A plan that moved by less than this is not written again.
const WORTH_WRITING: SignedDuration = SignedDuration::from_secs(30);

/// One vehicle as one source asks for it.
pub(super) struct Polled {
    pub(super) source: usize,
    pub(super) vehicle: Vehicle,
    pub(super) last: Option<Timestamp>,
    pub(super) failures: u32,
    pub(super) not_before: Option<Timestamp>,
    /// How often in a row of this run its source could not work.
    troubles: usize,
    /// Polls of this run that were answered without a value; `None` since one brought any.
    empty: Option<u32>,
    /// The plan that was written down last.
    told: Option<(Timestamp, Reason)>,
}

impl Polled {
    /// Takes in how many values a poll brought. Whether there were so many polls now, and none brought any.
    pub(super) fn is_mute(&mut self, values: usize, polls: u32) -> bool {
        self.empty = self.empty.filter(|_| values == 0).map(|empty| empty + 1);
        self.empty == Some(polls)
    }
}

/// The vehicles of an account while they are polled.
#[derive(Default)]
pub(super) struct Round {
    pub(super) polled: Vec<Polled>,
    pub(super) ended: Vec<Ended>,
    /// Until when the account is known to wait for calls.
    waiting: Option<Timestamp>,
}

impl Round {
    /// What the planner sees.
    pub(super) fn targets(&self, sources: &[PolledSource], hearing: &Hearing, now: Timestamp) -> Vec<Target> {
        let target = |polled: &Polled| {
            let source = &sources[polled.source];
            let vin = &polled.vehicle.vin;
            Target {
                every: source.every,
                calls: source.calls,
                is_seldom: source.is_seldom,
                last: polled.last,
                failures: polled.failures,
                not_before: polled.not_before,
                activity: hearing.activity(vin, now, polled.last),
                stream: hearing.streamed(vin, source.streamable, now),
            }
        };
        self.polled.iter().map(target).collect()
    }

    /// Where a source's vehicle stands.
    pub(super) fn index(&self, source: usize, vin: &Vin) -> Option<usize> {
        let is_it = |polled: &Polled| polled.source == source && polled.vehicle.vin == *vin;
        self.polled.iter().position(is_it)
    }

    pub(super) fn succeeded(&mut self, index: usize, began: Timestamp) {
        let polled = &mut self.polled[index];
        polled.last = Some(began);
        polled.failures = 0;
        polled.not_before = None;
        polled.troubles = 0;
    }

    /// The source could not work for a vehicle: how often by now, for any of its vehicles.
    pub(super) fn troubles(&mut self, index: usize) -> usize {
        let source = self.polled[index].source;
        let of_source = self.polled.iter().filter(|polled| polled.source == source);
        let troubles = 1 + of_source.map(|polled| polled.troubles).max().unwrap_or_default();
        self.polled[index].troubles = troubles;
        troubles
    }

    /// The source of a vehicle asks for none before `until`.
    pub(super) fn pause(&mut self, index: usize, until: Timestamp) {
        let source = self.polled[index].source;
        for polled in self.polled.iter_mut().filter(|polled| polled.source == source) {
            polled.not_before = polled.not_before.max(Some(until));
        }
    }

    /// The plan may not be written down.
    pub(super) fn forget(&mut self) {
        self.polled.iter_mut().for_each(|polled| polled.told = None);
        self.waiting = None;
    }

    pub(super) fn move_with_the_clock(&mut self, by: SignedDuration) {
        for polled in &mut self.polled {
            let moved = |at: &mut Timestamp| *at = at.checked_add(by).unwrap_or(*at);
            polled.last.iter_mut().for_each(moved);
            polled.not_before.iter_mut().for_each(moved);
        }
    }

    /// What was written down by another run.
    fn recall(&mut self, source: usize, vehicle: Vehicle, record: Option<PollRecord>, now: Timestamp) {
        self.polled.push(Polled {
            source,
            vehicle,
            // After the clock was set back, the last poll cannot have been later than now.
            last: record.as_ref().map(|record| record.last_at.min(now)),
            failures: record.map_or(0, |record| record.failures),
            not_before: None,
            troubles: 0,
            empty: Some(0),
            told: None,
        });
    }
}

impl Poller {
    /// The vehicles with what the ledger remembers of them.
    pub(super) async fn round(&self, vehicles: Vec<Vehicle>) -> Round {
        let now = self.handles.clock.now();
        let mut round = Round::default();
        for (index, source) in self.plan.sources.iter().enumerate() {
            let wanted = |vehicle: &&Vehicle| source.vehicles.matches_vehicle(vehicle);
            for vehicle in vehicles.iter().filter(wanted) {
                let record = self.record(&source.name, vehicle).await;
                let remembered = record.as_ref().and_then(|record| record.activity.as_deref());
                if let Some(evidence) = remembered.and_then(|json| serde_json::from_str(json).ok()) {
                    self.handles.hearing.recall(&vehicle.vin, evidence);
                }
                round.recall(index, vehicle.clone(), record, now);
            }
        }
        self.recall_refusals(&mut round).await;
        round
    }

    async fn record(&self, source: &str, vehicle: &Vehicle) -> Option<PollRecord> {
        let record = self
            .handles
            .ledger
            .poll_record(&self.account, source, &vehicle.vin)
            .await;
        record.unwrap_or_else(|error| {
            tracing::warn!(account = %self.account, error = %Chain(&error), "could not read when a vehicle was last polled");
            None
        })
    }

    /// What `cardata status` is to be told of the plan, where it has changed.
    pub(super) fn news(&self, round: &mut Round, outlook: &Outlook, now: Timestamp) -> Vec<Fact> {
        let mut news = Vec::new();
        for (polled, next) in round.polled.iter_mut().zip(&outlook.next) {
            let same = polled.told.is_some_and(|(at, reason)| {
                reason == next.reason && at.duration_since(next.at).abs() < WORTH_WRITING
            });
            if same || next.at <= now {
                continue;
            }
            polled.told = Some((next.at, next.reason));
            news.push(Fact::Planned {
                account: self.account.clone(),
                poll: PlannedPoll {
                    source: self.plan.sources[polled.source].name.to_string(),
                    vin: polled.vehicle.vin.clone(),
                    next_at: next.at,
                    every: next.every,
                    reason: next.reason.to_string(),
                },
            });
        }
        news.extend(self.news_of_waiting(round, outlook));
        news
    }

    /// Says once that no vehicle can be polled for want of calls.
    fn news_of_waiting(&self, round: &mut Round, outlook: &Outlook) -> Vec<Fact> {
        let wanting = |reason: &Reason| matches!(reason, Reason::Blocked { .. } | Reason::UsedUp { .. });
        let first = outlook.next.iter().min_by_key(|next| next.at);
        let Some(first) = first.filter(|_| outlook.next.iter().all(|next| wanting(&next.reason))) else {
            round.waiting = None;
            return Vec::new();
        };
        if round.waiting.replace(first.at) == Some(first.at) {
            return Vec::new();
        }
        let message = format!("{}; next poll {:.0}", first.reason, first.at);
        self.published(PollsState::Waiting, Some(message), Some(GapCause::Quota))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vehicle_is_mute_when_so_many_polls_brought_nothing_and_none_anything() {
        let vehicle = Vehicle::named("WBY8P210X07A12345".parse().unwrap(), None);
        let told = |values: &[usize]| {
            let mut round = Round::default();
            round.recall(0, vehicle.clone(), None, Timestamp::UNIX_EPOCH);
            let polls = values.iter();
            let told: Vec<_> = polls.map(|values| round.polled[0].is_mute(*values, 3)).collect();
            told
        };
        assert_eq!(told(&[0, 0, 0, 0]), [false, false, true, false]);
        assert_eq!(told(&[0, 0, 1, 0, 0, 0, 0]), [false; 7]);
    }
}
