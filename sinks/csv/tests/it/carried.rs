//! Sheets in which a value stands until the next one or its end: they say what the measured values say, in whatever order
//! and in however many runs these came.

use std::fs;

use collector_core::testkit::{entry_with, reading};
use collector_core::{Ended, Entry, Scope, Select, SinkError, Value};
use proptest::prelude::*;
use serde_json::json;

use crate::archive::{Archive, NOON, snapshot_mut};

const MINUTE: i64 = 60_000;
const DAY: i64 = 24 * 60 * MINUTE;
const MARCH: &str = "cardata-i4-7A12345-2026-03.csv";

fn archive() -> Archive {
    Archive::new(json!({ "layout": "wide", "carry_forward": true }))
}

/// What came of the vehicle `i4`: values, and ends (`None`), of descriptors at moments behind noon.
fn entry(seq: u64, told: &[(&str, Option<f64>, i64)]) -> Entry {
    let made = |short: &str, value: f64, after: i64| {
        reading(
            &format!("vehicle.{short}"),
            short,
            Value::Number(value),
            Some("km"),
            NOON + after,
        )
    };
    let readings = told
        .iter()
        .filter_map(|(short, value, after)| Some(made(short, (*value)?, *after)));
    let mut entry = entry_with(seq, readings.collect());
    let ended = told.iter().filter(|(_, value, _)| value.is_none());
    snapshot_mut(&mut entry).ended = ended
        .map(|(short, _, after)| {
            let reading = made(short, 0.0, *after);
            Ended {
                descriptor: reading.descriptor,
                at: reading.measured_at,
            }
        })
        .collect();
    entry
}

/// The header's columns, then each row's day, minute and cells.
fn sheet(archive: &Archive, file: &str) -> Vec<String> {
    let cells = archive.cells(file);
    let header = cells[0][4..].join(",");
    let rows = cells[1..].iter();
    let rows = rows.map(|row| format!("{} {}", &row[0][8..16], row[4..].join(",")));
    [header].into_iter().chain(rows).collect()
}

#[tokio::test]
async fn a_value_stands_until_the_next_one_or_its_end() {
    let archive = archive();
    archive
        .store(&[
            entry(1, &[("a", Some(1.0), 0), ("b", Some(2.0), 0)]),
            entry(3, &[("a", Some(3.0), 5 * MINUTE)]),
            entry(5, &[("b", None, 7 * MINUTE), ("c", None, 7 * MINUTE)]),
            entry(7, &[("a", Some(3.0), 9 * MINUTE)]),
        ])
        .await;
    let before = [
        "a [km],b [km]",
        "01 12:00 1,2",
        "01 12:05 3,2",
        "01 12:07 3,",
        "01 12:09 3,",
    ];
    assert_eq!(sheet(&archive, MARCH), before);
    assert_eq!(archive.files(), [MARCH], "one file that is seen");

    // What comes late stands in its minute, up to the next one. In one minute the later row has the later value.
    archive
        .store(&[
            entry(9, &[("a", Some(2.0), 6 * MINUTE), ("c", Some(5.0), 3 * MINUTE)]),
            entry(
                11,
                &[("b", Some(8.0), 9 * MINUTE + 1), ("b", Some(9.0), 9 * MINUTE + 2)],
            ),
        ])
        .await;
    let after = [
        "a [km],b [km],c [km]",
        "01 12:00 1,2,",
        "01 12:03 1,2,5",
        "01 12:05 3,2,5",
        "01 12:06 2,2,5",
        "01 12:07 2,,",
        "01 12:09 3,8,",
        "01 12:09 3,9,",
    ];
    assert_eq!(sheet(&archive, MARCH), after);
}

#[tokio::test]
async fn what_was_known_at_the_end_of_a_period_stands_in_the_next() {
    let archive = archive();
    archive
        .store(&[
            entry(1, &[("a", Some(1.0), 0), ("b", Some(2.0), 0)]),
            entry(3, &[("b", Some(3.0), 40 * DAY)]),
        ])
        .await;
    let april = "cardata-i4-7A12345-2026-04.csv";
    assert_eq!(sheet(&archive, april), ["b [km],a [km]", "10 12:00 3,1"]);
    // What comes late for March changes April, also with a column that March alone has.
    archive
        .store(&[entry(5, &[("a", Some(7.0), DAY), ("c", Some(4.0), DAY)])])
        .await;
    assert_eq!(sheet(&archive, april), ["b [km],a [km],c [km]", "10 12:00 3,7,4"]);
    assert_eq!(archive.files(), [MARCH, april]);

    // One that was taken away is made anew at the next start, with those behind it.
    let whole = archive.bytes(MARCH);
    fs::remove_file(archive.path().join(MARCH)).unwrap();
    archive.write_file(april, "torn");
    archive.store(&[entry(7, &[("b", Some(3.0), 41 * DAY)])]).await;
    assert_eq!(archive.bytes(MARCH), whole);
    assert_eq!(sheet(&archive, april)[1..], ["10 12:00 3,7,4", "11 12:00 3,7,4"]);
}

#[tokio::test]
async fn a_folder_of_the_other_setting_is_refused_and_left_as_it_is() {
    let (on, off) = (
        json!({ "layout": "wide", "carry_forward": true }),
        json!({ "layout": "wide" }),
    );
    for (first, second) in [(&on, &off), (&off, &on)] {
        let archive = Archive::new(first.clone());
        archive.store(&[entry(1, &[("a", Some(1.0), 0)])]).await;
        let before = archive.bytes(MARCH);
        let archive = archive.with(second.clone());
        let refused = archive
            .open()
            .write(&[entry(3, &[("a", Some(2.0), MINUTE)])])
            .await;
        let Err(SinkError::Misconfigured { reason }) = refused else {
            panic!("{refused:?}");
        };
        assert!(reason.contains("give the sink a new `dir`"), "{reason}");
        assert_eq!(archive.bytes(MARCH), before);
    }
}

/// A file's rows, each with the columns that have something: columns stand in the order in which they came.
type Seen = Vec<(String, Vec<String>)>;

fn seen(archive: &Archive) -> Seen {
    let of_file = |file: String| {
        let cells = archive.cells(&file);
        let row = |row: &Vec<String>| {
            let mut told: Vec<String> = cells[0]
                .iter()
                .zip(row)
                .map(|(name, cell)| format!("{name}={cell}"))
                .collect();
            told.retain(|cell| !cell.ends_with('='));
            told[4..].sort();
            told.join(" ")
        };
        let rows = cells[1..].iter().map(row).collect();
        (file, rows)
    };
    archive.files().into_iter().map(of_file).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, ..ProptestConfig::default() })]

    /// However what came is cut into batches and runs, and after a replay that rewrites, the sheets are those of one run.
    #[test]
    fn restarts_and_replays_make_the_same_sheets(
        told in prop::collection::vec((0..3_usize, prop::option::of(0..3_u8), 0..90_000_i64), 1..25),
        cuts in prop::collection::vec(any::<bool>(), 40),
    ) {
        let entries: Vec<Entry> = told
            .iter()
            .enumerate()
            .map(|(number, (short, value, minute))| {
                let short = ["a", "b", "c"][*short];
                entry(2 * number as u64 + 1, &[(short, value.map(f64::from), minute * MINUTE)])
            })
            .collect();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let (whole, cut) = (archive(), archive());
            whole.store(&entries).await;
            let mut rest = &entries[..];
            while !rest.is_empty() {
                let count = 1 + cuts.iter().skip(entries.len() - rest.len()).take_while(|cut| !**cut).count();
                let (batch, behind) = rest.split_at(count.min(rest.len()));
                cut.store(batch).await;
                rest = behind;
            }
            let live = seen(&cut);
            prop_assert_eq!(seen(&whole), live.clone());
            cut.erase(&Scope::new(vec![Select::default()], None, None)).await;
            cut.rewrite(&entries).await;
            prop_assert_eq!(seen(&cut), live);
            Ok(())
        })?;
    }
}
