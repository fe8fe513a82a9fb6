//! The door as a browser and a program meet it.

use std::path::PathBuf;

use collector_core::Secret;
use dashboard::Limits;
use dashboard::door::Auth;
use reqwest::StatusCode;

use super::site::{Page, Program};

const TOKEN: &str = "hunter2hunter2hunter2";

async fn closed() -> Page {
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
async fn a_browser_brings_the_token_once() {
    let page = closed().await;
    let refused = page.get("assets/app.js").send().await.unwrap();
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(refused.headers()["www-authenticate"], "Bearer");
    assert!(refused.text().await.unwrap().contains("?token="));
    let first = page
        .get(&format!("assets/app.js?token={TOKEN}"))
        .send()
        .await
        .unwrap();
    assert_eq!(first.status(), StatusCode::SEE_OTHER);
    assert_eq!(first.headers()["location"], "./app.js");
    assert_eq!(first.headers()["cache-control"], "no-store");
    let set = first.headers()["set-cookie"].to_str().unwrap();
    let cookie = set.split(';').next().unwrap();
    let again = page
        .get("assets/app.js")
        .header("cookie", cookie)
        .send()
        .await
        .unwrap();
    assert_eq!(again.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_click_on_the_link_of_another_site_asks_once_more_from_here() {
    let page = closed().await;
    let far = page
        .get("")
        .header("sec-fetch-site", "cross-site")
        .send()
        .await
        .unwrap();
    assert_eq!(far.status(), StatusCode::UNAUTHORIZED);
    assert!(far.text().await.unwrap().contains("http-equiv=\"refresh\""));
    let near = page
        .get("")
        .header("sec-fetch-site", "same-origin")
        .send()
        .await
        .unwrap();
    assert!(!near.text().await.unwrap().contains("refresh"));
}

#[tokio::test]
async fn every_answer_says_what_a_browser_may_do_with_it() {
    let page = closed().await;
    for (path, bearer) in [
        ("", ""),
        ("assets/app.js", TOKEN),
        ("none", TOKEN),
        ("events", TOKEN),
    ] {
        let answer = page.get(path).bearer_auth(bearer).send().await.unwrap();
        let head = answer.headers();
        assert_eq!(head["x-content-type-options"], "nosniff", "{path}");
        assert_eq!(head["referrer-policy"], "same-origin");
        assert_eq!(head["cross-origin-opener-policy"], "same-origin");
        assert_eq!(head["cross-origin-resource-policy"], "same-origin");
        let policy = head["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"));
        assert!(
            policy.ends_with("frame-ancestors 'none'") && !policy.contains("unsafe"),
            "{policy}"
        );
        assert!(head.contains_key("cache-control"));
    }
}

#[tokio::test]
async fn a_name_that_leads_here_from_elsewhere_gets_nothing() {
    let page = Page::open().await;
    let answer = page
        .get("assets/app.js")
        .header("host", "evil.example")
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::MISDIRECTED_REQUEST);
    assert!(answer.text().await.unwrap().contains("dashboard.hosts"));
    let answer = page
        .post("assets/app.js")
        .header("origin", "http://evil.example")
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
}
