//! The endpoints of InfluxDB 2 that a sink uses, in front of a real InfluxDB 1.x.
//!
//! No InfluxDB 2 is to be had as a Debian package. This checks what InfluxDB 2 checks before it looks at the
//! lines (token, organisation, bucket) and lets the strict parser and the types of InfluxDB 1.x judge the rest;
//! a bucket is a database. A question in InfluxQL goes through as it is; a removal becomes a statement.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Query, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::InfluxDb1;

/// A running facade; its task ends when it is dropped.
pub struct V2Facade {
    url: String,
    task: JoinHandle<()>,
}

struct Behind {
    url: String,
    client: reqwest::Client,
}

impl V2Facade {
    /// The only organisation.
    pub const ORG: &str = "home";
    /// The only token.
    pub const TOKEN: &str = "facade-token-0123456789==";

    /// A facade in front of `server`, which must let everybody in.
    pub async fn start(server: &InfluxDb1) -> Self {
        let behind = Behind {
            url: server.url(),
            client: super::client(),
        };
        let routes = Router::new()
            .route("/api/v2/write", post(write))
            .route("/api/v2/delete", post(delete))
            .route("/query", post(query))
            .with_state(Arc::new(behind));
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("loopback has a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let task = tokio::spawn(async move {
            axum::serve(listener, routes).await.expect("the facade serves");
        });
        Self {
            url: format!("http://{address}"),
            task,
        }
    }

    /// The address, without a slash at its end.
    pub fn url(&self) -> String {
        self.url.clone()
    }
}

impl Drop for V2Facade {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn write(
    State(behind): State<Arc<Behind>>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let parameter = |name: &str| query.get(name).map_or("", String::as_str);
    if let Some(refusal) = refused(&headers, parameter("org")) {
        return refusal;
    }
    let bucket = parameter("bucket");
    let precision = match parameter("precision") {
        "us" => "u",
        "" | "ns" => "n",
        precision => precision,
    };
    let parameters = [("db", bucket), ("precision", precision)];
    let mut request = behind
        .client
        .post(format!("{}/write", behind.url))
        .query(&parameters);
    if let Some(encoding) = headers.get(header::CONTENT_ENCODING) {
        request = request.header(header::CONTENT_ENCODING, encoding.clone());
    }
    let answer = request.body(body).send().await.expect("InfluxDB answers a write");
    let status = answer.status();
    let text = answer.text().await.expect("the answer is text");
    translate(status, &text, bucket)
}

/// `None` where the token and the organisation are right.
fn refused(headers: &HeaderMap, org: &str) -> Option<Response> {
    let token = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    if token != Some(&format!("Token {}", V2Facade::TOKEN)) {
        let refusal = refuse(StatusCode::UNAUTHORIZED, "unauthorized", "unauthorized access");
        return Some(refusal);
    }
    let message = format!("organization name \"{org}\" not found");
    (org != V2Facade::ORG).then(|| refuse(StatusCode::NOT_FOUND, "not found", &message))
}

/// A question in InfluxQL, with its answer as InfluxDB 1.x gives it.
async fn query(
    State(behind): State<Arc<Behind>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if let Some(refusal) = refused(&headers, V2Facade::ORG) {
        return refusal;
    }
    let url = format!("{}/query?{}", behind.url, query.unwrap_or_default());
    let (status, text) = behind.ask(url, body).await;
    (status, [(header::CONTENT_TYPE, "application/json")], text).into_response()
}

async fn delete(
    State(behind): State<Arc<Behind>>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
    axum::Json(body): axum::Json<Value>,
) -> Response {
    let parameter = |name: &str| query.get(name).map_or("", String::as_str);
    if let Some(refusal) = refused(&headers, parameter("org")) {
        return refusal;
    }
    let text = |key: &str| body[key].as_str().unwrap_or_default();
    let (start, stop) = (text("start"), text("stop"));
    let (mut from, mut conditions) = (String::new(), String::new());
    for (key, value) in rules(text("predicate")) {
        if key == "_measurement" {
            from = value;
        } else {
            let value = value[1..value.len() - 1]
                .replace("\\\"", "\"")
                .replace('\'', "\\'");
            conditions = format!("{conditions}{key} = '{value}' AND ");
        }
    }
    let statement = format!("DELETE FROM {from} WHERE {conditions}time >= '{start}' AND time <= '{stop}'");
    let url = reqwest::Url::parse_with_params(
        &format!("{}/query", behind.url),
        [("db", parameter("bucket")), ("q", &statement)],
    );
    let (status, text) = behind
        .ask(url.expect("an address").to_string(), Bytes::new())
        .await;
    assert!(!text.contains("\"error\""), "`{statement}`: {text}");
    match status {
        StatusCode::OK => StatusCode::NO_CONTENT.into_response(),
        _ => translate(status, &text, parameter("bucket")),
    }
}

/// Keys and values of a predicate as they stand there: `_measurement="m" AND "k"="v"`.
fn rules(predicate: &str) -> Vec<(String, String)> {
    let mut rules = vec![(String::new(), String::new())];
    let (mut is_quoted, mut is_escaped, mut is_value) = (false, false, false);
    let mut rest = predicate;
    while let Some(c) = rest.chars().next() {
        if !is_quoted && let Some(behind) = rest.strip_prefix(" AND ") {
            rules.push((String::new(), String::new()));
            (rest, is_value) = (behind, false);
            continue;
        }
        rest = &rest[c.len_utf8()..];
        if !is_quoted && c == '=' {
            is_value = true;
            continue;
        }
        is_quoted ^= c == '"' && !is_escaped;
        is_escaped = c == '\\' && !is_escaped;
        let (key, value) = rules.last_mut().expect("a rule");
        if is_value { value } else { key }.push(c);
    }
    rules
}

impl Behind {
    async fn ask(&self, url: String, form: Bytes) -> (StatusCode, String) {
        let request = self.client.post(url);
        let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let answer = request.body(form).send().await;
        let answer = answer.expect("InfluxDB answers a statement");
        (answer.status(), answer.text().await.expect("the answer is text"))
    }
}

/// An answer of InfluxDB 1.x as InfluxDB 2 would give it.
fn translate(status: StatusCode, text: &str, bucket: &str) -> Response {
    if status.is_success() {
        return StatusCode::NO_CONTENT.into_response();
    }
    let error: Value = serde_json::from_str(text).unwrap_or_default();
    let message = error["error"].as_str().unwrap_or(text);
    match status {
        StatusCode::NOT_FOUND => refuse(status, "not found", &format!("bucket \"{bucket}\" not found")),
        StatusCode::BAD_REQUEST if message.starts_with("partial write") => refuse(
            StatusCode::UNPROCESSABLE_ENTITY,
            "unprocessable entity",
            &format!("failure writing points to database: {message}"),
        ),
        StatusCode::BAD_REQUEST => refuse(status, "invalid", message),
        _ => refuse(status, "internal error", message),
    }
}

fn refuse(status: StatusCode, code: &str, message: &str) -> Response {
    (status, axum::Json(json!({ "code": code, "message": message }))).into_response()
}
