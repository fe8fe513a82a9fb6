//! A database in a folder of its own, the sink on it, and who reads it.

use std::path::PathBuf;

use collector_core::testkit::{context, entry_with, reading, vehicle};
use collector_core::{Entry, Reading, Scope, Sink, Value, Vin};
use history::read::{Range, Reader};
use history::{HistorySink, Place};
use jiff::Timestamp;
use tempfile::TempDir;

/// 2026-03-01T12:00:00Z
pub const NOON: i64 = 1_772_366_400_000;
pub const MINUTE: i64 = 60_000;
pub const HOUR: i64 = 60 * MINUTE;
pub const DAY: i64 = 24 * HOUR;

pub const SOC: &str = "vehicle.drivetrain.batteryManagement.header";

pub struct Filled {
    folder: TempDir,
    sink: HistorySink,
}

impl Filled {
    pub fn new(rollups: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = Place {
            path: folder.path().join("dashboard.db").into(),
            others_may_read: false,
            rollups,
        };
        let sink = HistorySink::new(place, None, context().log_id);
        Self { folder, sink }
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("dashboard.db")
    }

    pub async fn write(&mut self, batch: &[Entry]) {
        let written = self.sink.write(batch).await.unwrap();
        assert_eq!(written.rejected, []);
    }

    pub async fn told(&mut self, readings: Vec<Reading>) {
        self.write(&[entry_with(1, readings)]).await;
    }

    pub async fn erase(&mut self, scope: &Scope) {
        self.sink.erase(scope).await.unwrap();
    }

    pub async fn close(&mut self) {
        self.sink.close().await.unwrap();
    }

    pub fn reader(&self) -> Reader {
        Reader::open(&self.path()).unwrap().unwrap()
    }
}

/// The suite's first vehicle.
pub fn vin() -> Vin {
    vehicle(false).vin
}

pub fn at(milliseconds: i64) -> Timestamp {
    Timestamp::from_millisecond(milliseconds).unwrap()
}

pub fn range(from: i64, to: i64) -> Range {
    Range {
        from: at(from),
        to: at(to),
    }
}

pub fn soc(value: f64, at: i64) -> Reading {
    reading(SOC, "soc", Value::Number(value), Some("%"), at)
}

pub fn word(value: &str, at: i64) -> Reading {
    reading("vehicle.status", "status", Value::Text(value.into()), None, at)
}

/// More readings of other keys than stay in the order in which they come: what was told before lies in `history`.
pub async fn push_down(filled: &mut Filled, from: i64) {
    for batch in 0..3 {
        let readings = (0..55_000).map(|number| {
            let at = from + batch * DAY + number * 1_000;
            reading("vehicle.other", "other", Value::Bool(number % 2 == 0), None, at)
        });
        filled.told(readings.collect()).await;
    }
}
