//! Sinks that want a part only.

use super::*;
use collector_core::{Descriptor, Ended, Record, RecordKind, Snapshot, ValueType, Vehicle, document};

fn select(json: &str) -> Select {
    serde_json::from_str(json).unwrap()
}

async fn delivered(rig: &Rig, json: &str) -> Vec<Vec<Entry>> {
    let (sink, mut store) = scripted([]);
    let worker = Worker {
        select: select(json),
        ..rig.worker("part").await
    };
    rig.drain(worker, sink).await;
    std::iter::from_fn(|| store.writes.try_recv().ok()).collect()
}

async fn two_vehicles() -> Rig {
    let rig = Rig::new();
    rig.poll(0, 1).await;
    rig.poll(1, 2).await;
    rig.poll(0, 3).await;
    rig
}

#[tokio::test]
async fn a_vehicle_by_its_name_or_number() {
    for pattern in ["i3", "wby*", "!*4567"] {
        let rig = two_vehicles().await;
        let batches = delivered(&rig, &format!(r#"{{"vehicles":["{pattern}"]}}"#)).await;
        let seqs: Vec<_> = batches.concat().iter().map(|entry| entry.seq).collect();
        assert_eq!(seqs, [1, 3], "{pattern}");
        let totals = rig.totals("part").await;
        assert_eq!((totals.cursor, totals.delivered_readings), (3, 4));
    }
}

#[tokio::test]
async fn readings_by_their_descriptors() {
    for pattern in ["vehicle.vehicle.**", "mileage", "!soc"] {
        let rig = two_vehicles().await;
        let batches = delivered(&rig, &format!(r#"{{"descriptors":["{pattern}"]}}"#)).await;
        let entries = batches.concat();
        assert_eq!(entries.len(), 3);
        for entry in &entries {
            let descriptors: Vec<_> = entry
                .readings()
                .iter()
                .map(|reading| &reading.descriptor)
                .collect();
            assert_eq!(descriptors.len(), 1);
            assert_eq!(descriptors[0].as_str(), MILEAGE, "{pattern}");
        }
        assert_eq!(rig.totals("part").await.delivered_readings, 3);
    }
}

#[tokio::test]
async fn the_cursor_passes_what_is_not_wanted_and_the_sink_is_not_asked() {
    let rig = two_vehicles().await;
    assert!(delivered(&rig, r#"{"sources":["archive"]}"#).await.is_empty());
    let totals = rig.totals("part").await;
    assert_eq!(
        (totals.cursor, totals.delivered_readings, totals.waiting_readings),
        (3, 0, 0)
    );
}

#[tokio::test]
async fn a_refusal_names_the_reading_that_the_sink_was_given() {
    let rig = two_vehicles().await;
    let (sink, _store) = scripted([Reply::Reject(vec![0])]);
    let worker = Worker {
        select: select(r#"{"descriptors":["mileage"]}"#),
        ..rig.worker("part").await
    };
    rig.drain(worker, sink).await;
    let connection = rusqlite::Connection::open(rig.journal.path()).unwrap();
    let letter: String = connection
        .query_row("select descriptor from dead_letter", [], |row| row.get(0))
        .unwrap();
    assert_eq!(letter, MILEAGE);
    assert_eq!(rig.totals("part").await.delivered_readings, 2);
}

#[tokio::test]
async fn who_wants_everything_shares_the_batch() {
    let rig = two_vehicles().await;
    let batch = rig.reader.read(&"test".into(), 0, 100).await.unwrap().unwrap();
    let all = rig.worker("test").await.choice().of(&batch);
    assert!(Arc::ptr_eq(&all, &batch.entries));
}

#[test]
fn ends_are_selected_as_readings_are_and_records_where_they_are_taken() {
    let vehicle = Vehicle::named(VINS[0].parse().unwrap(), Some("i3".into()));
    let descriptor = |id: &'static str| Descriptor::new(id, id, ValueType::Number, None);
    let snapshot = Snapshot::new(
        vehicle.clone(),
        "home".into(),
        "telematics".into(),
        Origin::Poll,
        noon(),
    );
    let empty = Entry::snapshot_of(1, snapshot.clone());
    let ended = [SOC, MILEAGE].map(|id| Ended {
        descriptor: descriptor(id),
        at: noon(),
    });
    let snapshot = Entry::snapshot_of(1, snapshot.with(vec![], ended.to_vec()));
    static KIND: RecordKind = RecordKind {
        name: "trip",
        plural: "trips",
        short: "trip",
        version: 1,
        title: "Trip",
        key: &[],
        columns: &[],
        children: &[],
    };
    let record = Entry::record_of(2, Record::new(&KIND, vehicle, noon(), [], []));
    let part = |records, json: &str, entry: &Entry| {
        let select = select(json);
        let choice = crate::select::Choice {
            selects: vec![&select],
            records,
        };
        choice.part(entry, |_| true)
    };
    let ends = |json: &str| {
        let part = part(Records::NotTaken, json, &snapshot)?;
        Some(part.snapshot().unwrap().ended.len())
    };
    assert_eq!(ends("{}"), Some(2));
    assert!(part(Records::NotTaken, "{}", &empty).is_none());
    assert_eq!(ends(r#"{"descriptors":["vehicle.vehicle.**"]}"#), Some(1));
    assert_eq!(ends(r#"{"descriptors":["vehicle.cabin.**"]}"#), None);
    assert_eq!(ends(r#"{"sources":["stream"]}"#), None);
    for (records, json, expected) in [
        (Records::Replaces, "{}", true),
        (Records::AppendsRevisions, r#"{"vehicles":["i3"]}"#, true),
        (Records::Replaces, r#"{"vehicles":["i4"]}"#, false),
        (Records::NotTaken, "{}", false),
    ] {
        assert_eq!(part(records, json, &record).is_some(), expected, "{json}");
    }
}

#[tokio::test]
async fn a_poll_without_news_reaches_no_sink() {
    for json in ["{}", r#"{"descriptors":["soc","mileage"]}"#] {
        let rig = two_vehicles().await;
        for (vehicle, number, new) in [(0, 3, 0), (1, 4, 2), (0, 3, 0)] {
            assert_eq!(rig.append(snapshot(vehicle, number)).await, new);
        }
        let batches = delivered(&rig, json).await;
        let seqs: Vec<_> = batches.concat().iter().map(|entry| entry.seq).collect();
        assert_eq!(seqs, [1, 2, 3, 5], "{json}");
        let totals = rig.totals("part").await;
        assert_eq!((totals.cursor, totals.delivered_readings), (6, 8), "{json}");
    }
}

#[tokio::test]
async fn a_sink_is_not_asked_for_polls_without_news_alone() {
    let rig = Rig::new();
    let nothing = RawSnapshot {
        readings: Vec::new(),
        ..snapshot(0, 1)
    };
    rig.append(nothing).await;
    assert!(delivered(&rig, "{}").await.is_empty());
    assert_eq!(rig.totals("part").await.cursor, 1);
}

#[tokio::test]
async fn documents_reach_no_sink() {
    let tyre = RawReading {
        descriptor: document::TYRES.to_owned(),
        body: RawValue::from_string(r#"{"value":{"depth":7}}"#.to_owned()).unwrap(),
    };
    for json in ["{}", r#"{"descriptors":["soc","mileage"]}"#] {
        let rig = two_vehicles().await;
        let mut both = snapshot(1, 4);
        both.readings.push(tyre.clone());
        let mut alone = snapshot(1, 5);
        alone.readings = vec![RawReading {
            body: RawValue::from_string(r#"{"value":{"depth":6}}"#.to_owned()).unwrap(),
            ..tyre.clone()
        }];
        assert_eq!((rig.append(both).await, rig.append(alone).await), (2, 0));
        let entries = delivered(&rig, json).await.concat();
        let seqs: Vec<_> = entries.iter().map(|entry| entry.seq).collect();
        assert_eq!(seqs, [1, 2, 3, 4], "{json}");
        assert!(
            entries
                .iter()
                .all(|entry| entry.snapshot().unwrap().documents.is_empty())
        );
    }
}
