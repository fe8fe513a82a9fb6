//! What the stores hold, read the way other programs read them.

use std::collections::HashMap;
use std::path::Path;

use crate::process::{Line, Stream};
use crate::servers::{FieldValue, InfluxDb1};
use jiff::Timestamp;
use rusqlite::types::Value as Cell;
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;

use crate::oracle::{Row, canonical};

/// In milliseconds.
const MINUTE: i64 = 60_000;

/// Keys whose values are true or false; SQLite shows them as 1 and 0.
const BOOLEANS: [&str; 3] = [
    "vehicle.isMoving",
    "vehicle.powertrain.tractionBattery.charging.port.anyPosition.flap.isOpen",
    "vehicle.powertrain.tractionBattery.charging.port.anyPosition.isPlugged",
];

/// A file as far as its last line has ended: its writer may be about to write another.
pub fn ended_lines(path: &Path) -> String {
    let mut text = std::fs::read_to_string(path).unwrap_or_default();
    text.truncate(text.rfind('\n').map_or(0, |last| last + 1));
    text
}

/// Every row of every file of the long layout.
pub fn csv(folder: &Path) -> Vec<Row> {
    let mut rows = Vec::new();
    let Ok(files) = std::fs::read_dir(folder) else {
        return rows;
    };
    for file in files.map(|file| file.unwrap().path()) {
        if file.extension().is_none_or(|end| end != "csv") {
            continue;
        }
        let text = ended_lines(&file);
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let columns = reader.headers().unwrap().clone();
        // A file of records, or one that is being made.
        if columns.is_empty() || columns.iter().any(|column| column == "revision") {
            continue;
        }
        let column = |name: &str| {
            columns
                .iter()
                .position(|column| column == name)
                .expect("a known header")
        };
        let (at, vin, descriptor, value) = (
            column("measured_at"),
            column("vin"),
            column("descriptor"),
            column("value"),
        );
        for record in reader.records() {
            let record = record.unwrap();
            rows.push(Row {
                vin: record[vin].to_owned(),
                descriptor: record[descriptor].to_owned(),
                at: milliseconds(&record[at]),
                value: canonical(&record[value]),
            });
        }
    }
    rows
}

/// Every cell of every file of the wide layout that is not empty. Such files keep neither the exact times of single
/// values nor descriptors: see [`by_minute`].
pub fn csv_wide(folder: &Path) -> Vec<Row> {
    let mut rows = Vec::new();
    let Ok(files) = std::fs::read_dir(folder) else {
        return rows;
    };
    for file in files.map(|file| file.unwrap().path()) {
        if file.extension().is_none_or(|end| end != "csv") {
            continue;
        }
        let text = ended_lines(&file);
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let columns = reader.headers().unwrap().clone();
        if columns.iter().any(|column| column == "revision") {
            continue;
        }
        for record in reader.records() {
            let record = record.unwrap();
            let cells = columns.iter().zip(&record).skip(4);
            rows.extend(
                cells
                    .filter(|(_, cell)| !cell.is_empty())
                    .map(|(column, cell)| Row {
                        vin: record[2].to_owned(),
                        descriptor: column.split(" [").next().unwrap_or_default().to_owned(),
                        at: milliseconds(&format!("{}Z", record[0].replace(' ', "T"))),
                        value: canonical(cell.strip_prefix('\'').unwrap_or(cell)),
                    }),
            );
        }
    }
    rows
}

/// Rows as the wide layout shows them: short names, minutes, and each value of a minute once.
pub fn by_minute(rows: &[Row]) -> Vec<Row> {
    let names = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/catalogue/data/names.csv");
    let mut names = csv::Reader::from_path(names).unwrap();
    let names: HashMap<String, String> = names
        .records()
        .map(|record| {
            record
                .map(|record| (record[0].to_owned(), record[1].to_owned()))
                .unwrap()
        })
        .collect();
    let row = |row: &Row| Row {
        descriptor: names[&row.descriptor].clone(),
        at: row.at.div_euclid(MINUTE) * MINUTE,
        ..row.clone()
    };
    let mut rows: Vec<Row> = rows.iter().map(row).collect();
    rows.sort();
    rows.dedup();
    rows
}

/// Every row of the view `readings`; none of a file that is not there or that is being made.
pub fn sqlite(path: &Path) -> Vec<Row> {
    if !path.exists() {
        return Vec::new();
    }
    let connection = open(path);
    let made = "select count(*) from sqlite_schema where name = 'readings'";
    if connection
        .query_row(made, [], |row| row.get::<_, u32>(0))
        .unwrap()
        == 0
    {
        return Vec::new();
    }
    let mut query = connection
        .prepare("select vin, descriptor, measured_at, value from readings")
        .unwrap();
    let rows = query.query_map([], |row| {
        let descriptor: String = row.get(1)?;
        let value = match row.get(3)? {
            Cell::Integer(0) if BOOLEANS.contains(&&*descriptor) => "false".to_owned(),
            Cell::Integer(1) if BOOLEANS.contains(&&*descriptor) => "true".to_owned(),
            Cell::Integer(number) => number.to_string(),
            Cell::Real(number) => number.to_string(),
            Cell::Text(text) => text,
            other => panic!("{descriptor} is {other:?}"),
        };
        let at: String = row.get(2)?;
        Ok(Row {
            vin: row.get(0)?,
            at: milliseconds(&at),
            descriptor,
            value,
        })
    });
    rows.unwrap().collect::<Result<_, _>>().unwrap()
}

/// Every line of JSON on standard output.
pub fn json_lines(lines: &[Line]) -> Vec<Row> {
    let lines = lines.iter().filter(|line| line.stream == Stream::Stdout);
    let row = |line: &Line| {
        let value: Value = serde_json::from_str(&line.text).expect("a line of JSON");
        if value.get("record").is_some() {
            return None;
        }
        let text = |key: &str| value[key].as_str().expect("a text").to_owned();
        Some(Row {
            vin: text("vin"),
            descriptor: text("descriptor"),
            at: milliseconds(&text("measured_at")),
            value: match &value["value"] {
                Value::String(text) => text.clone(),
                other => canonical(&other.to_string()),
            },
        })
    };
    lines.filter_map(row).collect()
}

/// Every field of every reading in a database of InfluxDB.
pub async fn influxdb(server: &InfluxDb1, database: &str) -> Vec<Row> {
    let points = server.points(database).await;
    let readings = points
        .into_iter()
        .filter(|point| !point.tags.contains_key("record.kind"));
    let rows = readings.map(|point| Row {
        vin: point.tags["vin"].clone(),
        descriptor: point.field,
        at: point.timestamp.div_euclid(1_000_000),
        value: match point.value {
            FieldValue::Number(number) => number.to_string(),
            other => other.to_string(),
        },
    });
    rows.collect()
}

/// A number from the state database, 0 where there is none yet.
pub fn journal(state: &Path, query: &str) -> u64 {
    let path = state.join("journal.db");
    if !path.exists() {
        return 0;
    }
    open(&path).query_row(query, [], |row| row.get(0)).unwrap()
}

/// When the gaps of streams that are over began and ended, in milliseconds since the epoch.
pub fn stream_gaps(state: &Path) -> Vec<(i64, i64)> {
    let database = open(&state.join("journal.db"));
    let mut gaps = database
        .prepare("select began_at, ended_at from stream_gap where ended_at is not null")
        .unwrap();
    let gaps = gaps.query_map([], |row| row.try_into()).unwrap();
    gaps.map(Result::unwrap).collect()
}

/// The number of the newest entry of the journal.
pub fn newest_entry(state: &Path) -> u64 {
    let query = "select max(coalesce((select max(seq) from log), 0), coalesce((select max(last_seq) from packed), 0))";
    journal(state, query)
}

/// How many snapshots have left an entry: packed ones lie together with records, so the sums of their feeds tell.
pub fn snapshots(state: &Path) -> u64 {
    let query = "select coalesce(sum(entries), 0) from arrival join feed on feed.id = feed_id
                 where origin <> 'derived'";
    journal(state, query)
}

/// How many entries the journal has, packed or not.
pub fn entries(state: &Path) -> u64 {
    let query = "select (select count(*) from log)
                 + (select coalesce(sum(last_seq - first_seq + 1), 0) from packed)";
    journal(state, query)
}

/// How far the journal has been acknowledged by all of these sinks; by all that there are where none is named.
pub fn acknowledged(state: &Path, sinks: &[&str]) -> u64 {
    let names = sinks
        .iter()
        .map(|sink| format!("'{sink}'"))
        .collect::<Vec<_>>()
        .join(", ");
    let chosen = if sinks.is_empty() {
        String::new()
    } else {
        format!("where sink in ({names})")
    };
    journal(
        state,
        &format!("select coalesce(min(seq), 0) from cursor {chosen}"),
    )
}

/// Topic, payload and how often it came, of each stray.
pub fn strays(state: &Path) -> Vec<(String, Vec<u8>, u64)> {
    let journal = open(&state.join("journal.db"));
    let mut query = journal
        .prepare("select topic, payload, times from stray order by id")
        .unwrap();
    let strays = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
    strays.unwrap().collect::<Result<_, _>>().unwrap()
}

/// How many calls were ever written into the ledger: it forgets old ones, but numbers all.
pub fn calls(state: &Path) -> u64 {
    journal(state, "select coalesce(max(id), 0) from quota")
}

fn open(path: &Path) -> Connection {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(path, flags).unwrap()
}

fn milliseconds(text: &str) -> i64 {
    text.parse::<Timestamp>().expect("a time").as_millisecond()
}
