//! The page of a login at BMW, in each of its steps.

use std::path::PathBuf;

use collector_core::Secret;
use collector_core::state::{PollsState, Published, State};
use dashboard::door::Auth;
use dashboard::{Invitation, Limits, Login, Qr};
use jiff::Timestamp;
use reqwest::StatusCode;
use status::{AccountStatus, Status};

use super::site::{Page, Program};
use super::system::{part, seen};
use super::telemetry::account;

const HOSTILE: &str = "\"><script>alert(1)</script>";

fn accounts(accounts: Vec<AccountStatus>) -> Status {
    Status {
        accounts,
        ..Status::default()
    }
}

fn nobody() -> Status {
    accounts(vec![account(None, Some("not logged in"))])
}

fn somebody() -> Status {
    let home = AccountStatus {
        mapped: vec![("i4".to_owned(), true), (HOSTILE.to_owned(), true)],
        ..account(Some(14.0), None)
    };
    accounts(vec![home])
}

/// Refused by BMW, as the program said in that second.
fn refused(second: i64) -> Status {
    let said = Published {
        name: "home".into(),
        state: State::Polls(PollsState::LoginNeeded),
        message: Some("BMW refuses it".to_owned()),
        since: moment(second),
    };
    accounts(vec![AccountStatus {
        said: Some(said),
        ..account(Some(9.0), None)
    }])
}

fn moment(second: i64) -> Timestamp {
    Timestamp::from_second(1_772_366_400 + second).unwrap()
}

fn waiting() -> Login {
    let dark = vec![true, false, false, true];
    Login::Waiting(Invitation {
        link: "https://bmw.example/link?user_code=AB12CD34&x=\"><b>".to_owned(),
        qr: Some(Qr { dark, size: 2 }),
        code: "AB12CD34".to_owned(),
        until: moment(300),
    })
}

fn done(second: i64) -> Login {
    Login::Done {
        at: moment(second),
        advice: None,
    }
}

async fn with(fares: fn() -> Status, login: Option<Login>, comes: Option<Login>) -> Page {
    let program = Program {
        fares: Some(fares),
        login: login.into(),
        comes: comes.into(),
        ..Program::default()
    };
    Page::with(
        Auth::Loopback,
        Limits::default(),
        PathBuf::from("none.db"),
        program,
    )
    .await
}

/// What the page shows of a login.
async fn step(fares: fn() -> Status, login: Option<Login>) -> String {
    let page = with(fares, login, None).await;
    let (code, html) = seen(&page, "login/home").await;
    assert_eq!(code, StatusCode::OK);
    assert_eq!(
        *page.program.begun.lock().unwrap(),
        [""; 0],
        "looking begins nothing"
    );
    assert!(
        !html.contains("<script>alert") && !html.contains("class=\"notice bad\"><svg"),
        "{html}"
    );
    part(&html, "<section class=\"card\"", "</section>").to_owned()
}

const FORM: &str = "<form method=\"post\" action=\"home\">";

#[tokio::test]
async fn nothing_begins_before_somebody_says_so() {
    let shown = step(nobody, None).await;
    assert!(
        shown.contains(FORM) && shown.contains(">Begin</button>"),
        "{shown}"
    );
    assert!(!shown.contains("There is a login"), "{shown}");
    let shown = step(somebody, None).await;
    assert!(
        shown.contains(FORM) && shown.contains("There is a login that holds for 14 days"),
        "{shown}"
    );
    let shown = step(|| refused(0), None).await;
    assert!(
        shown.contains(FORM) && !shown.contains("There is a login"),
        "{shown}"
    );
}

#[tokio::test]
async fn it_waits_with_a_link_a_picture_and_a_code() {
    let shown = step(nobody, Some(waiting())).await;
    for text in [
        "href=\"https://bmw.example/link?user_code=AB12CD34&#38;x=&#34;&#62;&#60;b&#62;\"",
        "<path d=\"M0 0h1v1h-1zM1 1h1v1h-1z\"/>",
        "<span class=\"code\">AB12CD34</span>",
        "data-waiting=\"5\"",
        "Sun 1 Mar 2026, 12:05</time>",
    ] {
        assert!(shown.contains(text), "{text}: {shown}");
    }
    assert!(!shown.contains("<form"), "{shown}");
    let page = with(nobody, Some(waiting()), None).await;
    let (_, html) = seen(&page, "login/home").await;
    assert!(html.contains("<noscript><meta http-equiv=\"refresh\" content=\"5\"></noscript>"));
}

#[tokio::test]
async fn it_ends_well_as_long_as_what_was_stored_is_good() {
    let shown = step(somebody, Some(done(60))).await;
    assert!(
        shown.contains("Logged in") && shown.contains("<strong>i4</strong>"),
        "{shown}"
    );
    assert!(!shown.contains("<form"), "{shown}");
    // The program has not noticed yet.
    let shown = step(|| refused(0), Some(done(60))).await;
    assert!(
        shown.contains("Logged in") && shown.contains("The first poll tells"),
        "{shown}"
    );
    for fares in [|| refused(61), nobody] {
        let shown = step(fares, Some(done(60))).await;
        assert!(shown.contains(FORM) && !shown.contains("Logged in"), "{shown}");
    }
    let advised = Login::Done {
        at: moment(60),
        advice: Some(format!("subscribe {HOSTILE}")),
    };
    let shown = step(somebody, Some(advised)).await;
    assert!(
        shown.contains("<p class=\"warning\">subscribe &#34;&#62;"),
        "{shown}"
    );
}

#[tokio::test]
async fn what_went_wrong_is_said_and_it_can_begin_anew() {
    let shown = step(nobody, Some(Login::Expired)).await;
    assert!(
        shown.contains("Nobody confirmed in time") && shown.contains(FORM),
        "{shown}"
    );
    let shown = step(nobody, Some(Login::Failed(HOSTILE.to_owned()))).await;
    assert!(
        shown.contains("&#60;script&#62;alert(1)") && shown.contains(FORM),
        "{shown}"
    );
}

#[tokio::test]
async fn it_begins_for_who_asks_from_this_page_alone() {
    let page = with(nobody, None, Some(waiting())).await;
    let origin = format!("http://{}", page.address);
    for (name, value) in [
        ("origin", "http://evil.example"),
        ("sec-fetch-site", "cross-site"),
        ("origin", "null"),
    ] {
        let elsewhere = page.post("login/home").header(name, value).send().await.unwrap();
        assert_eq!(elsewhere.status(), StatusCode::FORBIDDEN, "{name}: {value}");
    }
    let unknown = page
        .post("login/nobody")
        .header("origin", &origin)
        .send()
        .await
        .unwrap();
    assert_eq!(unknown.status(), StatusCode::NOT_FOUND);
    assert_eq!(*page.program.begun.lock().unwrap(), [""; 0]);

    let begun = page
        .post("login/home")
        .header("origin", &origin)
        .send()
        .await
        .unwrap();
    assert_eq!(begun.status(), StatusCode::SEE_OTHER);
    assert_eq!(begun.headers()["location"], "home");
    assert_eq!(*page.program.begun.lock().unwrap(), ["home"]);
    let (_, html) = seen(&page, "login/home").await;
    assert!(html.contains("AB12CD34"));

    let simulated = with(somebody, None, None).await;
    let origin = format!("http://{}", simulated.address);
    let refused = simulated
        .post("login/home")
        .header("origin", origin)
        .send()
        .await
        .unwrap();
    assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
    assert!(
        refused
            .text()
            .await
            .unwrap()
            .contains("A simulator logs in by itself.")
    );
}

#[tokio::test]
async fn nobody_looks_or_begins_without_the_token() {
    let program = Program {
        fares: Some(nobody),
        ..Program::default()
    };
    let auth = Auth::Token(Secret::new("hunter2hunter2hunter2"));
    let page = Page::with(auth, Limits::default(), PathBuf::from("none.db"), program).await;
    let (code, _) = seen(&page, "login/home").await;
    assert_eq!(code, StatusCode::UNAUTHORIZED);
    let origin = format!("http://{}", page.address);
    let begun = page
        .post("login/home")
        .header("origin", origin)
        .send()
        .await
        .unwrap();
    assert_eq!(begun.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(*page.program.begun.lock().unwrap(), [""; 0]);
}

#[tokio::test]
async fn every_page_leads_to_a_login_that_is_needed() {
    let link = |root: &str, label: &str| format!("<a href=\"{root}login/home\">{label}</a>");
    let notice = |html: &str| part(html, "<div class=\"notice bad\">", "</div>").to_owned();
    let page = with(nobody, None, None).await;
    let (_, html) = seen(&page, "system").await;
    assert!(notice(&html).contains("home: not logged in"), "{html}");
    assert!(notice(&html).contains(&link("", "Log in")), "{html}");
    assert!(
        html.contains("<a class=\"button main\" href=\"login/home\">Log in</a>"),
        "{html}"
    );
    let first = page.get("").send().await.unwrap();
    assert_eq!(
        (first.status(), &first.headers()["location"]),
        (StatusCode::SEE_OTHER, &"login/home".parse().unwrap())
    );

    let page = with(|| refused(0), None, None).await;
    let (_, html) = seen(&page, "v/nobody/none").await;
    assert!(notice(&html).contains("home: BMW refuses it"), "{html}");
    assert!(notice(&html).contains(&link("../../", "Log in")), "{html}");

    let soon = || {
        accounts(vec![AccountStatus {
            login_warnings: vec!["the login ends soon".to_owned()],
            ..account(Some(1.0), None)
        }])
    };
    let page = with(soon, None, None).await;
    let (_, html) = seen(&page, "system").await;
    let warned = part(&html, "<div class=\"notice warn\">", "</div>");
    assert!(
        warned.contains("home: the login ends soon") && warned.contains(&link("", "Log in anew")),
        "{html}"
    );

    let page = with(somebody, None, None).await;
    let (_, html) = seen(&page, "system").await;
    assert!(!html.contains("<div class=\"notice"), "{html}");
    assert!(
        html.contains("<a class=\"button\" href=\"login/home\">Log in anew</a>"),
        "{html}"
    );
    assert_eq!(page.get("").send().await.unwrap().status(), StatusCode::OK);
}
