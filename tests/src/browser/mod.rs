//! Pages as people see them: Debian's Chromium through WebDriver, with what it complains about.
//!
//! [`Browser`] is one tab of a browser of its own. [`findings`] says what is wrong with the page in it.

mod driver;
mod findings;
mod look;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use self::driver::Driver;
pub use self::look::Look;

/// Generous: pages of ours answer within a second.
const DEADLINE: Duration = Duration::from_secs(30);
const BETWEEN_LOOKS: Duration = Duration::from_millis(25);

/// The key of an element in WebDriver's answers; the specification names it.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// Keys for [`Browser::keys`] and [`Browser::press`], as WebDriver names them.
pub mod key {
    pub const TAB: &str = "\u{e004}";
    pub const ENTER: &str = "\u{e007}";
    pub const ESCAPE: &str = "\u{e00c}";
    pub const END: &str = "\u{e010}";
    pub const LEFT: &str = "\u{e012}";
    pub const RIGHT: &str = "\u{e014}";
}

/// A tab with a profile of its own. The browser and its driver end when it is dropped.
pub struct Browser {
    driver: Driver,
    look: Look,
}

impl Browser {
    /// An empty tab; `None` when there is no browser, or tests against servers are left out, which it says.
    pub async fn open(look: Look) -> Option<Self> {
        let driver = Driver::start(&look.arguments()).await?;
        let browser = Self { driver, look };
        for (method, parameters) in look.emulation() {
            browser.devtools(method, &parameters).await;
        }
        Some(browser)
    }

    pub fn look(&self) -> Look {
        self.look
    }

    /// Opens the address and waits until its page and all that belongs to it is loaded.
    pub async fn goto(&self, url: &str) {
        self.driver.post("url", &json!({ "url": url })).await;
    }

    pub async fn url(&self) -> String {
        text(self.driver.get("url").await)
    }

    /// What people read in the first element of this CSS selector.
    pub async fn text(&self, selector: &str) -> String {
        let element = self.element(selector).await;
        text(self.driver.get(&format!("element/{element}/text")).await)
    }

    /// A click at its middle, to which it is scrolled.
    pub async fn click(&self, selector: &str) {
        let element = self.element(selector).await;
        self.driver
            .post(&format!("element/{element}/click"), &json!({}))
            .await;
    }

    /// Types into an element.
    pub async fn keys(&self, selector: &str, keys: &str) {
        let element = self.element(selector).await;
        self.type_into(&element, keys).await;
    }

    /// Types where the focus is.
    pub async fn press(&self, keys: &str) {
        let element = element(&self.driver.get("element/active").await);
        self.type_into(&element, keys).await;
    }

    /// The body of a function in the page, and what it returns as JSON. The page's policy does not hold for it, and
    /// it runs also where the page's own scripts do not.
    pub async fn script(&self, body: &str) -> Value {
        self.driver
            .post("execute/sync", &json!({ "script": body, "args": [] }))
            .await
    }

    /// Waits until this expression of JavaScript is true.
    pub async fn until(&self, what: &str, expression: &str) {
        let body = format!("return Boolean({expression});");
        let give_up = Instant::now() + DEADLINE;
        while self.script(&body).await != Value::Bool(true) {
            assert!(
                Instant::now() < give_up,
                "no {what} within {DEADLINE:?} at {}; the page says:\n{}",
                self.url().await,
                self.text("body").await
            );
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
    }

    /// The whole page, also what one has to scroll to, as `target/pictures/<name>.png`.
    pub async fn screenshot(&self, name: &str) -> PathBuf {
        let size = &self.devtools("Page.getLayoutMetrics", &json!({})).await["cssContentSize"];
        let clip = json!({ "x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1 });
        let whole = json!({ "format": "png", "captureBeyondViewport": true, "clip": clip });
        let picture = self.devtools("Page.captureScreenshot", &whole).await;
        let picture = picture["data"].as_str().expect("a picture has data");
        let bytes = BASE64_STANDARD.decode(picture).expect("a picture is base64");
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/pictures");
        std::fs::create_dir_all(&folder).expect("a folder for pictures can be made");
        let path = folder.join(format!("{name}.png"));
        std::fs::write(&path, bytes).expect("a picture can be written");
        path
    }

    /// A command of Chrome's DevTools protocol.
    pub async fn devtools(&self, method: &str, parameters: &Value) -> Value {
        let command = json!({ "cmd": method, "params": parameters });
        self.driver.post("goog/cdp/execute", &command).await
    }

    async fn element(&self, selector: &str) -> String {
        let wanted = json!({ "using": "css selector", "value": selector });
        element(&self.driver.post("element", &wanted).await)
    }

    async fn type_into(&self, element: &str, keys: &str) {
        self.driver
            .post(&format!("element/{element}/value"), &json!({ "text": keys }))
            .await;
    }
}

fn element(answer: &Value) -> String {
    text(answer[ELEMENT].clone())
}

fn text(answer: Value) -> String {
    match answer {
        Value::String(text) => text,
        other => panic!("the driver answers {other}, which is no text"),
    }
}
