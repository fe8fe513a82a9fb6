//! What is erased, what is not, and what `latest` shows meanwhile.

use std::sync::Arc;

use collector_core::testkit::{ended, entry_with, trip};
use collector_core::{Entry, Origin, RecordState, Scope, Select, Snapshot, ValueType};
use jiff::Timestamp;

use crate::store::{NOON, Store, number, soc, text};

const MINUTE: i64 = 60_000;

/// A scope of these vehicles, sources and descriptors.
fn select(vehicles: &[&str], sources: &[&str], descriptors: &[&str]) -> Scope {
    let list = |patterns: &[&str]| serde_json::json!(patterns);
    let select = serde_json::json!({
        "vehicles": list(vehicles), "sources": list(sources), "descriptors": list(descriptors),
    });
    Scope::new(
        vec![serde_json::from_value::<Select>(select).unwrap()],
        None,
        None,
    )
}

fn moment(milliseconds: i64) -> Option<Timestamp> {
    Some(Timestamp::from_millisecond(milliseconds).unwrap())
}

fn mileage(value: f64, at: i64) -> collector_core::Reading {
    number("vehicle.vehicle.travelledDistance", "mileage", value, "km", at)
}

async fn erased(batch: &[Entry], scope: &Scope) -> Store {
    let store = Store::new();
    let mut sink = store.sink();
    sink.write(batch).await.unwrap();
    sink.erase(scope).await.unwrap();
    sink.close().await.unwrap();
    store
}

#[tokio::test]
async fn the_selection_of_vehicles_sources_and_descriptors_is_kept_to() {
    let other = |seq: u64| {
        let snapshot = entry_with(seq, vec![soc(70.0, NOON + 1), mileage(8.0, NOON + 1)]);
        let mut snapshot: Snapshot = Snapshot::clone(snapshot.snapshot().unwrap());
        (snapshot.source, snapshot.origin) = ("stream".into(), Origin::Stream);
        Entry::snapshot_of(seq, Arc::new(snapshot))
    };
    let readings = |at| vec![soc(60.0, at), mileage(7.0, at)];
    let batch = [
        entry_with(1, readings(NOON)),
        entry_with(2, readings(NOON)),
        other(3),
        other(4),
    ];
    let rows = "SELECT substr(vin, 1, 3), name, source FROM readings ORDER BY 1, 2, 3";
    let store = erased(&batch, &select(&["i4"], &["stream"], &["soc"])).await;
    assert_eq!(
        store.query(rows),
        [
            "WBA|mileage|stream",
            "WBA|mileage|telematics",
            "WBA|soc|stream",
            "WBA|soc|telematics",
            "WBY|mileage|stream",
            "WBY|mileage|telematics",
            "WBY|soc|telematics",
        ]
    );
    let latest = "SELECT value, source FROM latest WHERE vehicle = 'i4' ORDER BY name";
    assert_eq!(store.query(latest), ["8.0|stream", "60.0|telematics"]);
    let store = erased(&batch, &select(&["!i4"], &[], &[])).await;
    assert_eq!(store.query("SELECT DISTINCT vehicle FROM latest"), ["i4"]);
}

#[tokio::test]
async fn what_was_newest_before_is_the_latest_again_and_ends_go_too() {
    let end = ended(5, &soc(0.0, NOON).descriptor, NOON + 3 * MINUTE);
    let batch = [
        entry_with(1, vec![soc(60.0, NOON), mileage(7.0, NOON + 2 * MINUTE)]),
        entry_with(3, vec![soc(61.0, NOON + MINUTE), soc(62.0, NOON + 2 * MINUTE)]),
        end,
    ];
    let latest = "SELECT name, value FROM latest ORDER BY name";
    let from = |minute: i64| Scope::new(Vec::new(), moment(NOON + minute * MINUTE), None);
    for (scope, want) in [
        (from(4), vec!["mileage|7.0"]),
        (from(3), vec!["mileage|7.0", "soc|62.0"]),
        (from(2), vec!["soc|61.0"]),
        (
            Scope::new(Vec::new(), None, moment(NOON + MINUTE)),
            vec!["mileage|7.0"],
        ),
        (Scope::default(), vec![]),
    ] {
        let store = erased(&batch, &scope).await;
        assert_eq!(store.query(latest), want, "{scope:?}");
    }
}

#[tokio::test]
async fn a_descriptor_of_another_type_is_taken_after_everything_was_erased() {
    let store = Store::new();
    let mut sink = store.sink();
    let word = text("vehicle.drivetrain.batteryManagement.header", "soc", "full", NOON);
    let number = || vec![soc(60.0, NOON)];
    sink.write(&[entry_with(1, vec![word])]).await.unwrap();
    let refused = sink.write(&[entry_with(3, number())]).await.unwrap().rejected;
    assert_eq!(refused.len(), 1);
    sink.erase(&Scope::default()).await.unwrap();
    assert_eq!(
        sink.rewrite(&[entry_with(3, number())]).await.unwrap().rejected,
        []
    );
    sink.close().await.unwrap();
    assert_eq!(
        store.query("SELECT type FROM descriptor"),
        [ValueType::Number.as_str()]
    );
    assert_eq!(store.query("SELECT value FROM latest"), ["60.0"]);
}

#[tokio::test]
async fn records_go_by_their_own_time_with_all_their_parts() {
    let batch = [
        Entry::record_of(1, trip(1, 2, RecordState::Final, 2)),
        Entry::record_of(2, trip(2, 2, RecordState::Withdrawn, 0)),
        Entry::record_of(3, trip(3, 2, RecordState::Live, 1)),
    ];
    // The parts of the first begin some seconds after it.
    let scope = Scope::new(Vec::new(), None, moment(NOON + 2 * MINUTE));
    let store = erased(&batch, &scope).await;
    assert_eq!(
        store.query("SELECT at FROM test_trips"),
        ["2026-03-01T12:03:00.000Z"]
    );
    assert_eq!(store.query("SELECT count(*) FROM test_trip_stops"), ["1"]);
    let mut sink = store.sink();
    sink.rewrite(&[Entry::record_of(2, trip(2, 1, RecordState::Live, 0))])
        .await
        .unwrap();
    sink.close().await.unwrap();
    assert_eq!(
        store.query("SELECT revision FROM test_trips ORDER BY at"),
        ["1", "2"]
    );
}

#[tokio::test]
async fn a_database_that_does_not_exist_is_not_made() {
    let store = Store::new();
    store.sink().erase(&Scope::default()).await.unwrap();
    assert!(!store.path().exists());
}

#[tokio::test]
async fn more_than_one_transaction_removes_is_removed() {
    let many: Vec<_> = (0..60_000).map(|at| soc(50.0, NOON + at)).collect();
    let batch = [entry_with(1, many), entry_with(3, vec![soc(1.0, NOON - 1)])];
    let scope = Scope::new(Vec::new(), moment(NOON), moment(NOON + 58_999));
    let store = erased(&batch, &scope).await;
    assert_eq!(
        store.query("SELECT count(*), min(measured_ms) - 1772366400000 FROM readings"),
        ["1001|-1"]
    );
    assert_eq!(
        store.query("SELECT measured_ms - 1772366400000 FROM latest"),
        ["59999"]
    );
}

#[tokio::test]
async fn what_another_journal_brought_stays() {
    // Entries of even numbers are of the other vehicle; each is received a minute behind the one before.
    let told = |seq| {
        entry_with(
            seq,
            vec![soc(60.0, NOON), mileage(7.0, NOON + i64::try_from(seq).unwrap())],
        )
    };
    let batch: Vec<Entry> = (1..=5).map(told).collect();
    let begins = batch[2].snapshot().unwrap().received_at;
    let ours = vec![batch[0].snapshot().unwrap().vehicle.clone()];
    let scope = Scope::default().of_journal(ours, Some(begins));
    let store = erased(&batch, &scope).await;
    let rows = "SELECT substr(vin, 1, 3), name, measured_ms - 1772366400000 FROM readings ORDER BY 1, 2, 3";
    assert_eq!(
        store.query(rows),
        ["WBA|mileage|2", "WBA|mileage|4", "WBA|soc|0", "WBY|mileage|1",],
        "strangers, and what came before the journal began; what it has brought once more is its own"
    );
}
