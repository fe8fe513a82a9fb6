//! What is told, and how it looks.

mod delivery;
mod stream;

use std::collections::HashMap;

use collector_core::state::{JournalState, LoginState, PollsState, Published, ScopesState, SinkState, State};
use jiff::SignedDuration;
use ledger::{Condition, Told};

use super::channel::{Step, next_step};
use super::*;

fn at(minutes: i64) -> Timestamp {
    "2026-03-01T12:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_mins(minutes)
}

fn said(name: &str, state: State, message: Option<&str>, since: i64) -> Published {
    Published {
        name: name.into(),
        state,
        message: message.map(str::to_owned),
        since: at(since),
    }
}

/// The notices about one topic, minute by minute, of a pipeline with the account `home` and the sink `csv`.
fn about(topic: &str, story: &[(i64, Condition)]) -> Vec<Option<(Level, String)>> {
    let scope = Scope {
        accounts: vec!["home".into()],
        sinks: vec!["csv".into()],
        streams: vec!["home".into()],
    };
    let mut memory = Memory::default();
    let looks = story.iter().map(|(minute, condition)| {
        let notices = derive::notices(&mut memory, &scope, condition, at(*minute));
        let found = notices.into_iter().find(|notice| notice.topic == topic);
        found.map(|notice| (notice.level, notice.stage))
    });
    looks.collect()
}

fn components(components: Vec<Published>) -> Condition {
    Condition {
        components,
        ..Condition::default()
    }
}

fn some(level: Level, stage: &str) -> Option<(Level, String)> {
    Some((level, stage.to_owned()))
}

#[test]
fn a_sink_is_told_after_ten_minutes_by_its_worst_state() {
    use SinkState::*;
    let sink = |minute, state, since| {
        let said = said("csv", State::Sink(state), Some("why"), since);
        (minute, components(vec![said]))
    };
    let story = [
        sink(0, Waiting, 0),
        sink(1, Retrying, 1),
        sink(10, Retrying, 9),
        sink(11, Retrying, 9),
        sink(12, Paused, 12),
        sink(13, Retrying, 13),
        sink(14, Delivering, 14),
        sink(15, Retrying, 15),
        sink(16, Stopped, 16),
    ];
    let expected = [
        None,
        None,
        None,
        some(Level::Warning, "warning"),
        some(Level::Error, "error"),
        some(Level::Error, "error"),
        some(Level::Info, ""),
        None,
        None,
    ];
    assert_eq!(about("sink:csv", &story), expected);
    let removed = components(vec![said("old", State::Sink(Paused), None, 0)]);
    assert_eq!(
        about("sink:old", &[(0, removed.clone()), (60, removed)]),
        [None, None]
    );
}

#[test]
fn a_login_is_told_by_the_step_that_its_guardian_published() {
    for (state, expected) in [
        (LoginState::Alive, some(Level::Info, "")),
        (
            LoginState::EndsWithin7Days,
            some(Level::Warning, "ends within 7 days"),
        ),
        (
            LoginState::EndsWithin3Days,
            some(Level::Warning, "ends within 3 days"),
        ),
        (
            LoginState::EndsWithinADay,
            some(Level::Error, "ends within a day"),
        ),
        (LoginState::Needed, some(Level::Error, "needed")),
    ] {
        let story = [(0, components(vec![said("home", State::Login(state), None, 0)]))];
        assert_eq!(about("login:home", &story), [expected]);
    }
    for (state, expected) in [
        (ScopesState::Complete, some(Level::Info, "")),
        (ScopesState::Incomplete, some(Level::Warning, "incomplete")),
        (ScopesState::WithoutApi, some(Level::Error, "without API")),
    ] {
        let story = [(0, components(vec![said("home", State::Scopes(state), None, 0)]))];
        assert_eq!(about("scopes:home", &story), [expected]);
    }
}

#[test]
fn polls_are_told_after_three_hours_and_not_beside_a_dead_login() {
    use PollsState::*;
    let account = |minute, state| {
        let said = said("home", State::Polls(state), None, minute);
        (minute, components(vec![said]))
    };
    let story = [
        account(0, Failing),
        account(100, Waiting),
        account(179, Failing),
        account(180, Failing),
        account(181, Polling),
        account(200, Failing),
        account(300, LoginNeeded),
        account(400, Failing),
    ];
    let mut expected = vec![None; 8];
    expected[3] = some(Level::Warning, "failing");
    expected[4] = some(Level::Info, "");
    assert_eq!(about("polls:home", &story), expected);
}

#[test]
fn a_journal_that_cannot_be_written_is_told_after_ten_minutes() {
    let journal = |minute, state| {
        (
            minute,
            components(vec![said("", State::Journal(state), Some("why"), minute)]),
        )
    };
    let story = [
        journal(0, JournalState::Failing),
        journal(9, JournalState::Failing),
        journal(10, JournalState::Failing),
        journal(11, JournalState::Writing),
        journal(12, JournalState::Failing),
    ];
    let failing = some(Level::Warning, "failing");
    assert_eq!(
        about("journal", &story),
        [None, None, failing, some(Level::Info, ""), None]
    );
}

#[test]
fn dead_letters_and_a_block_are_told_by_what_the_journal_counts() {
    let condition = Condition {
        components: vec![
            said("", State::DeadLetters(2), None, 0),
            said("csv", State::DeadLetters(5), None, 0),
        ],
        blocked: vec![("home".to_owned(), at(70))],
        ..Condition::default()
    };
    let story = [(0, condition.clone()), (70, condition)];
    assert_eq!(
        about("dead-letters:csv", &story),
        vec![some(Level::Error, "5"); 2]
    );
    assert_eq!(about("dead-letters:", &story), vec![some(Level::Error, "2"); 2]);
    let block = [some(Level::Warning, "blocked"), some(Level::Warning, "")];
    assert_eq!(about("quota:home", &story), block);
}

#[test]
fn what_stores_quote_is_made_presentable() {
    let quoted = "refused `WBY8P210X07A12345 lat=50.7664380556 lon=6.1 v1.8.10`\n\u{1b}[31m in 2.5 s.";
    let retrying = State::Sink(SinkState::Retrying);
    let sink = |since| components(vec![said("csv", retrying, Some(quoted), since)]);
    let scope = Scope {
        sinks: vec!["csv".into()],
        ..Scope::default()
    };
    let mut memory = Memory::default();
    derive::notices(&mut memory, &scope, &sink(0), at(0));
    let notices = derive::notices(&mut memory, &scope, &sink(0), at(10));
    let message = &notices[0].message;
    assert_eq!(
        message,
        "Since 2026-03-01T12:00:00Z: refused `…2345 lat=… lon=6.1 v1.8.10` [31m in 2.5 s. Nothing is lost; it is \
         tried on."
    );
    let needed = State::Login(LoginState::Needed);
    let long = components(vec![said("home", needed, Some(&"é".repeat(9_000)), 0)]);
    let scope = Scope {
        accounts: vec!["home".into()],
        ..Scope::default()
    };
    let notices = derive::notices(&mut memory, &scope, &long, at(0));
    assert_eq!(notices[0].message.chars().count(), 501);
}

fn notice(stage: &str, manner: Manner) -> Notice {
    Notice {
        topic: "sink:csv".to_owned(),
        level: Level::Warning,
        stage: stage.to_owned(),
        title: "The sink csv does not accept writes – ö".to_owned(),
        message: "Since then: why.".to_owned(),
        at: at(0),
        manner,
    }
}

#[test]
fn a_change_is_told_once() {
    use Manner::*;
    for (told, stage, manner, hours, expected) in [
        (None, "warning", Change, 0, "send"),
        (None, "", Change, 0, "nothing"),
        (Some("warning"), "warning", Change, 99, "nothing"),
        (Some("warning"), "error", Change, 0, "send"),
        (Some("error"), "", Change, 0, "send"),
        (Some("blocked"), "", Beginning, 0, "note"),
        (None, "blocked", Beginning, 0, "send"),
        (None, "5", Growth, 0, "send"),
        (Some("5"), "5", Growth, 99, "nothing"),
        (Some("5"), "12", Growth, 23, "nothing"),
        (Some("5"), "12", Growth, 24, "send"),
        (Some("5"), "12", Growth, -1, "send"),
        (Some("12"), "5", Growth, 99, "note"),
        (Some("5"), "", Growth, 0, "note"),
    ] {
        let told: HashMap<String, Told> = told
            .map(|stage| {
                let told = Told {
                    stage: stage.to_owned(),
                    at: at(0),
                };
                ("sink:csv".to_owned(), told)
            })
            .into_iter()
            .collect();
        let step = match next_step(&told, &[notice(stage, manner)], at(hours * 60)) {
            None => "nothing",
            Some(Step::Send(_)) => "send",
            Some(Step::Note(_)) => "note",
        };
        assert_eq!(step, expected, "{told:?} {stage} {manner:?} {hours}");
    }
}

#[test]
fn the_body_of_a_webhook_is_as_documented() {
    assert_eq!(
        message::body(&notice("warning", Manner::Change)),
        serde_json::json!({
            "version": 1, "program": "cardata", "topic": "sink:csv", "level": "warning", "resolved": false,
            "title": "The sink csv does not accept writes – ö", "message": "Since then: why.",
            "at": "2026-03-01T12:00:00.000Z",
        })
    );
}
