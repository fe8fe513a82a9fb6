//! A present that a test makes up.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use collector_core::testkit::{ended, entry_with, reading, vehicle};
use collector_core::{
    Descriptor, Entry, Present, Reading, SinkError, Snapshot, Unit, Value, ValueType, VehicleFacts,
};
use jiff::Timestamp;

pub const SOC: &str = "vehicle.drivetrain.batteryManagement.header";
pub const WINDOW: &str = "vehicle.cabin.window.row1.driver.status";
pub const LATITUDE: &str = "vehicle.cabin.infotainment.navigation.currentLocation.latitude";
pub const LONGITUDE: &str = "vehicle.cabin.infotainment.navigation.currentLocation.longitude";
pub const GCID: &str = "6a1b2c3d-0000-4444-8888-123456789abc";
/// 2026-03-01T12:00:00Z
pub const NOON: i64 = 1_772_366_400_000;

/// Shared by the clones.
#[derive(Debug, Clone, Default)]
pub struct Fake {
    latest: Arc<Mutex<Vec<Snapshot>>>,
    vehicles: Arc<Mutex<Vec<VehicleFacts>>>,
    now: Arc<Mutex<Option<Timestamp>>>,
}

impl Fake {
    /// Knows the suite's first vehicle, and these readings of it.
    pub fn knowing(readings: Vec<Reading>) -> Self {
        let fake = Self::default();
        fake.set(readings);
        fake.vehicles.lock().unwrap().push(VehicleFacts {
            vehicle: vehicle(false),
            account: Some("home".into()),
            gcid: Some(GCID.to_owned()),
            brand: Some("BMW".to_owned()),
            model: Some("i4 eDrive40".to_owned()),
        });
        fake
    }

    pub fn set(&self, readings: Vec<Reading>) {
        let snapshot = Snapshot::clone(entry_with(1, readings).snapshot().unwrap());
        *self.latest.lock().unwrap() = vec![snapshot];
    }

    pub fn set_now(&self, now: Timestamp) {
        *self.now.lock().unwrap() = Some(now);
    }

    /// There are no values of these any more, since so many seconds after noon.
    pub fn set_ended(&self, ends: &[(&str, i64)]) {
        let entry =
            |(id, seconds): &(&str, i64)| ended(9, &half(id, 0.0, 0).descriptor, NOON + seconds * 1_000);
        let snapshots = ends
            .iter()
            .map(|end| Snapshot::clone(entry(end).snapshot().unwrap()));
        *self.latest.lock().unwrap() = snapshots.collect();
    }

    /// Of the battery's charge there is no value any more, since `seconds` after noon.
    pub fn end(&self, seconds: i64) {
        *self.latest.lock().unwrap() = vec![Snapshot::clone(soc_ended(seconds).snapshot().unwrap())];
    }
}

#[async_trait]
impl Present for Fake {
    async fn latest(&self) -> Result<Vec<Snapshot>, SinkError> {
        Ok(self.latest.lock().unwrap().clone())
    }

    async fn vehicles(&self) -> Result<Vec<VehicleFacts>, SinkError> {
        Ok(self.vehicles.lock().unwrap().clone())
    }

    fn now(&self) -> Timestamp {
        self.now.lock().unwrap().unwrap_or(Timestamp::MIN)
    }
}

/// A reading of the battery's charge, `seconds` after noon.
pub fn soc(value: f64, seconds: i64) -> Reading {
    reading(
        SOC,
        "soc",
        Value::Number(value),
        Some("%"),
        NOON + seconds * 1_000,
    )
}

/// The end of the battery's charge.
pub fn soc_ended(seconds: i64) -> Entry {
    ended(9, &soc(0.0, 0).descriptor, NOON + seconds * 1_000)
}

/// Half a position.
pub fn half(id: &str, value: f64, seconds: i64) -> Reading {
    let name = id.rsplit('.').next().unwrap();
    reading(id, name, Value::Number(value), Some("°"), NOON + seconds * 1_000)
}

/// A reading of a window, whose texts are known.
pub fn window(text: &str, seconds: i64) -> Reading {
    let options = &["CLOSED", "INTERMEDIATE", "OPEN"];
    let descriptor = Descriptor::new(WINDOW, "window_front_driver", ValueType::Text, None::<Unit>)
        .described("Status of front left window", options);
    let at = reading(WINDOW, "", Value::Bool(true), None, NOON + seconds * 1_000).measured_at;
    Reading::new(descriptor, Value::Text(text.into()), None, at)
}

/// One entry of the suite's first vehicle a reading.
pub fn entries(readings: Vec<Reading>) -> Vec<Entry> {
    let numbers = (1..).step_by(2);
    readings
        .into_iter()
        .zip(numbers)
        .map(|(it, seq)| entry_with(seq, vec![it]))
        .collect()
}
