//! Pipeline files that cannot be right, and how that is said.

use std::path::Path;

use crate::scene::{CLIENT_ID, Said, call_in};

async fn check(folder: &Path, text: &str) -> Said {
    std::fs::write(folder.join("pipeline.yaml"), text).unwrap();
    let said = call_in(folder, &["check"]).await;
    assert!(!folder.join("state").exists(), "a check leaves nothing behind");
    said
}

#[tokio::test]
async fn a_file_that_is_not_there_is_named() {
    let folder = tempfile::tempdir().unwrap();
    for command in ["check", "run", "login", "status", "vehicles", "containers"] {
        let said = call_in(folder.path(), &[command, "--config", "nowhere.yaml"]).await;
        assert_eq!(said.code, Some(2), "{command}: {said:?}");
        assert!(said.err.contains("nowhere.yaml"), "{command}: {said:?}");
        assert_eq!(said.out, "", "{command}");
    }
}

#[tokio::test]
async fn an_empty_file_is_told_what_it_needs() {
    let folder = tempfile::tempdir().unwrap();
    for text in ["", "\n\n", "# nothing but a comment\n"] {
        let said = check(folder.path(), text).await;
        assert_eq!(said.code, Some(2), "{said:?}");
        assert!(
            said.err.contains("accounts") || said.err.contains("empty"),
            "{said:?}"
        );
    }
}

#[tokio::test]
async fn a_vin_of_16_characters_is_pointed_at() {
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "accounts:\n  - name: home\n    client_id: {CLIENT_ID}\nvehicles:\n  - vin: WBY71AW050FP1234\n\
         sources:\n  - type: telematics\nsinks:\n  - type: stdout\n"
    );
    let said = check(folder.path(), &text).await;
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(said.err.contains("pipeline.yaml:5:10"), "{said:?}");
    assert!(said.err.contains("17"), "{said:?}");
}

#[tokio::test]
async fn bytes_that_are_no_text_are_no_bug() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("pipeline.yaml"), [0xff, 0xfe, 0x00, 0x80]).unwrap();
    let said = call_in(folder.path(), &["check"]).await;
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(said.err.contains("pipeline.yaml"), "{said:?}");
}

const TWENTY_MISTAKES: &str = r#"stat: ./state
accounts:
  - name: home sweet home
    client_id: not-a-client-id
    calls_per_day: fifty
  - name: second
    client_id: ${NO_SUCH_VARIABLE}
    endpoints: { auth: "ftp://example.com" }
vehicles:
  - vin: WBY71AW050FP1234
  - vin: WBY71AW050FP12345
    nam: i4
sources:
  - type: telematic
  - type: telematics
    container: batery
    every: 30 parsecs
sinks:
  - type: influx
  - type: influxdb
    url: localhost:8086
    buckett: cardata
  - type: csv
    dir: data/csv
    layout: wid
    delimiter: ";;"
    rotate: hourly
  - type: sqlite
  - type: stdout
    format: xml
    select: { descriptors: [vehicle.nothing.at.all] }
    retry: { first: -1s }
journal:
  keep: 3 fortnights
clock: { speed: -1 }
clock: { speed: 2 }
"#;

#[tokio::test]
async fn every_mistake_is_told_at_once_with_its_place_and_a_way_out() {
    let folder = tempfile::tempdir().unwrap();
    let said = check(folder.path(), TWENTY_MISTAKES).await;
    assert_eq!(said.code, Some(2), "{said:?}");
    assert_eq!(said.out, "");
    assert!(said.err.matches("pipeline.yaml:").count() >= 20, "{}", said.err);
    insta::assert_snapshot!(said.err);
}

#[tokio::test]
async fn unknown_commands_and_options_end_with_2() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [
        &["fly"][..],
        &["run", "--speed", "9"],
        &["sim", "--speed", "0"],
        &["sim", "--port", "70000"],
        &[],
    ] {
        let said = call_in(folder.path(), arguments).await;
        assert_eq!(said.code, Some(2), "{arguments:?}: {said:?}");
        assert_ne!(said.err, "", "{arguments:?}");
    }
}
