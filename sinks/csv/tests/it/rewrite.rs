//! Histories that are delivered again, into folders that hold all, some or nothing of them.

use std::fs;

use collector_core::testkit::{entries, entry_with, expected, reading};
use collector_core::{Entry, Value};
use proptest::prelude::*;
use serde_json::json;

use crate::archive::{Archive, DAY, NOON, content, snapshot_mut, soc, text};

fn sorted(archive: &Archive) -> Vec<collector_core::testkit::Row> {
    let mut rows = archive.rows();
    rows.sort();
    rows
}

#[tokio::test]
async fn a_file_that_was_deleted_comes_back_and_the_others_stay_as_they_are() {
    let archive = Archive::new(json!({}));
    let all: Vec<Entry> = (1..=6)
        .map(|seq| soc(seq, DAY * 16 * i64::try_from(seq).unwrap()))
        .collect();
    archive.store(&all).await;
    let before = archive.files();
    let whole = content(&archive.path());
    fs::remove_file(archive.path().join("cardata-2026-04.csv")).unwrap();
    archive.rewrite(&all).await;
    assert_eq!(archive.files(), before);
    for name in before {
        assert_eq!(archive.bytes(&name), whole[&name], "{name}");
    }
    archive.store(&[soc(6, 0), soc(7, 0)]).await;
    assert_eq!(
        sorted(&archive),
        expected(&[&all[..], &[soc(7, 0)]].concat()),
        "the next entry is the seventh"
    );
}

#[tokio::test]
async fn every_file_of_a_period_is_looked_into() {
    let archive = Archive::new(json!({ "rotate": "never" }));
    archive.store(&[soc(1, 0)]).await;
    fs::rename(
        archive.path().join("cardata.csv"),
        archive.path().join("cardata_2.csv"),
    )
    .unwrap();
    archive.write_file("cardata.csv", "notes of the owner\n1\n");
    archive.store(&[soc(2, 0)]).await;
    assert_eq!(
        archive.files(),
        ["cardata.csv", "cardata_2.csv"],
        "the second is the last and goes on"
    );
    let before = content(&archive.path());
    archive.rewrite(&[soc(1, 0), soc(2, 0)]).await;
    assert_eq!(content(&archive.path()), before);
}

#[tokio::test]
async fn rows_are_known_by_what_identifies_a_reading() {
    let archive = Archive::new(json!({}));
    let batch = [soc(1, 0), text(2, "=a,\n\"b\"")];
    archive.store(&batch).await;
    let file = "cardata-2026-03.csv";
    // Saved by a program that quotes everything and knows Windows' line ends.
    let mut saved = csv::WriterBuilder::new()
        .quote_style(csv::QuoteStyle::Always)
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_path(archive.path().join(file))
        .unwrap();
    for record in reader.records() {
        saved.write_record(&record.unwrap()).unwrap();
    }
    fs::write(archive.path().join(file), saved.into_inner().unwrap()).unwrap();
    let mut changed = batch.clone();
    for entry in &mut changed {
        let snapshot = snapshot_mut(entry);
        snapshot.vehicle.name = "a new name".into();
        snapshot.source = "another source".into();
        snapshot.readings[0].value = Value::Text("another value".into());
    }
    let before = content(&archive.path());
    archive.rewrite(&changed).await;
    assert_eq!(
        content(&archive.path()),
        before,
        "neither names nor the value tell a reading from another"
    );
}

fn wide() -> Archive {
    Archive::new(json!({ "layout": "wide" }))
}

fn numbers(seq: u64, readings: &[(&str, f64)]) -> Entry {
    let number = |(short, value): &(&str, f64)| {
        reading(
            &format!("vehicle.{short}"),
            short,
            Value::Number(*value),
            Some("km"),
            NOON,
        )
    };
    entry_with(seq, readings.iter().map(number).collect())
}

/// Every cell with a value of every file: its minute, vehicle, column, value.
fn cells(archive: &Archive) -> Vec<String> {
    let mut cells = Vec::new();
    for file in archive.files() {
        let table = archive.cells(&file);
        for row in &table[1..] {
            let filled = row.iter().zip(&table[0]).skip(4);
            let filled = filled.filter(|(cell, _)| !cell.is_empty());
            cells.extend(filled.map(|(cell, column)| format!("{} {} {column}={cell}", row[0], row[2])));
        }
    }
    cells.sort();
    cells
}

#[tokio::test]
async fn a_sheet_gets_the_rows_and_cells_that_it_lacks() {
    let archive = wide();
    let all = [
        numbers(1, &[("mileage", 1.0), ("range", 2.0)]),
        numbers(3, &[("mileage", 3.0), ("heading", 4.0), ("range", 5.0)]),
        numbers(5, &[("range", 6.0)]),
    ];
    for entry in &all {
        archive.store(std::slice::from_ref(entry)).await;
    }
    let (want, before) = (cells(&archive), content(&archive.path()));
    archive.rewrite(&all).await;
    archive.rewrite(&[numbers(1, &[("range", 2.0)])]).await;
    assert_eq!(content(&archive.path()), before, "all of it is there");

    for file in archive.files() {
        fs::remove_file(archive.path().join(&file)).unwrap();
        archive.rewrite(&all).await;
        assert_eq!(cells(&archive), want, "without {file}");
    }
    archive
        .rewrite(&[numbers(1, &[("mileage", 1.0), ("altitude", 7.0)])])
        .await;
    let added = cells(&archive);
    assert_eq!(added.len(), want.len() + 1);
    assert!(added.contains(&"2026-03-01 12:00:00 WBY8P210X07A12345 altitude [km]=7".to_owned()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// Whatever stands in the folder and however the history is cut, a rewrite of all of it leaves each row once.
    #[test]
    fn a_rewrite_leaves_everything_once(
        first in prop::collection::vec(any::<bool>(), 12),
        cuts in prop::collection::vec(1..5_usize, 1..6),
        layout in prop_oneof![Just("long"), Just("wide")],
    ) {
        let all = entries(1, 12);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let archive = Archive::new(json!({ "layout": layout }));
            let whole = Archive::new(json!({ "layout": layout }));
            whole.store(&all).await;
            let some: Vec<Entry> = all.iter().zip(&first).filter(|(_, kept)| **kept).map(|(e, _)| e.clone()).collect();
            archive.store(&some).await;
            let mut rest = &all[..];
            for cut in cuts.iter().cycle() {
                let (batch, behind) = rest.split_at((*cut).min(rest.len()));
                archive.rewrite(batch).await;
                rest = behind;
                if rest.is_empty() { break }
            }
            match layout {
                "long" => assert_eq!(sorted(&archive), expected(&all)),
                _ => assert_eq!(cells(&archive), cells(&whole)),
            }
        });
    }
}
