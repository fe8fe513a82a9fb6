//! Documents and records beside readings: kept and moved as readings are, and shown as none.

use collector_core::{
    Body, Column, Record, RecordKind, RecordState, ValueType, Vehicle, document, register_record_kind,
};
use entry_form::record;
use normalise::known::KnownDescriptors;

use super::moving::{exported, import, without_numbers};
use super::*;
use crate::care::verify::verify;
use crate::log::packed::pack::PATIENCE;

static KIND: RecordKind = RecordKind {
    name: "journal_trip",
    plural: "journal_trips",
    short: "trip",
    version: 1,
    title: "Trip",
    key: &[Column::new("start_at", ValueType::Timestamp, None)],
    columns: &[Column::new("distance_km", ValueType::Number, None)],
    children: &[],
};
register_record_kind!(KIND);

fn tyres(depth: u32) -> RawReading {
    raw(document::TYRES, &format!(r#"{{"value":{{ "depth":{depth} }}}}"#))
}

fn session(minute: i64, energy: u32) -> RawReading {
    let start = time(NOON + minute * 60_000);
    let json = format!(r#"{{"value":{{"energy":{energy}}},"timestamp":"{start:.0}"}}"#);
    raw(document::CHARGING_SESSION, &json)
}

fn trip(revision: u32, distance: f64) -> Record {
    let at = time(NOON);
    let vehicle = Vehicle::named(vin(0), None);
    let mut record = Record::new(
        &KIND,
        vehicle,
        at,
        [Value::Timestamp(at)],
        [Some(Value::Number(distance))],
    );
    (record.revision, record.state) = (revision, RecordState::Final);
    record
}

async fn tell(journal: &Journal, record: &Record) -> Appended {
    let json = record::encode(record).unwrap();
    let snapshot = record::snapshot(&record.vehicle.vin, &json, record.at, time(NOON + 90_000_000));
    append(journal, snapshot.unwrap()).await
}

/// Readings, documents of both kinds, an entry of documents alone, and two revisions of a record.
async fn told(journal: &Journal) {
    append(journal, poll(0, vec![soc(70, 0), tyres(7), session(-600, 11)])).await;
    append(journal, poll(1, vec![tyres(6)])).await;
    tell(journal, &trip(1, 12.5)).await;
    tell(journal, &trip(2, 0.1 + 0.2)).await;
}

#[tokio::test]
async fn documents_and_records_come_out_as_themselves() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path());
    told(&journal).await;
    for size in [1, 100] {
        let entries = read_all(&journal, 0, size).await;
        let documents = |at: usize| entries[at].snapshot().unwrap().documents.clone();
        assert_eq!(numbers(&entries), [70.0]);
        let names: Vec<_> = documents(0).iter().map(|one| one.name.clone()).collect();
        assert_eq!(
            names,
            [document::TYRES, document::CHARGING_SESSION].map(Into::into)
        );
        assert_eq!(documents(0)[1].at, time(NOON - 36_000_000));
        assert_eq!(&*documents(1)[0].json, r#"{ "depth":6 }"#, "byte by byte");
        assert!(entries[1].snapshot().unwrap().is_empty());
        let records: Vec<_> = entries.iter().filter_map(Entry::record).collect();
        assert_eq!(*records[0].clone(), trip(1, 12.5));
        assert_eq!(*records[1].clone(), trip(2, 0.1 + 0.2));
        assert!(matches!(entries[3].body, Body::Record(_)));
    }
}

#[tokio::test]
async fn what_was_told_before_is_a_repeat_and_a_changed_document_is_news() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path());
    told(&journal).await;
    let again = append(&journal, poll(2, vec![tyres(6), session(-600, 11)])).await;
    assert_eq!((again.new, again.repeats), (0, 0));
    assert_eq!(
        inspect::<String>(folder.path(), "select payload from log where seq = 5"),
        r#"{"v":1,"readings":[]}"#
    );
    let changed = append(&journal, poll(3, vec![tyres(7), session(-600, 12)])).await;
    let payload: String = inspect(folder.path(), "select payload from log where seq = 6");
    assert_eq!(payload.matches("cardata:").count(), 2);
    assert_eq!((changed.new, changed.repeats), (0, 0), "they are no readings");
    assert_eq!(tell(&journal, &trip(2, 0.1 + 0.2)).await.seq, None);
    assert!(
        tell(&journal, &trip(3, 0.1 + 0.2)).await.seq.is_some(),
        "news by its revision"
    );
}

#[tokio::test]
async fn nothing_that_lists_descriptors_or_values_shows_them() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path());
    told(&journal).await;
    // Folded into the tables or not.
    for folded in [false, true] {
        if folded {
            journal.flush().await.unwrap();
        }
        let latest = reader(&journal).latest().await.unwrap();
        let readings: Vec<_> = latest.iter().flat_map(|one| &one.readings).collect();
        assert_eq!((latest.len(), readings.len()), (1, 1));
        assert_eq!(readings[0].descriptor.as_str(), SOC);
        let overview = journal.overview().unwrap();
        let vehicle = overview.vehicles().unwrap().remove(0);
        assert_eq!((vehicle.descriptors, vehicle.never_reported), (1, 0), "{folded}");
        assert_eq!(
            (vehicle.snapshots, vehicle.readings),
            (2, 1),
            "records are not among them"
        );
        let log = overview.log().unwrap();
        assert_eq!(
            (log.snapshots, log.readings, log.rejected),
            (2, 1, 0),
            "records are not among them"
        );
    }
    assert_eq!(
        inspect::<u64>(folder.path(), "select count(*) from descriptor_type"),
        0
    );
    let known = KnownDescriptors::default();
    assert!(known.get(document::TYRES).is_some());
}

#[tokio::test]
async fn they_are_packed_verified_and_moved_as_readings_are() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path());
    told(&journal).await;
    // As many as are worth a block.
    for minute in 10..26 {
        append(&journal, poll(minute, vec![soc(60, minute)])).await;
    }
    let (before, lines) = (read_all(&journal, 0, 9).await, exported(folder.path()));
    let packed = journal.pack(time(NOON + 200_000_000) + PATIENCE).await.unwrap();
    assert_eq!(packed.entries, 20);
    assert_eq!(read_all(&journal, 0, 9).await, before);
    assert_eq!(exported(folder.path()), lines);
    let verified = verify(folder.path(), |_| ()).unwrap();
    assert!(verified.is_sound() && verified.entries == 20);

    let other = tempfile::tempdir().unwrap();
    let second = open(other.path());
    // What comes twice stays once, also what this journal has found out by itself.
    tell(&second, &trip(1, 12.5)).await;
    for entries in [19, 0] {
        let (summary, bad) = import(&second, lines.as_bytes()).await.unwrap();
        assert_eq!((summary.entries, bad), (entries, vec![]));
    }
    let mut moved = without_numbers(&exported(other.path()));
    moved.sort_by_key(|line| line["received_at"].to_string() + &line["payload"].to_string());
    let mut sent = without_numbers(&lines);
    sent.sort_by_key(|line| line["received_at"].to_string() + &line["payload"].to_string());
    assert_eq!(moved, sent);
}

#[tokio::test]
async fn a_record_of_a_kind_of_tomorrow_is_passed_over_and_what_is_no_record_is_damage() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path());
    let json = record::encode(&trip(1, 1.0)).unwrap();
    for json in [
        json.replacen("journal_trip", "mood", 1),
        r#"{"kind":1}"#.to_owned(),
    ] {
        let snapshot = record::snapshot(&vin(0), &json, time(NOON), time(NOON + 1)).unwrap();
        append(&journal, snapshot).await;
    }
    append(&journal, poll(0, vec![soc(70, 0)])).await;
    let batch = reader(&journal)
        .read(&"test".into(), 0, 9)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((batch.entries.len(), batch.last), (1, 3));
    assert_eq!((batch.damaged.len(), batch.damaged[0].first), (1, 2));
}
