//! A server process: started on a free port, polled until it answers, stopped when dropped.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::net::TcpStream;

use super::port::Port;

/// Generous: on an idle machine these servers answer within 0.2 s.
const DEADLINE: Duration = Duration::from_secs(60);
const BETWEEN_POLLS: Duration = Duration::from_millis(20);
const PORTS_TO_TRY: usize = 10;
const LOG: &str = "log.txt";

/// How a server shows that it is ready.
#[derive(Debug, Clone, Copy)]
pub enum Health {
    /// This path answers with success.
    Path(&'static str),
    /// Its port takes connections.
    Listening,
}

/// A running server. Killed and waited for when dropped, and so when the test panics.
pub struct Daemon {
    child: Child,
    port: Port,
    folder: TempDir,
}

impl Daemon {
    /// Starts what `command` makes of a folder and a port, and returns when it is healthy. A process that ends before that has lost its port to another program and gets a new one:
    /// that is how a port is allocated, not a second chance for a test.
    pub async fn start(command: impl Fn(&Path, u16) -> Command, health: Health) -> Self {
        let mut last_words = String::new();
        for _ in 0..PORTS_TO_TRY {
            let mut daemon = Self::spawn(&command);
            if daemon.becomes_ready(health).await {
                return daemon;
            }
            last_words = daemon.log();
        }
        panic!("the server ended at once on {PORTS_TO_TRY} ports; it said:\n{last_words}");
    }

    /// Kills the process, as a power cut would. What it kept in its folder stays.
    pub fn kill(&mut self) {
        // Both fail only when the process has been waited for already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Starts it again, in its folder and on its port, and returns when it is healthy.
    pub async fn start_again(&mut self, command: impl Fn(&Path, u16) -> Command, health: Health) {
        self.child = spawn(command(self.folder.path(), self.port.number), self.folder.path());
        assert!(
            self.becomes_ready(health).await,
            "the server ended at once; it said:\n{}",
            self.log()
        );
    }

    pub fn port(&self) -> u16 {
        self.port.number
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The process, for what the system tells of it.
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// The address, without a slash at its end.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port.number)
    }

    fn spawn(command: impl Fn(&Path, u16) -> Command) -> Self {
        let folder = TempDir::new().expect("a temporary folder can be made");
        let port = Port::allocate();
        let child = spawn(command(folder.path(), port.number), folder.path());
        Self { child, port, folder }
    }

    /// False when the process has ended.
    async fn becomes_ready(&mut self, health: Health) -> bool {
        let client = super::client();
        let deadline = Instant::now() + DEADLINE;
        loop {
            if self.has_ended() {
                return false;
            }
            if self.is_healthy(&client, health).await {
                return !self.has_ended();
            }
            assert!(
                Instant::now() < deadline,
                "the server does not become ready; it says:\n{}",
                self.log()
            );
            tokio::time::sleep(BETWEEN_POLLS).await;
        }
    }

    async fn is_healthy(&self, client: &reqwest::Client, health: Health) -> bool {
        match health {
            Health::Path(path) => {
                let url = format!("{}{path}", self.url());
                let answer = client.get(url).timeout(DEADLINE).send().await;
                answer.is_ok_and(|answer| answer.status().is_success())
            }
            Health::Listening => TcpStream::connect(("127.0.0.1", self.port.number)).await.is_ok(),
        }
    }

    fn has_ended(&mut self) -> bool {
        self.child
            .try_wait()
            .expect("a child process can be asked")
            .is_some()
    }

    /// Everything that it has said.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join(LOG)).unwrap_or_default()
    }
}

fn spawn(mut command: Command, folder: &Path) -> Child {
    let log = File::options()
        .create(true)
        .append(true)
        .open(folder.join(LOG))
        .expect("a log file can be made");
    command
        .stdin(Stdio::null())
        .stdout(log.try_clone().expect("a file handle can be cloned"))
        .stderr(log)
        .spawn()
        .unwrap_or_else(|error| panic!("{:?} does not start: {error}", command.get_program()))
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.kill();
    }
}
