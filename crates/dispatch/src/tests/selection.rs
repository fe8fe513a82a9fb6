//! Sinks that want a part only.

use super::*;

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
        let totals = rig.totals("part");
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
                .snapshot
                .readings
                .iter()
                .map(|reading| &reading.descriptor)
                .collect();
            assert_eq!(descriptors.len(), 1);
            assert_eq!(descriptors[0].as_str(), MILEAGE, "{pattern}");
        }
        assert_eq!(rig.totals("part").delivered_readings, 3);
    }
}

#[tokio::test]
async fn the_cursor_passes_what_is_not_wanted_and_the_sink_is_not_asked() {
    let rig = two_vehicles().await;
    assert!(delivered(&rig, r#"{"sources":["archive"]}"#).await.is_empty());
    let totals = rig.totals("part");
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
    assert_eq!(rig.totals("part").delivered_readings, 2);
}

#[tokio::test]
async fn who_wants_everything_shares_the_batch() {
    let rig = two_vehicles().await;
    let batch = rig.reader.read(&"test".into(), 0, 100).await.unwrap().unwrap();
    let all = crate::select::selected(&Select::default(), &batch);
    assert!(Arc::ptr_eq(&all, &batch.entries));
}
