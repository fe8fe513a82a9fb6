//! Records in files of their own: a row a revision, and columns from the kind's description.

use collector_core::testkit::{TRIP, record_rows, trip};
use collector_core::{Column, Entry, Record, RecordKind, RecordState, Unit, Value, ValueType};
use serde_json::json;

use crate::archive::{Archive, DAY, NOON, content};

fn entry(seq: u64, record: &Record) -> Entry {
    Entry::record_of(seq, record.clone())
}

#[tokio::test]
async fn a_file_tells_what_stands_in_it() {
    let archive = Archive::new(json!({}));
    archive
        .store(&[
            entry(1, &trip(0, 1, RecordState::Live, 1)),
            entry(2, &trip(0, 2, RecordState::Withdrawn, 0)),
        ])
        .await;
    assert_eq!(
        archive.files(),
        ["test_trip-2026-03.csv", "test_trip_stop-2026-03.csv"]
    );
    assert_eq!(
        archive.read("test_trip-2026-03.csv"),
        "vehicle,vin,start,at,revision,state,distance [km],electric,purpose\n\
         i4,WBY8P210X07A12345,2026-03-01T12:00:00.000Z,2026-03-01T12:00:00.000Z,1,live,1.5,,\"work, \"\"home\"\"\"\n\
         i4,WBY8P210X07A12345,2026-03-01T12:00:00.000Z,2026-03-01T12:00:00.000Z,2,withdrawn,2.5,,\"work, \"\"home\"\"\"\n"
    );
    assert_eq!(
        archive.read("test_trip_stop-2026-03.csv"),
        "vehicle,vin,test_trip.at,test_trip.start,number,at,revision,state,until\n\
         i4,WBY8P210X07A12345,2026-03-01T12:00:00.000Z,2026-03-01T12:00:00.000Z,1,2026-03-01T12:00:01.000Z,1,live,\n"
    );
}

#[tokio::test]
async fn a_spreadsheet_gets_times_that_it_reads() {
    let archive =
        Archive::new(json!({ "layout": "wide", "rotate": "never", "delimiter": ";", "decimal": "," }));
    let mut withdrawn = trip(0, 1, RecordState::Final, 2);
    withdrawn.values[2] = Some(Value::Text("=1+2".into()));
    archive.store(&[entry(1, &withdrawn)]).await;
    archive.rewrite(&[entry(1, &withdrawn)]).await;
    assert_eq!(
        archive.read("test_trip.csv"),
        "vehicle;vin;start [UTC];at [UTC];revision;state;distance [km];electric;purpose\n\
         i4;WBY8P210X07A12345;2026-03-01 12:00:00;2026-03-01 12:00:00;1;final;1,5;;'=1+2\n"
    );
    let stops = archive.cells("test_trip_stop.csv");
    let header =
        "vehicle,vin,test_trip.at [UTC],test_trip.start [UTC],number,at [UTC],revision,state,until [UTC]";
    assert_eq!(stops[0].join(","), header);
    assert_eq!(
        stops[2][4..],
        ["2", "2026-03-01 12:00:02", "1", "final", "2026-03-01 12:00:02"]
    );
    archive.erase(&collector_core::Scope::default()).await;
    let rows: usize = archive
        .files()
        .iter()
        .map(|file| archive.cells(file).len() - 1)
        .sum();
    assert_eq!(rows, 0);
}

static LONGER: RecordKind = RecordKind {
    name: "test_trip",
    plural: "test_trips",
    short: "trip",
    version: 2,
    title: "Trip",
    key: TRIP.key,
    columns: &[
        Column::new("distance", ValueType::Number, Some(Unit::new("km"))),
        Column::new("electric", ValueType::Bool, None),
        Column::new("purpose", ValueType::Text, None),
        Column::new("energy", ValueType::Number, Some(Unit::new("kWh"))),
    ],
    children: &[],
};

fn longer(minute: i64) -> Record {
    let mut record = trip(minute, 1, RecordState::Final, 0);
    record.kind = &LONGER;
    record.values = [&record.values[..], &[Some(Value::Number(7.0))]].concat().into();
    record
}

#[tokio::test]
async fn a_column_more_begins_the_next_file_in_which_older_records_go_on() {
    let archive = Archive::new(json!({ "rotate": "never" }));
    let short = |minute| trip(minute, 1, RecordState::Final, 0);
    archive.store(&[entry(1, &short(1))]).await;
    let first = archive.read("test_trip.csv");
    archive
        .store(&[entry(2, &short(2)), entry(3, &longer(3)), entry(4, &short(4))])
        .await;
    archive.store(&[entry(5, &short(5))]).await;
    archive.store(&[entry(6, &longer(6))]).await;
    assert_eq!(archive.files(), ["test_trip.csv", "test_trip_2.csv"]);
    assert_eq!(archive.read("test_trip.csv"), first);
    let cells = archive.cells("test_trip_2.csv");
    let last: Vec<&str> = cells.iter().map(|row| row.last().unwrap().as_str()).collect();
    assert_eq!(last, ["energy [kWh]", "", "7", "", "", "7"]);
    let before = content(&archive.path());
    archive
        .rewrite(&[entry(1, &short(1)), entry(3, &longer(3)), entry(5, &short(5))])
        .await;
    assert_eq!(content(&archive.path()), before, "both files are looked into");
}

#[tokio::test]
async fn what_is_missing_of_a_record_is_added_once() {
    let archive = Archive::new(json!({}));
    let all = [
        trip(0, 1, RecordState::Live, 3),
        trip(0, 2, RecordState::Final, 2),
    ];
    let entries = [entry(1, &all[0]), entry(2, &all[1])];
    archive.store(&entries[..1]).await;
    let stops = "test_trip_stop-2026-03.csv";
    let cut: Vec<String> = archive
        .read(stops)
        .lines()
        .take(3)
        .map(|line| format!("{line}\n"))
        .collect();
    archive.write_file(stops, &cut.concat());
    archive.rewrite(&entries).await;
    archive.rewrite(&entries).await;
    let mut rows = archive.records();
    rows.sort();
    assert_eq!(rows, record_rows(&all));
}

#[tokio::test]
async fn parts_stand_in_the_period_of_the_whole() {
    let archive = Archive::new(json!({ "rotate": "daily" }));
    let minute = (DAY / 2 - 1_500) / 60_000;
    let mut record = trip(minute, 1, RecordState::Final, 2);
    record.children[1].at = jiff::Timestamp::from_millisecond(NOON + DAY).unwrap();
    archive.store(&[entry(1, &record)]).await;
    assert_eq!(
        archive.files(),
        ["test_trip-2026-03-01.csv", "test_trip_stop-2026-03-01.csv"]
    );
}

/// Nothing is to be seen of an entry that only ends values.
#[tokio::test]
async fn an_end_is_no_row() {
    for layout in ["long", "wide"] {
        let archive = Archive::new(json!({ "layout": layout }));
        let soc = crate::archive::soc(1, 0);
        let end = collector_core::testkit::ended(2, &soc.readings()[0].descriptor, NOON);
        archive.store(std::slice::from_ref(&end)).await;
        assert!(archive.files().is_empty(), "{layout}");
        archive.store(&[soc, end]).await;
        assert_eq!(archive.cells(&archive.files()[0]).len(), 2);
    }
}
