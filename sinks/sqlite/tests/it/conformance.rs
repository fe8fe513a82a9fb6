//! The suite that every sink passes.

use async_trait::async_trait;
use collector_core::table::{Key, Kind, Node};
use collector_core::testkit::{Harness, RecordRow, Row, conformance, entry_with, reading};
use collector_core::{Entry, Sink, SinkContext, SinkPlugin, sink_plugins};
use rusqlite::Connection;
use rusqlite::types::Value;

use crate::store::{NOON, Store};

struct Sqlite {
    store: Store,
}

#[tokio::test]
async fn the_sink_keeps_its_promises() {
    conformance(&mut Sqlite { store: Store::new() }).await;
}

#[async_trait]
impl Harness for Sqlite {
    fn plugin(&self) -> &'static SinkPlugin {
        sink_plugins()
            .into_iter()
            .find(|plugin| plugin.type_name == "sqlite")
            .unwrap()
    }

    async fn reset(&mut self) {
        self.store = Store::new();
    }

    async fn open(&mut self, context: SinkContext) -> Box<dyn Sink> {
        let key = Key {
            text: "path".to_owned(),
            span: 0..4,
        };
        let path = Node::scalar(self.store.path().to_str().unwrap(), 6..7);
        let table = Node {
            span: 0..7,
            kind: Kind::Mapping(vec![(key, path)]),
        };
        let read = (self.plugin().read)(&table).unwrap();
        (read.builder)(context).unwrap()
    }

    async fn rows(&mut self) -> Vec<Row> {
        if !self.store.path().exists() {
            return Vec::new();
        }
        let reader = self.store.reader();
        let sql = "SELECT vin, descriptor, measured_ms, value, type
                   FROM readings JOIN descriptor USING (descriptor)";
        let mut statement = reader.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| {
            let value = as_displayed(row.get(3)?, &row.get::<_, String>(4)?);
            Ok(Row {
                vin: row.get(0)?,
                descriptor: row.get(1)?,
                measured_at: row.get(2)?,
                value,
            })
        });
        rows.unwrap().map(Result::unwrap).collect()
    }

    async fn records(&mut self) -> Vec<RecordRow> {
        let reader = self.store.reader();
        let kinds = self.store.query("SELECT kind FROM record_kind");
        kinds.iter().flat_map(|kind| records(&reader, kind)).collect()
    }

    async fn present(&mut self) -> Option<Vec<(String, String)>> {
        if !self.store.path().exists() {
            return Some(Vec::new());
        }
        let reader = self.store.reader();
        let mut statement = reader.prepare("SELECT vin, descriptor FROM latest").unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
        Some(rows.unwrap().map(Result::unwrap).collect())
    }

    /// A truth value for a descriptor whose earlier values, in the same batch, are numbers.
    fn refused(&self, seq: u64) -> Option<Entry> {
        let id = "vehicle.drivetrain.batteryManagement.header";
        let reading = reading(id, "soc", collector_core::Value::Bool(true), None, NOON);
        Some(entry_with(seq, vec![reading]))
    }
}

/// The rows of a kind's view, whose columns are those that the database names.
fn records(reader: &Connection, kind: &str) -> Vec<RecordRow> {
    let sql = format!("SELECT name, type, is_key FROM record_column WHERE kind = '{kind}' ORDER BY position");
    let columns: Vec<(String, String, bool)> = reader
        .prepare(&sql)
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let shown = |row: &rusqlite::Row<'_>, is_key| -> Vec<Option<String>> {
        let wanted = columns.iter().filter(|column| column.2 == is_key);
        let values = wanted.map(|(name, value_type, _)| match row.get(name.as_str()).unwrap() {
            Value::Null => None,
            value => Some(as_displayed(value, value_type)),
        });
        values.collect()
    };
    let mut statement = reader.prepare(&format!("SELECT * FROM {kind}")).unwrap();
    let rows = statement.query_map([], |row| {
        Ok(RecordRow {
            kind: kind.trim_end_matches('s').to_owned(),
            vin: row.get("vin")?,
            key: shown(row, true).into_iter().map(Option::unwrap).collect(),
            revision: row.get("revision")?,
            state: row.get("state")?,
            values: shown(row, false),
        })
    });
    rows.unwrap().map(Result::unwrap).collect()
}

fn as_displayed(value: Value, value_type: &str) -> String {
    match (value, value_type) {
        (Value::Integer(value), "bool") => (value == 1).to_string(),
        (Value::Integer(value), "number") => (value as f64).to_string(),
        (Value::Real(value), "number") => value.to_string(),
        (Value::Text(value), "text" | "timestamp") => value,
        other => panic!("a value that its type does not allow: {other:?}"),
    }
}
