//! The write endpoint of InfluxDB 2 in the test's own process: shut or open, and with a memory.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use influxdb_line_protocol::{EscapedStr, FieldValue, ParsedLine, parse_lines};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::oracle::Row;

/// A store that can be shut: it then answers 503 and asks to come again in a second.
pub struct StoreServer {
    url: String,
    shared: Arc<Mutex<Shared>>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct Shared {
    open: bool,
    refused: usize,
    /// Each with how many of its time units are a millisecond.
    bodies: Vec<(i64, String)>,
}

impl StoreServer {
    pub const TOKEN: &str = "influx-token-of-the-test==";

    /// A store that is shut.
    pub async fn start() -> Self {
        let shared = Arc::new(Mutex::new(Shared::default()));
        let routes = Router::new()
            .route("/api/v2/write", post(write))
            .with_state(shared.clone());
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("loopback has a free port");
        let url = format!("http://{}", listener.local_addr().unwrap());
        let task = tokio::spawn(async move {
            axum::serve(listener, routes).await.expect("the store serves");
        });
        Self { url, shared, task }
    }

    /// The item of the list `sinks`.
    pub fn sink(&self) -> String {
        let (url, token) = (&self.url, Self::TOKEN);
        format!(
            "  - type: influxdb\n    fields: descriptor\n    url: {url}\n    org: home\n    bucket: cardata\n    token: \"{token}\"\n"
        )
    }

    pub fn set_open(&self, open: bool) {
        self.shared.lock().unwrap().open = open;
    }

    /// How many writes it has refused.
    pub fn refused(&self) -> usize {
        self.shared.lock().unwrap().refused
    }

    /// Everything that was accepted, repeats included.
    pub fn rows(&self) -> Vec<Row> {
        let bodies = self.shared.lock().unwrap().bodies.clone();
        let rows = bodies
            .iter()
            .flat_map(|(units, body)| parse_lines(body).map(|line| (*units, line)));
        rows.flat_map(|(units, line)| rows_of(&line.expect("line protocol"), units))
            .collect()
    }
}

fn rows_of(line: &ParsedLine<'_>, units: i64) -> Vec<Row> {
    let vin = line.tag_value("vin").expect("a tag vin").to_string();
    let at = line.timestamp.expect("a timestamp").div_euclid(units);
    let row = |(field, value): &(EscapedStr<'_>, FieldValue<'_>)| Row {
        vin: vin.clone(),
        descriptor: field.to_string(),
        at,
        value: match value {
            FieldValue::F64(number) => number.to_string(),
            FieldValue::Boolean(value) => value.to_string(),
            FieldValue::String(text) => text.to_string(),
            other => panic!("no sink writes {other}"),
        },
    };
    line.field_set.iter().map(row).collect()
}

impl Drop for StoreServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn write(
    State(shared): State<Arc<Mutex<Shared>>>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut shared = shared.lock().unwrap();
    let wanted = format!("Token {}", StoreServer::TOKEN);
    if headers
        .get(header::AUTHORIZATION)
        .is_none_or(|token| token != &wanted)
    {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    if !shared.open {
        shared.refused += 1;
        return (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "1")]).into_response();
    }
    let text = String::from_utf8(body.to_vec()).expect("line protocol is text");
    let units = match query.get("precision").map(String::as_str) {
        Some("ms") => 1,
        Some("us") => 1_000,
        _ => 1_000_000,
    };
    shared.bodies.push((units, text));
    StatusCode::NO_CONTENT.into_response()
}
