//! The suite that every sink passes.

use async_trait::async_trait;
use collector_core::table::{Key, Kind, Node};
use collector_core::testkit::{Harness, Row, conformance, entry_with};
use collector_core::{Entry, Sink, SinkContext, SinkPlugin, sink_plugins};
use rusqlite::types::Value;

use crate::store::{NOON, Store, text};

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
            let value = match (row.get(3)?, row.get::<_, String>(4)?.as_str()) {
                (Value::Integer(value), "bool") => (value == 1).to_string(),
                (Value::Integer(value), "number") => (value as f64).to_string(),
                (Value::Real(value), "number") => value.to_string(),
                (Value::Text(value), "text" | "timestamp") => value,
                other => panic!("a value that its type does not allow: {other:?}"),
            };
            Ok(Row {
                vin: row.get(0)?,
                descriptor: row.get(1)?,
                measured_at: row.get(2)?,
                value,
            })
        });
        rows.unwrap().map(Result::unwrap).collect()
    }

    /// A text for a descriptor whose earlier values, in the same batch, are numbers.
    fn refused(&self, seq: u64) -> Option<Entry> {
        let reading = text("vehicle.drivetrain.batteryManagement.header", "soc", "full", NOON);
        Some(entry_with(seq, vec![reading]))
    }
}
