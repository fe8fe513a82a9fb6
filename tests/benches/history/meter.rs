//! What the system tells of the running program: bytes that it had written, processor time, calls to read.

use std::collections::HashMap;
use std::fs;
use std::time::{Duration, Instant};

use tests::process::{Cardata, Signal};
use tests::scene;

const SECOND: Duration = Duration::from_secs(1);
/// Longer than a clean end takes.
const PATIENCE: Duration = Duration::from_secs(60);
const BETWEEN_LOOKS: Duration = Duration::from_millis(5);

/// The processor time of all threads, in nanoseconds. The system forgets those of a thread that ended, so it has to look
/// from time to time.
pub struct Processor {
    process: u32,
    threads: HashMap<String, u64>,
}

impl Processor {
    pub fn of(run: &Cardata) -> Self {
        Self {
            process: run.id(),
            threads: HashMap::new(),
        }
    }

    /// Seconds so far.
    pub fn look(&mut self) -> f64 {
        let threads = fs::read_dir(format!("/proc/{}/task", self.process)).unwrap();
        for thread in threads.flatten() {
            // A thread that ends meanwhile has said what it had to.
            let Ok(told) = fs::read_to_string(thread.path().join("schedstat")) else {
                continue;
            };
            let ran: u64 = told.split(' ').next().unwrap().parse().unwrap();
            let name = thread.file_name().into_string().unwrap();
            self.threads.insert(name, ran);
        }
        self.threads.values().sum::<u64>() as f64 / 1e9
    }

    /// Seconds that were spent over so many seconds.
    pub async fn over(&mut self, seconds: u32) -> f64 {
        let before = self.look();
        let mut pace = tokio::time::interval(SECOND);
        pace.tick().await;
        for _ in 0..seconds {
            pace.tick().await;
            self.look();
        }
        self.look() - before
    }
}

/// Bytes that the program has had written to disks so far: pages that it changed, each time anew.
pub fn written(run: &Cardata) -> u64 {
    counter(run.id(), "write_bytes")
}

/// How often it has read so far, from files or sockets.
pub fn reads(run: &Cardata) -> u64 {
    counter(run.id(), "syscr")
}

/// Of this process.
pub fn written_here() -> u64 {
    counter(std::process::id(), "write_bytes")
}

fn counter(process: u32, name: &str) -> u64 {
    let told = fs::read_to_string(format!("/proc/{process}/io")).unwrap();
    let value = told
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    value.unwrap().parse().unwrap()
}

/// Waits until the program has written nothing for so many seconds.
pub async fn quiet(run: &Cardata, seconds: u32) {
    let (mut before, mut since) = (written(run), 0);
    let began = Instant::now();
    while since < seconds && began.elapsed() < 10 * PATIENCE {
        tokio::time::sleep(SECOND).await;
        let now = written(run);
        since = if now == before { since + 1 } else { 0 };
        before = now;
    }
}

/// Ends the program well; says how many bytes it has had written from its start to its end.
pub async fn end(run: Cardata) -> u64 {
    run.signal(Signal::Terminate).await;
    let began = Instant::now();
    // It has ended when it waits to be asked for its exit code, and can still be asked for the rest.
    while !has_ended(run.id()) {
        assert!(
            began.elapsed() < PATIENCE,
            "it does not end:\n{}",
            run.transcript()
        );
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
    let written = written(&run);
    scene::stop(run).await;
    written
}

fn has_ended(process: u32) -> bool {
    let told = fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    told.rsplit_once(") ").unwrap().1.starts_with('Z')
}
