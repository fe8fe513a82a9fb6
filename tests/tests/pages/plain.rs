//! The pages without JavaScript.

use serde_json::Value;
use tests::browser::{Browser, Look};
use tests::scene::stop;

use crate::demo::Demo;

/// What is read of a page: its heading, how many figures it has, how many of them have no table with values, how many
/// tables are empty. What opens by itself is opened.
const READ: &str = "\
     const figures = [...document.querySelectorAll('figure[data-chart]')];\
     document.querySelectorAll('details').forEach(details => { details.open = true; });\
     const seen = element => element.getClientRects().length > 0;\
     return [\
       document.querySelector('h1')?.innerText ?? '',\
       figures.filter(figure => ![...figure.querySelectorAll('tbody td')].some(seen)).length,\
       [...document.querySelectorAll('table')].filter(table => !seen(table) || !table.innerText.trim()).length,\
       [...document.querySelectorAll('main button, main input')].filter(one => seen(one) && !one.closest('form')).length,\
     ];";

#[tokio::test(flavor = "multi_thread")]
async fn every_page_is_read_without_javascript() {
    let Some(browser) = Browser::open(Look::NARROW.without_scripts()).await else {
        return;
    };
    let demo = Demo::open().await;
    for page in demo.pages().await {
        page.show(&demo, &browser).await;
        browser
            .screenshot(&format!("{}-{}", page.name, browser.look().name()))
            .await;
        let read = browser.script(READ).await;
        assert_ne!(read[0], "", "{}", page.name);
        let wanted: [Value; 3] = [0.into(), 0.into(), 0.into()];
        assert_eq!(read.as_array().unwrap()[1..], wanted, "{}: {read}", page.name);
        assert_eq!(browser.overflow().await, Vec::<String>::new(), "{}", page.name);
    }
    stop(demo.run).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn links_and_forms_work_without_javascript() {
    let Some(browser) = Browser::open(Look::WIDE.without_scripts()).await else {
        return;
    };
    let demo = Demo::open().await;
    browser.goto(&demo.car("now")).await;
    for (link, leads_to) in [
        (".pages a[href$=charging]", "/charging"),
        ("#sessions a[href*='charging/']", "/charging/20"),
        ("main .card > p a.why", "/why/session/"),
        ("main .head a", "/charging/20"),
        (".pages a[href$=battery]", "/battery"),
        (".choices a[href*=week]", "range=week"),
    ] {
        browser.click(link).await;
        let url = browser.url().await;
        assert!(url.contains(leads_to), "{link}: {url}");
    }

    browser.goto(&demo.car("now")).await;
    browser.click("form button").await;
    browser
        .until(
            "answer",
            "location.search === '?poll=asked' && document.querySelector('.notice')",
        )
        .await;
    let said = browser.text(".notice").await;
    assert!(said.contains("asked"), "{said}");
    stop(demo.run).await;
}
