//! The wide layout: a row is a minute, a value stands in the row of its minute, and a column never moves.

use std::collections::BTreeSet;
use std::fs;

use collector_core::testkit::{entries, entry_with, reading};
use collector_core::{Entry, Origin, Reading, Value, Vehicle};
use proptest::prelude::*;
use serde_json::json;

use crate::archive::{Archive, NOON, content, snapshot_mut};

const FIXED: &str = "minute [UTC],vehicle,vin,source";
const FILE: &str = "cardata-i4-7A12345-2026-03.csv";
const MINUTE: i64 = 60_000;
const PROGRESS: &str = ".cardata-under-test.progress";

fn archive() -> Archive {
    Archive::new(json!({ "layout": "wide" }))
}

/// Measured so long after noon.
fn number(short: &str, value: f64, after: i64) -> Reading {
    let id = format!("vehicle.{short}");
    reading(&id, short, Value::Number(value), Some("km"), NOON + after)
}

/// Of the vehicle `i4`, which has the odd numbers.
fn one(seq: u64, short: &str, value: f64, after: i64) -> Entry {
    entry_with(seq, vec![number(short, value, after)])
}

fn header(archive: &Archive, file: &str) -> String {
    archive.cells(file)[0].join(",")
}

/// Each row's minute and the descriptors' cells.
fn rows(archive: &Archive, file: &str) -> Vec<String> {
    let cells = archive.cells(file);
    let shown = |row: &Vec<String>| format!("{} {}", &row[0][11..16], row[4..].join(","));
    cells[1..].iter().map(shown).collect()
}

#[tokio::test]
async fn keys_that_come_one_by_one_share_the_row_of_their_minute_and_one_file() {
    let archive = archive();
    let all: Vec<Entry> = (0..26)
        .map(|key| {
            one(
                2 * key + 1,
                &format!("key_{key:02}"),
                key as f64,
                1_000 * key as i64,
            )
        })
        .collect();
    for entry in &all {
        archive.store(std::slice::from_ref(entry)).await;
    }
    let columns: Vec<String> = (0..26).map(|key| format!("key_{key:02} [km]")).collect();
    let values: Vec<String> = (0..26).map(|key| key.to_string()).collect();
    assert_eq!(
        archive.read(FILE),
        format!(
            "{FIXED},{}\n2026-03-01 12:00:00,i4,WBY8P210X07A12345,telematics,{}\n",
            columns.join(","),
            values.join(",")
        )
    );
    assert_eq!(archive.files(), [FILE]);
}

#[tokio::test]
async fn a_value_that_comes_late_stands_in_its_minute() {
    let archive = archive();
    archive
        .store(&[
            one(1, "a", 1.0, 0),
            one(3, "b", 2.0, MINUTE),
            one(5, "a", 3.0, 5 * MINUTE),
        ])
        .await;
    archive
        .store(&[
            one(7, "b", 4.0, 5_000),
            one(9, "b", 5.0, 3 * MINUTE),
            one(11, "a", 6.0, -MINUTE),
        ])
        .await;
    assert_eq!(
        rows(&archive, FILE),
        ["11:59 6,", "12:00 1,4", "12:01 ,2", "12:03 ,5", "12:05 3,"]
    );
}

/// More than the end of the file that is read as a rule.
#[tokio::test]
async fn a_value_that_comes_very_late_stands_in_its_minute_too() {
    let archive = archive();
    let many: Vec<Entry> = (0..3_000)
        .map(|at| one(2 * at + 1, "a", at as f64, MINUTE * at as i64))
        .collect();
    archive.store(&many).await;
    let before = archive.bytes(FILE).len();
    assert!(before > 128 * 1024, "{before}");
    archive
        .store(&[
            one(6_001, "a", -1.0, 30_000),
            one(6_003, "a", 7.0, 3_000 * MINUTE),
        ])
        .await;
    let cells = archive.cells(FILE);
    let values: Vec<&str> = cells[1..].iter().map(|row| &*row[4]).collect();
    assert_eq!(
        (cells.len(), &values[..3], values[3_001]),
        (3_003, &["0", "-1", "1"][..], "7")
    );
}

#[tokio::test]
async fn what_is_measured_later_touches_nothing_above() {
    let archive = archive();
    archive.store(&[one(1, "a", 1.0, 0)]).await;
    let noted = archive.read(FILE).replace(",1\n", ",1\r\nmy own line\r\n");
    archive.write_file(FILE, &noted);
    archive
        .store(&[one(3, "a", 2.0, MINUTE), one(5, "a", 3.0, 2 * MINUTE)])
        .await;
    let file = archive.read(FILE);
    let added = file.strip_prefix(&noted).unwrap();
    assert_eq!(added.matches('\n').count(), 2, "{added}");
}

#[tokio::test]
async fn a_new_descriptor_becomes_the_last_column_of_the_file() {
    let archive = archive();
    archive.store(&[one(1, "range", 1.0, 0)]).await;
    // Its owner has a column, and saved with other ends of lines.
    let noted = archive
        .read(FILE)
        .replace("[km]\n", "[km],note\r\n")
        .replace(",1\n", ",1,\"a, b\"\r\n");
    archive.write_file(FILE, &noted);
    archive
        .store(&[one(3, "altitude", 2.0, 1), one(5, "mileage", 3.0, MINUTE)])
        .await;
    assert_eq!(archive.files(), [FILE]);
    assert_eq!(
        header(&archive, FILE),
        format!("{FIXED},range [km],note,altitude [km],mileage [km]")
    );
    assert_eq!(rows(&archive, FILE), ["12:00 1,a, b,2,", "12:01 ,,,3"]);
    archive
        .store(&[one(7, "range", 4.0, 40 * 24 * 60 * MINUTE)])
        .await;
    let next = "cardata-i4-7A12345-2026-04.csv";
    assert_eq!(
        header(&archive, next),
        header(&archive, FILE),
        "a new period keeps the columns"
    );
}

#[tokio::test]
async fn a_minute_has_each_value_once_and_a_second_one_in_a_row_of_its_own() {
    let archive = archive();
    let values = [(7.0, 0), (7.0, 1), (8.0, 2)].map(|(value, after)| number("power", value, after));
    archive
        .store(&[entry_with(1, values.to_vec()), one(3, "range", 2.0, 3)])
        .await;
    archive.store(&[one(5, "power", 8.0, 4)]).await;
    assert_eq!(rows(&archive, FILE), ["12:00 7,2", "12:00 8,"]);
}

#[tokio::test]
async fn another_unit_is_another_column_and_a_row_names_its_sources() {
    let archive = archive();
    let celsius = reading("vehicle.x", "x", Value::Number(1.0), Some("°C"), NOON);
    let mut streamed = entry_with(3, vec![celsius]);
    snapshot_mut(&mut streamed).source = "live".into();
    snapshot_mut(&mut streamed).origin = Origin::Stream;
    archive.store(&[one(1, "x", 1.0, 0), streamed]).await;
    let cells = archive.cells(FILE);
    assert_eq!(cells[0][4..], ["x [km]", "x [°C]"]);
    assert_eq!(cells[1][3..], ["telematics + live", "1", "1"]);
}

#[tokio::test]
async fn a_row_is_as_long_as_its_owner_wants() {
    for (row, heading, expected) in [
        ("1s", "second [UTC]", ["12:00 1", "12:00 2", "12:59 3"]),
        ("1h", "hour [UTC]", ["12:00 1", "12:00 2", "12:00 3"]),
    ] {
        let archive = Archive::new(json!({ "layout": "wide", "row": row }));
        let all = [
            one(1, "a", 1.0, 0),
            one(3, "a", 2.0, 1_000),
            one(5, "a", 3.0, 59 * MINUTE),
        ];
        archive.store(&all).await;
        assert_eq!(
            (archive.cells(FILE)[0][0].as_str(), rows(&archive, FILE)),
            (heading, expected.map(String::from).to_vec())
        );
    }
}

#[tokio::test]
async fn vehicles_have_files_of_their_own_and_a_repeat_changes_nothing() {
    let archive = archive();
    let mut sink = archive.open();
    sink.write(&entries(1, 4)).await.unwrap();
    sink.write(&entries(1, 6)).await.unwrap();
    sink.close().await.unwrap();
    archive.store(&entries(1, 8)).await;
    let files = archive.files();
    assert_eq!(files, ["cardata-4567-the-other-1234567-2026-03.csv", FILE]);
    let before = content(&archive.path());
    archive.rewrite(&entries(1, 8)).await;
    for file in files {
        assert_eq!(archive.bytes(&file), before[&file], "{file}");
    }
}

/// The cell of a column as it stands in the file, apostrophe and all.
#[tokio::test]
async fn nothing_is_another_thing_to_a_spreadsheet() {
    let archive = archive();
    let mut entry = entry_with(
        1,
        ["7E00123", "007", "3-4", "=1+2", "TRUE", "two\nlines", "CHARGING"]
            .iter()
            .enumerate()
            .map(|(number, text)| {
                let value = Value::Text((*text).into());
                reading(
                    &format!("vehicle.t{number}"),
                    &format!("t{number}"),
                    value,
                    None,
                    NOON,
                )
            })
            .collect(),
    );
    snapshot_mut(&mut entry).vehicle = Vehicle {
        vin: "WBYZZZ00007E00123".parse().unwrap(),
        name: "7E00123".into(),
    };
    archive.store(&[entry]).await;
    let row = archive
        .read("cardata-7E00123-2026-03.csv")
        .lines()
        .nth(1)
        .unwrap()
        .to_owned();
    assert_eq!(
        row,
        "2026-03-01 12:00:00,'7E00123,WBYZZZ00007E00123,telematics,'7E00123,'007,'3-4,'=1+2,'TRUE,two lines,CHARGING"
    );
}

/// The end of the file is replaced: whatever of that reached the disk, the batch stands there once.
#[tokio::test]
async fn a_kill_while_the_end_is_replaced_costs_nothing() {
    let first = [one(1, "a", 1.0, 0), one(3, "b", 2.0, MINUTE)];
    let second = [one(5, "b", 3.0, 1), one(7, "a", 44.0, 2 * MINUTE)];
    let whole = archive();
    whole.store(&first).await;
    let before = whole.bytes(FILE);
    let noted = whole.bytes(PROGRESS).len();
    whole.store(&second).await;
    let after = whole.bytes(FILE);
    let progress = whole.bytes(PROGRESS);
    let intent = noted + progress[noted..].iter().position(|byte| *byte == b'\n').unwrap() + 1;
    let begin = before
        .iter()
        .zip(&after)
        .position(|(old, new)| old != new)
        .unwrap();
    for written in begin..=after.len() {
        let killed = archive();
        fs::create_dir_all(killed.path()).unwrap();
        let torn = [&after[..written], before.get(written..).unwrap_or_default()].concat();
        fs::write(killed.path().join(FILE), torn).unwrap();
        fs::write(killed.path().join(PROGRESS), &progress[..intent]).unwrap();
        let mut sink = killed.open();
        sink.write(&second).await.unwrap();
        assert_eq!(killed.bytes(FILE), after, "{written} bytes");
        sink.close().await.unwrap();
    }
}

/// A file that is written anew is there before the batch is noted.
#[tokio::test]
async fn a_kill_behind_a_new_column_costs_nothing() {
    let first = [one(1, "a", 1.0, 0)];
    let second = [one(3, "b", 2.0, 1), one(5, "a", 3.0, MINUTE)];
    let archive = archive();
    archive.store(&first).await;
    let noted = archive.bytes(PROGRESS);
    archive.store(&second).await;
    let after = archive.bytes(FILE);
    fs::write(archive.path().join(PROGRESS), noted).unwrap();
    archive.store(&second).await;
    assert_eq!(archive.bytes(FILE), after);
}

/// A key of few, a value of few, a time within the hour; by how it stands in a sheet.
type Sent = (u8, u8, i64);

fn sent(seq: usize, (key, value, after): Sent) -> Entry {
    let value = f64::from(value);
    one(2 * seq as u64 + 1, &format!("key_{key}"), value, after * 1_000)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// Whatever comes in whatever order and parts, and again: each minute has each value once, minutes are in order, a
    /// row has nothing twice, and all of it is one file.
    #[test]
    fn every_value_stands_in_its_minute(
        all in prop::collection::vec((0..4_u8, 0..3_u8, 0..600_i64), 1..30),
        cuts in prop::collection::vec(1..5_usize, 1..6),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let archive = archive();
            let batch: Vec<Entry> = all.iter().enumerate().map(|(seq, one)| sent(seq, *one)).collect();
            let mut rest = &batch[..];
            for cut in cuts.iter().cycle() {
                let (part, behind) = rest.split_at((*cut).min(rest.len()));
                archive.store(part).await;
                rest = behind;
                if rest.is_empty() { break }
            }
            let once = archive.bytes(FILE);
            archive.rewrite(&batch).await;
            assert_eq!(archive.bytes(FILE), once, "again");
            assert_eq!(archive.files(), [FILE]);
            let expected: BTreeSet<String> = all
                .iter()
                .map(|(key, value, after)| format!("12:{:02} key_{key} [km]={value}", after / 60))
                .collect();
            let table = archive.cells(FILE);
            let mut found = Vec::new();
            for row in &table[1..] {
                let filled = row.iter().zip(&table[0]).skip(4).filter(|(cell, _)| !cell.is_empty());
                found.extend(filled.map(|(cell, column)| format!("{} {column}={cell}", &row[0][11..16])));
            }
            assert_eq!(found.len(), expected.len());
            assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), expected);
            let times: Vec<&String> = table[1..].iter().map(|row| &row[0]).collect();
            assert!(times.is_sorted(), "{times:?}");
        });
    }
}
