//! A program of the owner's as a sink: it is given everything, and does not outlive the collector.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tests::process::{Line, Signal, Stream};

use crate::oracle::{Row, assert_exactly, expected_of_all};
use crate::scene::{DEADLINE, Plan, Scene, stop, until};
use crate::stores;

/// The shell sample, which holds a named pipe open where there is one.
fn sink() -> String {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sinks/exec/samples/append_sink.sh");
    let script = format!(
        "if [ -p fifo ]; then exec 9>fifo; fi; exec sh {} cars.jsonl",
        sample.display()
    );
    format!("  - type: exec\n    command: [sh, -c, \"{script}\"]\n    batch: {{ wait: 0s }}\n")
}

/// Every reading in the file that the sample fills.
fn told(path: &Path) -> Vec<Row> {
    let text = stores::ended_lines(path);
    let entries = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let readings = entries.flat_map(|entry| entry["readings"].as_array().cloned().unwrap_or_default());
    let lines = readings.map(|reading| Line {
        stream: Stream::Stdout,
        text: reading.to_string(),
    });
    stores::json_lines(&lines.collect::<Vec<_>>())
}

#[tokio::test]
async fn a_program_is_given_everything_and_ends_with_a_collector_that_is_killed() {
    let sinks = sink();
    let scene = Scene::set(&Plan {
        sinks: &sinks,
        ..Plan::default()
    })
    .await;
    scene.login().await;
    let run = scene.run().await;
    scene.more_answers(&run, 5).await;
    stop(run).await;
    let wanted = expected_of_all(&scene.bmw.served());
    assert_exactly("program", told(&scene.path("cars.jsonl")), wanted.clone());
    assert_eq!(scene.status().await["sinks"][0]["waiting_readings"], 0);

    let fifo = scene.path("fifo");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let gone = tokio::task::spawn_blocking(move || File::open(fifo).unwrap().read_to_end(&mut Vec::new()));
    let run = scene.run().await;
    until(&run, "more for the program", || {
        told(&scene.path("cars.jsonl")).len() > wanted.len()
    })
    .await;
    run.signal(Signal::Kill).await;
    let gone = tokio::time::timeout(DEADLINE, gone).await;
    gone.expect("the program reads its end").unwrap().unwrap();
}
