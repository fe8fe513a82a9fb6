//! The plan of polls in `cardata status`: what the calls of the day are for, and when each vehicle is asked for next.

use std::collections::HashMap;

use collector_core::{Cadence, Name};
use jiff::Timestamp;
use ledger::INTERRUPTED;
use ledger::overview::LastPoll;
use pipeline::Pipeline;
use planner::quota::{Allowance, RESERVED, Spent, next_utc_midnight};

use crate::barred::Barred;
use crate::table::{ago, called, or, span, table};
use crate::{AccountStatus, Status};
use collector_core::state::{PollsState, State};

/// What becomes of the calls of an account until the UTC day ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Calls {
    /// Made in this UTC day.
    pub used: usize,
    /// Kept for repairing containers, paging and the owner's own commands.
    pub reserved: u32,
    /// What polls will have used when the UTC day ends, as things are.
    pub planned: u32,
    /// May be made now by polls, within the UTC day and within 24 hours.
    pub left: u32,
}

/// What one poll of each source costs.
pub fn prices(pipeline: &Pipeline) -> HashMap<String, u32> {
    let price =
        |source: &pipeline::SourceSpec| Some((source.name.to_string(), source.plugin.cadence.calls()?));
    pipeline.sources.iter().filter_map(price).collect()
}

/// Whether a source polls for an account.
pub fn is_polled(pipeline: &Pipeline, account: &Name) -> bool {
    let mut sources = pipeline.sources.iter();
    sources.any(|source| source.plugin.cadence != Cadence::Continuous && source.is_for(account))
}

/// The calls of `account`. Nothing is planned while no process polls.
pub fn calls(
    account: &str,
    calls_per_day: u32,
    spent: &Spent,
    polls: &[LastPoll],
    prices: &HashMap<String, u32>,
    running: bool,
    now: Timestamp,
) -> Calls {
    let midnight = next_utc_midnight(now);
    let of_account = polls.iter().filter(|poll| poll.account == account && running);
    let planned: u32 = of_account
        .map(|poll| {
            polls_until(poll, midnight).saturating_mul(prices.get(&poll.source).copied().unwrap_or(0))
        })
        .fold(0, u32::saturating_add);
    let allowance = Allowance::for_polls(calls_per_day);
    let today = u32::try_from(spent.in_utc_day(now)).unwrap_or(u32::MAX);
    let all_left = spent.left(Allowance::for_necessities(calls_per_day), now);
    Calls {
        used: spent.in_utc_day(now),
        reserved: RESERVED.min(all_left),
        planned: planned.min(allowance.limit().saturating_sub(today)),
        left: spent.left(allowance, now),
    }
}

/// A poll that is under way has not failed, nor has one that a stop or a kill cut off: it is made good soon after the next
/// start.
pub fn leave_unanswered(polls: &mut [LastPoll]) {
    let is_unanswered = |poll: &&mut LastPoll| poll.problem.as_deref() == Some(INTERRUPTED);
    for poll in polls.iter_mut().filter(is_unanswered) {
        poll.failures = poll.failures.saturating_sub(1);
        poll.problem = (poll.failures > 0).then(|| "one more has begun".to_owned());
    }
}

/// No poll comes next of vehicles that are not polled any more.
pub fn leave_out(barred: &[Barred], polls: &mut [LastPoll]) {
    for poll in polls {
        let is_its = |barred: &&Barred| barred.account == poll.account && barred.vin == poll.vin;
        if let Some(barred) = barred.iter().find(is_its) {
            (poll.next_at, poll.every) = (None, None);
            poll.reason = Some(barred.reason());
        }
    }
}

/// How often a vehicle is asked for until then, at its present interval.
fn polls_until(poll: &LastPoll, end: Timestamp) -> u32 {
    let (Some(next), Some(every)) = (poll.next_at, poll.every) else {
        return 0;
    };
    if next >= end {
        return 0;
    }
    let more = end.duration_since(next).as_secs_f64() / every.as_secs_f64().max(1.0);
    more.ceil().min(f64::from(u32::MAX)) as u32
}

/// For people; `None` while nothing was ever polled.
pub fn text(status: &Status) -> Option<String> {
    if status.polls.is_empty() {
        return None;
    }
    let header = "account | vehicle | source | last poll | next poll | why";
    let rows = status.polls.iter().map(|poll| {
        let (next, why) = next(status, poll);
        vec![
            poll.account.clone(),
            called(&status.names, &poll.vin),
            poll.source.clone(),
            ago(status.now, poll.last_at),
            or(next.map(|at| coming(status.now, at)), "-"),
            why,
        ]
    });
    Some(format!("\nPolls\n{}", table(header, rows)))
}

/// When a poll comes next and why; no time where none is planned.
pub fn next(status: &Status, poll: &LastPoll) -> (Option<Timestamp>, String) {
    let mut accounts = status.accounts.iter();
    let account = accounts.find(|account| account.name == poll.account);
    let hindrance = match account {
        _ if status.running.is_none() => "not running",
        None => "the account is not in the pipeline file",
        Some(account) if needs_login(account) => "after `cardata login`",
        Some(_) => return (poll.next_at, poll.reason.clone().unwrap_or_default()),
    };
    (None, hindrance.to_owned())
}

/// Tokens that BMW does not accept any more look as young as they are.
pub fn needs_login(account: &AccountStatus) -> bool {
    let needed = State::Polls(PollsState::LoginNeeded);
    account.said.as_ref().is_some_and(|said| said.state == needed)
}

fn coming(now: Timestamp, at: Timestamp) -> String {
    match at.as_second() - now.as_second() {
        ..=1 => "now".to_owned(),
        2..7_200 => format!("in {}", span(now, at)),
        _ => format!("{at:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::SignedDuration;

    fn poll(next: &str, minutes: i64) -> LastPoll {
        LastPoll {
            account: "home".to_owned(),
            source: "telematics".to_owned(),
            vin: "WBY8P210X07A12345".to_owned(),
            last_at: "2026-03-01T20:00:00Z".parse().unwrap(),
            last_success_at: None,
            failures: 0,
            problem: None,
            next_at: next.parse().ok(),
            every: Some(SignedDuration::from_mins(minutes)),
            reason: None,
            activity: None,
        }
    }

    #[test]
    fn a_poll_that_is_under_way_has_not_failed() {
        let under_way = |failures| LastPoll {
            failures,
            problem: Some(INTERRUPTED.to_owned()),
            ..poll("2026-03-01T21:00:00Z", 60)
        };
        let mut polls = [under_way(1), under_way(3), poll("2026-03-01T21:00:00Z", 60)];
        leave_unanswered(&mut polls);
        let told = polls
            .each_ref()
            .map(|poll| (poll.failures, poll.problem.as_deref()));
        assert_eq!(told, [(0, None), (2, Some("one more has begun")), (0, None)]);
    }

    #[test]
    fn polls_of_the_rest_of_the_day_are_counted_and_bounded() {
        let now: Timestamp = "2026-03-01T20:10:00Z".parse().unwrap();
        let prices = HashMap::from([("telematics".to_owned(), 2)]);
        let spent = Spent {
            calls: vec![now; 10],
            ..Spent::default()
        };
        let polls = [poll("2026-03-01T21:00:00Z", 60), poll("2026-03-02T00:30:00Z", 60)];
        let told = calls("home", 50, &spent, &polls, &prices, true, now);
        let expected = Calls {
            used: 10,
            reserved: 2,
            planned: 6,
            left: 38,
        };
        assert_eq!(told, expected);
        let idle = calls("home", 50, &spent, &polls, &prices, false, now);
        assert_eq!(idle.planned, 0);
        let often = [poll("2026-03-01T20:11:00Z", 1)];
        assert_eq!(calls("home", 50, &spent, &often, &prices, true, now).planned, 38);
    }
}
