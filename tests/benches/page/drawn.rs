//! How long a browser is busy at a time with a year of a battery: what comes meanwhile, a tap or a key, waits so long.

use serde_json::{Value, json};
use tests::browser::{Browser, Look};

/// A phone is so much slower than this machine, as Chromium's own tools have it.
const SLOWER: u32 = 4;
const IS_DRAWN: &str = "document.readyState === 'complete' && document.querySelector('#chart-level .uplot')";
const ANEW: &str = "performance.getEntriesByType('resource').some(one => one.responseStatus === 200 && one.name.includes('series.json?'))";
/// The longest task so far in milliseconds, behind the next two frames; the browser tells of those above 50 alone.
const LONGEST: &str = "\
    return new Promise(done => {\
        let longest = 0;\
        const take = tasks => tasks.forEach(task => { longest = Math.max(longest, task.duration); });\
        const observer = new PerformanceObserver(list => take(list.getEntries()));\
        observer.observe({ type: 'longtask', buffered: true });\
        requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => {\
            take(observer.takeRecords());\
            done(longest);\
        })));\
    });";
const DRAWN_AFTER: &str = "return performance.getEntriesByType('navigation')[0].loadEventEnd;";

/// Nothing where there is no browser, which it says.
pub async fn show(url: &str) {
    for (what, look) in [("a phone", Look::NARROW), ("a screen on a desk", Look::WIDE)] {
        let Some(browser) = Browser::open(look).await else {
            return;
        };
        let slower = if look == Look::NARROW { SLOWER } else { 1 };
        browser
            .devtools("Emulation.setCPUThrottlingRate", &json!({ "rate": slower }))
            .await;
        browser.goto(url).await;
        browser.until("year", IS_DRAWN).await;
        let loaded = milliseconds(&browser.script(DRAWN_AFTER).await);
        let drawn = milliseconds(&browser.script(LONGEST).await);
        browser.click("#chart-level [data-zoom=in]").await;
        browser.until("finer points", ANEW).await;
        let zoomed = milliseconds(&browser.script(LONGEST).await);
        eprintln!(
            "a year on {what:<20} loaded in {loaded:.0} ms; the longest task {}, with a zoom {}",
            at_most(drawn),
            at_most(zoomed)
        );
    }
}

fn milliseconds(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

fn at_most(longest: f64) -> String {
    if longest == 0.0 {
        return "under 50 ms".to_owned();
    }
    format!("{longest:.0} ms")
}
