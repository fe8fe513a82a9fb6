//! What people see of records, and what is refused of them.

use collector_core::testkit::{entry_with, trip};
use collector_core::{Column, Entry, Record, RecordKind, RecordState, Value, ValueType};

use crate::store::{NOON, Store, soc};

async fn written(records: &[Record]) -> (Store, Vec<String>) {
    let store = Store::new();
    let mut sink = store.sink();
    let entries: Vec<Entry> = (1..)
        .zip(records)
        .map(|(seq, record)| Entry::record_of(seq, record.clone()))
        .collect();
    let written = sink.write(&entries).await.unwrap();
    sink.close().await.unwrap();
    let reasons = written.rejected.into_iter().map(|one| one.reason);
    (store, reasons.collect())
}

#[tokio::test]
async fn a_record_is_shown_as_a_person_reads_it() {
    let (store, refused) = written(&[trip(1, 2, RecordState::Final, 2)]).await;
    assert_eq!(refused, [""; 0]);
    let columns = "SELECT group_concat(name) FROM pragma_table_info('test_trips')";
    assert_eq!(
        store.query(columns),
        ["vin,vehicle,start,start_ms,at,at_ms,state,revision,distance,electric,purpose"]
    );
    assert_eq!(
        store.query("SELECT * FROM test_trips"),
        [
            "WBY8P210X07A12345|i4|2026-03-01T12:01:00.000Z|1772366460000|2026-03-01T12:01:00.000Z|1772366460000|final|2|2.5||work, \"home\""
        ]
    );
    assert_eq!(
        store.query("SELECT trip_start, number, until, state FROM test_trip_stops ORDER BY number"),
        [
            "2026-03-01T12:01:00.000Z|1.0||final",
            "2026-03-01T12:01:00.000Z|2.0|2026-03-01T12:01:02.000Z|final"
        ]
    );
    assert_eq!(
        store.query("SELECT name, unit FROM record_column WHERE kind = 'test_trips' AND unit IS NOT NULL"),
        ["distance|km"]
    );
}

#[tokio::test]
async fn what_was_withdrawn_is_not_shown_and_does_not_come_back() {
    let (store, _) = written(&[
        trip(1, 3, RecordState::Withdrawn, 2),
        trip(1, 2, RecordState::Final, 2),
    ])
    .await;
    for view in ["test_trips", "test_trip_stops"] {
        assert_eq!(store.query(&format!("SELECT * FROM {view}")), [""; 0]);
    }
}

static START: [Column; 1] = [Column::new("start", ValueType::Number, None)];
static STATE: [Column; 1] = [Column::new("state", ValueType::Number, None)];

static TWICE: [Column; 2] = [
    Column::new("start", ValueType::Timestamp, None),
    Column::new("start_ms", ValueType::Number, None),
];

static KINDS: [RecordKind; 7] = [
    // Those that cannot be tables.
    kind("test_b", &TWICE),
    kind("position", &START),
    kind("test\"; DROP TABLE reading; --", &START),
    kind("sqlite_trip", &START),
    kind("test_a", &STATE),
    // Those that stand there with another key, and as a part of another kind.
    kind("test_trips", &START),
    kind("test_trip_stops", &START),
];

const fn kind(name: &'static str, key: &'static [Column]) -> RecordKind {
    RecordKind {
        name,
        plural: name,
        short: name,
        version: 1,
        title: "",
        key,
        columns: &[],
        children: &[],
    }
}

#[tokio::test]
async fn a_kind_that_cannot_be_a_table_is_refused_and_its_neighbours_are_stored() {
    let sound = trip(1, 1, RecordState::Final, 1);
    let mut records = vec![sound.clone()];
    for kind in &KINDS {
        let value = |column: &Column| match column.value_type {
            ValueType::Timestamp => Value::Timestamp(sound.at),
            _ => Value::Number(1.0),
        };
        let key: Vec<Value> = kind.key.iter().map(value).collect();
        records.push(Record::new(kind, sound.vehicle.clone(), sound.at, key, []));
    }
    let mut wrong_key = sound.clone();
    wrong_key.key = [Value::Number(f64::NAN)].into();
    let mut stranger = sound.clone();
    stranger.children = [sound.clone()].into();
    let mut infinite = trip(2, 1, RecordState::Live, 0);
    infinite.values[0] = Some(Value::Number(f64::INFINITY));
    records.extend([wrong_key, stranger, infinite]);
    let (store, refused) = written(&records).await;
    assert_eq!(refused.len(), KINDS.len() + 3, "{refused:#?}");
    assert_eq!(store.query("SELECT count(*) FROM test_trips"), ["1"]);
    let mut sink = store.sink();
    sink.write(&[entry_with(9, vec![soc(60.0, NOON)])]).await.unwrap();
    sink.close().await.unwrap();
    assert_eq!(store.query("SELECT value FROM latest"), ["60.0"]);
}
