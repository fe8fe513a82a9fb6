//! The suite by way of the Python sample. Where there is no Python the run says so, and the shell has to do.

use std::collections::HashMap;
use std::io::Write;
use std::process::Command;

use async_trait::async_trait;
use collector_core::testkit::{Harness, RecordRow, Row, conformance, context, entries, lines, vehicle};
use collector_core::{Entry, Scope, Select, Sink, SinkContext, SinkError, SinkPlugin};

use crate::store::{Folder, SAMPLES, plugin};

/// Prints what a query finds, an object a line; nothing where there is no file.
const QUERY: &str = r#"
import json, os, sqlite3, sys
if os.path.exists("cars.db"):
    db = sqlite3.connect("cars.db")
    db.row_factory = sqlite3.Row
    for row in db.execute(sys.argv[1]):
        print(json.dumps(dict(row)))
"#;

struct Python(Folder);

impl Python {
    /// None, and a word about it, where there is no Python with SQLite.
    fn found() -> Option<Self> {
        let has_sqlite = Command::new("python3").args(["-c", "import sqlite3"]).output();
        if has_sqlite.is_ok_and(|output| output.status.success()) {
            return Some(Self(Folder::new()));
        }
        let _ = writeln!(
            std::io::stderr(),
            "SKIPPED: there is no python3 with sqlite3, so its sample is not tested"
        );
        None
    }

    fn sample(&self, context: SinkContext) -> Box<dyn Sink> {
        let sample = format!("{SAMPLES}/sqlite_sink.py");
        self.0.sink(&["python3", &sample, "cars.db"], context)
    }

    fn query(&self, query: &str) -> Vec<String> {
        let mut python = Command::new("python3");
        let output = python
            .args(["-c", QUERY, query])
            .current_dir(self.0.path())
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().map(str::to_owned).collect()
    }
}

#[async_trait]
impl Harness for Python {
    fn plugin(&self) -> &'static SinkPlugin {
        plugin()
    }

    async fn reset(&mut self) {
        self.0 = Folder::new();
    }

    async fn open(&mut self, context: SinkContext) -> Box<dyn Sink> {
        self.sample(context)
    }

    async fn rows(&mut self) -> Vec<Row> {
        let rows = self.query("SELECT vin, descriptor, measured_at, value FROM readings");
        rows.iter().map(|row| lines::row_of(row)).collect()
    }

    async fn records(&mut self) -> Vec<RecordRow> {
        let rows = self.query("SELECT told FROM records");
        let records = rows
            .iter()
            .map(|row| serde_json::from_str::<HashMap<String, String>>(row).unwrap());
        records
            .flat_map(|row| lines::record_rows_of(&row["told"]))
            .collect()
    }

    fn refused(&self, _: u64) -> Option<Entry> {
        None
    }
}

#[tokio::test]
async fn the_python_sample_keeps_every_promise() {
    let Some(mut python) = Python::found() else { return };
    conformance(&mut python).await;
}

#[tokio::test]
async fn the_python_sample_removes_by_vehicle_and_says_what_it_cannot() {
    let Some(mut python) = Python::found() else { return };
    let mut sink = python.sample(context());
    sink.write(&entries(1, 4)).await.unwrap();
    let one: Select = serde_json::from_str(r#"{"vehicles": ["i4"]}"#).unwrap();
    let scope = Scope::new(vec![one], None, None).of_journal(vec![vehicle(false), vehicle(true)], None);
    sink.erase(&scope).await.unwrap();
    let rows = python.rows().await;
    assert_eq!(rows.len(), 16, "of two entries");
    assert!(rows.iter().all(|row| row.vin == vehicle(true).vin.as_str()));
    let soc: Select = serde_json::from_str(r#"{"descriptors": ["soc"]}"#).unwrap();
    let error = sink.erase(&Scope::new(vec![soc], None, None)).await.unwrap_err();
    assert!(
        matches!(&error, SinkError::Misconfigured { reason } if reason.contains("not by descriptor")),
        "{error}"
    );
    assert_eq!(python.rows().await, rows, "nothing was removed");
}
