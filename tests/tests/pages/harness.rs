//! The browser itself: it finds nothing in a page that is good, and everything in one that is bad.

use axum::Router;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::IntoResponse;
use axum::routing::get;
use tests::browser::{Browser, Look, key};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'";

const GOOD: &str = r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>A good page</title>
<link rel="icon" href="icon.svg"><link rel="stylesheet" href="style.css"><script src="script.js" defer></script>
</head>
<body>
<main>
<h1>A good page</h1>
<div class="scrolls" tabindex="0"><p class="wide">What scrolls by itself may hold wide things.</p></div>
<p id="told">Scripts have not run.</p>
<label>Name <input id="name"></label>
<button id="greet">Greet</button>
</main>
</body>
</html>"#;

const BAD: &str = r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>A bad page</title>
<link rel="icon" href="icon.svg"><link rel="stylesheet" href="style.css"><script src="broken.js" defer></script>
</head>
<body>
<main>
<h1>A bad page</h1>
<div id="far" class="wide">This is wider than any screen.</div>
<p id="pale" class="pale">Grey on grey.</p>
<img src="icon.svg">
</main>
<script>document.title = 'ran';</script>
</body>
</html>"#;

const STYLE: &str = "
:root { color-scheme: light dark; }
.wide { width: 3000px; }
.scrolls { overflow-x: auto; }
.pale { color: #999; background: #aaa; }
@media (prefers-color-scheme: dark) { body { background: #111; color: #eee; } }";

const SCRIPT: &str = "
const told = document.getElementById('told');
told.textContent = 'Scripts run.';
document.getElementById('greet').addEventListener('click', () => {
  setTimeout(() => { told.textContent = `Hello ${document.getElementById('name').value}`; });
});";

const ICON: &str = r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><path fill="#07c" d="M0 0h1v1H0z"/></svg>"##;

/// Both pages on loopback, until dropped.
struct Site {
    url: String,
    server: JoinHandle<()>,
}

impl Site {
    async fn start() -> Self {
        let page = |page: &'static str| {
            get(move || async move {
                let headers = [(CONTENT_TYPE, "text/html"), (CONTENT_SECURITY_POLICY, POLICY)];
                (headers, page).into_response()
            })
        };
        let file = |kind: &'static str, text: &'static str| {
            get(move || async move { ([(CONTENT_TYPE, kind)], text) })
        };
        let router = Router::new()
            .route("/good", page(GOOD))
            .route("/bad", page(BAD))
            .route("/style.css", file("text/css", STYLE))
            .route("/script.js", file("text/javascript", SCRIPT))
            .route("/broken.js", file("text/javascript", "notThere();"))
            .route("/icon.svg", file("image/svg+xml", ICON));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server =
            tokio::spawn(async move { axum::serve(listener, router).await.expect("the site is served") });
        Self { url, server }
    }

    fn page(&self, name: &str) -> String {
        format!("{}/{name}", self.url)
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.server.abort();
    }
}

const NOTHING: &[String] = &[];

#[tokio::test(flavor = "multi_thread")]
async fn a_good_page_has_nothing_wrong_in_any_look() {
    let site = Site::start().await;
    for look in Look::ALL {
        let Some(browser) = Browser::open(look).await else {
            return;
        };
        browser.goto(&site.page("good")).await;
        browser
            .until("word of the script", "told.textContent === 'Scripts run.'")
            .await;
        let name = look.name();
        assert_eq!(browser.complaints().await, NOTHING, "{name}");
        assert_eq!(browser.overflow().await, NOTHING, "{name}");
        assert_eq!(browser.violations().await, NOTHING, "{name}");
        let seen = browser
            .script("return [innerWidth, matchMedia('(prefers-color-scheme: dark)').matches];")
            .await;
        assert_eq!(seen, serde_json::json!([look.width, look.is_dark]), "{name}");

        let picture = browser.screenshot(&format!("harness-{name}")).await;
        let picture = std::fs::read(picture).unwrap();
        let width = u32::from_be_bytes(picture[16..20].try_into().unwrap());
        assert_eq!(width, look.width, "a PNG says its width");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_is_wrong_with_a_bad_page_is_found() {
    let site = Site::start().await;
    let Some(browser) = Browser::open(Look::NARROW).await else {
        return;
    };
    browser.goto(&site.page("bad")).await;

    let overflow = browser.overflow().await;
    assert_eq!(overflow.len(), 1, "{overflow:?}");
    assert!(overflow[0].starts_with("div#far.wide from "), "{overflow:?}");

    let complaints = browser.complaints().await;
    for part in ["notThere is not defined", "Content Security Policy"] {
        assert!(
            complaints.iter().any(|line| line.contains(part)),
            "{part}: {complaints:?}"
        );
    }
    assert_eq!(complaints.len(), 2, "{complaints:?}");
    assert_eq!(browser.script("return document.title;").await, "A bad page");

    let violations = browser.violations().await;
    for rule in ["color-contrast (serious)", "image-alt (critical)"] {
        assert!(
            violations.iter().any(|line| line.starts_with(rule)),
            "{rule}: {violations:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_used_with_hands() {
    let site = Site::start().await;
    let Some(browser) = Browser::open(Look::WIDE).await else {
        return;
    };
    browser.goto(&site.page("good")).await;
    browser.keys("#name", "Ada").await;
    browser.click("#greet").await;
    browser
        .until("greeting", "told.textContent === 'Hello Ada'")
        .await;
    assert_eq!(browser.text("#told").await, "Hello Ada");

    browser.keys("#name", " L.").await;
    browser.press(key::TAB).await;
    browser.press(key::ENTER).await;
    browser
        .until("greeting by keyboard", "told.textContent === 'Hello Ada L.'")
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_looked_at_without_its_scripts() {
    let site = Site::start().await;
    let Some(browser) = Browser::open(Look::NARROW.dark().without_scripts()).await else {
        return;
    };
    browser.goto(&site.page("good")).await;
    assert_eq!(browser.text("#told").await, "Scripts have not run.");
    assert_eq!(browser.overflow().await, NOTHING);
    assert_eq!(browser.complaints().await, NOTHING);
}
