//! The pages by keyboard alone.

use tests::browser::{Browser, Look, key};
use tests::scene::stop;

use crate::demo::{Demo, READY};

/// More than any page has in front of what is looked for.
const MOST: usize = 200;
/// The element with the focus has an outline, and nothing lies over the middle of what is in view of it. Behind the last one of a page nothing has it.
const IS_SEEN: &str = "(() => {\
     const element = document.activeElement;\
     if (element === document.body) return true;\
     const style = getComputedStyle(element);\
     const box = element.getClientRects()[0];\
     const middle = (from, to, size) => (Math.max(from, 0) + Math.min(to, size)) / 2;\
     const over = document.elementFromPoint(middle(box.left, box.right, innerWidth), middle(box.top, box.bottom, innerHeight));\
     return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2 && (element.contains(over) || over?.contains(element));\
     })()";

async fn is(browser: &Browser, condition: &str) -> bool {
    browser.script(&format!("return Boolean({condition});")).await == true
}

/// Tab by Tab to the first element of this selector; each on the way is seen to have the focus.
async fn tab_to(browser: &Browser, selector: &str) {
    for _ in 0..MOST {
        browser.press(key::TAB).await;
        let element = browser
            .script("return document.activeElement.outerHTML.slice(0, 200);")
            .await;
        browser
            .until(&format!("focus in sight on {element}"), IS_SEEN)
            .await;
        if is(browser, &format!("document.activeElement.matches({selector:?})")).await {
            return;
        }
    }
    panic!("no {selector} within {MOST} tabs at {}", browser.url().await);
}

async fn enter(browser: &Browser, path: &str) {
    browser.press(key::ENTER).await;
    browser
        .until(path, &format!("location.pathname.includes({path:?}) && {READY}"))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_charge_and_its_reasons_are_reached_by_tab_and_enter_alone() {
    for look in [Look::WIDE, Look::NARROW.dark()] {
        let Some(browser) = Browser::open(look).await else {
            return;
        };
        let demo = Demo::open().await;
        browser.goto(&demo.car("now")).await;
        browser.until("page", READY).await;
        tab_to(&browser, ".pages a[href$=charging]").await;
        enter(&browser, "/charging").await;
        tab_to(&browser, "#sessions a[href*='charging/']").await;
        enter(&browser, "/charging/20").await;
        let charge = browser.url().await;
        tab_to(&browser, "a.why").await;
        enter(&browser, "/why/").await;
        tab_to(&browser, "main .head a").await;
        enter(&browser, "/charging/20").await;
        assert_eq!(browser.url().await, charge);
        stop(demo.run).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_tab_offers_to_skip_the_navigation() {
    let Some(browser) = Browser::open(Look::WIDE).await else {
        return;
    };
    let demo = Demo::open().await;
    browser.goto(&demo.car("now")).await;
    browser.press(key::TAB).await;
    assert!(is(&browser, "document.activeElement.matches('.skip')").await);
    browser
        .until(
            "link in sight",
            "document.activeElement.getBoundingClientRect().top >= 0",
        )
        .await;
    browser.press(key::ENTER).await;
    browser
        .until("focus in the content", "document.activeElement.id === 'content'")
        .await;
    browser.press(key::TAB).await;
    assert!(is(&browser, "document.activeElement.closest('main')").await);
    stop(demo.run).await;
}
