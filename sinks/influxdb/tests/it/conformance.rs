//! The conformance suite, against InfluxDB 1.x and through the write endpoint of InfluxDB 2.

use async_trait::async_trait;
use collector_core::testkit::{Harness, Row, conformance, entry_with, reading};
use collector_core::{Entry, Sink, SinkConfig, SinkContext, SinkPlugin, Value, sink_plugins};
use serde_json::json;
use sink_influxdb::InfluxdbConfig;
use tests::servers::{InfluxDb1, Point, V2Facade};

/// The time of the suite's fifth entry.
const FIFTH: i64 = 1_772_366_700_000;
/// A field that is an integer in every database of this test.
const INTEGER: &str = "test.integer";

struct Store {
    server: InfluxDb1,
    facade: Option<V2Facade>,
    database: String,
}

impl Store {
    fn options(&self) -> serde_json::Value {
        match &self.facade {
            None => json!({ "url": self.server.url(), "database": self.database }),
            Some(facade) => json!({
                "url": facade.url(),
                "org": V2Facade::ORG,
                "bucket": self.database,
                "token": V2Facade::TOKEN,
            }),
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
        self.database = self.server.create_database().await;
        self.server
            .write(&self.database, &format!("cardata {INTEGER}=1i {FIFTH}000000"))
            .await;
    }

    async fn open(&mut self, context: SinkContext) -> Box<dyn Sink> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let config: InfluxdbConfig = serde_json::from_value(self.options()).unwrap();
        config.validate().unwrap();
        config.build(context).unwrap()
    }

    async fn rows(&mut self) -> Vec<Row> {
        let points = self.server.points(&self.database).await;
        points
            .into_iter()
            .filter(|point| point.field != INTEGER)
            .map(row)
            .collect()
    }

    fn refused(&self, seq: u64) -> Option<Entry> {
        assert_eq!(seq, 5, "the integer stands at the time of the fifth entry");
        let number = reading(INTEGER, "integer", Value::Number(1.5), None, FIFTH);
        Some(entry_with(seq, vec![number]))
    }
}

fn row(point: Point) -> Row {
    assert_eq!(point.measurement, "cardata");
    Row {
        vin: point.tags["vin"].clone(),
        descriptor: point.field,
        measured_at: point.timestamp.div_euclid(1_000_000),
        value: point.value.to_string(),
    }
}

#[tokio::test]
async fn influxdb_1_conforms() {
    let Some(server) = InfluxDb1::start().await else {
        return;
    };
    let database = String::new();
    conformance(&mut Store {
        server,
        facade: None,
        database,
    })
    .await;
}

#[tokio::test]
async fn the_endpoint_of_influxdb_2_conforms() {
    let Some(server) = InfluxDb1::start().await else {
        return;
    };
    let facade = Some(V2Facade::start(&server).await);
    let database = String::new();
    conformance(&mut Store {
        server,
        facade,
        database,
    })
    .await;
}
