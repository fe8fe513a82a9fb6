//! What is taken out of the files so that it can come anew, and what stays whatever happens.

use std::fs;

use collector_core::testkit::{entries, entry_with, expected, reading, record_rows, trip};
use collector_core::{Entry, RecordState, Scope, Value};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use crate::archive::{Archive, DAY, LONG_HEADER, NOON, content, snapshot_mut, soc};

pub const FILE: &str = "cardata-2026-03.csv";

fn scope(select: Json) -> Scope {
    Scope::new(vec![serde_json::from_value(select).unwrap()], None, None)
}

pub fn between(since: i64, until: i64) -> Scope {
    let time = |after_noon| Some(jiff::Timestamp::from_millisecond(NOON + after_noon).unwrap());
    Scope::new(Vec::new(), time(since), time(until))
}

pub fn sorted(archive: &Archive) -> Vec<collector_core::testkit::Row> {
    let mut rows = archive.rows();
    rows.sort();
    rows
}

/// Whether a reading is chosen by descriptor, VIN and number of its entry.
type Chooses = fn(&str, &str, u64) -> bool;

fn is_soc(id: &str) -> bool {
    id == "vehicle.header" || id == "vehicle.drivetrain.batteryManagement.header"
}

/// The short name stands in no file of the long layout.
#[tokio::test]
async fn readings_are_chosen_by_all_that_a_row_tells() {
    let all = entries(1, 6);
    let mut streamed = soc(9, DAY);
    snapshot_mut(&mut streamed).source = "stream".into();
    let all = [&all[..], &[streamed]].concat();
    let choices: [(Json, Chooses); 6] = [
        (json!({ "descriptors": ["soc"] }), |id, _, _| is_soc(id)),
        (json!({ "descriptors": ["!soc"] }), |id, _, _| !is_soc(id)),
        (json!({ "descriptors": ["vehicle.drivetrain.**"] }), |id, _, _| {
            id.starts_with("vehicle.drivetrain.")
        }),
        (json!({ "vehicles": ["I4"] }), |_, vin, _| vin.ends_with("12345")),
        (json!({ "vehicles": ["*34567"] }), |_, vin, _| {
            vin.ends_with("34567")
        }),
        (json!({ "sources": ["stream"] }), |_, _, seq| seq == 9),
    ];
    for (select, is_chosen) in choices {
        let archive = Archive::new(json!({}));
        archive.store(&all).await;
        archive.erase(&scope(select.clone())).await;
        let kept = all.iter().flat_map(|entry| {
            let rows = expected(std::slice::from_ref(entry)).into_iter();
            rows.filter(|row| !is_chosen(&row.descriptor, &row.vin, entry.seq))
        });
        let mut kept: Vec<_> = kept.collect();
        kept.sort();
        assert_eq!(sorted(&archive), kept, "{select}");
        archive.rewrite(&all).await;
        assert_eq!(sorted(&archive), expected(&all), "{select}, delivered again");
    }
}

#[tokio::test]
async fn what_others_wrote_stays_byte_for_byte() {
    let archive = Archive::new(json!({ "bom": true }));
    archive.store(&[soc(1, 0), soc(3, DAY), soc(5, 2 * DAY)]).await;
    let written = archive.read(FILE).replace('\n', "\r\n");
    let mut lines: Vec<&str> = written.split_inclusive("\r\n").collect();
    let notes = [
        "2026-03-02T12:00:00.000Z,i4,WBY8P210X07A12345,my.note,\"serviced,\r\n twice\",,me,,,\r\n",
        "02.03.2026,i4,WBY8P210X07A12345,vehicle.header,3,%,telematics,poll,measured,\r\n",
        "\"2026-03-02T12:00:00.000Z\",\"i4\"\r\n",
    ];
    lines.splice(2..2, notes);
    archive.write_file(FILE, &(lines.concat() + "no end"));
    lines.remove(5);
    let others = [
        (
            "cardata-2026-03_2.csv",
            "date,vin\n2026-03-02T12:00:00.000Z,WBY8P210X07A12345\n".to_owned(),
        ),
        ("copy of cardata-2026-03.csv", written.clone()),
        (
            "trips.csv",
            "vehicle,vin,start\ni4,WBY8P210X07A12345,2026-03-02T12:00:00.000Z\n".to_owned(),
        ),
        (
            "Trip.csv",
            "vehicle,vin,at,revision,state\ni4,WBY8P210X07A12345,2026-03-02T12:00:00.000Z,1,final\n"
                .to_owned(),
        ),
    ];
    for (name, text) in &others {
        archive.write_file(name, text);
    }
    archive.erase(&between(DAY / 2, DAY)).await;
    assert_eq!(archive.read(FILE), lines.concat() + "no end");
    for (name, text) in &others {
        assert_eq!(archive.read(name), *text, "{name}");
    }
    let before = content(&archive.path());
    archive.erase(&scope(json!({ "descriptors": ["range"] }))).await;
    let mut after = content(&archive.path());
    let progress = ".cardata-under-test.progress".to_owned();
    after.insert(progress.clone(), before[&progress].clone());
    assert_eq!(after, before, "nothing of it is there");
}

#[tokio::test]
async fn rows_of_older_versions_go_too() {
    let rows = [
        ("measured_at,vehicle,vin,descriptor,value,unit,source\n", ""),
        (
            "measured_at,vehicle,vin,descriptor,value,unit,source,origin,stamp\n",
            ",poll,measured",
        ),
    ];
    for (header, end) in rows {
        let archive = Archive::new(json!({}));
        let row = |time: &str| format!("{time},i4,WBY8P210X07A12345,vehicle.header,1,%,telematics{end}\n");
        let [first, second] = ["2026-03-01T12:00:00.000Z", "2026-03-02T12:00:00.000Z"].map(row);
        archive.store(&[soc(1, 40 * DAY)]).await;
        archive.write_file(FILE, &format!("{header}{first}{second}"));
        archive.erase(&between(DAY, DAY)).await;
        assert_eq!(archive.read(FILE), format!("{header}{first}"));
    }
}

/// A row that has the key of a reading would keep that out when it comes anew.
#[tokio::test]
async fn a_row_of_ours_goes_whatever_became_of_its_other_cells() {
    let all = [soc(1, 0), soc(3, DAY)];
    let edits: [(&str, &[u8]); 6] = [
        (",poll,measured,", b",x,measured,"),
        (",poll,measured,", b",poll,,"),
        (",poll,measured,", b",,guessed,"),
        (",poll,measured,\n", b"\n"),
        (",i4,", b",K\xe4fer,"),
        (",telematics,", b",Z\xe4hler,"),
    ];
    let untouched = Archive::new(json!({}));
    untouched.store(&all).await;
    let mut expected = untouched.cells(FILE);
    expected.sort();
    for (written, edited) in edits {
        let archive = Archive::new(json!({}));
        archive.store(&all).await;
        let text = archive.read(FILE);
        let (before, behind) = text.split_once(written).unwrap();
        let bytes = [before.as_bytes(), edited, behind.as_bytes()].concat();
        fs::write(archive.path().join(FILE), bytes).unwrap();
        archive.erase(&between(0, DAY)).await;
        archive.rewrite(&all).await;
        let mut lines = archive.cells(FILE);
        lines.sort();
        assert_eq!(lines, expected, "{written:?}");
    }
}

fn wide() -> Archive {
    Archive::new(json!({ "layout": "wide" }))
}

pub fn numbers(seq: u64, readings: &[(&str, f64)]) -> Entry {
    let number = |(short, value): &(&str, f64)| {
        let id = format!("vehicle.{short}");
        reading(&id, short, Value::Number(*value), Some("km"), NOON)
    };
    entry_with(seq, readings.iter().map(number).collect())
}

pub const SHEET: &str = "cardata-i4-7A12345-2026-03.csv";

fn lines_of(archive: &Archive, from: usize) -> Vec<String> {
    let cells = archive.cells(SHEET);
    cells[1..].iter().map(|row| row[from..].join(",")).collect()
}

#[tokio::test]
async fn cells_are_emptied_and_a_row_without_any_goes() {
    let archive = wide();
    let all = [
        numbers(1, &[("mileage", 1.0), ("range", 2.0)]),
        numbers(3, &[("range", 3.0)]),
        numbers(5, &[("mileage", 4.0)]),
        numbers(7, &[("range", 5.0)]),
    ];
    archive.store(&all).await;
    assert_eq!(lines_of(&archive, 4), ["1,2", "4,3", ",5"]);
    // Its owner has a column, and a word about the last row.
    let noted = archive.read(SHEET).replace('\n', ",\r\n");
    let noted = noted
        .replacen("[km],\r\n", "[km],note\r\n", 1)
        .replace(",5,\r\n", ",5,\"a,b\"\r\n");
    archive.write_file(SHEET, &noted);
    archive
        .erase(&scope(json!({ "descriptors": ["vehicle.r*"] })))
        .await;
    assert_eq!(lines_of(&archive, 4), ["1,,", "4,,", ",,a,b"]);
    assert_eq!(
        archive.read(SHEET).matches('\n').count(),
        archive.read(SHEET).matches("\r\n").count()
    );
    archive.rewrite(&all).await;
    assert_eq!(lines_of(&archive, 4), ["1,2,", "4,3,", ",5,a,b"]);
    archive.erase(&scope(json!({ "sources": ["stream"] }))).await;
    assert_eq!(lines_of(&archive, 4).len(), 3);
    archive.erase(&Scope::default()).await;
    assert_eq!(lines_of(&archive, 4), [",,a,b"]);
}

#[tokio::test]
async fn a_sheet_is_read_in_another_way() {
    let archive = wide();
    let all = [numbers(1, &[("mileage", 1.0)]), numbers(3, &[("mileage", 2.0)])];
    archive.store(&all).await;
    archive.erase(&Scope::default()).await;
    let again = [numbers(1, &[("mileage", 1.5)]), numbers(3, &[("mileage", 2.5)])];
    archive.rewrite(&again).await;
    assert_eq!(lines_of(&archive, 4), ["1.5", "2.5"]);
}

#[tokio::test]
async fn a_record_goes_with_its_parts_by_its_own_time() {
    let archive = Archive::new(json!({}));
    let all = [
        trip(0, 1, RecordState::Live, 2),
        trip(0, 2, RecordState::Final, 2),
        trip(5, 1, RecordState::Final, 1),
    ];
    let entries: Vec<Entry> = (1..)
        .zip(&all)
        .map(|(seq, trip)| Entry::record_of(seq, trip.clone()))
        .collect();
    archive.store(&entries).await;
    let records = || {
        let mut rows = archive.records();
        rows.sort();
        rows
    };
    // The stops of the first trip began later than this.
    archive.erase(&between(-1, 1)).await;
    assert_eq!(records(), record_rows(&all[2..]));
    archive.rewrite(&entries).await;
    assert_eq!(records(), record_rows(&all));
    archive.erase(&scope(json!({ "vehicles": ["!i4"] }))).await;
    assert_eq!(records(), record_rows(&all));
    archive.erase(&Scope::default()).await;
    assert_eq!(records(), []);
}

/// A program that was killed leaves entries in the files that were never acknowledged: they come again after an erasure
/// that they went with, behind a replay that did not reach them.
#[tokio::test]
async fn what_was_never_acknowledged_comes_again_after_an_erasure() {
    for layout in ["long", "wide"] {
        let archive = Archive::new(json!({ "layout": layout }));
        let all: Vec<Entry> = (1..=6).map(|seq| soc(seq, i64::try_from(seq).unwrap())).collect();
        archive.store(&all[..5]).await;
        let whole = archive.files();
        archive.erase(&Scope::default()).await;
        archive.rewrite(&all[..3]).await;
        archive.store(&all[3..5]).await;
        archive.store(&all[4..]).await;
        archive.store(&all[3..]).await;
        assert_eq!(archive.files(), whole);
        // Beside the headers.
        let rows = whole.iter().map(|file| archive.cells(file).len() - 1);
        assert_eq!(rows.sum::<usize>(), all.len(), "{layout}");
        if layout == "long" {
            assert_eq!(sorted(&archive), expected(&all));
        }
    }
}

/// What an erasure left in the files stands there once, also in a batch that goes beyond the doubtful numbers.
#[tokio::test]
async fn what_an_erasure_left_is_not_written_twice() {
    let archive = Archive::new(json!({}));
    let all: Vec<Entry> = (1..=6)
        .map(|seq| soc(seq, DAY * i64::try_from(seq).unwrap()))
        .collect();
    archive.store(&all[..5]).await;
    archive.erase(&between(4 * DAY, 5 * DAY)).await;
    archive.store(&all[2..]).await;
    assert_eq!(sorted(&archive), expected(&all));
}

/// Of several files each is what it was or what it is to be, and a new one may be there in part.
#[tokio::test]
async fn a_kill_in_the_middle_costs_nothing() {
    let archive = Archive::new(json!({}));
    let readings = [soc(1, 0), soc(2, 31 * DAY), soc(3, 61 * DAY)];
    let record = trip(0, 1, RecordState::Final, 1);
    let all = [&readings[..], &[Entry::record_of(4, record.clone())]].concat();
    archive.store(&all).await;
    let before = content(&archive.path());
    archive.erase(&Scope::default()).await;
    let after = content(&archive.path());
    let files = archive.files();
    assert_eq!(files.len(), 5);
    for replaced in 0..=files.len() {
        let killed = Archive::new(json!({}));
        fs::create_dir_all(killed.path()).unwrap();
        for (name, bytes) in &after {
            let is_old = files[replaced..].contains(name);
            let bytes = if is_old { &before[name] } else { bytes };
            fs::write(killed.path().join(name), bytes).unwrap();
        }
        killed.write_file(".cardata.new", "measured_at,veh");
        let next = soc(10, DAY);
        killed.store(std::slice::from_ref(&next)).await;
        killed.erase(&between(-DAY, 70 * DAY)).await;
        assert_eq!(
            (killed.rows(), killed.records()),
            (vec![], vec![]),
            "{replaced} replaced"
        );
        killed
            .rewrite(&[&all[..], std::slice::from_ref(&next)].concat())
            .await;
        assert_eq!(sorted(&killed), expected(&[&all[..], &[next]].concat()));
        assert_eq!(killed.records().len(), 2);
        let has_temporary = killed.path().join(".cardata.new").exists();
        assert!(!has_temporary);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    /// Lines that are the sink's, as it or a spreadsheet writes them, and those of others, in any order.
    #[test]
    fn what_stays_in_a_file_stays_byte_for_byte(
        lines in prop::collection::vec(0..7_usize, 0..12),
        line_end in prop_oneof![Just("\n"), Just("\r\n")],
        mark in prop_oneof![Just(""), Just("\u{feff}")],
        last in prop_oneof![Just(""), Just("\"no end\n"), Just("no end")],
    ) {
        let of = |day: &str, value: &str| {
            format!("2026-03-{day}T12:00:00.000Z,i4,WBY8P210X07A12345,vehicle.header,{value},%,telematics,poll,measured,")
        };
        let pool = [
            (of("02", "1"), false),
            (of("02", "\"a,\r\n\"\"b\"\"\"").replace("i4", "\"i4\""), false),
            (of("03", "\"x\n\""), true),
            (of("02", "2").replace("poll", ""), false),
            (of("02", "2").replace("poll", "").replace("vehicle.header", "my.note"), true),
            ("\"of\n\nothers\",,,,,,,,,".to_owned(), true),
            ("1,2".to_owned(), true),
        ];
        let file = |is_kept: &dyn Fn(bool) -> bool| {
            let kept = lines.iter().map(|line| &pool[*line]).filter(|(_, stays)| is_kept(*stays));
            let kept: String = kept.map(|(line, _)| format!("{line}{line_end}")).collect();
            format!("{mark}{LONG_HEADER}{line_end}{kept}{last}")
        };
        let archive = Archive::new(json!({}));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(archive.store(&[soc(1, 40 * DAY)]));
        archive.write_file(FILE, &file(&|_| true));
        runtime.block_on(archive.erase(&between(DAY, DAY)));
        prop_assert_eq!(archive.read(FILE), file(&|stays| stays));
    }
}
