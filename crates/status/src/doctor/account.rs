//! Mapping, quota, containers, polls and stream of an account: whether BMW has something for it.

use collector_core::state::{PollsState, State, StreamState};
use ledger::GapCause;
use planner::quota::next_utc_midnight;

use super::facts::{AccountLook, Asked, Trouble};
use super::{Check, Finding};
use crate::barred::Barred;
use crate::containers::SetStatus;
use crate::streams::StreamStatus;
use crate::table::{ago, called, counted, span};
use crate::{AccountStatus, Status};

/// One that fails alone is repeated soon.
const IN_A_ROW: u32 = 2;

const MAIN_USER: &str =
    "BMW gives data to main users alone: let the main user log in here, or become it in the My BMW app.";
const OUTAGE: &str = "It is repeated by itself. BMW's outages can last for days; if other programs on this account get answers, \
                      tell BMW's support the reference.";

pub(super) fn findings(look: &AccountLook, account: &AccountStatus, status: &Status) -> Vec<Finding> {
    let mut findings = vec![quota(account, status)];
    findings.extend(mapping(look, account, status));
    let of_account = |set: &&SetStatus| set.account == account.name;
    findings.extend(
        status
            .containers
            .iter()
            .filter(of_account)
            .map(|set| container(set, look)),
    );
    if account.is_polled {
        if !status.containers.iter().any(|set| set.account == account.name) {
            let said = format!("{}: none yet; the first poll makes it", account.name);
            findings.push(Finding::unknown(Check::Container, None, said));
        }
        findings.extend(polls(account, status));
    }
    let streams = status
        .streams
        .iter()
        .filter(|stream| stream.account == account.name);
    findings.extend(streams.map(|one| stream(one, status)));
    findings
}

fn mapping(look: &AccountLook, account: &AccountStatus, status: &Status) -> Vec<Finding> {
    let of = Some(account.name.as_str());
    let mut findings = Vec::new();
    for barred in status
        .barred
        .iter()
        .filter(|barred| barred.account == account.name && barred.is_refused())
    {
        let vehicle = called(&status.names, &barred.vin);
        findings.push(Finding::problem(
            Check::Mapping,
            Some(&vehicle),
            "BMW says that this account may not read it (CU-104)",
            match account.mapped.is_empty() || account.mapped.iter().any(|(known, _)| *known == vehicle) {
                true => {
                    "In the My BMW app, look whether this account is still its main user. It is asked again when the \
                     mapping changes, after `cardata login`, and once a week."
                }
                false => {
                    "BMW maps other vehicles to this account and not this one: compare its `vin` in the pipeline file, or \
                     add it in the My BMW app."
                }
            },
        ));
    }
    let of_kind = |primary: bool| {
        let mapped = account
            .mapped
            .iter()
            .filter(move |(_, is_primary)| *is_primary == primary);
        mapped.map(|(name, _)| name.as_str()).collect::<Vec<_>>()
    };
    let (primary, secondary) = (of_kind(true), of_kind(false));
    if !primary.is_empty() {
        if findings.is_empty() {
            let said = format!("main user of {}", primary.join(", "));
            findings.push(match secondary[..] {
                [] => Finding::ok(Check::Mapping, of, said),
                _ => Finding::ok(
                    Check::Mapping,
                    of,
                    format!("{said}, and not of {} (SECONDARY)", secondary.join(", ")),
                )
                .advising(MAIN_USER),
            });
        }
        return findings;
    }
    findings.push(match &look.vehicles {
        _ if !secondary.is_empty() && !account.is_polled => {
            let said = format!("not the main user of {}, which is only streamed", secondary.join(", "));
            Finding::ok(Check::Mapping, of, said)
        }
        _ if !secondary.is_empty() => Finding::problem(
            Check::Mapping,
            of,
            format!("somebody else is the main user of {} (SECONDARY)", secondary.join(", ")),
            MAIN_USER,
        ),
        Asked::Answered(()) => Finding::problem(
            Check::Mapping,
            of,
            "BMW maps no vehicle to this account",
            "Add the vehicle in the My BMW app and confirm it in the car, or log in with the BMW account that has it.",
        ),
        Asked::Failed(failed) if failed.trouble == Trouble::Other => {
            Finding::problem(Check::Mapping, of, failed.words.clone(), OUTAGE)
        }
        Asked::Failed(failed) => Finding::unknown(Check::Mapping, of, failed.words.clone()),
        Asked::Not(why) => Finding::unknown(Check::Mapping, of, format!("BMW was not asked: {why}")),
    });
    findings
}

fn quota(account: &AccountStatus, status: &Status) -> Finding {
    let of = Some(account.name.as_str());
    let (used, all, now) = (account.calls.used, account.calls_per_day, status.now);
    let spent = format!("this program spent {used} of {all} today");
    if let Some(until) = account.blocked_until.filter(|until| *until > now) {
        if until < next_utc_midnight(now) {
            return Finding::ok(
                Check::Quota,
                of,
                format!("BMW asks to wait until {until:.0}; {spent}"),
            );
        }
        let said = format!("BMW says that 0 calls are left until {until:.0}; {spent}");
        let advice = match usize::try_from(all).is_ok_and(|all| used < all) {
            true => format!(
                "Another program uses this BMW account and spent the others: stop it, give it another BMW account, or set \
                 `calls_per_day` of {} to what is left beside it. BMW's portal stands still until then, too.",
                account.name
            ),
            false => "It passes by itself. BMW's portal stands still until then, too.".to_owned(),
        };
        return Finding::problem(Check::Quota, of, said, advice);
    }
    if account.calls_left > 0 {
        return Finding::ok(
            Check::Quota,
            of,
            format!("{} left; {spent}", counted(account.calls_left, "call")),
        );
    }
    Finding::problem(
        Check::Quota,
        of,
        format!("0 calls are left of those of 24 hours; {spent}"),
        "It passes by itself within a day. `cardata status` tells what polls are planned for; a longer `every` and fewer \
         commands that spend calls leave more.",
    )
}

fn container(set: &SetStatus, look: &AccountLook) -> Finding {
    let of = Some(set.source.as_str());
    let search = &set.state.search;
    if let (Some(id), Asked::Answered(listed)) = (&set.container, &look.containers)
        && !listed.contains(id)
    {
        return Finding::problem(
            Check::Container,
            of,
            format!("{id} is gone: somebody deleted it, in BMW's portal or with another program"),
            "`cardata run` makes another at its next poll, `cardata containers sync` at once. If it goes again, find the \
             program that deletes it.",
        );
    }
    let Some(_) = &set.container else {
        if let Some(denied) = search.denied() {
            return Finding::problem(
                Check::Container,
                of,
                format!("BMW lets this account create none ({})", denied.words),
                "It is asked again every day. Look in BMW's portal whether the client is subscribed to CarData API.",
            );
        }
        if let Some(full) = &set.state.full {
            let advice = "`cardata containers` lists them: delete one that nobody needs with `cardata containers delete ID`.";
            return Finding::problem(Check::Container, of, full.clone(), advice);
        }
        return match &set.state.stand_in {
            None if accepts_nothing(set) => Finding {
                descriptors: search
                    .refused()
                    .iter()
                    .map(|refused| refused.descriptor.clone())
                    .collect(),
                ..Finding::problem(
                    Check::Container,
                    of,
                    "BMW refuses every descriptor that was asked for, so there is nothing to poll",
                    "Ask for others: `container: battery` is what most cars have. `cardata status` tells BMW's words.",
                )
            },
            Some(id) => Finding::ok(
                Check::Container,
                of,
                format!("{id}, made for another set, stands in for it"),
            ),
            None => Finding::unknown(Check::Container, of, "none yet; the next poll makes it"),
        };
    };
    let (accepted, refused) = (search.accepted().len(), search.refused().len());
    let all = accepted + refused + search.remaining().count();
    let left_out = match refused {
        0 => String::new(),
        _ => format!(", BMW refuses {refused}"),
    };
    let said = format!("holds {accepted} of {all} descriptors{left_out}");
    let refused = search.refused().iter().map(|refused| refused.descriptor.clone());
    Finding {
        descriptors: refused.collect(),
        ..Finding::ok(Check::Container, of, said)
    }
}

/// Whether everything was tried and refused.
fn accepts_nothing(set: &SetStatus) -> bool {
    let search = &set.state.search;
    search.accepted().is_empty() && !search.refused().is_empty() && search.remaining().next().is_none()
}

fn polls(account: &AccountStatus, status: &Status) -> Vec<Finding> {
    let its = status.polls.iter().filter(|poll| poll.account == account.name);
    let findings: Vec<_> = its
        .map(|poll| {
            let of = Some(called(&status.names, &poll.vin));
            let of = of.as_deref();
            let last = ago(status.now, poll.last_at);
            let is_barred = |barred: &Barred| barred.is_refused() && barred.vin == poll.vin;
            if status.barred.iter().any(is_barred) {
                return Finding::unknown(
                    Check::Polls,
                    of,
                    format!("ended; the last one was answered {last}"),
                );
            }
            let Some(problem) = poll.problem.as_ref().filter(|_| poll.failures > 0) else {
                return Finding::ok(Check::Polls, of, format!("the last one was answered {last}"));
            };
            let said = format!("{} failed in a row, the last {last}: {problem}", poll.failures);
            match poll.failures >= IN_A_ROW || poll.last_success_at.is_none() {
                true => Finding::problem(Check::Polls, of, said, OUTAGE),
                false => Finding::unknown(Check::Polls, of, said),
            }
        })
        .collect();
    match findings.is_empty() {
        true => {
            let (of, said) = (Some(account.name.as_str()), account.said.as_ref());
            let fails = said.is_some_and(|said| said.state == State::Polls(PollsState::Failing));
            let message = said.and_then(|said| said.message.clone());
            let words = message.unwrap_or_else(|| "none was made yet".to_owned());
            vec![match fails && status.running.is_some() {
                true => Finding::problem(Check::Polls, of, words, OUTAGE),
                false => Finding::unknown(Check::Polls, of, words),
            }]
        }
        false => findings,
    }
}

/// Whether the stream is connected, as far as the running program says.
fn stream(stream: &StreamStatus, status: &Status) -> Finding {
    let of = Some(stream.account.as_str());
    if status.running.is_none() {
        return Finding::unknown(Check::Stream, of, "the program does not run");
    }
    let since = stream.record.as_ref().and_then(|record| record.connected_since);
    let state = stream.said.as_ref().map(|said| said.state);
    let said = || {
        let said = stream.said.as_ref();
        said.and_then(|said| said.message.clone())
            .unwrap_or_else(|| "not connected".to_owned())
    };
    let gaps = stream.gaps_of_the_day(status.now);
    let taken = gaps.filter(|gap| gap.cause == GapCause::OtherProgram).count();
    let rival = "BMW allows one connection a BMW account: find the other program (Home Assistant, evcc, ioBroker, another \
                 cardata), and stop it or give it another BMW account. A sink of type `mqtt` passes everything on.";
    match state {
        Some(State::Stream(StreamState::Evicted)) => Finding::problem(Check::Stream, of, said(), rival),
        Some(State::Stream(StreamState::NotSubscribed | StreamState::LoginNeeded)) => {
            Finding::unknown(Check::Stream, of, said())
        }
        _ if taken > 0 => Finding::problem(
            Check::Stream,
            of,
            format!(
                "another program took the connection, with {} in a day",
                counted(taken, "gap")
            ),
            rival,
        ),
        _ if let Some(since) = since => Finding::ok(
            Check::Stream,
            of,
            format!("connected for {}", span(since, status.now)),
        ),
        Some(State::Stream(StreamState::Waiting | StreamState::Refused)) => Finding::problem(
            Check::Stream,
            of,
            said(),
            "It is tried again by itself. If it goes on for hours, run `cardata login`.",
        ),
        _ => Finding::unknown(Check::Stream, of, said()),
    }
}
