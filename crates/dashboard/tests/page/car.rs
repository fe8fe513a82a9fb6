//! A page of one car that told and did what a test says, at noon.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use collector_core::testkit::{context, entry_with, vehicle};
use collector_core::{Entry, Reading, Record, RecordKind, RecordState, Sink, UnitSystem, Value};
use dashboard::door::Auth;
use dashboard::{Limits, Options, Settings};
use history::{HistorySink, Place};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use runtime::Clock;
use tempfile::TempDir;

use super::history::NOON;
use super::site::{Page, Program};

/// A clock that stands.
#[derive(Debug)]
struct Stands;

#[async_trait]
impl Clock for Stands {
    fn now(&self) -> Timestamp {
        moment(0)
    }

    async fn sleep(&self, _: Duration) {
        std::future::pending::<()>().await;
    }
}

/// So many minutes after noon.
pub fn moment(minute: i64) -> Timestamp {
    Timestamp::from_millisecond(NOON + minute * 60_000).unwrap()
}

/// The folder is gone when it is dropped.
pub struct Car {
    pub page: Page,
    _folder: TempDir,
}

pub async fn car(readings: Vec<Reading>, records: Vec<Record>, units: UnitSystem, program: Program) -> Car {
    let mut entries = vec![entry_with(1, readings)];
    entries.extend(
        (2..)
            .zip(records)
            .map(|(seq, record)| Entry::record_of(seq, record)),
    );
    told(&entries, units, program).await
}

/// A car of which these entries came.
pub async fn told(entries: &[Entry], units: UnitSystem, program: Program) -> Car {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("page.db");
    let place = Place {
        path: path.clone().into(),
        others_may_read: false,
        rollups: true,
    };
    let mut sink = HistorySink::new(place, None, context().log_id);
    assert_eq!(sink.write(entries).await.unwrap().rejected, []);
    let settings = Settings {
        auth: Auth::Loopback,
        hosts: Vec::new(),
        options: Options {
            units,
            timezone: TimeZone::UTC,
        },
    };
    let page = Page::like(settings, Limits::default(), path, program, Arc::new(Stands)).await;
    Car {
        page,
        _folder: folder,
    }
}

impl Car {
    pub async fn get(&self, path: &str) -> String {
        let answer = self.page.get(path).send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert_eq!(status, 200, "{path}: {text}");
        text
    }
}

/// Final; `key` is its only key.
pub fn record(kind: &'static RecordKind, minute: i64, key: Value, values: &[(&str, Value)]) -> Record {
    for (name, _) in values {
        assert!(kind.columns.iter().any(|column| column.name == *name), "{name}");
    }
    let value = |name: &str| {
        let found = values.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| value.clone())
    };
    let values: Vec<_> = kind.columns.iter().map(|column| value(column.name)).collect();
    let mut record = Record::new(kind, vehicle(false), moment(minute), [key], values);
    record.state = RecordState::Final;
    record
}
