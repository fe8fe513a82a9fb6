//! ChromeDriver and the session in it: WebDriver's few commands that are needed, over HTTP.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::servers::{self, Daemon, Health};

/// Chromium starts within a second on an idle machine.
const DEADLINE: Duration = Duration::from_secs(120);

pub struct Driver {
    client: reqwest::Client,
    session: String,
    daemon: Daemon,
}

impl Driver {
    /// A browser with a profile in a folder of its own; `None` when there is none.
    pub async fn start(arguments: &[String]) -> Option<Self> {
        let programs = Programs::find()?;
        let daemon = Daemon::start(
            |folder, port| programs.command(folder, port),
            Health::Path("/status"),
        )
        .await;
        let mut driver = Self {
            client: servers::client(),
            session: "session".to_owned(),
            daemon,
        };
        let capabilities = programs.capabilities(driver.daemon.folder(), arguments);
        let answer = driver.call(Method::POST, "", Some(&capabilities)).await;
        let session = answer["sessionId"].as_str().expect("a session has a name");
        driver.session = format!("session/{session}");
        Some(driver)
    }

    /// A command of the session with its parameters, and its value. That it fails is a failed test.
    pub async fn post(&self, command: &str, parameters: &Value) -> Value {
        let command = format!("/{command}");
        self.call(Method::POST, &command, Some(parameters)).await
    }

    pub async fn get(&self, command: &str) -> Value {
        self.call(Method::GET, &format!("/{command}"), None).await
    }

    async fn call(&self, method: Method, command: &str, parameters: Option<&Value>) -> Value {
        let url = format!("{}/{}{command}", self.daemon.url(), self.session);
        let mut request = self.client.request(method, url).timeout(DEADLINE);
        if let Some(parameters) = parameters {
            request = request.json(parameters);
        }
        let answer = request.send().await.unwrap_or_else(|error| {
            panic!(
                "the browser does not answer `{command}`: {error}; it said:\n{}",
                self.daemon.log()
            )
        });
        let is_done = answer.status().is_success();
        let mut answer: Value = answer.json().await.expect("the driver answers JSON");
        let value = answer["value"].take();
        assert!(
            is_done,
            "the browser refuses `{command}`: {}: {}",
            value["error"], value["message"]
        );
        value
    }

    /// Ends the browser: a driver that is killed would leave it behind.
    fn quit(&self) -> std::io::Result<()> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.daemon.port()))?;
        stream.set_read_timeout(Some(DEADLINE))?;
        write!(
            stream,
            "DELETE /{} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n",
            self.session
        )?;
        // It answers when the browser has ended.
        stream.read(&mut [0; 1]).map(drop)
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // The driver itself ends with its daemon. One that does not answer has no browser that could be ended.
        let _ = self.quit();
    }
}

/// ChromeDriver and the Chromium that it starts.
struct Programs {
    driver: PathBuf,
    browser: PathBuf,
}

impl Programs {
    fn find() -> Option<Self> {
        let driver = servers::find_if_there(
            "chromedriver",
            "CARDATA_TEST_CHROMEDRIVER",
            "browser/chromedriver",
        )?;
        let browser =
            servers::find_if_there("chromium", "CARDATA_TEST_CHROMIUM", "browser/chromium/chromium")?;
        Some(Self { driver, browser })
    }

    fn command(&self, folder: &Path, port: u16) -> Command {
        let mut command = Command::new(&self.driver);
        command
            .arg(format!("--port={port}"))
            .env("HOME", folder)
            .env("TMPDIR", folder)
            // The desktop of who runs the tests is none of its business.
            .env("DBUS_SESSION_BUS_ADDRESS", "disabled:");
        let beside = self.driver.with_file_name("lib");
        if beside.is_dir() {
            command.env("LD_LIBRARY_PATH", beside);
            command.env(
                "FONTCONFIG_FILE",
                fonts(&self.driver.with_file_name("fonts"), folder),
            );
        }
        command
    }

    fn capabilities(&self, folder: &Path, arguments: &[String]) -> Value {
        let profile = format!("--user-data-dir={}", folder.join("profile").display());
        let fixed = [
            "--headless=new",
            // Root may not have a sandbox, and the pages are ours.
            "--no-sandbox",
            // Containers have a small one.
            "--disable-dev-shm-usage",
            "--disable-gpu",
            "--no-first-run",
            // Nothing but loopback is spoken to.
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--no-proxy-server",
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
            "--lang=en-US",
            &profile,
        ];
        let arguments = fixed.into_iter().chain(arguments.iter().map(String::as_str));
        let options = json!({ "binary": self.browser, "args": arguments.collect::<Vec<_>>() });
        let wanted = json!({ "goog:chromeOptions": options, "goog:loggingPrefs": { "browser": "ALL" } });
        json!({ "capabilities": { "alwaysMatch": wanted } })
    }
}

/// A system that has no fonts has no word on them either.
fn fonts(unpacked: &Path, folder: &Path) -> PathBuf {
    let path = folder.join("fonts.conf");
    let text = format!(
        "<?xml version=\"1.0\"?>\n<fontconfig><dir>{}</dir><dir>/usr/share/fonts</dir><cachedir>{}</cachedir></fontconfig>\n",
        unpacked.display(),
        folder.join("fonts").display()
    );
    std::fs::write(&path, text).expect("the word on fonts can be written");
    path
}
