//! Records as the page reads them.

use collector_core::testkit::{entries, trip};
use collector_core::{Entry, RecordState, Value, ValueType};
use jiff::Timestamp;

use crate::filled::{Filled, MINUTE, NOON, at, range, vin};

const ALL: (i64, i64) = (0, 2 * NOON);

async fn trips() -> Filled {
    let mut filled = Filled::new(true);
    let told = [
        trip(1, 1, RecordState::Final, 2),
        trip(2, 1, RecordState::Withdrawn, 1),
        trip(3, 1, RecordState::Final, 0),
        trip(4, 1, RecordState::Live, 1),
    ];
    let told: Vec<Entry> = (1..)
        .zip(told)
        .map(|(seq, trip)| Entry::record_of(seq, trip))
        .collect();
    filled.write(&told).await;
    filled
}

#[tokio::test]
async fn the_newest_come_first_and_those_that_follow_are_found_by_the_start() {
    let reader = trips().await.reader();
    let starts = |limit, to| {
        let rows = reader
            .records("test_trips", Some(&vin()), range(0, to), limit)
            .unwrap();
        rows.iter()
            .map(|row| row.start.as_millisecond())
            .collect::<Vec<_>>()
    };
    let minute = |minute: i64| NOON + minute * MINUTE;
    assert_eq!(
        starts(9, ALL.1),
        [minute(4), minute(3), minute(1)],
        "the second was withdrawn"
    );
    assert_eq!(starts(2, ALL.1), [minute(4), minute(3)]);
    assert_eq!(starts(2, minute(3)), [minute(1)]);
    let none = reader.records("nothing", None, range(ALL.0, ALL.1), 9).unwrap();
    assert_eq!(none, []);
}

#[tokio::test]
async fn cells_are_found_by_the_name_of_their_column() {
    let reader = trips().await.reader();
    let columns = reader.columns("test_trips").unwrap();
    let known: Vec<_> = columns
        .iter()
        .map(|column| (column.name.as_str(), column.value_type, column.is_key))
        .collect();
    assert_eq!(
        known,
        [
            ("start", ValueType::Timestamp, true),
            ("distance", ValueType::Number, false),
            ("electric", ValueType::Bool, false),
            ("purpose", ValueType::Text, false),
        ]
    );
    assert_eq!(columns[1].unit.as_deref(), Some("km"));
    let key = [Value::Timestamp(at(NOON + MINUTE))];
    let row = reader.record("test_trips", &vin(), &key).unwrap().unwrap();
    assert_eq!(
        (row.vehicle.as_str(), row.state, row.revision),
        ("i4", RecordState::Final, 1)
    );
    assert_eq!(row.moment("start"), Some(at(NOON + MINUTE)));
    assert_eq!(row.number("distance"), Some(1.5));
    assert_eq!(row.truth("electric"), None);
    assert_eq!(row.text("purpose"), Some("work, \"home\""));
    assert_eq!(row.get("nothing"), None);
    assert_eq!(reader.record("test_trips", &vin(), &[]).unwrap(), None);
    let withdrawn = [Value::Timestamp(at(NOON + 2 * MINUTE))];
    assert_eq!(reader.record("test_trips", &vin(), &withdrawn).unwrap(), None);
}

#[tokio::test]
async fn parts_are_those_of_their_record_alone() {
    let reader = trips().await.reader();
    let row = |minute| {
        let key = [Value::Timestamp(at(NOON + minute * MINUTE))];
        reader.record("test_trips", &vin(), &key).unwrap().unwrap()
    };
    let parts = reader.parts_of("test_trip_stops", &row(1)).unwrap();
    let numbers: Vec<_> = parts.iter().map(|part| part.number("number")).collect();
    assert_eq!(numbers, [Some(1.0), Some(2.0)]);
    assert_eq!(parts[1].moment("trip_start"), Some(at(NOON + MINUTE)));
    assert_eq!(parts[1].moment("until"), Some(at(NOON + MINUTE + 2_000)));
    assert_eq!(parts[1].start, at(NOON + MINUTE));
    assert_eq!(reader.parts_of("test_trip_stops", &row(3)).unwrap(), []);
    assert_eq!(reader.parts_of("nothing", &row(1)).unwrap(), []);
}

#[tokio::test]
async fn a_history_without_records_has_none() {
    let mut filled = Filled::new(true);
    filled.write(&entries(1, 1)).await;
    let all = history::read::Range {
        from: Timestamp::MIN,
        to: Timestamp::MAX,
    };
    assert_eq!(filled.reader().records("trips", None, all, 9).unwrap(), []);
    assert_eq!(filled.reader().columns("trips").unwrap(), []);
}

#[tokio::test]
async fn a_record_names_the_entry_of_its_newest_revision() {
    let mut filled = Filled::new(true);
    let record = |seq, state, revision| Entry::record_of(seq, trip(1, revision, state, 0));
    filled.write(&[record(7, RecordState::Final, 1)]).await;
    let start = "2026-03-01T12:01:00Z";
    let entry = |filled: &Filled, start: &str| filled.reader().entry("test_trips", &vin(), start).unwrap();
    assert_eq!(entry(&filled, start), Some(Some(7)));
    filled.write(&[record(9, RecordState::Withdrawn, 2)]).await;
    filled.write(&[record(7, RecordState::Final, 1)]).await;
    assert_eq!(
        entry(&filled, start),
        Some(Some(9)),
        "a lower revision that comes late finds it"
    );
    filled.write(&[record(4, RecordState::Withdrawn, 2)]).await;
    assert_eq!(entry(&filled, start), Some(Some(4)), "of another journal");
    for none in ["2026-03-01T12:02:00Z", "soon", ""] {
        assert_eq!(entry(&filled, none), None, "{none}");
    }
    assert_eq!(filled.reader().entry("nothing", &vin(), start).unwrap(), None);
}

/// As a program that knew no entries left it.
#[tokio::test]
async fn a_table_without_entries_gets_them_with_what_comes_again() {
    let mut filled = Filled::new(true);
    let record = Entry::record_of(7, trip(1, 1, RecordState::Final, 0));
    filled.write(std::slice::from_ref(&record)).await;
    filled.close().await;
    let older = rusqlite::Connection::open(filled.path()).unwrap();
    older
        .execute_batch("ALTER TABLE record_test_trips DROP COLUMN entry")
        .unwrap();
    drop(older);
    let entry = |filled: &Filled| {
        filled
            .reader()
            .entry("test_trips", &vin(), "2026-03-01T12:01:00Z")
            .unwrap()
    };
    assert_eq!(entry(&filled), Some(None));
    filled.write(&[record]).await;
    assert_eq!(entry(&filled), Some(Some(7)));
}

#[tokio::test]
async fn a_database_without_roll_ups_keeps_no_entries() {
    let mut filled = Filled::new(false);
    filled
        .write(&[Entry::record_of(7, trip(1, 1, RecordState::Final, 0))])
        .await;
    let entry = filled
        .reader()
        .entry("test_trips", &vin(), "2026-03-01T12:01:00Z");
    assert_eq!(entry.unwrap(), Some(None));
}
