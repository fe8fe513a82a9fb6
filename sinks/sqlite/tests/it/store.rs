//! A database in a folder of its own, the sink on it, and what other programs see of it.

use std::path::PathBuf;

use collector_core::testkit::{context, reading};
use collector_core::{Reading, Sink, SinkConfig, SinkError, Stamp, Unit, Value};
use rusqlite::{Connection, OpenFlags, Row};
use sink_sqlite::SqliteConfig;
use tempfile::TempDir;

/// 2026-03-01T12:00:00Z
pub const NOON: i64 = 1_772_366_400_000;

pub struct Store {
    folder: TempDir,
}

impl Store {
    pub fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// In a folder that does not exist yet.
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("data/cardata.db")
    }

    pub fn folder(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    pub fn sink(&self) -> Box<dyn Sink> {
        self.sink_that(false)
    }

    pub fn sink_that(&self, others_may_read: bool) -> Box<dyn Sink> {
        let path = self.path();
        SqliteConfig {
            path,
            others_may_read,
        }
        .build(context())
        .unwrap()
    }

    /// Another program that reads.
    pub fn reader(&self) -> Connection {
        Connection::open_with_flags(self.path(), OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap()
    }

    /// Every row of a query, its columns joined by `|` as the sqlite3 shell shows them.
    pub fn query(&self, sql: &str) -> Vec<String> {
        query(&self.reader(), sql)
    }
}

pub fn query(connection: &Connection, sql: &str) -> Vec<String> {
    let mut statement = connection.prepare(sql).unwrap();
    let columns = statement.column_count();
    let show = |row: &Row<'_>| {
        let cells = (0..columns).map(|column| {
            use rusqlite::types::Value::{Blob, Integer, Null, Real, Text};
            match row.get(column).unwrap() {
                Null => String::new(),
                Integer(value) => value.to_string(),
                Real(value) => format!("{value:?}"),
                Text(value) => value,
                Blob(_) => panic!("no column is a blob"),
            }
        });
        Ok(cells.collect::<Vec<_>>().join("|"))
    };
    statement
        .query_map([], show)
        .unwrap()
        .map(Result::unwrap)
        .collect()
}

pub fn number(id: &str, short: &str, value: f64, unit: &'static str, at: i64) -> Reading {
    reading(id, short, Value::Number(value), Some(unit), at)
}

pub fn text(id: &str, short: &str, value: &str, at: i64) -> Reading {
    reading(id, short, Value::Text(value.into()), None, at)
}

pub fn soc(value: f64, at: i64) -> Reading {
    number(
        "vehicle.drivetrain.batteryManagement.header",
        "soc",
        value,
        "%",
        at,
    )
}

/// A part of the position: `latitude`, `longitude`, `altitude`, `heading`.
pub fn place(part: &str, value: f64, at: i64) -> Reading {
    let descriptor = format!("vehicle.cabin.infotainment.navigation.currentLocation.{part}");
    reading(&descriptor, part, Value::Number(value), None, at)
}

/// A descriptor outside the catalogue: it has no unit of its own, its readings have.
pub fn foreign(value: f64, unit: Option<&str>, at: i64) -> Reading {
    let id = "vehicle.new.distance";
    let mut reading = reading(id, id, Value::Number(value), None, at);
    reading.unit = unit.map(Unit::other);
    reading
}

/// The second value of its moment.
pub fn second(mut reading: Reading) -> Reading {
    reading.occurrence = 1;
    reading
}

/// Stamped with the time of the call.
pub fn requested(mut reading: Reading) -> Reading {
    reading.stamp = Stamp::Requested;
    reading
}

/// What a person is told to do.
pub fn advice(error: SinkError) -> String {
    match error {
        SinkError::Misconfigured { reason } => reason,
        other => panic!("a person has to act on this: {other}"),
    }
}
