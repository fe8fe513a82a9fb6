//! What is published of a present that a test makes up.

use std::sync::Mutex;

use async_trait::async_trait;
use collector_core::VehicleFacts;
use collector_core::testkit::{entry_with, reading, vehicle};
use jiff::Timestamp;

use super::*;

/// Knows a vehicle, and its model from some time on.
#[derive(Debug, Default)]
struct Late(Mutex<Option<String>>);

#[async_trait]
impl Present for Late {
    async fn latest(&self) -> Result<Vec<Snapshot>, SinkError> {
        Ok(Vec::new())
    }

    async fn vehicles(&self) -> Result<Vec<VehicleFacts>, SinkError> {
        Ok(vec![VehicleFacts {
            vehicle: vehicle(false),
            account: None,
            gcid: None,
            brand: None,
            model: self.0.lock().unwrap().clone(),
        }])
    }
}

#[tokio::test]
async fn a_model_that_is_known_later_is_learned_once() {
    let config = serde_json::from_value(serde_json::json!({ "url": "mqtt://localhost" })).unwrap();
    let late = Arc::new(Late::default());
    let mut board = Board::new(&config, late.clone(), false);
    assert!(!board.is_curious(), "without a vehicle");
    board.prime().await.unwrap();
    assert!(board.is_curious() && !board.learn().await.unwrap());
    *late.0.lock().unwrap() = Some("i4 eDrive40".to_owned());
    assert!(board.learn().await.unwrap());
    assert!(!board.is_curious() && !board.learn().await.unwrap());
}

/// Shows one value, at some time.
#[derive(Debug)]
struct At(Timestamp);

#[async_trait]
impl Present for At {
    async fn latest(&self) -> Result<Vec<Snapshot>, SinkError> {
        Ok(vec![arrived(&["vehicle.a"])])
    }

    async fn vehicles(&self) -> Result<Vec<VehicleFacts>, SinkError> {
        Ok(Vec::new())
    }

    fn now(&self) -> Timestamp {
        self.0
    }
}

fn arrived(descriptors: &[&str]) -> Snapshot {
    let readings = descriptors
        .iter()
        .map(|id| reading(id, id, Value::Number(1.0), None, 1));
    Snapshot::clone(entry_with(1, readings.collect()).snapshot().unwrap())
}

fn board(now: Timestamp) -> Board {
    let config = serde_json::from_value(serde_json::json!({ "url": "mqtt://localhost" })).unwrap();
    Board::new(&config, Arc::new(At(now)), false)
}

#[test]
fn what_arrived_long_ago_is_shown_and_is_no_message_of_bmw() {
    let snapshot = arrived(&["vehicle.a"]);
    for (minutes, mode, expected) in [
        (0, Mode::Live, 1),
        (15, Mode::Live, 1),
        (16, Mode::Live, 0),
        (15, Mode::Again, 1),
        (2 * 24 * 60, Mode::Again, 0),
    ] {
        let mut board = board(snapshot.received_at + SignedDuration::from_mins(minutes));
        let messages = board.take(&snapshot, &snapshot.readings[0], mode);
        let (retained, of_bmw): (Vec<_>, Vec<_>) = messages.into_iter().partition(|message| message.retain);
        assert_eq!(of_bmw.len(), expected, "{minutes} {mode:?}");
        assert_eq!(retained.is_empty(), mode == Mode::Again);
    }
}

#[tokio::test]
async fn entities_go_before_their_values_and_are_subscribed_to_without_a_queue() {
    let mut before = board(Timestamp::MIN);
    let wide = arrived(&["vehicle.a", "vehicle.b", "vehicle.z"]);
    for reading in &wide.readings {
        before.take(&wide, reading, Mode::Live);
    }
    let kept: Vec<_> = before
        .announce()
        .map(|message| (message.topic, message.payload))
        .collect();
    for (topic, payload) in kept.iter().filter(|(topic, _)| topic.ends_with("/config")) {
        let config: serde_json::Value = serde_json::from_slice(payload).unwrap();
        assert_eq!(config["qos"], 0, "{topic}");
    }
    let mut narrow = board(Timestamp::MIN);
    narrow.prime().await.unwrap();
    for kept in [kept.clone(), kept.into_iter().rev().collect()] {
        let gone = narrow.adopt(&kept);
        let entities: Vec<bool> = gone
            .iter()
            .map(|message| message.topic.ends_with("/config"))
            .collect();
        assert_eq!(entities, [true, true, false, false]);
        assert!(gone.iter().all(|message| message.payload.is_empty()));
    }
}
