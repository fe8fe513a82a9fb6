//! The conformance suite: in memory, against InfluxDB 1.x, and through the endpoints of InfluxDB 2.

use std::collections::BTreeMap;

use async_trait::async_trait;
use collector_core::testkit::{Harness, RecordRow, Row, conformance, entry_with, reading};
use collector_core::{Entry, Sink, SinkConfig, SinkContext, SinkPlugin, Value, sink_plugins};
use serde_json::json;
use sink_influxdb::InfluxdbConfig;
use tests::servers::{InfluxDb1, Point, V2Facade};

use crate::memory::Memory;

/// The time of the suite's fifth entry.
const FIFTH: i64 = 1_772_366_700_000;
/// A field that is an integer in every database of this test.
const INTEGER: &str = "test.integer";

enum Server {
    Memory(Memory),
    Real(InfluxDb1, Option<V2Facade>),
}

struct Store {
    server: Server,
    /// Whether the endpoints of InfluxDB 2 are used.
    is_bucket: bool,
    database: String,
}

impl Store {
    fn new(server: Server, is_bucket: bool) -> Self {
        Self {
            server,
            is_bucket,
            database: "cars".to_owned(),
        }
    }

    fn options(&self) -> serde_json::Value {
        let url = match &self.server {
            Server::Memory(memory) => memory.mock.url.clone(),
            Server::Real(server, None) => server.url(),
            Server::Real(_, Some(facade)) => facade.url(),
        };
        match self.is_bucket {
            false => json!({ "url": url, "database": self.database, "fields": "descriptor" }),
            true => json!({
                "url": url,
                "fields": "descriptor",
                "org": V2Facade::ORG,
                "bucket": self.database,
                "token": V2Facade::TOKEN,
            }),
        }
    }

    async fn points(&self) -> Vec<Point> {
        match &self.server {
            Server::Memory(memory) => memory.points(),
            Server::Real(server, _) => server.points(&self.database).await,
        }
    }
}

#[async_trait]
impl Harness for Store {
    fn plugin(&self) -> &'static SinkPlugin {
        let plugins = sink_plugins();
        plugins
            .into_iter()
            .find(|plugin| plugin.type_name == InfluxdbConfig::TYPE)
            .unwrap()
    }

    async fn reset(&mut self) {
        let line = format!("cardata {INTEGER}=1i {FIFTH}000000");
        match &self.server {
            Server::Memory(memory) => {
                memory.clear();
                memory.write(&line);
            }
            Server::Real(server, _) => {
                self.database = server.create_database().await;
                server.write(&self.database, &line).await;
            }
        }
    }

    async fn open(&mut self, context: SinkContext) -> Box<dyn Sink> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let config: InfluxdbConfig = serde_json::from_value(self.options()).unwrap();
        config.validate().unwrap();
        config.build(context).unwrap()
    }

    async fn rows(&mut self) -> Vec<Row> {
        let points = self.points().await.into_iter();
        let readings = points.filter(|point| point.measurement == "cardata" && point.field != INTEGER);
        readings.map(row).collect()
    }

    fn refused(&self, seq: u64) -> Option<Entry> {
        assert_eq!(seq, 5, "the integer stands at the time of the fifth entry");
        let number = reading(INTEGER, "integer", Value::Number(1.5), None, FIFTH);
        Some(entry_with(seq, vec![number]))
    }

    async fn records(&mut self) -> Vec<RecordRow> {
        record_rows(self.points().await)
    }
}

fn row(point: Point) -> Row {
    Row {
        vin: point.tags["vin"].clone(),
        descriptor: point.field,
        measured_at: point.timestamp.div_euclid(1_000_000),
        value: point.value.to_string(),
    }
}

/// The records of the suite among these points.
pub fn record_rows(points: Vec<Point>) -> Vec<RecordRow> {
    type Place = (String, BTreeMap<String, String>, i64);
    let mut places: BTreeMap<Place, BTreeMap<String, String>> = BTreeMap::new();
    for point in points {
        let place = (point.measurement, point.tags, point.timestamp);
        let fields = places.entry(place).or_default();
        fields.insert(point.field, point.value.to_string());
    }
    let has_energy = places.values().any(|fields| fields.contains_key("energy"));
    let row = |((measurement, tags, _), fields): (&Place, &BTreeMap<String, String>)| {
        let kind = measurement.strip_prefix("cardata_")?;
        let (key, columns): (&[&str], &[&str]) = match kind {
            "test_trip" if has_energy => (&["start"], &["distance", "electric", "purpose", "energy"]),
            "test_trip" => (&["start"], &["distance", "electric", "purpose"]),
            "test_trip_stop" => (&["test_trip.start", "number"], &["until"]),
            _ => return None,
        };
        assert_eq!(tags["record.kind"], kind);
        let told = |name: &&str| tags.get(*name).or(fields.get(*name)).cloned();
        Some(RecordRow {
            kind: kind.to_owned(),
            vin: tags["vin"].clone(),
            key: key.iter().map(|name| told(name).expect("a key")).collect(),
            revision: fields["revision"].parse().unwrap(),
            state: fields["state"].clone(),
            values: columns.iter().map(told).collect(),
        })
    };
    let mut rows: Vec<RecordRow> = places.iter().filter_map(row).collect();
    rows.sort();
    rows
}

#[tokio::test]
async fn databases_conform() {
    let memory = Memory::start().await;
    conformance(&mut Store::new(Server::Memory(memory), false)).await;
}

#[tokio::test]
async fn buckets_conform() {
    let memory = Memory::start().await;
    conformance(&mut Store::new(Server::Memory(memory), true)).await;
}

#[tokio::test]
async fn influxdb_1_conforms() {
    let Some(server) = InfluxDb1::start().await else {
        return;
    };
    conformance(&mut Store::new(Server::Real(server, None), false)).await;
}

#[tokio::test]
async fn the_endpoints_of_influxdb_2_conform() {
    let Some(server) = InfluxDb1::start().await else {
        return;
    };
    let facade = V2Facade::start(&server).await;
    conformance(&mut Store::new(Server::Real(server, Some(facade)), true)).await;
}
