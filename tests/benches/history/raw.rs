//! The same readings in the bare libraries: what the program's figures are held against.

use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::ZlibEncoder;
use rusqlite::Connection;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::car::{A_YEAR, Car, moment};
use crate::meter;

/// Readings that are compressed together.
const BLOCK: usize = 1_000;
/// What a journal keeps of a message, one row each.
const TABLE: &str = "create table message (
    number integer primary key, vehicle integer not null, received_at integer not null, payload text not null,
    checksum integer not null
) strict";

/// Bytes written by two bare databases, as a journal and a sink are, into which rows are appended: so many commits of
/// so many rows, each synced, and the checkpoint at the end.
pub fn written(commits: usize, rows: usize) -> u64 {
    let folder = tempfile::tempdir().unwrap();
    let before = meter::written_here();
    for name in ["journal.db", "sink.db"] {
        let mut database = open(&folder.path().join(name), "full");
        let mut car = Car::new();
        for commit in 0..commits {
            append(&mut database, &mut car, commit * rows..(commit + 1) * rows);
        }
    }
    meter::written_here() - before
}

/// A year, one row a reading.
pub fn rows(path: &Path) {
    let (mut database, mut car) = (open(path, "off"), Car::new());
    for first in (0..A_YEAR).step_by(10 * BLOCK) {
        append(&mut database, &mut car, first..A_YEAR.min(first + 10 * BLOCK));
    }
}

/// Reads and parses all rows.
pub fn read(path: &Path) -> Duration {
    let database = Connection::open(path).unwrap();
    let began = Instant::now();
    let mut all = database
        .prepare("select received_at, payload, checksum from message order by number")
        .unwrap();
    let mut rows = all.query([]).unwrap();
    let mut readings = 0;
    while let Some(row) = rows.next().unwrap() {
        let payload = row.get_ref(1).unwrap().as_str().unwrap();
        let parsed: Vec<(&str, &RawValue)> = serde_json::from_str(payload).unwrap();
        readings += parsed.len();
    }
    assert_eq!(readings, A_YEAR);
    began.elapsed()
}

/// Bytes of a year of payloads, as many as a block holds at a time through zlib.
pub fn compressed() -> u64 {
    let (mut car, mut bytes) = (Car::new(), 0);
    for first in (0..A_YEAR).step_by(BLOCK) {
        let mut block = ZlibEncoder::new(Vec::new(), Compression::default());
        for number in first..first + BLOCK {
            block.write_all(payload(&mut car, number).as_bytes()).unwrap();
        }
        bytes += block.finish().unwrap().len() as u64;
    }
    bytes
}

fn open(path: &Path, synchronous: &str) -> Connection {
    let database = Connection::open(path).unwrap();
    database.pragma_update(None, "journal_mode", "wal").unwrap();
    database.pragma_update(None, "synchronous", synchronous).unwrap();
    database.execute_batch(TABLE).unwrap();
    database
}

fn append(database: &mut Connection, car: &mut Car, numbers: std::ops::Range<usize>) {
    let transaction = database.transaction().unwrap();
    for number in numbers {
        let insert = "insert into message (vehicle, received_at, payload, checksum) values (1, ?1, ?2, ?3)";
        let (at, payload) = (moment(number).1.as_millisecond(), payload(car, number));
        let mut insert = transaction.prepare_cached(insert).unwrap();
        insert.execute((at, payload, number as i64)).unwrap();
    }
    transaction.commit().unwrap();
}

fn payload(car: &mut Car, number: usize) -> String {
    let (key, body) = car.say(moment(number).0);
    Value::from(vec![Value::from(vec![Value::from(key), body])]).to_string()
}
