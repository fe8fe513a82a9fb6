//! System: what the program says of itself: accounts and their calls, streams, sinks, dead letters, and the log.

use axum::Router;
use axum::extract::State as Extract;
use axum::routing::get;
use collector_core::mask::readable;
use collector_core::state::{PollsState, Published, SinkState, State, StreamState};
use status::table::called;
use status::{AccountStatus, SinkStatus, Status, StreamStatus};

use super::cells::{Reading, UNKNOWN, decimal};
use super::files::with_tables;
use super::{Page, frame, login};
use crate::app::Shared;
use crate::view::frame::Page as Which;
use crate::view::parts::{Cell, Column, Fact, Level, Table};
use crate::view::system::{Account, Calls, System};
use crate::view::texts;

pub(super) fn routes() -> Router<Shared> {
    Router::new().route("/system", get(system))
}

async fn system(Extract(app): Extract<Shared>) -> Page {
    let asked = app.ask(|look| Ok((look.status(), look.log_tail()))).await;
    let (status, log) = match asked {
        Ok((status, log)) => (status, log),
        Err(error) => (Err(error), Vec::new()),
    };
    let frame = frame::of_program(&app, "", Which::System, texts::t("nav.system"), &status).await;
    let status = status.unwrap_or_default();
    let reading = Reading {
        options: &app.options,
        now: app.now(),
    };
    with_tables(&System {
        frame,
        accounts: accounts(&status, reading),
        streams: streams(&status, reading),
        sinks: sinks(&status, reading),
        letters: letters(&status),
        facts: facts(&status, app.model.bytes()),
        log: log.iter().map(|line| readable(line)).collect(),
    })
}

fn accounts(status: &Status, reading: Reading<'_>) -> Vec<Account> {
    let account = |account: &AccountStatus| {
        let warnings = warnings(account, status, reading);
        let (level, state) = state_of_account(account, !warnings.is_empty());
        Account {
            name: readable(&account.name),
            level,
            state,
            facts: facts_of_account(account, status, reading),
            login: Some(login::way("", account)),
            calls: Calls {
                spent: u32::try_from(account.calls.used).unwrap_or(u32::MAX),
                planned: account.calls.planned,
                per_day: account.calls_per_day,
            },
            warnings,
        }
    };
    status.accounts.iter().map(account).collect()
}

fn state_of_account(account: &AccountStatus, is_warned: bool) -> (Level, String) {
    let said = account.said.as_ref().map(|said| said.state);
    if login::is_needed(account) {
        return (Level::Bad, texts::t("system.login_needed").to_owned());
    }
    let words = match account.is_polled {
        true => texts::t("system.logged_in"),
        false => texts::t("system.no_polls"),
    };
    let is_failing = said == Some(State::Polls(PollsState::Failing));
    let level = if is_failing || is_warned {
        Level::Warn
    } else {
        Level::Good
    };
    (level, words.to_owned())
}

fn facts_of_account(account: &AccountStatus, status: &Status, reading: Reading<'_>) -> Vec<Fact> {
    let mut facts = Vec::new();
    if let Some(days) = account.login_days {
        let days = decimal(days.max(0.0), 1);
        facts.push(fact(texts::t("system.login_days"), days, texts::t("system.days")));
    }
    if !account.mapped.is_empty() {
        let names = account.mapped.iter().map(|(name, _)| readable(name));
        let names = names.collect::<Vec<_>>().join(", ");
        facts.push(words(texts::t("system.vehicles"), names));
    }
    let calls = &account.calls;
    facts.push(fact(texts::t("system.left_now"), calls.left, ""));
    facts.push(fact(texts::t("system.reserved"), calls.reserved, ""));
    if let Some(said) = &account.said {
        facts.push(words(texts::t("system.polls"), said.state.to_string()));
    }
    let its = status.polls.iter().filter(|poll| poll.account == account.name);
    if let Some(next) = its.filter_map(|poll| poll.next_at).min() {
        let next = reading.moment(next).text;
        facts.push(words(texts::t("system.next"), next));
    }
    facts
}

/// What its owner must know: of the login, of BMW, of polls that fail.
fn warnings(account: &AccountStatus, status: &Status, reading: Reading<'_>) -> Vec<String> {
    let said = account.said.as_ref().and_then(|said| said.message.as_ref());
    // Poller and guardian of a login may tell the same.
    let said = said.filter(|said| !account.login_warnings.contains(said));
    let blocked = account.blocked_until.filter(|until| *until > reading.now);
    let blocked = blocked.map(|until| {
        let until = reading.moment(until).text;
        texts::t("system.blocked").replace("{at}", &until)
    });
    let failing = status.polls.iter().filter_map(|poll| {
        let problem = poll.problem.as_ref().filter(|_| poll.failures > 0)?;
        let words = texts::count("system.failing", poll.failures)
            .replace("{source}", &poll.source)
            .replace("{vehicle}", &called(&status.names, &poll.vin))
            .replace("{problem}", problem);
        (poll.account == account.name).then_some(words)
    });
    let problems = account.login_problem.iter().chain(&account.login_warnings);
    let all = problems.chain(said).cloned().chain(blocked).chain(failing);
    all.map(|text| readable(&text)).collect()
}

fn streams(status: &Status, reading: Reading<'_>) -> Table {
    let sum = |stream: &StreamStatus, count: fn(&status::StreamedVehicle) -> u64| {
        let sum: u64 = stream.vehicles.iter().map(count).sum();
        Cell::sorted(sum.to_string(), sum)
    };
    let row = |stream: &StreamStatus| {
        let record = stream.record.as_ref();
        let since = record.and_then(|record| record.connected_since);
        let time = |at: Option<_>| at.map_or_else(|| Cell::text(UNKNOWN), |at| reading.at(at));
        let gaps = stream.gaps_of_the_day(reading.now).count();
        vec![
            Cell::text(readable(&stream.account)),
            Cell::text(readable(&stream.source)),
            state(stream.said.as_ref(), status.running.is_some(), []),
            time(since.filter(|_| status.running.is_some())),
            time(stream.last_message_at()),
            sum(stream, |vehicle| vehicle.messages),
            sum(stream, |vehicle| vehicle.readings),
            sum(stream, |vehicle| vehicle.repeats),
            Cell::sorted(gaps.to_string(), gaps),
        ]
    };
    Table {
        id: "streams",
        caption: texts::t("system.streams").to_owned(),
        columns: vec![
            Column::text(texts::t("system.account")),
            Column::text(texts::t("system.source")),
            Column::text(texts::t("system.state")),
            Column::text(texts::t("system.connected")),
            Column::text(texts::t("system.last_message")),
            Column::number(texts::t("system.messages")),
            Column::number(texts::t("system.new_readings")),
            Column::number(texts::t("system.repeats")),
            Column::number(texts::t("system.gaps")),
        ],
        rows: status.streams.iter().map(row).collect(),
        csv: "?csv=streams".to_owned(),
        empty: texts::t("system.no_stream").to_owned(),
        ..Table::default()
    }
}

fn sinks(status: &Status, reading: Reading<'_>) -> Table {
    let row = |sink: &SinkStatus| {
        let totals = sink.totals.as_ref();
        let number = |number: Option<u64>| match number {
            Some(number) => Cell::sorted(number.to_string(), number),
            None => Cell::text(UNKNOWN),
        };
        let rewrites = sink.rewrites.iter().map(|replay| {
            let words = texts::count("system.replaced", replay.done);
            words.replace("{of}", &replay.entries.to_string())
        });
        let notes = sink.lacks.iter().cloned().chain(rewrites);
        let last = totals.and_then(|totals| totals.delivered_at);
        vec![
            Cell {
                note: Some(sink.type_name)
                    .filter(|name| *name != &*sink.name)
                    .unwrap_or_default()
                    .to_owned(),
                ..Cell::text(readable(&sink.name))
            },
            state(sink.said.as_ref(), status.running.is_some(), notes),
            number(totals.map(|totals| totals.delivered_readings)),
            number(totals.map(|totals| totals.waiting_readings)),
            last.map_or_else(|| Cell::text(UNKNOWN), |at| reading.at(at)),
            number(totals.map(|totals| totals.dead_letters)),
        ]
    };
    Table {
        id: "sinks",
        csv: "?csv=sinks".to_owned(),
        caption: texts::t("system.sinks").to_owned(),
        columns: vec![
            Column::text(texts::t("system.sink")),
            Column::text(texts::t("system.state")),
            Column::number(texts::t("system.delivered")),
            Column::number(texts::t("system.waiting")),
            Column::text(texts::t("system.last_delivery")),
            Column::number(texts::t("system.letter_count")),
        ],
        rows: status.sinks.iter().map(row).collect(),
        empty: texts::t("system.no_sink").to_owned(),
        ..Table::default()
    }
}

/// How a stream or a sink fares, and what there is to say of it. A program that was killed could not say that it stopped.
fn state(said: Option<&Published>, is_running: bool, more: impl IntoIterator<Item = String>) -> Cell {
    let is_paused = |said: &Published| said.state == State::Sink(SinkState::Paused);
    let (level, text) = match said {
        Some(said) if is_running || is_paused(said) => (level_of(said.state), said.state.to_string()),
        Some(_) => (Level::Info, texts::t("system.stopped").to_owned()),
        None => (Level::Info, texts::t("system.fresh").to_owned()),
    };
    let message = said.and_then(|said| said.message.clone());
    let notes: Vec<String> = message.into_iter().chain(more).collect();
    Cell {
        level: Some(level),
        note: readable(&notes.join(" ")),
        ..Cell::text(text)
    }
}

fn level_of(state: State) -> Level {
    match state {
        State::Stream(StreamState::Streaming) | State::Sink(SinkState::Delivering) => Level::Good,
        State::Stream(StreamState::Connecting | StreamState::Stopped)
        | State::Sink(SinkState::Waiting | SinkState::Stopped) => Level::Info,
        State::Stream(StreamState::Waiting) | State::Sink(SinkState::Retrying) => Level::Warn,
        _ => Level::Bad,
    }
}

/// What sinks refused, and what no sink gets.
fn letters(status: &Status) -> Table {
    let row = |sink: &str, reason: &'static str, of: &str, count: u64| {
        let command = format!("cardata dead-letters list{of}");
        let reason = texts::t(reason).replace("{command}", &command);
        (count > 0).then(|| {
            vec![
                Cell::text(readable(sink)),
                Cell::text(readable(&reason)),
                Cell::sorted(count.to_string(), count),
            ]
        })
    };
    let refused = status.sinks.iter().filter_map(|sink| {
        let count = sink.totals.as_ref()?.dead_letters;
        row(
            &sink.name,
            "system.refused",
            &format!(" --sink {}", sink.name),
            count,
        )
    });
    let log = &status.log;
    let any = texts::t("system.any_sink");
    let misfits = log.rejected.saturating_sub(log.impossible);
    let misfits = [
        row(any, "system.wrong_type", "", misfits),
        row(any, "system.implausible", "", log.impossible),
    ];
    Table {
        id: "letters",
        caption: texts::t("system.letters").to_owned(),
        columns: vec![
            Column::text(texts::t("system.sink")),
            Column::text(texts::t("system.reason")),
            Column::number(texts::t("system.letter_count")),
        ],
        rows: refused.chain(misfits.into_iter().flatten()).collect(),
        csv: "?csv=letters".to_owned(),
        empty: texts::t("system.no_letters").to_owned(),
        ..Table::default()
    }
}

/// `bytes` is the size of the database of the page.
fn facts(status: &Status, bytes: Option<u64>) -> Vec<Fact> {
    let running = status.running.as_deref();
    let running = running.unwrap_or_else(|| texts::t("system.not_running"));
    let log = &status.log;
    let mut facts = vec![
        words(texts::t("system.version"), env!("CARGO_PKG_VERSION").to_owned()),
        words(texts::t("system.running"), readable(running)),
        fact(texts::t("system.journal"), log.readings, ""),
        fact(texts::t("system.snapshots"), log.snapshots, ""),
        fact(texts::t("system.left_out"), log.repeats, ""),
    ];
    if let Some(bytes) = bytes {
        let megabytes = decimal(bytes as f64 / 1_000_000.0, 1);
        facts.push(fact(texts::t("system.database"), megabytes, "MB"));
    }
    if let Some(said) = &status.records {
        let message = said.message.as_deref().unwrap_or_default();
        facts.push(Fact {
            interval: readable(message),
            ..words(texts::t("system.records"), said.state.to_string())
        });
    }
    facts
}

fn fact(label: &str, value: impl ToString, unit: &str) -> Fact {
    Fact {
        label: label.to_owned(),
        value: value.to_string(),
        unit: unit.to_owned(),
        ..Fact::default()
    }
}

fn words(label: &str, value: String) -> Fact {
    Fact {
        is_words: true,
        ..fact(label, value, "")
    }
}
