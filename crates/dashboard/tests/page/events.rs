//! What changed, to every open page.

use dashboard::events::MOST;
use reqwest::{Response, StatusCode};
use serde_json::json;

use super::site::Page;

/// Reads on until the text of an event is there; comments in between keep the line alive.
async fn event(answer: &mut Response, text: &mut String) -> String {
    loop {
        if let Some((event, rest)) = text.split_once("\n\n") {
            let (event, rest) = (event.to_owned(), rest.to_owned());
            *text = rest;
            return event;
        }
        let bytes = answer.chunk().await.unwrap().unwrap();
        text.push_str(std::str::from_utf8(&bytes).unwrap());
    }
}

#[tokio::test]
async fn a_change_is_told_to_every_open_page() {
    let page = Page::open().await;
    assert_eq!(page.events.publish(&["My Car"], &json!({})), 1);
    // It is not packed: a change would wait for others.
    let open = || page.get("events").header("accept-encoding", "gzip, br").send();
    let (mut one, mut two) = (open().await.unwrap(), open().await.unwrap());
    assert_eq!(one.headers()["content-type"], "text/event-stream");
    assert_eq!(one.headers()["cache-control"], "no-cache");
    assert!(!one.headers().contains_key("content-encoding"));
    let (mut text, mut other) = (String::new(), String::new());
    for (answer, text) in [(&mut one, &mut text), (&mut two, &mut other)] {
        assert_eq!(
            event(answer, text).await,
            "event: hello\nid: 1\ndata: {\"sequence\":1}"
        );
    }
    let values = json!({ "charge": 61.5 });
    assert_eq!(page.events.publish(&["My Car"], &values), 2);
    for (answer, text) in [(&mut one, &mut text), (&mut two, &mut other)] {
        let told = event(answer, text).await;
        let data = told.strip_prefix("event: change\nid: 2\ndata: ").unwrap();
        let data: serde_json::Value = serde_json::from_str(data).unwrap();
        assert_eq!(
            data,
            json!({ "sequence": 2, "vehicles": ["My Car"], "values": values })
        );
    }
}

#[tokio::test]
async fn a_page_that_comes_back_learns_whether_it_missed_something() {
    let page = Page::open().await;
    page.events.publish(&[], &json!(null));
    for (seen, name) in [("1", "hello"), ("0", "missed"), ("7", "missed"), ("x", "hello")] {
        let mut answer = page
            .get("events")
            .header("last-event-id", seen)
            .send()
            .await
            .unwrap();
        let told = event(&mut answer, &mut String::new()).await;
        assert!(told.starts_with(&format!("event: {name}\n")), "{told}");
    }
}

#[tokio::test]
async fn the_ninth_is_told_why_it_is_refused_and_a_seat_is_free_again() {
    let page = Page::open().await;
    let mut open = Vec::new();
    for _ in 0..MOST {
        let answer = page.get("events").send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        open.push(answer);
    }
    let refused = page.get("events").send().await.unwrap();
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(refused.text().await.unwrap().contains("8 live pages"));
    assert_eq!(
        page.get("assets/app.js").send().await.unwrap().status(),
        StatusCode::OK
    );
    open.clear();
    // The program learns of a closed page when it writes to it.
    while page.events.listeners() > 0 {
        page.events.publish(&[], &json!(null));
        tokio::task::yield_now().await;
    }
    assert_eq!(page.get("events").send().await.unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn open_pages_end_with_the_program() {
    let mut page = Page::open().await;
    let mut answer = page.get("events").send().await.unwrap();
    event(&mut answer, &mut String::new()).await;
    page.stop().await;
    assert_eq!(answer.chunk().await.unwrap(), None);
    assert!(page.get("assets/app.js").send().await.is_err());
}
