//! The stage of a test: a simulated BMW, a folder with a pipeline file, and the program.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use cardata_sim::{Approval, Control, RequestRecord, Sim, SimConfig};
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::Command;

use crate::process::{Cardata, Signal, Stream};

/// How long anything may take before a test gives up; what a test waits for comes much sooner.
pub const DEADLINE: Duration = Duration::from_secs(60);
pub const CLIENT_ID: &str = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0";
/// The two stores that need no server.
pub const FILES: &str = "  - type: csv\n    dir: csv\n  - type: sqlite\n    path: cardata.db\n";

/// The least life of a token, in real time. New ones are on disk before they are used, and a disk that is slow takes half
/// a second for it: with less, one refresh after the other brings tokens that have died meanwhile.
const SHORTEST_LIFE: Duration = Duration::from_secs(5);
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);

/// What differs between the pipeline files of the tests.
pub struct Plan<'a> {
    pub speed: f64,
    pub calls_per_day: u32,
    pub every: &'a str,
    pub container: &'a str,
    /// The items of the list `sinks`.
    pub sinks: &'a str,
}

impl Default for Plan<'_> {
    /// Ten polls a second, ten minutes of the car's life.
    fn default() -> Self {
        Self {
            speed: 600.0,
            calls_per_day: 100_000,
            every: "1m",
            container: "battery",
            sinks: FILES,
        }
    }
}

/// A simulated BMW with one car, and a folder from which the program is run.
pub struct Scene {
    pub bmw: Control,
    folder: TempDir,
    clock: Arc<SimClock>,
    environment: Vec<(String, OsString)>,
    sim: Sim,
    /// The BMWs of further accounts.
    others: Vec<Sim>,
}

/// What a command said.
#[derive(Debug)]
pub struct Said {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

/// Shows the real time until the first run begins and hurries from then on, so that the car and the program age
/// together. The car stays ahead by the time that the program takes to start.
struct SimClock {
    speed: f64,
    hurrying: Mutex<Option<(Instant, Timestamp)>>,
}

impl SimClock {
    fn now(&self) -> Timestamp {
        let Some((since, from)) = *self.hurrying.lock().unwrap() else {
            return Timestamp::now();
        };
        from + SignedDuration::from_secs_f64(since.elapsed().as_secs_f64() * self.speed)
    }

    fn hurry(&self) {
        let mut hurrying = self.hurrying.lock().unwrap();
        hurrying.get_or_insert_with(|| (Instant::now(), Timestamp::now()));
    }
}

impl Scene {
    /// With an owner who approves logins at once and BMW as the simulator plays it by default, but for tokens that
    /// outlast a slow refresh at the plan's speed.
    pub async fn set(plan: &Plan<'_>) -> Self {
        Self::with(plan.bmw(), plan).await
    }

    /// Speed, quota and approval, unless it is manual or a denial, are set from the plan.
    pub async fn with(mut config: SimConfig, plan: &Plan<'_>) -> Self {
        config.speed = plan.speed;
        config.calls_per_day = plan.calls_per_day;
        config.poll_interval = Duration::from_secs(1);
        if let Approval::Auto { after } = &mut config.approval {
            *after = Duration::ZERO;
        }
        let clock = Arc::new(SimClock {
            speed: plan.speed,
            hurrying: Mutex::new(None),
        });
        let now = clock.clone();
        let sim = Sim::start_with_now(config, Arc::new(move || now.now())).await;
        let sim = sim.expect("loopback has a free port");
        let scene = Self {
            bmw: sim.control(),
            folder: TempDir::new().expect("a temporary folder can be made"),
            clock,
            environment: Vec::new(),
            sim,
            others: Vec::new(),
        };
        let text = plan.text(&scene.sim.auth_url());
        std::fs::write(scene.path("pipeline.yaml"), text).unwrap();
        scene
    }

    /// Adds an account to the pipeline file, on a BMW of its own with the same time.
    pub async fn add_account(&mut self, name: &str, mut config: SimConfig, plan: &Plan<'_>) -> Control {
        config.speed = plan.speed;
        config.calls_per_day = plan.calls_per_day;
        config.poll_interval = Duration::from_secs(1);
        config.approval = Approval::Auto {
            after: Duration::ZERO,
        };
        let clock = self.clock.clone();
        let sim = Sim::start_with_now(config, Arc::new(move || clock.now())).await;
        let sim = sim.expect("loopback has a free port");
        let (url, calls_per_day) = (sim.auth_url(), plan.calls_per_day);
        let account = format!(
            "  - name: {name}\n    client_id: {CLIENT_ID}\n    calls_per_day: {calls_per_day}\n    \
             endpoints: {{ auth: \"{url}\", api: \"{url}\" }}\n"
        );
        self.edit(|text| text.replacen("sources:\n", &(account + "sources:\n"), 1));
        let bmw = sim.control();
        self.others.push(sim);
        bmw
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Starts a command on the scene's pipeline file.
    pub fn start(&self, arguments: &[&str]) -> Cardata {
        self.start_with(arguments, |_| ())
    }

    /// The same, prepared further: as another user.
    pub fn start_with(&self, arguments: &[&str], prepare: impl FnOnce(&mut Command)) -> Cardata {
        let arguments = arguments.iter().chain(&["--config", "pipeline.yaml"]);
        Cardata::start(arguments, |command| {
            command
                .current_dir(self.folder.path())
                .env_remove("CARDATA_LOG")
                .env_remove("COLUMNS")
                .envs(self.environment.iter().map(|(name, value)| (name, value)));
            prepare(command);
        })
    }

    /// Sets a variable for the commands to come.
    pub fn set_env(&mut self, name: &str, value: impl Into<OsString>) {
        self.environment.push((name.to_owned(), value.into()));
    }

    /// Lets the time hurry from now on, where it does not yet.
    pub fn hurry_up(&self) {
        self.clock.hurry();
    }

    /// Where BMW is.
    pub fn url(&self) -> String {
        self.sim.auth_url()
    }

    /// Where BMW's stream is.
    pub fn stream_url(&self) -> String {
        self.sim.stream_url()
    }

    /// The certificate (PEM) that vouches for BMW's stream.
    pub fn stream_ca(&self) -> &str {
        self.sim.stream_ca()
    }

    /// Changes the pipeline file.
    pub fn edit(&self, change: impl FnOnce(String) -> String) {
        let path = self.path("pipeline.yaml");
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, change(text)).unwrap();
    }

    /// Returns when the simulator has handled every request that was sent before, those of a program that is
    /// dead included. It runs in this thread, so some round trips are enough.
    pub async fn settle(&self) {
        for _ in 0..3 {
            let address = self.url();
            let address = address.trim_start_matches("http://");
            let mut stream = TcpStream::connect(address).await.expect("the simulator listens");
            let request = format!("GET /oneid/link HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
            stream.write_all(request.as_bytes()).await.unwrap();
            stream.read_to_end(&mut Vec::new()).await.unwrap();
        }
    }

    /// Runs a command on the scene's pipeline file to its end.
    pub async fn call(&self, arguments: &[&str]) -> Said {
        end(self.start(arguments)).await
    }

    pub async fn login(&self) {
        let said = self.call(&["login"]).await;
        assert_eq!(said.code, Some(0), "{said:?}");
    }

    /// Lets the time hurry and the pipeline run.
    pub async fn run(&self) -> Cardata {
        self.run_with(&[]).await
    }

    pub async fn run_with(&self, options: &[&str]) -> Cardata {
        let run = self.hurry(&[&["run"], options].concat());
        run.wait_for_line("running", DEADLINE).await;
        run
    }

    /// Lets the time hurry and starts a command.
    pub fn hurry(&self, arguments: &[&str]) -> Cardata {
        self.clock.hurry();
        self.start(arguments)
    }

    pub async fn status(&self) -> serde_json::Value {
        let said = self.call(&["status", "--json"]).await;
        assert_eq!(said.code, Some(0), "{said:?}");
        serde_json::from_str(&said.out).unwrap()
    }

    /// The requests whose path contains `part`.
    pub fn requests(&self, part: &str) -> Vec<RequestRecord> {
        let mut requests = self.bmw.requests();
        requests.retain(|request| request.path.contains(part));
        requests
    }

    /// How many polls have left BMW whole.
    pub fn answers(&self) -> usize {
        self.bmw.answers()
    }

    /// Waits until the car has answered this many more polls.
    pub async fn more_answers(&self, run: &Cardata, more: usize) {
        let before = self.answers();
        until(run, "more answers of the car", || self.answers() >= before + more).await;
    }

    /// Nothing was asked of BMW that its specification does not allow.
    pub fn assert_lawful(&self) {
        assert_eq!(self.bmw.violations(), []);
    }
}

impl Plan<'_> {
    pub fn bmw(&self) -> SimConfig {
        let config = SimConfig::default();
        SimConfig {
            token_lifetime: config.token_lifetime.max(SHORTEST_LIFE.mul_f64(self.speed)),
            ..config
        }
    }

    fn text(&self, url: &str) -> String {
        let Plan {
            speed,
            calls_per_day,
            every,
            container,
            sinks,
        } = self;
        format!(
            "clock: {{ speed: {speed} }}\n\
             accounts:\n  - name: home\n    client_id: {CLIENT_ID}\n    calls_per_day: {calls_per_day}\n    \
             endpoints: {{ auth: \"{url}\", api: \"{url}\" }}\n\
             sources:\n  - type: telematics\n    container: {container}\n    every: {every}\n\
             sinks:\n{sinks}"
        )
    }
}

/// Runs a command that needs no scene, in a folder.
pub async fn call_in(folder: &std::path::Path, arguments: &[&str]) -> Said {
    let command = Cardata::start(arguments, |command| {
        command
            .current_dir(folder)
            .env_remove("CARDATA_LOG")
            .env_remove("COLUMNS");
    });
    end(command).await
}

/// Waits for the end of a command.
pub async fn end(mut command: Cardata) -> Said {
    let code = command.wait_exit(DEADLINE).await.code();
    Said {
        code,
        out: text_of(&command, Stream::Stdout),
        err: text_of(&command, Stream::Stderr),
    }
}

/// Asks a running pipeline to end, as a service manager does, and checks that it ends well.
pub async fn stop(run: Cardata) -> Said {
    run.signal(Signal::Terminate).await;
    let said = end(run).await;
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(said.err.contains("Stopped. "), "{}", said.err);
    said
}

pub fn text_of(command: &Cardata, stream: Stream) -> String {
    let lines = command.lines().into_iter().filter(|line| line.stream == stream);
    lines.map(|line| line.text + "\n").collect()
}

/// How many lines of the log contain `pattern`.
pub fn count(run: &Cardata, pattern: &str) -> usize {
    run.lines()
        .iter()
        .filter(|line| line.text.contains(pattern))
        .count()
}

/// Waits until `condition` holds; tells what the program said when it does not.
pub async fn until(run: &Cardata, what: &str, condition: impl FnMut() -> bool) {
    until_within(run, DEADLINE, what, condition).await;
}

/// The same for what may take longer, or must not take so long.
pub async fn until_within(
    run: &Cardata,
    deadline: Duration,
    what: &str,
    mut condition: impl FnMut() -> bool,
) {
    let give_up = Instant::now() + deadline;
    while !condition() {
        assert!(
            Instant::now() < give_up,
            "no {what} within {deadline:?}:\n{}",
            run.transcript()
        );
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_outlasts_a_slow_refresh_at_every_speed() {
        for speed in [1.0, 600.0, 12_000.0, 60_000.0] {
            let config = Plan {
                speed,
                ..Plan::default()
            }
            .bmw();
            assert!(config.token_lifetime.div_f64(speed) >= SHORTEST_LIFE, "{speed}");
            assert!(config.token_lifetime * 2 < config.refresh_lifetime, "{speed}");
            assert!(config.token_lifetime >= SimConfig::default().token_lifetime);
        }
    }
}
