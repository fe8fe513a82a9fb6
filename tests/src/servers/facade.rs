//! The write endpoint of InfluxDB 2, in front of a real InfluxDB 1.x.
//!
//! No InfluxDB 2 is to be had as a Debian package. This checks what InfluxDB 2 checks before it looks at the
//! lines (token, organisation, bucket) and lets the strict parser and the types of InfluxDB 1.x judge the rest;
//! a bucket is a database.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Query, State};
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
    let token = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    if token != Some(&format!("Token {}", V2Facade::TOKEN)) {
        return refuse(StatusCode::UNAUTHORIZED, "unauthorized", "unauthorized access");
    }
    let (org, bucket) = (parameter("org"), parameter("bucket"));
    if org != V2Facade::ORG {
        let message = format!("organization name \"{org}\" not found");
        return refuse(StatusCode::NOT_FOUND, "not found", &message);
    }
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
