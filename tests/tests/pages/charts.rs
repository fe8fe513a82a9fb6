//! A chart that is zoomed and read.

use tests::browser::{Browser, Look, key};
use tests::scene::stop;

use crate::demo::{Demo, READY};

const PLOT: &str = "#chart-level .plot";
/// What the chart shows, and what the address says of it, in milliseconds.
const RANGES: &str = "\
     const chart = JSON.parse(document.getElementById('chart-level').dataset.chart);\
     const words = new URLSearchParams(location.search);\
     return [chart.from, chart.to, Date.parse(words.get('from')), Date.parse(words.get('to'))];";

/// The month of a battery, with the keyboard at its newest value.
async fn month(demo: &Demo, browser: &Browser) {
    browser.goto(&demo.car("battery")).await;
    browser.until("chart", READY).await;
    browser.keys(PLOT, key::END).await;
}

async fn readout(browser: &Browser) -> String {
    browser.text("#chart-level .readout").await
}

/// What was fetched last: readings, or hours of them.
const IS_FINE: &str = "\
     const fetched = performance.getEntriesByType('resource').filter(one => one.name.includes('series.json?'));\
     return fetch(fetched.at(-1).name).then(answer => answer.json()).then(told => Boolean(told.points));";

#[tokio::test(flavor = "multi_thread")]
async fn a_chart_is_zoomed_by_buttons_and_keys_and_its_range_stands_in_the_address() {
    let Some(browser) = Browser::open(Look::WIDE).await else {
        return;
    };
    let demo = Demo::open().await;
    month(&demo, &browser).await;
    let hours =
        "return Boolean(JSON.parse(document.getElementById('chart-level').dataset.chart).series[0].parts);";
    assert_eq!(browser.script(hours).await, true, "a month is told by hours");

    let asked = |which: &str| {
        format!(
            "performance.getEntriesByType('resource').filter(one => one.responseStatus === 200 && one.name.includes('series.json?')).length >= {which}"
        )
    };
    browser.click("#chart-level [data-zoom=in]").await;
    browser
        .until(
            "range in the address",
            "new URLSearchParams(location.search).get('from')",
        )
        .await;
    browser.until("finer points", &asked("1")).await;
    for _ in 0..5 {
        browser.keys(PLOT, "+").await;
    }
    browser.until("points that are finer still", &asked("2")).await;
    browser.until("width in the address", "Date.parse(new URLSearchParams(location.search).get('to')) - Date.parse(new URLSearchParams(location.search).get('from')) < 86400000").await;
    assert_eq!(
        browser.script(IS_FINE).await,
        true,
        "half a day is told by readings"
    );

    let url = browser.url().await;
    browser.goto(&url).await;
    browser.until("chart", READY).await;
    let ranges = browser.script(RANGES).await;
    let ranges: Vec<f64> = serde_json::from_value(ranges).unwrap();
    assert_eq!(ranges[..2], ranges[2..], "{url}");
    let width = (ranges[1] - ranges[0]) / 3_600_000.0;
    assert!(width > 1.0 && width < 25.0, "{width} hours: {url}");

    browser.click("#chart-level [data-zoom=reset]").await;
    browser
        .until("whole range", "!new URLSearchParams(location.search).has('from')")
        .await;
    assert_eq!(browser.complaints().await, Vec::<String>::new());
    stop(demo.run).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_that_arrow_keys_move_tells_every_value() {
    let Some(browser) = Browser::open(Look::NARROW).await else {
        return;
    };
    let demo = Demo::open().await;
    month(&demo, &browser).await;
    // Where nothing came, there is a point without a value.
    let mut newest = readout(&browser).await;
    for _ in 0..10 {
        if newest.contains(" · Charge ") {
            break;
        }
        browser.keys(PLOT, key::LEFT).await;
        newest = readout(&browser).await;
    }
    assert!(newest.contains(" · Charge ") && newest.contains(" %"), "{newest}");
    let words: Vec<_> = newest.split([' ', ',']).filter(|word| !word.is_empty()).collect();
    assert!(
        words[1].parse::<u8>().is_ok(),
        "the day before the month, as in tables: {newest}"
    );
    assert!(words[3].contains(':') && !newest.contains("M ·"), "{newest}");
    browser.keys(PLOT, key::LEFT).await;
    let before = readout(&browser).await;
    assert_ne!(before, newest);
    browser.keys(PLOT, key::RIGHT).await;
    assert_eq!(readout(&browser).await, newest);
    stop(demo.run).await;
}
