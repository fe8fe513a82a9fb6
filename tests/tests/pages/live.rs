//! What an open page shows of a car that goes on.

use tests::browser::{Browser, Look};
use tests::scene::stop;

use crate::demo::{DEMO_SPEED, Demo, READY};

const VALUES: &str =
    "[...document.querySelectorAll('[data-live] [data-part=value]')].map(value => value.textContent).join()";

#[tokio::test(flavor = "multi_thread")]
async fn a_value_changes_on_the_open_page() {
    let Some(browser) = Browser::open(Look::NARROW).await else {
        return;
    };
    // A night at home takes ten seconds.
    let demo = Demo::with(|text| text.replace(DEMO_SPEED, "speed: 4000")).await;
    browser.goto(&demo.car("now")).await;
    browser.until("page", READY).await;
    browser
        .until("connection", "document.querySelector('[data-connection=on]')")
        .await;
    browser.script(&format!("window.before = {VALUES};")).await;
    // Another page would not have it.
    browser
        .until(
            "value that changed",
            &format!("window.before !== undefined && window.before !== {VALUES}"),
        )
        .await;
    assert_eq!(browser.complaints().await, Vec::<String>::new());
    stop(demo.run).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_whose_program_has_ended_says_so() {
    let Some(browser) = Browser::open(Look::NARROW).await else {
        return;
    };
    let demo = Demo::open().await;
    browser.goto(&demo.car("now")).await;
    browser
        .until("connection", "document.querySelector('[data-connection=on]')")
        .await;
    stop(demo.run).await;
    browser
        .until("word of it", "document.querySelector('[data-connection=off]')")
        .await;
}
