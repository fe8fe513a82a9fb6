//! Delimiters, decimal separators, byte order marks, and texts that a spreadsheet would run.

use collector_core::testkit::{entry_with, reading};
use collector_core::{Entry, SinkConfig, Value};
use serde_json::json;
use sink_csv::CsvConfig;

use crate::archive::{Archive, NOON, snapshot_mut, soc, text};
use crate::erase::between;

fn latitude(seq: u64) -> Entry {
    let value = Value::Number(-50.5);
    entry_with(
        seq,
        vec![reading("vehicle.latitude", "latitude", value, Some("°"), NOON)],
    )
}

#[tokio::test]
async fn a_german_excel_gets_what_it_reads() {
    let archive = Archive::new(json!({ "delimiter": ";", "decimal": ",", "bom": true }));
    archive.store(&[latitude(1)]).await;
    archive.store(&[soc(3, 0)]).await;
    let text = archive.read("cardata-2026-03.csv");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines[0],
        "\u{feff}measured_at;vehicle;vin;descriptor;value;unit;source;origin;stamp;occurrence"
    );
    assert!(
        lines[1].ends_with(";vehicle.latitude;-50,5;°;telematics;poll;measured;"),
        "{}",
        lines[1]
    );
    assert!(
        lines[2].ends_with(";vehicle.header;3;%;telematics;poll;measured;"),
        "{}",
        lines[2]
    );
    assert_eq!(text.matches('\u{feff}').count(), 1);
}

#[tokio::test]
async fn a_tab_separates_cells() {
    let archive = Archive::new(json!({ "delimiter": "\t" }));
    archive.store(&[text(1, "a,b;c\td")]).await;
    assert!(
        archive
            .read("cardata-2026-03.csv")
            .contains("\tvehicle.text\t\"a,b;c\td\"\t\t")
    );
    assert_eq!(archive.rows()[0].value, "a,b;c\td");
}

#[tokio::test]
async fn a_file_with_another_delimiter_is_not_extended() {
    let archive = Archive::new(json!({}));
    archive.store(&[soc(1, 0)]).await;
    let before = archive.read("cardata-2026-03.csv");
    let options = json!({ "dir": archive.path(), "delimiter": ";" });
    let config: CsvConfig = serde_json::from_value(options).unwrap();
    let mut sink = config.build(collector_core::testkit::context()).unwrap();
    sink.write(&[soc(2, 0)]).await.unwrap();
    assert_eq!(archive.read("cardata-2026-03.csv"), before);
    assert!(
        archive
            .read("cardata-2026-03_2.csv")
            .starts_with("measured_at;vehicle;")
    );
}

#[tokio::test]
async fn formulas_are_text_and_numbers_are_numbers() {
    let archive = Archive::new(json!({}));
    let texts = ["=1+2", "@x", "-a", "'a", "''=", "\t=1", "+49", "plain"];
    let mut batch: Vec<Entry> = (1..).zip(texts).map(|(seq, value)| text(seq, value)).collect();
    batch.push(latitude(99));
    archive.store(&batch).await;
    let file = archive.read("cardata-2026-03.csv");
    assert!(
        file.contains(",'=1+2,") && file.contains(",''a,") && file.contains(",-50.5,"),
        "{file}"
    );
    let values: Vec<String> = archive.rows().into_iter().map(|row| row.value).collect();
    assert_eq!(values, [&texts[..], &["-50.5"]].concat());
}

#[tokio::test]
async fn names_of_vehicles_and_sources_are_no_formulas_either() {
    let mut entry = soc(1, 0);
    let snapshot = snapshot_mut(&mut entry);
    snapshot.vehicle.name = "=cmd|' /C calc'!A0".into();
    snapshot.source = "@home".into();
    for layout in ["long", "wide"] {
        let archive = Archive::new(json!({ "layout": layout }));
        archive.store(std::slice::from_ref(&entry)).await;
        let file = archive.read(&archive.files()[0]);
        assert!(
            file.contains(",'=cmd|' /C calc'!A0,") && file.contains(",'@home"),
            "{file}"
        );
    }
}

#[cfg(unix)]
#[tokio::test]
async fn others_read_what_they_may() {
    use std::os::unix::fs::PermissionsExt;
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let set = |path: &std::path::Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    let archive = Archive::new(json!({ "others_may_read": true }));
    archive.store(&[soc(1, 0)]).await;
    let file = archive.path().join("cardata-2026-03.csv");
    assert_eq!(
        (mode(&archive.path()) & 0o055, mode(&file) & 0o044),
        (0o055, 0o044)
    );

    // One that was begun before the option was set.
    set(&file, 0o640);
    archive.store(&[soc(2, 1)]).await;
    assert_eq!(mode(&file), 0o644);

    let archive = archive.with(json!({}));
    set(&file, 0o640);
    archive.store(&[soc(3, 2)]).await;
    assert_eq!(mode(&file), 0o640);
    set(&file, 0o600);
    archive.erase(&between(0, 1)).await;
    assert_eq!(mode(&file), 0o600, "written anew");
}
