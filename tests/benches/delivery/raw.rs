//! The same data through the bare libraries: what a sink is held against.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::time::Instant;

use axum::body::Bytes;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

/// Readings a second.
#[derive(Debug, Clone, Copy)]
pub struct Rate(pub f64);

/// Prepared inserts of the rows of a finished database into the same schema, with the same durability and as many
/// rows a transaction.
pub fn sqlite(finished: &Path) -> Rate {
    let source = Connection::open(finished).unwrap();
    let schema: Vec<String> = texts(
        &source,
        "select sql from sqlite_schema where sql is not null and type in ('table', 'index')",
    );
    let columns = texts(&source, "select name from pragma_table_info('recent')");
    let rows: Vec<Vec<Value>> = source
        .prepare(
            "select * from (select * from history union all select * from middle union all select * from recent)
             order by measured_at + delay, measured_at, series_id",
        )
        .unwrap()
        .query_map([], |row| {
            (0..columns.len()).map(|column| row.get(column)).collect()
        })
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    let folder = tempfile::tempdir_in(finished.parent().unwrap()).unwrap();
    let mut target = Connection::open(folder.path().join("raw.db")).unwrap();
    target.pragma_update(None, "journal_mode", "wal").unwrap();
    target.pragma_update(None, "synchronous", "full").unwrap();
    schema.iter().for_each(|sql| target.execute_batch(sql).unwrap());
    // The dictionaries that the rows refer to; they are small.
    target
        .execute("attach ?1 as finished", [finished.to_str().unwrap()])
        .unwrap();
    for dictionary in texts(
        &source,
        "select name from sqlite_schema where type = 'table' and name not in ('recent', 'middle', 'history', 'battery_row')",
    ) {
        target
            .execute_batch(&format!(
                "insert into {dictionary} select * from finished.{dictionary}"
            ))
            .unwrap();
    }
    let places = vec!["?"; columns.len()].join(", ");
    let began = Instant::now();
    for batch in rows.chunks(crate::deliver::BATCH) {
        let transaction = target.transaction().unwrap();
        {
            let mut insert = transaction
                .prepare_cached(&format!("insert into recent values ({places})"))
                .unwrap();
            for row in batch {
                insert.execute(params_from_iter(row)).unwrap();
            }
        }
        transaction.commit().unwrap();
    }
    Rate(rows.len() as f64 / began.elapsed().as_secs_f64())
}

fn texts(connection: &Connection, query: &str) -> Vec<String> {
    let mut statement = connection.prepare(query).unwrap();
    statement
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap()
}

/// `write_record` of the rows of finished files, with the sink's own syncs: for each batch one of the rows and one of a
/// line that says what they will be.
pub fn csv(finished: &Path, batch: usize) -> Rate {
    let mut records = Vec::new();
    for entry in fs::read_dir(finished).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "csv") {
            let mut reader = csv::Reader::from_path(path).unwrap();
            records.extend(reader.byte_records().map(Result::unwrap));
        }
    }
    let folder = tempfile::tempdir_in(finished).unwrap();
    let mut file = File::create(folder.path().join("raw.csv")).unwrap();
    let mut intents = File::create(folder.path().join("intents")).unwrap();
    let began = Instant::now();
    for batch in records.chunks(batch) {
        intents
            .write_all(b"the length of the file before and after, and a checksum of what is between\n")
            .unwrap();
        intents.sync_data().unwrap();
        let mut writer = csv::Writer::from_writer(Vec::with_capacity(1 << 20));
        batch
            .iter()
            .for_each(|record| writer.write_byte_record(record).unwrap());
        file.write_all(&writer.into_inner().unwrap()).unwrap();
        file.sync_data().unwrap();
    }
    Rate(records.len() as f64 / began.elapsed().as_secs_f64())
}

/// The ready-made bodies, one after the other over one connection.
pub async fn influxdb(url: &str, database: &str, bodies: &[Bytes]) -> Rate {
    let client = collector::http::client().unwrap();
    let url = format!("{url}/write?db={database}&precision=ms");
    let readings: usize = bodies.iter().map(fields).sum();
    let began = Instant::now();
    for body in bodies {
        let answer = client.post(&url).body(body.clone()).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.status());
    }
    Rate(readings as f64 / began.elapsed().as_secs_f64())
}

/// Readings in a body: a line has one more field than it has commas behind its tags.
fn fields(body: &Bytes) -> usize {
    let text = std::str::from_utf8(body).unwrap();
    let of_line = |line: &str| {
        line.split(' ')
            .nth(1)
            .map_or(0, |fields| fields.matches(',').count() + 1)
    };
    text.lines().map(of_line).sum()
}
