//! Every page in every look: nothing to complain about, nothing too wide, nothing that keeps people out; and a picture of
//! each under `target/pictures`.

use tests::browser::{Browser, Look, key};
use tests::scene::stop;

use crate::demo::Demo;

async fn look_at_all(look: Look) {
    let Some(browser) = Browser::open(look).await else {
        return;
    };
    let demo = Demo::open().await;
    let mut wrong = Vec::new();
    for page in demo.pages().await {
        page.show(&demo, &browser).await;
        let name = format!("{}-{}", page.name, look.name());
        browser.screenshot(&name).await;
        wrong.extend(faults(&browser, &name).await);
    }
    // A browser complains about the status of the page that is not there.
    wrong.retain(|line| !line.contains("/nothing - ") || !line.contains("a status of 404"));
    assert!(wrong.is_empty(), "{wrong:#?}");
    stop(demo.run).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_wrong_with_the_page_that_asks_for_the_token() {
    const TOKEN: &str = "a-token-of-the-test";
    let asked = |text: String| {
        text.replace(
            "dashboard:\n",
            &format!("dashboard:\n  auth: token\n  token: {TOKEN}\n"),
        )
    };
    let mut demo = None;
    for look in Look::ALL {
        let Some(browser) = Browser::open(look).await else {
            return;
        };
        if demo.is_none() {
            demo = Some(Demo::with(asked).await);
        }
        let demo = demo.as_ref().unwrap();
        for (name, entered) in [("token", "a-wrong-token-of-the-test"), ("token-wrong", TOKEN)] {
            if name == "token" {
                browser.goto(&demo.car("battery")).await;
            }
            let asked_again = "document.readyState === 'complete' && document.querySelector('#token-wrong')";
            let asked = "document.readyState === 'complete' && document.querySelector('#token')";
            let wanted = if name == "token" { asked } else { asked_again };
            browser.until("form", wanted).await;
            let name = format!("{name}-{}", look.name());
            browser.screenshot(&name).await;
            let mut wrong = faults(&browser, &name).await;
            wrong.retain(|line| !line.contains("a status of 401"));
            assert!(wrong.is_empty(), "{wrong:#?}");
            browser.keys("#token", entered).await;
            browser.press(key::ENTER).await;
        }
        browser
            .until("page behind the token", "document.getElementById('chart-level')")
            .await;
        assert_eq!(
            browser.url().await,
            demo.car("battery"),
            "the token is in no history"
        );
    }
    stop(demo.unwrap().run).await;
}

/// What is wrong with the page in the tab, each with its name.
pub async fn faults(browser: &Browser, name: &str) -> Vec<String> {
    let found = [
        browser.complaints().await,
        browser.overflow().await,
        browser.violations().await,
    ];
    let found = found.concat();
    found.into_iter().map(|line| format!("{name}: {line}")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_wrong_with_any_page_on_a_phone() {
    look_at_all(Look::NARROW).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_wrong_with_any_page_on_a_phone_in_the_dark() {
    look_at_all(Look::NARROW.dark()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_wrong_with_any_page_on_a_desk() {
    look_at_all(Look::WIDE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_wrong_with_any_page_on_a_desk_in_the_dark() {
    look_at_all(Look::WIDE.dark()).await;
}
