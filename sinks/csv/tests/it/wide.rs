//! The wide layout: rows are snapshots, and a column never moves.

use collector_core::testkit::{entries, entry_with, reading};
use collector_core::{Entry, Reading, Value};
use jiff::Timestamp;
use serde_json::json;

use crate::archive::{Archive, NOON, snapshot_mut};

const FIXED: &str = "received_at [UTC],measured_at [UTC],vehicle,vin,source,entry";

fn archive() -> Archive {
    Archive::new(json!({ "layout": "wide" }))
}

fn number(short: &str, value: f64) -> Reading {
    reading(
        &format!("vehicle.{short}"),
        short,
        Value::Number(value),
        Some("km"),
        NOON,
    )
}

/// Of the vehicle `i4`, which has the odd numbers.
fn numbers(seq: u64, readings: &[(&str, f64)]) -> Entry {
    entry_with(
        seq,
        readings
            .iter()
            .map(|(short, value)| number(short, *value))
            .collect(),
    )
}

fn header(archive: &Archive, file: &str) -> String {
    archive.cells(file)[0].join(",")
}

/// The descriptors' cells of each row.
fn values(archive: &Archive, file: &str) -> Vec<String> {
    archive.cells(file)[1..]
        .iter()
        .map(|row| row[6..].join(","))
        .collect()
}

#[tokio::test]
async fn a_snapshot_is_a_row() {
    let archive = archive();
    let time = Value::Timestamp("2026-03-01T11:30:00Z".parse().unwrap());
    let snapshot = entry_with(
        1,
        vec![
            reading("vehicle.b", "soc", Value::Number(74.5), Some("%"), NOON - 60_000),
            reading("vehicle.a", "is_moving", Value::Bool(false), None, NOON),
            reading("vehicle.c", "trip_end_time", time, None, NOON - 1),
        ],
    );
    archive.store(&[snapshot]).await;
    assert_eq!(
        archive.read("cardata-i4-7A12345-2026-03.csv"),
        format!(
            "{FIXED},is_moving,soc [%],trip_end_time [UTC]\n\
             2026-03-01 12:01:01,2026-03-01 12:00:00,i4,WBY8P210X07A12345,telematics,1,\
             false,74.5,2026-03-01 11:30:00\n"
        )
    );
}

#[tokio::test]
async fn a_new_descriptor_begins_a_file_and_shifts_no_column() {
    let archive = archive();
    archive
        .store(&[numbers(1, &[("mileage", 1.0), ("range", 2.0)])])
        .await;
    archive.store(&[numbers(3, &[("range", 3.0)])]).await;
    archive
        .store(&[numbers(5, &[("fuel", 4.0), ("range", 5.0)])])
        .await;
    archive.store(&[numbers(7, &[("mileage", 6.0)])]).await;

    let (first, second) = (
        "cardata-i4-7A12345-2026-03.csv",
        "cardata-i4-7A12345-2026-03_2.csv",
    );
    assert_eq!(archive.files(), [first, second]);
    assert_eq!(
        header(&archive, first),
        format!("{FIXED},mileage [km],range [km]")
    );
    assert_eq!(values(&archive, first), ["1,2", ",3"]);
    assert_eq!(
        header(&archive, second),
        format!("{FIXED},mileage [km],range [km],fuel [km]")
    );
    assert_eq!(values(&archive, second), [",5,4", "6,,"]);
}

#[tokio::test]
async fn a_new_period_keeps_the_columns() {
    let archive = archive();
    archive.store(&[numbers(1, &[("range", 1.0)])]).await;
    archive.store(&[numbers(3, &[("fuel", 2.0)])]).await;
    let mut april = numbers(5, &[("fuel", 3.0)]);
    snapshot_mut(&mut april).received_at = "2026-04-01T00:00:00Z".parse::<Timestamp>().unwrap();
    archive.store(&[april]).await;

    let file = "cardata-i4-7A12345-2026-04.csv";
    assert_eq!(header(&archive, file), format!("{FIXED},range [km],fuel [km]"));
    assert_eq!(values(&archive, file), [",3"]);
}

#[tokio::test]
async fn another_unit_is_another_column() {
    let archive = archive();
    let celsius = reading("vehicle.x", "x", Value::Number(1.0), Some("°C"), NOON);
    archive
        .store(&[numbers(1, &[("x", 1.0)]), entry_with(3, vec![celsius])])
        .await;
    let file = "cardata-i4-7A12345-2026-03.csv";
    assert_eq!(header(&archive, file), format!("{FIXED},x [km],x [°C]"));
    assert_eq!(values(&archive, file), ["1,", ",1"]);
}

#[tokio::test]
async fn several_values_of_one_descriptor_get_rows_of_their_own() {
    let archive = archive();
    let mut later = number("power", -0.5);
    later.occurrence = 1;
    archive
        .store(&[entry_with(
            1,
            vec![number("power", 7.0), number("range", 2.0), later],
        )])
        .await;
    let file = "cardata-i4-7A12345-2026-03.csv";
    assert_eq!(values(&archive, file), ["7,2", "-0.5,"]);
    let cells = archive.cells(file);
    assert_eq!(cells[1][0], cells[2][0], "both are of one snapshot");
}

#[tokio::test]
async fn vehicles_have_files_of_their_own_and_every_value_is_there_once() {
    let archive = archive();
    let mut sink = archive.open();
    sink.write(&entries(1, 4)).await.unwrap();
    sink.write(&entries(1, 6)).await.unwrap();
    sink.close().await.unwrap();
    archive.store(&entries(1, 8)).await;

    let files = archive.files();
    assert_eq!(
        files,
        [
            "cardata-4567-the-other-1234567-2026-03.csv",
            "cardata-i4-7A12345-2026-03.csv"
        ]
    );
    let filled = |file: &String| -> usize {
        let cells = archive.cells(file);
        cells[1..]
            .iter()
            .flat_map(|row| &row[6..])
            .filter(|cell| !cell.is_empty())
            .count()
    };
    assert_eq!(files.iter().map(filled).sum::<usize>(), 8 * 8);
}

#[tokio::test]
async fn a_column_of_the_owner_stays_empty_and_in_its_place() {
    let archive = archive();
    archive.store(&[numbers(1, &[("range", 1.0)])]).await;
    let file = "cardata-i4-7A12345-2026-03.csv";
    let edited: String = archive
        .read(file)
        .lines()
        .zip(["note", "fine"])
        .map(|(line, cell)| format!("{line},{cell}\n"))
        .collect();
    archive.write_file(file, &edited);
    archive.store(&[numbers(3, &[("range", 2.0)])]).await;
    assert_eq!(archive.files(), [file]);
    assert_eq!(values(&archive, file), ["1,fine", "2,"]);
}
