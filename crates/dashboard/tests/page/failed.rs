//! What people see where a page cannot be shown, and what programs get instead.

use std::path::PathBuf;

use collector_core::Secret;
use dashboard::Limits;
use dashboard::door::Auth;
use reqwest::StatusCode;

use super::history::{filled, name};
use super::site::{Page, Program};
use super::system::{part, seen};

const TOKEN: &str = "hunter2hunter2hunter2";

async fn locked() -> Page {
    let auth = Auth::Token(Secret::new(TOKEN));
    Page::with(
        auth,
        Limits::default(),
        PathBuf::from("none.db"),
        Program::default(),
    )
    .await
}

#[tokio::test]
async fn who_asks_for_what_is_not_there_sees_a_page() {
    let filled = filled().await;
    for (path, home, text) in [
        ("none", "href=\"./\"", "There is no such page."),
        ("a/b/none", "href=\"../.././\"", "There is no such page."),
        ("v/i4/none", "href=\"../.././\"", "There is no such page."),
        (
            "v/nobody/data",
            "href=\"../.././\"",
            "There is no vehicle of that name: known are i4.",
        ),
        (
            "v/%3Cscript%3Ealert(1)/data",
            "href=\"../.././\"",
            "There is no vehicle of that name",
        ),
    ] {
        let (status, html) = seen(&filled.page, path).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
        let main = part(&html, "<main", "</main>");
        assert!(
            main.contains(home) && main.contains(text) && main.contains(">404<"),
            "{path}: {main}"
        );
        assert!(!html.contains("<script>alert"), "{path}");
    }
}

#[tokio::test]
async fn programs_and_spreadsheets_get_no_page() {
    let filled = filled().await;
    for path in [
        "api/v1/vehicles/nobody/now",
        "v/nobody/now.csv",
        "v/nobody/series.json?key=charge",
    ] {
        let answer = filled
            .page
            .get(path)
            .header("accept", "text/html")
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
        assert_eq!(answer.headers()["content-type"], "application/json", "{path}");
    }
    let answer = filled.page.get("assets/none.js").send().await.unwrap();
    assert_eq!(answer.text().await.unwrap(), "There is no such file.\n");
}

#[tokio::test]
async fn a_way_that_is_not_gone_keeps_its_headers() {
    let filled = filled().await;
    let answer = filled.page.post("system").bearer_auth("-").send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert!(answer.headers()["allow"].to_str().unwrap().contains("GET"));
    assert!(answer.text().await.unwrap().contains("Method Not Allowed"));
}

#[tokio::test]
async fn a_database_that_cannot_be_read_is_told_on_the_page() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("page.db");
    std::fs::write(&path, "this is no database, whatever its name says".repeat(100)).unwrap();
    let page = Page::with(Auth::Loopback, Limits::default(), path, Program::default()).await;
    let (status, html) = seen(&page, &format!("v/{}/data", name())).await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(
        html.contains("This page could not be made") && html.contains("page.db"),
        "{html}"
    );
    let (status, html) = seen(&page, "system").await;
    assert_eq!(status, StatusCode::OK);
    assert!(html.contains("notice bad") && html.contains("page.db"), "{html}");
}

#[tokio::test]
async fn who_has_no_token_is_asked_for_it() {
    let page = locked().await;
    let answer = page.get("v/i4/data?range=week").send().await.unwrap();
    assert_eq!(answer.headers()["www-authenticate"], "Bearer");
    let (status, html) = seen(&page, "v/i4/data?range=week").await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    let form = part(&html, "<form", "</form>");
    assert!(
        form.contains("method=\"get\" action=\"./data\"") && form.contains("name=\"token\""),
        "{form}"
    );
    assert!(!html.contains("That is not the token") && !html.contains("class=\"foot\""));
    let (status, html) = seen(&page, "v/i4/data?token=guessed").await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert!(
        html.contains("That is not the token") && !html.contains("guessed"),
        "{html}"
    );
    for path in ["api/v1/vehicles", "v/i4/now.csv"] {
        let text = page.get(path).send().await.unwrap().text().await.unwrap();
        assert!(
            text.contains("Authorization: Bearer") && !text.contains("<html"),
            "{path}: {text}"
        );
    }
}

#[tokio::test]
async fn what_the_page_for_the_token_is_made_of_needs_none() {
    let page = locked().await;
    let (_, html) = seen(&page, "").await;
    let parts: Vec<&str> = html
        .split(['"', '#', '?'])
        .filter(|part| part.starts_with("assets/"))
        .collect();
    assert!(parts.contains(&"assets/style.css"), "{parts:?}");
    for path in parts {
        let status = page.get(path).send().await.unwrap().status();
        // This site has none of these files.
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
    }
    let status = page.get("assets/app.js").send().await.unwrap().status();
    assert_eq!(status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn who_comes_by_another_name_is_told_so_and_sees_nothing_of_a_car() {
    let filled = filled().await;
    let asked = filled.page.get("system").header("host", "evil.example");
    let answer = asked.send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::MISDIRECTED_REQUEST);
    let html = answer.text().await.unwrap();
    assert!(
        html.contains("You are not let in here") && html.contains("dashboard.hosts"),
        "{html}"
    );
    assert!(!html.contains("i4"), "{html}");
}
