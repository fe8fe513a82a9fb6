//! What `cardata status` gathered, for people and for programs.

use collector_core::state::{Published, SinkState, State};
use journal::log::overview::{LogTotals, VehicleTotals};
use journal::log::replay::Replay;
use serde_json::{Value, json};

use crate::barred::Barred;
use crate::table::{ago, called, counted, notes, or, table};
use crate::{AccountStatus, SinkStatus, Status, containers, plan, streams};

/// For people.
pub fn text(status: &Status) -> String {
    let running = match &status.running {
        // Sums and acknowledgements are written down every few seconds.
        Some(holder) => format!("running ({holder}); its counts are up to 30 s old"),
        None => "not running".to_owned(),
    };
    let log = &status.log;
    let mut parts = vec![format!(
        "{running}\n{} with {} in the journal, {} left out",
        counted(log.snapshots, "snapshot"),
        counted(log.readings, "reading"),
        counted(log.repeats, "repeat")
    )];
    parts[0] += &notes(
        status
            .journal_problem
            .iter()
            .map(|problem| format!("journal: {problem}")),
    );
    parts.extend(not_delivered(log));
    parts.extend(status.records.as_ref().map(records));
    parts.push(format!("\nAccounts\n{}", accounts(status)));
    if !status.vehicles.is_empty() {
        parts.push(format!("\nVehicles\n{}", vehicles(status)));
    }
    parts.extend(streams::text(
        &status.streams,
        status.running.is_some(),
        status.now,
    ));
    parts.extend(containers::text(&status.containers, status.now));
    parts.extend(plan::text(status));
    parts.push(format!("\nSinks\n{}", sinks(status)));
    parts.join("\n")
}

/// How far records are derived.
fn records(said: &Published) -> String {
    match &said.message {
        Some(message) => format!("records: {}: {message}", said.state),
        None => format!("records: {}", said.state),
    }
}

/// What means nothing to anybody.
fn not_delivered(log: &LogTotals) -> Option<String> {
    let misfits = (log.rejected > log.impossible)
        .then(|| counted(log.rejected - log.impossible, "reading") + " of the wrong type");
    let impossible =
        (log.impossible > 0).then(|| counted(log.impossible, "number") + " that no vehicle can mean");
    let all: Vec<_> = misfits.into_iter().chain(impossible).collect();
    let said = format!("not delivered: {} (`cardata dead-letters list`)", all.join(", "));
    (!all.is_empty()).then_some(said)
}

fn accounts(status: &Status) -> String {
    let header = "account | login | calls today | planned | reserved | left | state";
    let rows = status.accounts.iter().map(|account| {
        let days = account.login_days.filter(|_| !plan::needs_login(account));
        vec![
            account.name.clone(),
            or(days.map(|days| format!("{days:.1} days")), "none"),
            format!("{} of {}", account.calls.used, account.calls_per_day),
            account.calls.planned.to_string(),
            account.calls.reserved.to_string(),
            account.calls_left.to_string(),
            or(account_state(account), "-"),
        ]
    });
    let said = status.accounts.iter().flat_map(account_notes);
    table(header, rows) + &notes(said)
}

/// How its polls fare; `None` where they never began.
fn account_state(account: &AccountStatus) -> Option<String> {
    match account.is_polled {
        true => account.said.as_ref().map(|said| said.state.to_string()),
        false => Some("no polls".to_owned()),
    }
}

fn account_notes(account: &AccountStatus) -> Vec<String> {
    let blocked = account
        .blocked_until
        .map(|until| format!("BMW allows no call until {until:.0}"));
    let said = account.said.as_ref().and_then(|said| said.message.clone());
    let problem = account.login_problem.iter().chain(&account.login_warnings);
    let notes = problem
        .cloned()
        // Poller and guardian of a login tell the same.
        .chain(said.filter(|said| !account.login_warnings.contains(said)))
        .chain(blocked);
    notes.map(|note| format!("{}: {note}", account.name)).collect()
}

fn vehicles(status: &Status) -> String {
    let header = "vehicle | snapshots | readings | last snapshot | descriptors | not reported";
    let rows = status.vehicles.iter().map(|vehicle| {
        vec![
            called(&status.names, &vehicle.vin),
            vehicle.snapshots.to_string(),
            vehicle.readings.to_string(),
            or(vehicle.last_snapshot_at.map(|at| ago(status.now, at)), "never"),
            vehicle.descriptors.to_string(),
            vehicle.never_reported.to_string(),
        ]
    });
    let failures = status.polls.iter().filter_map(|poll| {
        let problem = poll.problem.as_ref().filter(|_| poll.failures > 0)?;
        Some(format!(
            "{} of {}: failures in a row: {}, last {}: {problem}",
            poll.source,
            called(&status.names, &poll.vin),
            poll.failures,
            ago(status.now, poll.last_at)
        ))
    });
    let barred = status.barred.iter().map(|barred| barred.note(&status.names));
    table(header, rows) + &notes(failures.chain(barred))
}

fn sinks(status: &Status) -> String {
    let header = "sink | type | delivered | waiting | last | dead letters | state";
    let rows = status.sinks.iter().map(|sink| {
        let totals = sink.totals.as_ref();
        let delivered_at = totals.and_then(|totals| totals.delivered_at);
        vec![
            sink.name.clone(),
            sink.type_name.to_owned(),
            or(totals.map(|totals| totals.delivered_readings), "-"),
            or(totals.map(|totals| totals.waiting_readings), "-"),
            or(delivered_at.map(|at| ago(status.now, at)), "never"),
            or(totals.map(|totals| totals.dead_letters), "-"),
            state(sink, status.running.is_some()),
        ]
    });
    table(header, rows) + &notes(status.sinks.iter().flat_map(sink_notes))
}

fn sink_notes(sink: &SinkStatus) -> impl Iterator<Item = String> {
    let name = &sink.name;
    let has_letters = sink.totals.as_ref().is_some_and(|totals| totals.dead_letters > 0);
    let letters = has_letters
        .then(|| format!("{name}: `cardata dead-letters list --sink {name}` shows what it refused"));
    messages(sink)
        .map(move |message| format!("{name}: {message}"))
        .chain(
            sink.rewrites
                .iter()
                .map(move |replay| format!("{name}: {}", rewrite(replay))),
        )
        .chain(letters)
}

/// Why it does not work, and what its store lacks.
fn messages(sink: &SinkStatus) -> impl Iterator<Item = &String> {
    let said = sink.said.as_ref().and_then(|said| said.message.as_ref());
    said.into_iter().chain(&sink.lacks)
}

/// How far a replay is that takes the place of what its sink holds.
fn rewrite(replay: &Replay) -> String {
    let (id, done, of) = (replay.id, replay.done, replay.entries);
    let stage = match replay.erased_at {
        None => format!("replay {id} is about to replace what it holds"),
        Some(_) => format!("what it held is removed; replay {id} brings it again, {done} of {of} entries"),
    };
    match &replay.problem {
        Some(problem) => format!("{stage}: {problem}"),
        None => stage,
    }
}

/// A process that was killed could not say that it stopped.
fn state(sink: &SinkStatus, running: bool) -> String {
    match &sink.said {
        Some(said) if running || said.state == State::Sink(SinkState::Paused) => said.state.to_string(),
        Some(_) => "stopped".to_owned(),
        None => "new".to_owned(),
    }
}

fn barred<'a>(status: &'a Status, vehicle: &VehicleTotals) -> Option<&'a Barred> {
    let mut all = status.barred.iter();
    all.find(|barred| barred.vin == vehicle.vin)
}

/// For programs. No VIN is in it either.
pub fn json(status: &Status) -> Value {
    let accounts = status.accounts.iter().map(|account| {
        json!({
            "account": account.name,
            "login_days_left": account.login_days,
            "login_problem": account.login_problem,
            "login_warnings": account.login_warnings,
            "calls_today": account.calls.used,
            "calls_left": account.calls_left,
            "calls_per_day": account.calls_per_day,
            "calls": {
                "used": account.calls.used,
                "reserved": account.calls.reserved,
                "planned": account.calls.planned,
                "left": account.calls.left,
            },
            "blocked_until": account.blocked_until,
            "state": account_state(account),
            "message": account.said.as_ref().and_then(|said| said.message.as_ref()),
        })
    });
    let vehicles = status.vehicles.iter().map(|vehicle| {
        json!({
            "vehicle": called(&status.names, &vehicle.vin),
            "snapshots": vehicle.snapshots,
            "readings": vehicle.readings,
            "last_snapshot_at": vehicle.last_snapshot_at,
            "descriptors": vehicle.descriptors,
            "not_reported": vehicle.never_reported,
            "not_polled": barred(status, vehicle).map(Barred::reason),
            "only_streamed": barred(status, vehicle).is_some_and(|barred| barred.is_streamed),
        })
    });
    let sinks = status.sinks.iter().map(|sink| {
        let totals = sink.totals.as_ref();
        json!({
            "sink": sink.name,
            "type": sink.type_name,
            "delivered_readings": totals.map(|totals| totals.delivered_readings),
            "waiting_readings": totals.map(|totals| totals.waiting_readings),
            "waiting_snapshots": totals.map(|totals| totals.waiting_entries),
            "delivered_at": totals.and_then(|totals| totals.delivered_at),
            "dead_letters": totals.map(|totals| totals.dead_letters),
            "state": state(sink, status.running.is_some()),
            "message": messages(sink).cloned().reduce(|all, next| format!("{all}; {next}")),
            "rewrites": sink.rewrites.iter().map(|replay| json!({
                "replay": replay.id,
                "erased_at": replay.erased_at,
                "snapshots": replay.entries,
                "snapshots_done": replay.done,
                "problem": replay.problem,
            })).collect::<Value>(),
        })
    });
    let polls = status.polls.iter().map(|poll| {
        let (next, why) = plan::next(status, poll);
        json!({
            "account": poll.account,
            "source": poll.source,
            "vehicle": called(&status.names, &poll.vin),
            "last_at": poll.last_at,
            "last_success_at": poll.last_success_at,
            "failures": poll.failures,
            "problem": poll.problem,
            "next_at": next,
            "why": why,
        })
    });
    json!({
        "running": status.running,
        "journal_problem": status.journal_problem,
        "records_state": status.records.as_ref().map(|said| said.state.to_string()),
        "records_message": status.records.as_ref().and_then(|said| said.message.clone()),
        "snapshots": status.log.snapshots,
        "readings": status.log.readings,
        "repeats": status.log.repeats,
        "rejected": status.log.rejected,
        "impossible": status.log.impossible,
        "accounts": accounts.collect::<Value>(),
        "vehicles": vehicles.collect::<Value>(),
        "sinks": sinks.collect::<Value>(),
        "polls": polls.collect::<Value>(),
        "streams": streams::json(&status.streams, status.running.is_some(), status.now),
        "containers": containers::json(&status.containers, status.now),
    })
}

#[cfg(test)]
mod tests {
    use collector_core::state::{DerivingState, PollsState};
    use jiff::Timestamp;

    use super::*;
    use crate::Status;

    fn account(is_polled: bool, state: PollsState) -> AccountStatus {
        let said = Published {
            name: "home".into(),
            state: State::Polls(state),
            message: None,
            since: Status::default().now,
        };
        AccountStatus {
            name: "home".to_owned(),
            mapped: Vec::new(),
            login_days: Some(12.0),
            login_problem: None,
            login_warnings: Vec::new(),
            calls_left: 40,
            calls_per_day: 50,
            calls: plan::Calls {
                used: 0,
                reserved: 10,
                planned: 0,
                left: 40,
            },
            blocked_until: None,
            is_polled,
            said: Some(said).filter(|_| is_polled),
        }
    }

    #[test]
    fn what_is_not_delivered_is_told_by_its_kind() {
        for (rejected, impossible, words) in [
            (0, 0, None),
            (1, 0, Some("1 reading of the wrong type")),
            (2, 2, Some("2 numbers that no vehicle can mean")),
            (
                3,
                1,
                Some("2 readings of the wrong type, 1 number that no vehicle can mean"),
            ),
        ] {
            let log = LogTotals {
                rejected,
                impossible,
                ..LogTotals::default()
            };
            let said = words.map(|words| format!("not delivered: {words} (`cardata dead-letters list`)"));
            assert_eq!(not_delivered(&log), said);
        }
    }

    #[test]
    fn an_account_without_polls_has_not_stopped() {
        for (is_polled, word) in [(true, "stopped"), (false, "no polls")] {
            let status = Status {
                running: Some("process 1".to_owned()),
                accounts: vec![account(is_polled, PollsState::Stopped)],
                ..Status::default()
            };
            let text = text(&status);
            let line = text.lines().find(|line| line.contains("home")).unwrap();
            assert!(line.ends_with(word), "{line}");
            let told = json(&status);
            assert_eq!(told["accounts"][0]["state"], word);
        }
    }

    #[test]
    fn a_journal_that_cannot_be_written_is_marked() {
        let status = Status {
            running: Some("process 1".to_owned()),
            journal_problem: Some("why".to_owned()),
            ..Status::default()
        };
        assert!(text(&status).contains("left out\n  ! journal: why\n\nAccounts"));
        let told = json(&status);
        assert_eq!(told["journal_problem"], "why");
    }

    #[test]
    fn how_far_records_are_derived_is_one_line() {
        let said = Published {
            name: "".into(),
            state: State::Deriving(DerivingState::Behind),
            message: Some("7000 entries".to_owned()),
            since: Timestamp::UNIX_EPOCH,
        };
        let status = Status {
            records: Some(said),
            ..Status::default()
        };
        assert!(text(&status).contains("left out\nrecords: behind: 7000 entries\n\nAccounts"));
        let told = json(&status);
        assert_eq!(
            (&told["records_state"], &told["records_message"]),
            (&json!("behind"), &json!("7000 entries"))
        );
    }
}
