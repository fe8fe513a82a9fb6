//! What `cardata status` gathered, for people and for programs.

use collector_core::state::{SinkState, State};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::table::table;
use crate::{AccountStatus, SinkStatus, Status, plan};

/// For people.
pub fn text(status: &Status) -> String {
    let running = match &status.running {
        Some(holder) => format!("running ({holder})"),
        None => "not running".to_owned(),
    };
    let log = &status.log;
    let mut parts = vec![format!(
        "{running}; {} snapshots with {} readings in the journal, {} repeats left out",
        log.snapshots, log.readings, log.repeats
    )];
    if log.rejected > 0 {
        parts.push(format!(
            "{} readings did not fit their type: `cardata dead-letters list` shows them",
            log.rejected
        ));
    }
    parts.push(format!("\nAccounts\n{}", accounts(status)));
    if !status.vehicles.is_empty() {
        parts.push(format!("\nVehicles\n{}", vehicles(status)));
    }
    parts.extend(crate::streams::text(
        &status.streams,
        status.running.is_some(),
        status.now,
    ));
    parts.extend(crate::containers::text(&status.containers));
    parts.extend(Some(plan::text(status)).filter(|text| !text.is_empty()));
    parts.push(format!("\nSinks\n{}", sinks(status)));
    parts.join("\n")
}

fn accounts(status: &Status) -> String {
    let mut rows = vec![header(&[
        "account",
        "login",
        "calls today",
        "planned",
        "reserved",
        "left",
        "state",
    ])];
    let mut notes = Vec::new();
    for account in &status.accounts {
        let dead = plan::needs_login(account);
        let login = account
            .login_days
            .filter(|_| !dead)
            .map_or_else(|| "none".to_owned(), |days| format!("{days:.1} days"));
        rows.push(vec![
            account.name.clone(),
            login,
            format!("{} of {}", account.calls_today, account.calls_per_day),
            account.calls.planned.to_string(),
            account.calls.reserved.to_string(),
            account.calls_left.to_string(),
            account
                .said
                .as_ref()
                .map_or_else(|| "-".to_owned(), |said| said.state.to_string()),
        ]);
        notes.extend(account_notes(account));
    }
    with_notes(&rows, &notes)
}

fn account_notes(account: &AccountStatus) -> Vec<String> {
    let blocked = account
        .blocked_until
        .map(|until| format!("{}: BMW allows no call until {until:.0}", account.name));
    let said = account.said.as_ref().and_then(|said| said.message.as_ref());
    let mut notes: Vec<&String> = account
        .login_problem
        .iter()
        .chain(&account.login_warnings)
        .collect();
    // Poller and guardian of a login tell the same.
    notes.extend(said.filter(|said| !account.login_warnings.contains(said)));
    notes
        .into_iter()
        .map(|note| format!("{}: {note}", account.name))
        .chain(blocked)
        .collect()
}

fn vehicles(status: &Status) -> String {
    let mut rows = vec![header(&[
        "vehicle",
        "snapshots",
        "readings",
        "last snapshot",
        "descriptors",
        "not reported",
    ])];
    for vehicle in &status.vehicles {
        rows.push(vec![
            shortened(&vehicle.vin),
            vehicle.snapshots.to_string(),
            vehicle.readings.to_string(),
            vehicle
                .last_snapshot_at
                .map_or("never".to_owned(), |at| ago(status.now, at)),
            vehicle.descriptors.to_string(),
            vehicle.never_reported.to_string(),
        ]);
    }
    let notes = status.polls.iter().filter_map(|poll| {
        let problem = poll.problem.as_ref().filter(|_| poll.failures > 0)?;
        Some(format!(
            "{} of {}: failures in a row: {}, last {}: {problem}",
            poll.source,
            shortened(&poll.vin),
            poll.failures,
            ago(status.now, poll.last_at)
        ))
    });
    with_notes(&rows, &notes.collect::<Vec<_>>())
}

fn sinks(status: &Status) -> String {
    let mut rows = vec![header(&[
        "sink",
        "type",
        "delivered",
        "waiting",
        "last",
        "dead letters",
        "state",
    ])];
    let mut notes = Vec::new();
    for sink in &status.sinks {
        let totals = sink.totals.as_ref();
        let number = |number: Option<u64>| number.map_or("-".to_owned(), |number| number.to_string());
        rows.push(vec![
            sink.name.clone(),
            sink.type_name.to_owned(),
            number(totals.map(|totals| totals.delivered_readings)),
            number(totals.map(|totals| totals.waiting_readings)),
            totals
                .and_then(|totals| totals.delivered_at)
                .map_or("never".to_owned(), |at| ago(status.now, at)),
            number(totals.map(|totals| totals.dead_letters)),
            state(sink, status.running.is_some()),
        ]);
        let message = sink.said.as_ref().and_then(|said| said.message.as_ref());
        notes.extend(message.map(|message| format!("{}: {message}", sink.name)));
        let has_letters = totals.is_some_and(|totals| totals.dead_letters > 0);
        notes.extend(has_letters.then(|| {
            format!(
                "{}: `cardata dead-letters list --sink {}` shows what it refused",
                sink.name, sink.name
            )
        }));
    }
    with_notes(&rows, &notes)
}

/// A process that was killed could not say that it stopped.
fn state(sink: &SinkStatus, running: bool) -> String {
    match &sink.said {
        Some(said) if running || said.state == State::Sink(SinkState::Paused) => said.state.to_string(),
        Some(_) => "stopped".to_owned(),
        None => "new".to_owned(),
    }
}

fn header(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}

fn with_notes(rows: &[Vec<String>], notes: &[String]) -> String {
    let notes: String = notes.iter().map(|note| format!("\n  ! {note}")).collect();
    format!("{}{notes}", table(rows))
}

pub(crate) fn shortened(vin: &str) -> String {
    format!("…{}", vin.get(10..).unwrap_or(vin))
}

pub(crate) fn ago(now: Timestamp, at: Timestamp) -> String {
    let seconds = now.as_second() - at.as_second();
    match seconds {
        ..=1 => "just now".to_owned(),
        2..120 => format!("{seconds} s ago"),
        120..7_200 => format!("{} min ago", seconds / 60),
        7_200..172_800 => format!("{} h ago", seconds / 3_600),
        _ => format!("{} days ago", seconds / 86_400),
    }
}

/// For programs. VINs are shortened here too: a status is often pasted where others read it.
pub fn json(status: &Status) -> String {
    let accounts = status.accounts.iter().map(|account| {
        json!({
            "account": account.name,
            "login_days_left": account.login_days,
            "login_problem": account.login_problem,
            "login_warnings": account.login_warnings,
            "calls_today": account.calls_today,
            "calls_left": account.calls_left,
            "calls_per_day": account.calls_per_day,
            "calls": plan::calls_json(&account.calls),
            "blocked_until": account.blocked_until.map(|at| at.to_string()),
            "state": account.said.as_ref().map(|said| said.state.to_string()),
            "message": account.said.as_ref().and_then(|said| said.message.as_ref()),
        })
    });
    let vehicles = status.vehicles.iter().map(|vehicle| {
        json!({
            "vehicle": shortened(&vehicle.vin),
            "snapshots": vehicle.snapshots,
            "readings": vehicle.readings,
            "last_snapshot_at": vehicle.last_snapshot_at.map(|at| at.to_string()),
            "descriptors": vehicle.descriptors,
            "not_reported": vehicle.never_reported,
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
            "delivered_at": totals.and_then(|totals| totals.delivered_at).map(|at| at.to_string()),
            "dead_letters": totals.map(|totals| totals.dead_letters),
            "state": state(sink, status.running.is_some()),
            "message": sink.said.as_ref().and_then(|said| said.message.as_ref()),
        })
    });
    let polls = status.polls.iter().map(|poll| {
        let (next, why) = plan::next(status, poll);
        json!({
            "account": poll.account,
            "source": poll.source,
            "vehicle": shortened(&poll.vin),
            "last_at": poll.last_at.to_string(),
            "last_success_at": poll.last_success_at.map(|at| at.to_string()),
            "failures": poll.failures,
            "problem": poll.problem,
            "next_at": next.map(|at| at.to_string()),
            "why": why,
        })
    });
    let whole = json!({
        "running": status.running,
        "snapshots": status.log.snapshots,
        "readings": status.log.readings,
        "repeats": status.log.repeats,
        "rejected": status.log.rejected,
        "accounts": accounts.collect::<Vec<Value>>(),
        "vehicles": vehicles.collect::<Vec<Value>>(),
        "sinks": sinks.collect::<Vec<Value>>(),
        "polls": polls.collect::<Vec<Value>>(),
        "streams": crate::streams::json(&status.streams, status.running.is_some(), status.now),
        "containers": crate::containers::json(&status.containers),
    });
    format!("{whole:#}")
}
