//! Ready-made request bodies: what the InfluxDB sink sends, caught by a server that stores nothing.

use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::{Router, routing};

use crate::deliver::Delivery;

type Bodies = Arc<Mutex<Vec<Bytes>>>;

/// The bodies of a whole delivery, in order.
pub async fn bodies(delivery: &Delivery) -> Vec<Bytes> {
    let caught = Bodies::default();
    let router = Router::new()
        .route("/write", routing::post(catch))
        .layer(axum::extract::DefaultBodyLimit::max(64 << 20))
        .with_state(caught.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(async move { axum::serve(listener, router).await });
    delivery
        .alone(&format!(
            "- {{ type: influxdb, fields: descriptor, url: \"{url}\", database: caught }}"
        ))
        .await;
    server.abort();
    let bodies = std::mem::take(&mut *caught.lock().unwrap());
    assert!(!bodies.is_empty(), "the sink sent something");
    bodies
}

async fn catch(State(caught): State<Bodies>, body: Bytes) -> StatusCode {
    caught.lock().unwrap().push(body);
    StatusCode::NO_CONTENT
}
