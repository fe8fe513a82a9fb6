//! A folder of the sink, and a reader of its files that knows nothing of the sink's code.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use collector_core::testkit::{RecordRow, Row, context, entry_with, reading};
use collector_core::{Body, Entry, LogId, Scope, Sink, SinkConfig, SinkContext, Snapshot, Value};
use serde_json::{Value as Json, json};
use sink_csv::CsvConfig;
use tempfile::TempDir;

/// 2026-03-01T12:00:00Z in milliseconds.
pub const NOON: i64 = 1_772_366_400_000;
pub const DAY: i64 = 24 * 3_600_000;

pub const LONG_HEADER: &str = "measured_at,vehicle,vin,descriptor,value,unit,source,origin,stamp,occurrence";

pub struct Archive {
    dir: TempDir,
    options: Json,
}

impl Archive {
    /// A folder with options, which may say anything but `dir`.
    pub fn new(options: Json) -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self { dir, options }
    }

    pub fn path(&self) -> PathBuf {
        self.dir.path().join("csv")
    }

    /// The same folder, with other options.
    pub fn with(self, options: Json) -> Self {
        Self { options, ..self }
    }

    /// A new sink on the folder, as after a restart.
    pub fn open(&self) -> Box<dyn Sink> {
        self.open_for(context())
    }

    fn open_for(&self, context: SinkContext) -> Box<dyn Sink> {
        let mut options = self.options.clone();
        options["dir"] = json!(self.path());
        let config: CsvConfig = serde_json::from_value(options).unwrap();
        config.validate().unwrap();
        config.build(context).unwrap()
    }

    /// The same, delivered to out of another journal.
    pub fn of_another_journal(&self) -> Box<dyn Sink> {
        let context = context();
        self.open_for(SinkContext::new(
            context.name,
            context.base_dir,
            LogId::new("another"),
        ))
    }

    /// Starts, writes one batch, and ends.
    pub async fn store(&self, batch: &[Entry]) {
        let mut sink = self.open();
        sink.write(batch).await.unwrap();
        sink.close().await.unwrap();
    }

    /// Starts, takes what is within a scope out again, and ends.
    pub async fn erase(&self, scope: &Scope) {
        let mut sink = self.open();
        sink.erase(scope).await.unwrap();
        sink.close().await.unwrap();
    }

    /// Starts, delivers a batch again, and ends.
    pub async fn rewrite(&self, batch: &[Entry]) {
        let mut sink = self.open();
        sink.rewrite(batch).await.unwrap();
        sink.close().await.unwrap();
    }

    pub fn write_file(&self, name: &str, content: &str) {
        fs::create_dir_all(self.path()).unwrap();
        fs::write(self.path().join(name), content).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        String::from_utf8(self.bytes(name)).unwrap()
    }

    pub fn bytes(&self, name: &str) -> Vec<u8> {
        fs::read(self.path().join(name)).unwrap()
    }

    /// Every file that is not hidden, by name.
    pub fn files(&self) -> Vec<String> {
        let content = content(&self.path());
        content
            .into_keys()
            .filter(|name| !name.starts_with('.'))
            .collect()
    }

    /// The cells of a file, the header first.
    pub fn cells(&self, name: &str) -> Vec<Vec<String>> {
        let delimiter = self.options["delimiter"].as_str().unwrap_or(",").as_bytes()[0];
        cells(&self.bytes(name), delimiter)
    }

    /// Every reading in the folder, in the order of file names and rows.
    pub fn rows(&self) -> Vec<Row> {
        let of_file = |name: String| {
            let mut rows = self.cells(&name).into_iter();
            assert_eq!(rows.next().unwrap().join(","), LONG_HEADER, "{name}");
            rows.map(row).collect::<Vec<_>>()
        };
        let of_readings = |name: &String| name.starts_with("cardata");
        self.files()
            .into_iter()
            .filter(of_readings)
            .flat_map(of_file)
            .collect()
    }

    /// Every record in the folder, in the order of file names and rows.
    pub fn records(&self) -> Vec<RecordRow> {
        let mut names = self.files();
        names.retain(|name| !name.starts_with("cardata"));
        let of_file = |name: &String| record_rows(name, &self.cells(name));
        names.iter().flat_map(of_file).collect()
    }
}

/// The rows of a file of records, which describes itself.
fn record_rows(name: &str, cells: &[Vec<String>]) -> Vec<RecordRow> {
    let header = &cells[0];
    let at = header.iter().position(|column| column == "at").unwrap();
    assert_eq!(header[..2], ["vehicle", "vin"], "{name}");
    assert_eq!(header[at + 1..at + 3], ["revision", "state"], "{name}");
    let is_key = |column: &usize| !header[*column].ends_with(".at");
    let row = |cells: &Vec<String>| RecordRow {
        kind: name.split('-').next().unwrap().to_owned(),
        vin: cells[1].clone(),
        key: (2..at)
            .filter(is_key)
            .map(|column| cells[column].clone())
            .collect(),
        revision: cells[at + 1].parse().unwrap(),
        state: cells[at + 2].clone(),
        values: cells[at + 3..]
            .iter()
            .map(|cell| (!cell.is_empty()).then(|| cell.clone()))
            .collect(),
    };
    cells[1..].iter().map(row).collect()
}

/// The content of every file of a folder; empty where there is none.
pub fn content(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let Ok(entries) = fs::read_dir(dir) else {
        return BTreeMap::new();
    };
    let content = entries.map(|entry| {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        (name, fs::read(entry.path()).unwrap())
    });
    content.collect()
}

/// Refuses rows of different lengths.
pub fn cells(bytes: &[u8], delimiter: u8) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .from_reader(bytes);
    let rows = reader
        .records()
        .map(|row| row.unwrap().iter().map(original).collect());
    rows.collect()
}

/// Undoes what the sink does to text that a spreadsheet would run.
fn original(cell: &str) -> String {
    cell.strip_prefix('\'').unwrap_or(cell).to_owned()
}

fn row(cells: Vec<String>) -> Row {
    Row {
        vin: cells[2].clone(),
        descriptor: cells[3].clone(),
        measured_at: cells[0].parse::<jiff::Timestamp>().unwrap().as_millisecond(),
        value: cells[4].clone(),
    }
}

/// An entry with one reading of the suite's vehicle, measured so long after noon.
pub fn soc(seq: u64, after_noon: i64) -> Entry {
    let value = Value::Number(seq as f64);
    entry_with(
        seq,
        vec![reading(
            "vehicle.header",
            "soc",
            value,
            Some("%"),
            NOON + after_noon,
        )],
    )
}

/// The snapshot of an entry of the suite, to be changed.
pub fn snapshot_mut(entry: &mut Entry) -> &mut Snapshot {
    match &mut entry.body {
        Body::Snapshot(snapshot) => Arc::make_mut(snapshot),
        other => panic!("no snapshot: {other:?}"),
    }
}

/// An entry with one reading of text.
pub fn text(seq: u64, text: &str) -> Entry {
    let value = Value::Text(text.into());
    entry_with(seq, vec![reading("vehicle.text", "text", value, None, NOON)])
}
