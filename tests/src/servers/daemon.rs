//! A server process: started on a free port, polled until it answers, stopped when dropped.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::port::Port;

/// Generous: on an idle machine these servers answer within 0.2 s.
const DEADLINE: Duration = Duration::from_secs(60);
const BETWEEN_POLLS: Duration = Duration::from_millis(20);
const PORTS_TO_TRY: usize = 10;
const LOG: &str = "log.txt";

/// A running server. Killed and waited for when dropped, and so when the test panics.
pub struct Daemon {
    child: Child,
    port: Port,
    folder: TempDir,
}

impl Daemon {
    /// Starts what `command` makes of a folder and a port, and returns when `health` (a path) answers with
    /// success. A process that ends before that has lost its port to another program and gets a new one:
    /// that is how a port is allocated, not a second chance for a test.
    pub async fn start(command: impl Fn(&Path, u16) -> Command, health: &str) -> Self {
        let client = super::client();
        let mut last_words = String::new();
        for _ in 0..PORTS_TO_TRY {
            let mut daemon = Self::spawn(&command);
            let health = format!("{}{health}", daemon.url());
            if daemon.becomes_ready(&client, &health).await {
                return daemon;
            }
            last_words = daemon.log();
        }
        panic!("the server ended at once on {PORTS_TO_TRY} ports; it said:\n{last_words}");
    }

    /// The address, without a slash at its end.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port.number)
    }

    fn spawn(command: impl Fn(&Path, u16) -> Command) -> Self {
        let folder = TempDir::new().expect("a temporary folder can be made");
        let port = Port::allocate();
        let log = File::create(folder.path().join(LOG)).expect("a log file can be made");
        let mut command = command(folder.path(), port.number);
        let child = command
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a file handle can be cloned"))
            .stderr(log)
            .spawn()
            .unwrap_or_else(|error| panic!("{:?} does not start: {error}", command.get_program()));
        Self { child, port, folder }
    }

    /// False when the process has ended.
    async fn becomes_ready(&mut self, client: &reqwest::Client, health: &str) -> bool {
        let deadline = Instant::now() + DEADLINE;
        loop {
            if self.has_ended() {
                return false;
            }
            let answer = client.get(health).timeout(DEADLINE).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return !self.has_ended();
            }
            assert!(
                Instant::now() < deadline,
                "{health} does not answer; the server says:\n{}",
                self.log()
            );
            tokio::time::sleep(BETWEEN_POLLS).await;
        }
    }

    fn has_ended(&mut self) -> bool {
        self.child
            .try_wait()
            .expect("a child process can be asked")
            .is_some()
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join(LOG)).unwrap_or_default()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // Both fail only when the process has been waited for already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
