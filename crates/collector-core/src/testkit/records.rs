//! What every sink promises about records: told again, out of order, withdrawn, with a column more.

use super::entries::{BEGIN, time};
use super::{Harness, Way, close_twice, context, entries, expected, stored_once, vehicle};
use crate::{Column, Entry, Record, RecordKind, RecordState, Records, Unit, Value, ValueType};

/// A kind of records for tests: a trip with its stops.
pub static TRIP: RecordKind = RecordKind {
    name: "test_trip",
    plural: "test_trips",
    short: "trip",
    version: 1,
    title: "Trip",
    key: &[Column::new("start", ValueType::Timestamp, None)],
    columns: &[
        Column::new("distance", ValueType::Number, Some(Unit::new("km"))),
        Column::new("electric", ValueType::Bool, None),
        Column::new("purpose", ValueType::Text, None),
    ],
    children: &[&STOP],
};

/// The same kind of a later program.
static TRIP_2: RecordKind = RecordKind {
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
    children: &[&STOP],
};

static STOP: RecordKind = RecordKind {
    name: "test_trip_stop",
    plural: "test_trip_stops",
    short: "stop",
    version: 1,
    title: "Stop of a trip",
    key: &[Column::new("number", ValueType::Number, None)],
    columns: &[Column::new("until", ValueType::Timestamp, None)],
    children: &[],
};

/// A record as it stands in a store.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RecordRow {
    pub kind: String,
    pub vin: String,
    /// The values of the key; those of the parent first. As [`Value`] displays them.
    pub key: Vec<String>,
    pub revision: u32,
    pub state: String,
    /// In the order of the columns, as far as they are known; `None` is unknown.
    pub values: Vec<Option<String>>,
}

/// A trip that began at `minute`, with so many stops.
pub fn trip(minute: i64, revision: u32, state: RecordState, stops: u32) -> Record {
    let start = time(BEGIN + minute * 60_000);
    let stop = |number: u32| {
        let at = time(BEGIN + minute * 60_000 + i64::from(number) * 1_000);
        let values = [number.is_multiple_of(2).then_some(Value::Timestamp(at))];
        let key = [Value::Number(f64::from(number))];
        let mut stop = Record::new(&STOP, vehicle(false), at, key, values);
        (stop.revision, stop.state) = (revision, state);
        stop
    };
    let values = [
        Some(Value::Number(f64::from(revision) + 0.5)),
        None,
        Some(Value::Text("work, \"home\"".into())),
    ];
    let mut trip = Record::new(&TRIP, vehicle(false), start, [Value::Timestamp(start)], values);
    (trip.revision, trip.state) = (revision, state);
    trip.children = (1..=stops).map(stop).collect();
    trip
}

pub(super) async fn conformance(harness: &mut impl Harness) {
    if harness.plugin().records == Records::NotTaken {
        return;
    }
    for way in [Way::Write, Way::Rewrite] {
        the_highest_revision_counts(harness, way).await;
    }
    beside_readings(harness).await;
    a_column_more(harness).await;
}

async fn the_highest_revision_counts(harness: &mut impl Harness, way: Way) {
    use RecordState::{Final, Live, Withdrawn};
    harness.reset().await;
    let tellings = [
        trip(1, 1, Live, 1),
        trip(1, 2, Live, 3),
        trip(2, 1, Live, 2),
        trip(1, 4, Final, 2),
        // Told late.
        trip(1, 3, Live, 5),
        trip(2, 2, Withdrawn, 2),
        trip(3, 1, Final, 0),
    ];
    let mut sink = harness.open(context()).await;
    for (seq, record) in (1..).zip(&tellings[..4]) {
        way.deliver(&mut *sink, &[entry(seq, record)])
            .await
            .expect("a record");
    }
    close_twice(sink).await;
    let rest: Vec<Entry> = (5..)
        .zip(&tellings[4..])
        .map(|(seq, record)| entry(seq, record))
        .collect();
    for _ in 0..2 {
        let mut sink = harness.open(context()).await;
        way.deliver(&mut *sink, &rest)
            .await
            .expect("more of them, after a restart");
        close_twice(sink).await;
    }
    let want = record_rows(&[trip(1, 4, Final, 2), trip(3, 1, Final, 0)]);
    assert_eq!(
        newest(harness).await,
        want,
        "the highest revision counts, whole; a {way:?}"
    );
}

async fn beside_readings(harness: &mut impl Harness) {
    harness.reset().await;
    let record = trip(1, 1, RecordState::Final, 1);
    let mut batch = entries(1, 5);
    batch.push(entry(6, &record));
    batch.extend(entries(7, 2));
    let mut sink = harness.open(context()).await;
    let written = sink.write(&batch).await.expect("readings and a record");
    assert_eq!(written.rejected, [], "nothing of it is rejected");
    close_twice(sink).await;
    assert_eq!(
        stored_once(harness).await,
        expected(&batch),
        "readings stand beside records"
    );
    assert_eq!(
        newest(harness).await,
        record_rows(&[record]),
        "records stand beside readings"
    );
}

async fn a_column_more(harness: &mut impl Harness) {
    harness.reset().await;
    let old = trip(1, 1, RecordState::Final, 1);
    let mut new = trip(2, 1, RecordState::Final, 1);
    new.kind = &TRIP_2;
    new.values = [&new.values[..], &[Some(Value::Number(7.25))]].concat().into();
    let mut sink = harness.open(context()).await;
    sink.write(&[entry(1, &old)])
        .await
        .expect("a record of the old version");
    close_twice(sink).await;
    let mut sink = harness.open(context()).await;
    sink.write(&[entry(2, &new)])
        .await
        .expect("a record with a column more");
    sink.write(&[entry(3, &trip(3, 1, RecordState::Live, 0))])
        .await
        .expect("and one without it");
    close_twice(sink).await;
    let mut want = record_rows(&[old, new, trip(3, 1, RecordState::Live, 0)]);
    let mut rows = newest(harness).await;
    for row in rows
        .iter_mut()
        .chain(&mut want)
        .filter(|row| row.kind == TRIP.name)
    {
        row.values.resize(4, None);
    }
    assert_eq!(
        rows, want,
        "a column that is added is unknown where it was not told"
    );
}

fn entry(seq: u64, record: &Record) -> Entry {
    Entry::record_of(seq, record.clone())
}

/// The rows that records must leave behind, sorted.
pub fn record_rows(records: &[Record]) -> Vec<RecordRow> {
    let mut rows = Vec::new();
    for record in records {
        push(&mut rows, record, &[]);
    }
    rows.sort();
    rows
}

fn push(rows: &mut Vec<RecordRow>, record: &Record, parent: &[String]) {
    let key: Vec<String> = parent
        .iter()
        .cloned()
        .chain(record.key.iter().map(Value::to_string))
        .collect();
    for child in &record.children {
        push(rows, child, &key);
    }
    let values = record.value_columns();
    rows.push(RecordRow {
        kind: record.kind.name.to_owned(),
        vin: record.vehicle.vin.to_string(),
        key,
        revision: record.revision,
        state: record.state.to_string(),
        values: values.map(|(_, value)| value.map(Value::to_string)).collect(),
    });
}

/// What counts of the records in the store, sorted: the highest revision of each, unless it is withdrawn.
async fn newest(harness: &mut impl Harness) -> Vec<RecordRow> {
    let all = harness.records().await;
    let root = |row: &RecordRow| (row.vin.clone(), row.key.first().cloned());
    let highest = |row: &RecordRow| {
        let same = all.iter().filter(|other| root(other) == root(row));
        same.map(|other| other.revision).max() == Some(row.revision)
    };
    let counts = |row: &&RecordRow| highest(row) && row.state != RecordState::Withdrawn.as_str();
    let mut rows: Vec<RecordRow> = all.iter().filter(counts).cloned().collect();
    rows.sort();
    if harness.plugin().records == Records::AppendsRevisions {
        // The same revision may stand there twice, as a repeated reading may.
        rows.dedup();
    }
    rows
}
