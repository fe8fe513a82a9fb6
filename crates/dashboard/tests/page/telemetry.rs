//! Whether it is alive, whether it does its work, and its numbers.

use std::path::PathBuf;
use std::sync::Mutex;

use collector_core::Secret;
use dashboard::Limits;
use dashboard::door::Auth;
use reqwest::StatusCode;
use status::{AccountStatus, Calls, Status};

use super::site::{Page, Program};

pub fn account(login_days: Option<f64>, login_problem: Option<&str>) -> AccountStatus {
    AccountStatus {
        name: "home".to_owned(),
        mapped: Vec::new(),
        login_days,
        login_problem: login_problem.map(str::to_owned),
        login_warnings: Vec::new(),
        calls_left: 20,
        calls_per_day: 50,
        calls: Calls {
            used: 1,
            reserved: 2,
            planned: 3,
            left: 4,
        },
        blocked_until: None,
        is_polled: true,
        said: None,
    }
}

async fn asked(path: &str, status: Option<Status>) -> (StatusCode, String) {
    let program = Program {
        status: Mutex::new(status),
        ..Program::default()
    };
    let auth = Auth::Token(Secret::new("hunter2hunter2hunter2"));
    let page = Page::with(auth, Limits::default(), PathBuf::from("none.db"), program).await;
    let answer = page.get(path).send().await.unwrap();
    (answer.status(), answer.text().await.unwrap())
}

#[tokio::test]
async fn it_is_alive_whatever_fails() {
    assert_eq!(
        asked("health", None).await,
        (StatusCode::OK, "alive\n".to_owned())
    );
}

#[tokio::test]
async fn it_is_ready_when_something_can_be_collected() {
    let with = |accounts: Vec<AccountStatus>, problem: Option<&str>| {
        Some(Status {
            accounts,
            journal_problem: problem.map(str::to_owned),
            ..Status::default()
        })
    };
    let dead = || account(None, Some("not logged in"));
    let alive = || account(Some(3.0), None);
    for (status, code, text) in [
        (with(vec![dead(), alive()], None), 200, "ready\n"),
        (
            with(vec![alive()], Some("the disk is full")),
            503,
            "the journal cannot be written\n",
        ),
        (
            with(vec![dead(), account(Some(-0.5), None)], None),
            503,
            "nobody is logged in\n",
        ),
        (with(vec![], None), 503, "nobody is logged in\n"),
        (None, 503, "the state directory cannot be read\n"),
    ] {
        assert_eq!(
            asked("ready", status).await,
            (StatusCode::from_u16(code).unwrap(), text.to_owned())
        );
    }
}

#[tokio::test]
async fn numbers_are_for_who_has_the_token() {
    assert_eq!(asked("metrics", None).await.0, StatusCode::UNAUTHORIZED);
    let page = Page::open().await;
    let failed = page.get("metrics").send().await.unwrap();
    assert_eq!(failed.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert!(failed.text().await.unwrap().contains("mend the disk"));
    let status = Status {
        accounts: vec![account(Some(1.0), None)],
        ..Status::default()
    };
    *page.program.status.lock().unwrap() = Some(status);
    let answer = page.get("metrics").send().await.unwrap();
    let content_type = answer.headers()["content-type"].to_str().unwrap();
    assert!(content_type.starts_with("application/openmetrics-text; version=1.0.0"));
    let text = answer.text().await.unwrap();
    assert!(
        text.contains("\ncardata_login_remaining_seconds{account=\"home\"} 86400.0\n"),
        "{text}"
    );
}
