//! What a ledger in memory holds, and the rules that more than one question depends on.

use std::collections::BTreeMap;

use collector_core::state::Published;
use collector_core::{Name, Vin};
use jiff::Timestamp;
use planner::quota::Spent;

use crate::testing::DAY;
use crate::*;

pub(crate) type Key = (String, String);

#[derive(Debug, Default)]
pub(crate) struct Tables {
    pub(crate) calls: Vec<Call>,
    pub(crate) blocks: BTreeMap<String, Timestamp>,
    pub(crate) polls: BTreeMap<(String, String, Vin), Poll>,
    pub(crate) containers: BTreeMap<Key, String>,
    pub(crate) created: BTreeMap<Key, CreatedContainer>,
    pub(crate) sets: BTreeMap<Key, StoredSet>,
    pub(crate) source_sets: BTreeMap<Key, String>,
    pub(crate) mappings: BTreeMap<String, Timestamp>,
    /// In the order in which they became known.
    pub(crate) vehicles: Vec<KnownVehicle>,
    pub(crate) refusals: BTreeMap<(Name, Vin), Refusal>,
    pub(crate) streams: BTreeMap<Key, Stream>,
    pub(crate) gaps: BTreeMap<(String, String, Timestamp), Gap>,
    pub(crate) components: BTreeMap<(&'static str, Name), Published>,
    pub(crate) told: BTreeMap<String, Told>,
}

#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) account: String,
    pub(crate) at: Timestamp,
    pub(crate) call: &'static str,
    pub(crate) outcome: Option<&'static str>,
}

#[derive(Debug)]
pub(crate) struct Poll {
    pub(crate) record: PollRecord,
    pub(crate) plan: Option<PlannedPoll>,
}

#[derive(Debug, Default)]
pub(crate) struct Stream {
    pub(crate) connected_since: Option<Timestamp>,
    pub(crate) last_message_at: Option<Timestamp>,
    pub(crate) logins: u64,
    pub(crate) evictions: u64,
    pub(crate) breaker: Option<String>,
}

pub(crate) fn key(one: &str, two: &str) -> Key {
    (one.to_owned(), two.to_owned())
}

impl Tables {
    pub(crate) fn forget(&mut self, account: &str, id: &str) {
        self.created.remove(&key(account, id));
        self.containers
            .retain(|(own, _), container| own != account || container != id);
    }

    pub(crate) fn leave_no_call_in_the_future(&mut self, account: &str, now: Timestamp) {
        let ours = |call: &&mut Call| call.account == account;
        let newest = self.calls.iter_mut().filter(ours).map(|call| call.at).max();
        if let Some(ahead) = newest
            .map(|at| at.duration_since(now))
            .filter(|ahead| ahead.is_positive())
        {
            let late = self.calls.iter_mut().filter(ours);
            late.filter(|call| call.at > now)
                .for_each(|call| call.at -= ahead);
        }
        if let Some(until) = self.blocks.get_mut(account) {
            *until = (*until).min(now + DAY);
        }
    }

    pub(crate) fn spent(&self, account: &str, now: Timestamp) -> Spent {
        let ours = self.calls.iter().filter(|call| call.account == account);
        let mut calls: Vec<_> = ours.filter(|call| call.at >= now - 2 * DAY).collect();
        calls.sort_by_key(|call| call.at);
        let upkeep = calls.iter().filter(|call| !crate::is_poll(call.call));
        Spent {
            upkeep: upkeep.map(|call| call.at).collect(),
            calls: calls.iter().map(|call| call.at).collect(),
            blocked_until: self.blocks.get(account).copied().filter(|until| *until > now),
        }
    }

    pub(crate) fn vehicle(&mut self, vin: &Vin) -> &mut KnownVehicle {
        let found = self.vehicles.iter().position(|vehicle| vehicle.vin == *vin);
        let index = found.unwrap_or_else(|| {
            self.vehicles.push(KnownVehicle {
                vin: vin.clone(),
                account: None,
                primary: None,
                details: None,
            });
            self.vehicles.len() - 1
        });
        &mut self.vehicles[index]
    }

    pub(crate) fn note(&mut self, fact: Fact) {
        match fact {
            Fact::Settled { id, outcome } => {
                let index = usize::try_from(id - 1).unwrap_or(usize::MAX);
                if let Some(call) = self.calls.get_mut(index) {
                    call.outcome = Some(outcome);
                }
            }
            Fact::Polled {
                account,
                source,
                vin,
                record,
            } => {
                if record.last_success_at.is_some() {
                    self.refusals.remove(&(account.clone(), vin.clone()));
                }
                let key = (account.to_string(), source.to_string(), vin);
                let before = self.polls.remove(&key);
                let old = before.as_ref().map(|poll| &poll.record);
                let record = PollRecord {
                    last_success_at: record.last_success_at.or(old.and_then(|old| old.last_success_at)),
                    activity: record.activity.or(old.and_then(|old| old.activity.clone())),
                    ..record
                };
                let plan = before.and_then(|poll| poll.plan);
                self.polls.insert(key, Poll { record, plan });
            }
            Fact::Planned { account, poll } => {
                let key = (account.to_string(), poll.source.clone(), poll.vin.clone());
                if let Some(known) = self.polls.get_mut(&key) {
                    known.plan = Some(poll);
                }
            }
            Fact::Refused(refusal) => {
                let key = (refusal.account.clone(), refusal.vin.clone());
                self.refusals.insert(key, refusal);
            }
            // Only the database is asked for them.
            Fact::Unlisted(_) => {}
            Fact::Published(published) => {
                let key = (published.state.stored().0, published.name.clone());
                self.components.insert(key, published);
            }
            Fact::PollsStarted { account, at } => self.polls_started(&account, at),
            Fact::PollsKept { account, at, by } => {
                let mut open = self.gaps_of(&account, POLLS).filter(|gap| gap.to.is_none());
                let cause = open.next().map(|gap| gap.cause);
                drop(open);
                if cause != by {
                    self.close_gap(&account, POLLS, at);
                    by.into_iter()
                        .for_each(|cause| self.open_gap(&account, POLLS, at, cause));
                }
            }
            Fact::Heard { account, source, at } => {
                self.note_of_stream(&account, &source, StreamFact::Heard { at })
            }
        }
    }

    pub(crate) fn note_of_stream(&mut self, account: &str, source: &str, fact: StreamFact) {
        let stream = self.streams.entry(key(account, source)).or_default();
        let connected = stream.connected_since;
        let heard = stream.last_message_at;
        match fact {
            StreamFact::Started { .. } | StreamFact::Ended { .. } => stream.connected_since = None,
            StreamFact::LoggedIn { at } => {
                stream.connected_since = connected.or(Some(at));
                stream.logins += 1;
            }
            StreamFact::Heard { at } => stream.last_message_at = Some(at),
            StreamFact::Evicted { times } => stream.evictions += u64::from(times),
            StreamFact::Breaker(ref state) => stream.breaker = Some(state.clone()),
        }
        match (fact, connected) {
            (StreamFact::LoggedIn { at }, _) => {
                self.close_gap(account, source, at);
            }
            (StreamFact::Ended { at, cause }, Some(_)) => self.open_gap(account, source, at, cause),
            (StreamFact::Started { at, alive }, Some(connected)) => {
                let past = |sign: Option<Timestamp>| sign.filter(|sign| *sign <= at);
                let from = past(alive).max(past(heard)).max(past(Some(connected)));
                self.open_gap(account, source, from.unwrap_or(at), GapCause::Restart);
            }
            _ => {}
        }
    }

    fn polls_started(&mut self, account: &str, at: Timestamp) {
        let is_sign = |call: &&Call| call.account == account && crate::calls::is_of_run(call.call);
        let calls = self.calls.iter().filter(is_sign);
        let streams = self.streams.iter().filter(|((own, _), _)| own == account);
        let heard = streams.filter_map(|(_, stream)| stream.last_message_at);
        let mut signs: Vec<_> = calls.map(|call| call.at).chain(heard).collect();
        let mut is_stopped = false;
        for gap in self.gaps_of(account, POLLS) {
            signs.extend([gap.from].into_iter().chain(gap.to));
            is_stopped |= gap.to.is_none() && gap.cause == GapCause::Restart;
        }
        if !is_stopped {
            let from = signs.into_iter().filter(|sign| *sign <= at).max().unwrap_or(at);
            self.close_gap(account, POLLS, from);
            self.open_gap(account, POLLS, from, GapCause::Restart);
        }
        self.close_gap(account, POLLS, at);
    }

    fn close_gap(&mut self, account: &str, source: &str, at: Timestamp) {
        for gap in self.gaps_of(account, source).filter(|gap| gap.to.is_none()) {
            gap.to = Some(at.max(gap.from));
        }
    }

    fn open_gap(&mut self, account: &str, source: &str, from: Timestamp, cause: GapCause) {
        let (one, two) = key(account, source);
        let gap = Gap {
            from,
            to: None,
            cause,
        };
        self.gaps.insert((one, two, from), gap);
    }

    fn gaps_of(&mut self, account: &str, source: &str) -> impl Iterator<Item = &mut Gap> {
        let gaps = self.gaps.iter_mut();
        gaps.filter(move |((own, by, _), _)| own == account && by == source)
            .map(|(_, gap)| gap)
    }

    pub(crate) fn stream_records(&self) -> Vec<StreamRecord> {
        let records = self
            .streams
            .iter()
            .map(|((account, source), stream)| StreamRecord {
                account: account.clone(),
                source: source.clone(),
                connected_since: stream.connected_since,
                last_message_at: stream.last_message_at,
                logins: stream.logins,
                evictions: stream.evictions,
            });
        records.collect()
    }
}
