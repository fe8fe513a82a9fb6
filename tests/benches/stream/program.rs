//! What the system and the journal tell of the running program.

use std::path::Path;
use std::time::{Duration, Instant};

use tests::process::Cardata;
use tests::scene::{Plan, Scene};
use tests::servers::Mosquitto;
use tests::stores;
use tests::stream::stage::{Stage, in_real_time, tokens_of};

/// Longer than anything takes that works.
const PATIENCE: Duration = Duration::from_secs(600);
const BETWEEN_LOOKS: Duration = Duration::from_millis(5);

/// The program with these sinks, logged in, not yet running; `None` without servers.
pub async fn with_sinks(sinks: &str, token: u64) -> Option<Stage> {
    Stage::set(tokens_of(token), &plan(sinks)).await
}

pub fn plan(sinks: &str) -> Plan<'_> {
    in_real_time(sinks)
}

/// Waits until the journal's newest entry is this one or a later one; says when that was.
pub async fn entries(scene: &Scene, wanted: u64) -> Instant {
    let state = scene.path("state");
    reached("entries in the journal", || {
        stores::newest_entry(&state) >= wanted
    })
    .await
}

/// Waits until every sink has acknowledged this entry; says when that was.
pub async fn acknowledged(scene: &Scene, wanted: u64) -> Instant {
    let state = scene.path("state");
    reached("acknowledged entries", || {
        stores::acknowledged(&state, &[]) >= wanted
    })
    .await
}

async fn reached(what: &str, enough: impl Fn() -> bool) -> Instant {
    let began = Instant::now();
    while !enough() {
        assert!(began.elapsed() < PATIENCE, "no {what}");
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
    Instant::now()
}

/// Resident bytes: now, and the most that there ever were.
pub fn memory(run: &Cardata) -> (u64, u64) {
    let status = std::fs::read_to_string(format!("/proc/{}/status", run.id())).unwrap();
    let of = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
    };
    (of("VmRSS:"), of("VmHWM:"))
}

/// Processor time of the program so far, in seconds, and of the system on its behalf.
pub fn processor(run: &Cardata) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", run.id())).unwrap();
    // The name of the program, in parentheses, may hold blanks; the times are the 12th and 13th fields behind it.
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    // The kernel tells times to programs in hundredths of a second on every architecture that we build for.
    ticks as f64 / 100.0
}

/// Bytes of a file and of what belongs to it: a database's log is part of it.
pub fn bytes(path: &Path) -> u64 {
    let with = |end: &str| {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        std::fs::metadata(name).map_or(0, |metadata| metadata.len())
    };
    with("") + with("-wal")
}

/// The broker that a sink publishes to, with the item of the list `sinks`.
pub fn household(broker: &Mosquitto) -> String {
    format!(
        "  - type: mqtt\n    url: \"{}\"\n    ca: \"{}\"\n",
        broker.url(),
        broker.ca().display()
    )
}
