//! Another tab of the owner's browser, with a page of somebody who means harm.

use axum::Router;
use axum::response::Html;
use axum::routing::get;
use tests::browser::{Browser, Look};
use tests::scene::stop;
use tokio::net::TcpListener;

use crate::demo::{Demo, READY};

/// A page at a port of its own that does this to the demo.
async fn site(script: String) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let page = format!("<!doctype html><title>Win a car</title><body><script>{script}</script>");
    let router = Router::new().route("/", get(move || async move { Html(page) }));
    tokio::spawn(async move { axum::serve(listener, router).await });
    port
}

/// Posts a form and asks by script, as if the cookie and the address were enough.
fn posts(url: &str) -> String {
    format!(
        "const url = {url:?};
         const tell = () => {{ document.title = 'asked'; }};
         fetch(url, {{ method: 'POST', mode: 'no-cors', credentials: 'include' }})
           .then(() => fetch(url, {{ method: 'POST', credentials: 'include' }})).then(tell, tell);
         const form = Object.assign(document.createElement('form'), {{ method: 'post', action: url }});
         document.body.append(form);"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_somebody_else_has_no_car_asked() {
    let Some(browser) = Browser::open(Look::WIDE).await else {
        return;
    };
    let demo = Demo::open().await;
    for path in ["v/vfp12345/poll", "api/v1/vehicles/vfp12345/poll"] {
        let port = site(posts(&demo.url(path))).await;
        // Another port is the same site, another name is not.
        for host in ["127.0.0.1", "localhost"] {
            browser.goto(&format!("http://{host}:{port}/")).await;
            browser
                .until("answers to the script", "document.title === 'asked'")
                .await;
            browser.script("document.querySelector('form').submit();").await;
            browser
                .until(
                    "answer to the form",
                    &format!("location.href === {:?} && {READY}", demo.url(path)),
                )
                .await;
            let said = browser.text("body").await;
            assert!(said.contains("Another page"), "{path} of {host}: {said}");
        }
    }
    assert_eq!(demo.demands(), 0);

    // The page's own button is heard.
    browser.goto(&demo.car("now")).await;
    browser.click("form button").await;
    browser
        .until("answer", "document.querySelector('.notice.good')")
        .await;
    stop(demo.run).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_somebody_else_neither_frames_nor_reads_ours() {
    let Some(browser) = Browser::open(Look::WIDE).await else {
        return;
    };
    let demo = Demo::open().await;
    let script = format!(
        "const url = {:?};
         window.read = [];
         const tell = word => () => {{ window.read.push(word); document.title += word; }};
         fetch(url).then(answer => answer.text()).then(tell('text'), tell('-'));
         const events = new EventSource({:?});
         events.onopen = tell('event');
         events.onerror = () => {{ events.close(); tell('-')(); }};
         const frame = Object.assign(document.createElement('iframe'), {{ src: url }});
         frame.onload = tell('-');
         document.body.append(frame);",
        demo.car("now"),
        demo.url("events"),
    );
    let port = site(script).await;
    browser.goto(&format!("http://127.0.0.1:{port}/")).await;
    browser
        .until("end of all attempts", "window.read.length === 3")
        .await;
    assert_eq!(browser.script("return read.join('');").await, "---");
    let complaints = browser.complaints().await;
    for word in ["frame-ancestors", "CORS policy"] {
        assert!(
            complaints.iter().any(|line| line.contains(word)),
            "{word}: {complaints:#?}"
        );
    }
    stop(demo.run).await;
}
