//! The program of somebody else is cardata, with one more sink.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use tests::process::{Cardata, Signal};

const PROGRAM: &str = env!("CARGO_BIN_EXE_example-sink");
const DEADLINE: Duration = Duration::from_secs(60);
const PIPELINE: &str = "
simulator: { speed: 900 }
sources: [{ type: telematics, every: 30m }]
sinks:
  - { type: stdout }
  - { type: log_lines, path: readings.txt }
";

#[test]
fn it_is_listed_and_explained_and_its_mistakes_have_a_place() {
    let cardata = |arguments: &[&str], folder: &Path| {
        let output = Command::new(PROGRAM).args(arguments).current_dir(folder).output();
        let output = output.unwrap();
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        (output.status.code(), text)
    };
    let folder = tempfile::tempdir().unwrap();
    let (code, text) = cardata(&["plugins"], folder.path());
    assert!(
        code == Some(0) && text.contains("log_lines") && text.contains("influxdb"),
        "{text}"
    );
    let (code, text) = cardata(&["plugins", "log_lines"], folder.path());
    assert!(
        code == Some(0) && text.contains("relative to the pipeline file"),
        "{text}"
    );
    let wrong = PIPELINE.replace("path: readings.txt", "pth: readings.txt");
    std::fs::write(folder.path().join("pipeline.yaml"), wrong).unwrap();
    let (code, text) = cardata(&["check"], folder.path());
    assert!(code == Some(2) && text.contains("pipeline.yaml:6:"), "{text}");
}

#[tokio::test]
async fn it_is_given_everything() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("pipeline.yaml"), PIPELINE).unwrap();
    let mut run = Cardata::start_program(Path::new(PROGRAM), ["run"], |command| {
        command.current_dir(folder.path());
    });
    run.wait_for_line("batteryManagement", DEADLINE).await;
    run.signal(Signal::Interrupt).await;
    assert_eq!(
        run.wait_exit(DEADLINE).await.code(),
        Some(0),
        "{}",
        run.transcript()
    );
    let shown = run
        .lines()
        .into_iter()
        // The sink takes no records.
        .filter(|line| line.text.starts_with('{') && !line.text.contains("\"record\":"))
        .count();
    let written = std::fs::read_to_string(folder.path().join("readings.txt")).unwrap();
    assert!(shown > 0, "{}", run.transcript());
    assert_eq!(written.lines().count(), shown, "{}", run.transcript());
}
