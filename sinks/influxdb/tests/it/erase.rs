//! What `erase` removes, and what it leaves.

use std::sync::Arc;

use async_trait::async_trait;
use collector_core::testkit::{
    context, entries, entry_with, expected, reading, record_rows as records, trip, vehicle,
};
use collector_core::{
    Entry, Present, Reading, RecordState, Scope, Select, Sink, SinkConfig, SinkError, Snapshot, Value,
    Vehicle, VehicleFacts,
};
use jiff::Timestamp;
use serde_json::json;
use sink_influxdb::InfluxdbConfig;
use tests::servers::{InfluxDb1, Point};

use crate::conformance::record_rows;
use crate::memory::Memory;
use crate::{bucket, database, misconfigured, sink};

/// 2026-03-01T12:00:00Z
const NOON: i64 = 1_772_366_400_000;

fn noon(milliseconds: i64) -> Timestamp {
    Timestamp::from_millisecond(NOON + milliseconds).unwrap()
}

fn select(json: serde_json::Value) -> Select {
    serde_json::from_value(json).unwrap()
}

fn number(key: &str, at: i64) -> Reading {
    reading(key, key, Value::Number(1.0), None, NOON + at)
}

fn names(points: &[Point]) -> Vec<&str> {
    points.iter().map(|point| point.field.as_str()).collect()
}

#[derive(Debug)]
struct Journal(Vec<Vehicle>, Vec<Snapshot>);

#[async_trait]
impl Present for Journal {
    async fn latest(&self) -> Result<Vec<Snapshot>, SinkError> {
        Ok(self.1.clone())
    }

    async fn vehicles(&self) -> Result<Vec<VehicleFacts>, SinkError> {
        let facts = |vehicle: &Vehicle| VehicleFacts {
            vehicle: vehicle.clone(),
            account: None,
            gcid: None,
            brand: None,
            model: None,
        };
        Ok(self.0.iter().map(facts).collect())
    }
}

fn sink_of(memory: &Memory, journal: Journal) -> Box<dyn Sink> {
    // The provider of the process.
    drop(sink(database(&memory.mock.url, "cars")));
    let config: InfluxdbConfig = serde_json::from_value(database(&memory.mock.url, "cars")).unwrap();
    let mut context = context();
    context.present = Arc::new(journal);
    config.build(context).unwrap()
}

#[tokio::test]
async fn what_others_wrote_stays() {
    let memory = Memory::start().await;
    let foreign = "cardata mood=1 1\n\
                   other,vin=WBY8P210X07A12345 mood=1 1\n\
                   cardata_monthly,vin=WBY8P210X07A12345 mood=1 1\n\
                   cardata_copy,record.kind=test_trip,vin=WBY8P210X07A12345 mood=1 1\n\
                   cardata,site=garage,vin=WBY8P210X07A12345 mood=1 1";
    memory.write(&foreign.replace(",site=garage", ",site=elsewhere"));
    let mut options = bucket(&memory.mock.url, "cars");
    options["fixed_tags"] = json!({ "site": "garage" });
    let mut sink = sink(options);
    sink.write(&entries(1, 3)).await.unwrap();
    sink.write(&[Entry::record_of(4, trip(1, 1, RecordState::Live, 2))])
        .await
        .unwrap();
    sink.erase(&Scope::default()).await.unwrap();
    assert_eq!(names(&memory.points()), ["mood"; 5]);
}

#[tokio::test]
async fn vehicles_are_known_by_their_names_and_those_of_others_stay() {
    let memory = Memory::start().await;
    let batch = entries(1, 4);
    let (first, second) = (vehicle(false), vehicle(true));
    let renamed = Vehicle {
        name: "my car".into(),
        ..first.clone()
    };
    let mut sink = sink_of(&memory, Journal(vec![renamed], Vec::new()));
    sink.write(&batch).await.unwrap();
    sink.erase(&Scope::new(
        vec![select(json!({ "vehicles": ["i4"] }))],
        None,
        None,
    ))
    .await
    .unwrap();
    assert_eq!(
        memory.points().len(),
        expected(&batch).len(),
        "nobody is called that"
    );
    sink.erase(&Scope::new(
        vec![select(json!({ "vehicles": ["my *"] }))],
        None,
        None,
    ))
    .await
    .unwrap();
    assert!(
        memory
            .points()
            .iter()
            .all(|point| point.tags["vin"] == second.vin.as_str())
    );
    assert!(!memory.points().is_empty());
    sink.erase(&Scope::default()).await.unwrap();
    assert!(
        !memory.points().is_empty(),
        "a vehicle that the journal does not know"
    );
}

#[tokio::test]
async fn fields_that_do_not_come_back_keep_everything() {
    let memory = Memory::start().await;
    let snapshot = entry_with(1, vec![number("a.soc", 0), number("a.range", 0)]);
    let known = snapshot.snapshot().unwrap().as_ref().clone();
    let journal = || Journal(vec![vehicle(false)], vec![known.clone()]);
    let mut sink = sink_of(&memory, journal());
    sink.write(std::slice::from_ref(&snapshot)).await.unwrap();
    let scope = |descriptors: serde_json::Value| {
        Scope::new(vec![select(json!({ "descriptors": descriptors }))], None, None)
    };
    let reason = misconfigured(sink.erase(&scope(json!(["a.soc"]))).await);
    assert!(
        reason.contains("`a.range`") && reason.contains("nothing is removed"),
        "{reason}"
    );
    assert_eq!(memory.points().len(), 2);
    memory.write("cardata,vin=WBY8P210X07A12345 foreign=1 1");
    let reason = misconfigured(sink.erase(&scope(json!(["a.*"]))).await);
    assert!(reason.contains("`foreign`"), "{reason}");
    let mut since = scope(json!(["a.*"]));
    since.since = Some(noon(0));
    sink.erase(&since).await.unwrap();
    assert_eq!(names(&memory.points()), ["foreign"], "it stands at another time");
}

#[tokio::test]
async fn sources_are_told_apart_where_they_are_a_tag() {
    let memory = Memory::start().await;
    let mut options = database(&memory.mock.url, "cars");
    let scope = Scope::new(vec![select(json!({ "sources": ["stream"] }))], None, None);
    options["tags"] = json!(["vin", "source"]);
    let mut sink = sink(options);
    let polled = entry_with(1, vec![number("polled", 0)]);
    let mut snapshot = entry_with(2, vec![number("streamed", 0)])
        .snapshot()
        .unwrap()
        .as_ref()
        .clone();
    snapshot.source = "stream".into();
    sink.write(&[polled, Entry::snapshot_of(2, snapshot)])
        .await
        .unwrap();
    sink.erase(&scope).await.unwrap();
    assert_eq!(names(&memory.points()), ["polled"]);
}

#[tokio::test]
async fn further_values_of_the_last_millisecond_go_with_it() {
    let memory = Memory::start().await;
    for options in [
        database(&memory.mock.url, "cars"),
        bucket(&memory.mock.url, "cars"),
    ] {
        let mut sink = sink(options);
        let mut further = number("further", 5);
        further.occurrence = 7;
        sink.write(&[entry_with(
            1,
            vec![
                number("before", 4),
                number("first", 5),
                further,
                number("behind", 6),
            ],
        )])
        .await
        .unwrap();
        let scope = Scope::new(Vec::new(), Some(noon(5)), Some(noon(5)));
        sink.erase(&scope).await.unwrap();
        assert_eq!(names(&memory.points()), ["before", "behind"]);
        let none = Scope::new(Vec::new(), Some(noon(6)), Some(noon(4)));
        sink.erase(&none).await.unwrap();
        assert_eq!(memory.points().len(), 2);
    }
}

#[tokio::test]
async fn parts_go_with_the_record_whenever_they_were() {
    let memory = Memory::start().await;
    let trips = [1, 2].map(|minute| trip(minute, 1, RecordState::Final, 3));
    let mut sink = sink(bucket(&memory.mock.url, "cars"));
    let batch = [1, 2].map(|seq| Entry::record_of(seq, trips[seq as usize - 1].clone()));
    // The first trip begins at 60 s and stops at 61, 62 and 63 s.
    for (since, until, kept) in [
        (None, Some(noon(61_500)), &trips[1..]),
        (Some(noon(61_500)), None, &trips[..1]),
        (Some(noon(60_000)), Some(noon(119_999)), &trips[1..]),
        (Some(noon(61_000)), Some(noon(62_000)), &trips[..]),
        (None, None, &[]),
    ] {
        sink.write(&batch).await.unwrap();
        sink.erase(&Scope::new(Vec::new(), since, until)).await.unwrap();
        assert_eq!(record_rows(memory.points()), records(kept), "{since:?} {until:?}");
    }
}

#[tokio::test]
async fn what_was_withdrawn_is_forgotten_with_it() {
    let memory = Memory::start().await;
    let mut sink = sink(database(&memory.mock.url, "cars"));
    sink.write(&[Entry::record_of(1, trip(1, 9, RecordState::Withdrawn, 0))])
        .await
        .unwrap();
    sink.erase(&Scope::default()).await.unwrap();
    let record = trip(1, 1, RecordState::Final, 1);
    sink.rewrite(&[Entry::record_of(1, record.clone())])
        .await
        .unwrap();
    assert_eq!(record_rows(memory.points()), records(&[record]));
}

#[tokio::test]
async fn a_server_that_removes_nothing_needs_a_person() {
    let memory = Memory::that_keeps().await;
    let batch = entries(1, 2);
    for options in [
        database(&memory.mock.url, "cars"),
        bucket(&memory.mock.url, "cars"),
    ] {
        let mut sink = sink(options);
        sink.write(&batch).await.unwrap();
        let reason = misconfigured(sink.erase(&Scope::default()).await);
        assert!(
            reason.contains("stays as it is") && reason.contains("`cardata replay`"),
            "{reason}"
        );
        assert_eq!(memory.points().len(), expected(&batch).len());
    }
}

#[tokio::test]
async fn what_another_retention_policy_keeps_is_not_removed_with_it() {
    let Some(server) = InfluxDb1::start().await else {
        return;
    };
    let name = server.create_database().await;
    server
        .statement(&format!(
            "CREATE RETENTION POLICY years ON {name} DURATION INF REPLICATION 1"
        ))
        .await;
    let batch = entries(1, 2);
    let mut options = database(&server.url(), &name);
    let mut short = sink(options.clone());
    short.write(&batch).await.unwrap();
    short
        .erase(&Scope::default())
        .await
        .expect("the other policy is empty");
    short.write(&batch).await.unwrap();
    options["retention_policy"] = json!("years");
    sink(options).write(&batch).await.unwrap();
    let reason = misconfigured(short.erase(&Scope::default()).await);
    assert!(
        reason.contains("`years`") && reason.contains("nothing is removed"),
        "{reason}"
    );
    assert_eq!(server.points(&name).await.len(), expected(&batch).len());
}
