//! System as its reader sees it.

use std::time::Duration;

use collector_core::state::{Published, SinkState, State, StreamState};
use jiff::{SignedDuration, Timestamp};
use reqwest::StatusCode;
use status::{
    AccountStatus, Gap, GapCause, LogTotals, SinkStatus, SinkTotals, Status, StreamRecord, StreamStatus,
    StreamedVehicle,
};

use super::history::{Filled, filled};
use super::site::Page;
use super::telemetry::account;

const HOSTILE: &str = "\"><script>alert(1)</script>\u{202e}";

pub async fn seen(page: &Page, path: &str) -> (StatusCode, String) {
    let answer = page.get(path).header("accept", "text/html").send().await.unwrap();
    assert_eq!(
        answer.headers()["content-type"],
        "text/html; charset=utf-8",
        "{path}"
    );
    (answer.status(), answer.text().await.unwrap())
}

/// The text of a page between two of its parts.
pub fn part<'a>(html: &'a str, from: &str, to: &str) -> &'a str {
    let begin = html.find(from).unwrap_or_else(|| panic!("no `{from}` in {html}"));
    let end = html[begin..]
        .find(to)
        .unwrap_or_else(|| panic!("no `{to}` behind `{from}`"));
    &html[begin..begin + end]
}

fn said(state: State, message: &str) -> Option<Published> {
    Some(Published {
        name: "x".into(),
        state,
        message: Some(message.to_owned()),
        since: Timestamp::UNIX_EPOCH,
    })
}

fn sink(name: &str, state: SinkState, dead_letters: u64) -> SinkStatus {
    SinkStatus {
        name: name.to_owned(),
        type_name: "influxdb",
        totals: Some(SinkTotals {
            sink: name.to_owned(),
            cursor: 7,
            delivered_readings: 4_321,
            delivered_at: None,
            waiting_entries: 2,
            waiting_readings: 99,
            dead_letters,
        }),
        rewrites: Vec::new(),
        said: said(State::Sink(state), HOSTILE),
        lacks: vec!["it was emptied".to_owned()],
    }
}

pub fn stream(vin: &str, gaps: Vec<Gap>) -> StreamStatus {
    StreamStatus {
        account: "home".to_owned(),
        source: "live".to_owned(),
        record: Some(StreamRecord {
            account: "home".to_owned(),
            source: "live".to_owned(),
            connected_since: Some(Timestamp::now()),
            last_message_at: None,
            logins: 1,
            evictions: 0,
        }),
        said: said(State::Stream(StreamState::Evicted), "another program has it"),
        token_until: None,
        vehicles: vec![StreamedVehicle {
            vin: vin.to_owned(),
            messages: 1_204,
            readings: 640,
            repeats: 12,
            ..StreamedVehicle::default()
        }],
        strays: Vec::new(),
        unlisted: Vec::new(),
        gaps,
        window: Duration::ZERO,
    }
}

fn status() -> Status {
    let ended = |hours: i64| {
        let from = Timestamp::now() - SignedDuration::from_hours(hours);
        let to = Some(from + SignedDuration::from_mins(30));
        let cause = GapCause::Login;
        Gap { from, to, cause }
    };
    Status {
        running: Some("PID 12".to_owned()),
        accounts: vec![
            account(Some(9.5), None),
            AccountStatus {
                name: "partner".to_owned(),
                ..account(None, Some("not logged in: run `cardata login`"))
            },
        ],
        log: LogTotals {
            readings: 31_337,
            rejected: 5,
            impossible: 2,
            ..LogTotals::default()
        },
        sinks: vec![
            sink("influx", SinkState::Retrying, 3),
            sink("mqtt", SinkState::Delivering, 0),
        ],
        streams: vec![stream("x", vec![ended(30), ended(3)])],
        ..Status::default()
    }
}

async fn told() -> (Filled, String) {
    let filled = filled().await;
    *filled.page.program.status.lock().unwrap() = Some(status());
    *filled.page.program.log.lock().unwrap() = vec!["INFO stream connected".to_owned(), HOSTILE.to_owned()];
    let (code, html) = seen(&filled.page, "system").await;
    assert_eq!(code, StatusCode::OK);
    (filled, html)
}

#[tokio::test]
async fn accounts_tell_their_login_and_the_calls_of_the_day() {
    let (_filled, html) = told().await;
    let home = part(&html, "<h2>home</h2>", "</section>");
    for text in [
        "chip good",
        "1 of 50 calls of today",
        "3 more are planned",
        "9.5",
        "Logged in",
    ] {
        assert!(home.contains(text), "{text}: {home}");
    }
    let partner = part(&html, "<h2>partner</h2>", "</section>");
    assert!(
        partner.contains("chip bad") && partner.contains("run `cardata login`"),
        "{partner}"
    );
}

#[tokio::test]
async fn streams_and_sinks_tell_their_state_their_lag_and_what_was_refused() {
    let (_filled, html) = told().await;
    let streams = part(&html, "<table id=\"streams\"", "</table>");
    assert!(streams.contains("chip bad\">evicted"), "{streams}");
    assert!(streams.contains("data-sort=\"1204\""));
    assert!(streams.contains("another program has it"));
    assert!(
        streams.contains("data-sort=\"1\"><span data-part=\"value\">1<"),
        "one gap in a day: {streams}"
    );
    let sinks = part(&html, "<table id=\"sinks\"", "</table>");
    for text in [
        "chip warn\">retrying",
        "chip good\">delivering",
        "4321",
        "99",
        "it was emptied",
    ] {
        assert!(sinks.contains(text), "{text}: {sinks}");
    }
    let letters = part(&html, "<table id=\"letters\"", "</table>");
    assert!(
        letters.contains("cardata dead-letters list --sink influx"),
        "{letters}"
    );
    assert!(!letters.contains("mqtt"));
    assert!(
        letters.contains("data-sort=\"3\"") && letters.contains("data-sort=\"2\""),
        "{letters}"
    );
    assert!(html.contains("31337") && html.contains(env!("CARGO_PKG_VERSION")));
}

#[tokio::test]
async fn what_others_wrote_is_a_text_and_nothing_else() {
    let (_filled, html) = told().await;
    assert!(html.contains("INFO stream connected"));
    assert!(
        !html.contains("<script>alert") && !html.contains('\u{202e}'),
        "{html}"
    );
    assert!(html.contains("&#60;script&#62;alert(1)"), "{html}");
}

#[tokio::test]
async fn it_is_shown_where_nothing_has_come_and_nothing_can_be_told() {
    let page = Page::open().await;
    let (code, html) = seen(&page, "system").await;
    assert_eq!(code, StatusCode::OK);
    assert!(html.contains("mend the disk"), "{html}");
    for text in [
        "Nobody has logged in yet",
        "No sink is set up",
        "Nothing was logged yet",
    ] {
        assert!(html.contains(text), "{text}");
    }
}
