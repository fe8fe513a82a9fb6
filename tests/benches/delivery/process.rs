//! The whole program: how long it takes to start and how much memory it holds while it waits for the next poll.

use std::path::Path;
use std::time::{Duration, Instant};

use tests::process::{Cardata, Signal};
use tests::servers::InfluxDb1;

const PATIENCE: Duration = Duration::from_secs(30);

pub async fn measure() {
    let Some(server) = InfluxDb1::start().await else {
        eprintln!("\nmemory and start            left out: no server");
        return;
    };
    let database = server.create_database().await;
    let folder = tempfile::tempdir().unwrap();
    let simulator = start(&["sim", "--port", "0"], folder.path());
    let line = simulator.wait_for_line("endpoints:", PATIENCE).await;
    let pipeline = format!(
        "accounts:\n  - name: home\n    client_id: 00000000-0000-4000-8000-000000000000\n    {}\n\
         sources:\n  - {{ type: telematics, container: battery, every: 30m }}\nsinks:\n  - type: stdout\n  \
         - {{ type: csv, dir: csv }}\n  - {{ type: sqlite, path: cardata.db }}\n  \
         - {{ type: influxdb, fields: descriptor, url: \"{}\", database: {database} }}\n",
        line.text.trim(),
        server.url()
    );
    std::fs::write(folder.path().join("pipeline.yaml"), pipeline).unwrap();
    let mut login = start(&["login"], folder.path());
    assert!(
        login.wait_exit(PATIENCE).await.success(),
        "{}",
        login.transcript()
    );
    let mut starts = Vec::new();
    let mut memory = 0;
    for _ in 0..5 {
        let began = Instant::now();
        let mut program = start(&["run"], folder.path());
        program.wait_for_line(" running ", PATIENCE).await;
        starts.push(began.elapsed());
        // The first run polls at once; the others wait for the next poll.
        if starts.len() == 1 {
            program.wait_for_line("polled", PATIENCE).await;
        }
        memory = resident(program.id());
        program.signal(Signal::Terminate).await;
        assert!(
            program.wait_exit(PATIENCE).await.success(),
            "{}",
            program.transcript()
        );
    }
    starts.sort();
    eprintln!(
        "\nfour sinks, idle: {:.1} MB resident; start to running {} ms (median of five)",
        memory as f64 / 1e6,
        starts[2].as_millis()
    );
}

fn start(arguments: &[&str], folder: &Path) -> Cardata {
    Cardata::start(arguments, |command| {
        command.current_dir(folder);
    })
}

/// Resident bytes of a process.
fn resident(id: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}
