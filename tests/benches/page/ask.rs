//! Answers and how long they took, of the program and of a bare server.

use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// After the first time.
pub const TIMES: usize = 21;

pub struct Took {
    pub first: Duration,
    /// Of those after the first.
    pub median: Duration,
    pub slowest: Duration,
    /// As they were sent: compressed.
    pub bytes: Bytes,
}

pub struct Client(reqwest::Client);

impl Client {
    pub fn new() -> Self {
        let client = reqwest::Client::builder().no_proxy().tls_certs_only([]);
        // Bytes are counted as they were sent.
        Self(client.no_gzip().build().unwrap())
    }

    pub async fn ask(&self, url: &str) -> Took {
        let (first, bytes) = self.once(url).await;
        let mut others = Vec::new();
        for _ in 0..TIMES {
            others.push(self.once(url).await.0);
        }
        others.sort();
        Took {
            first,
            median: others[TIMES / 2],
            slowest: others[TIMES - 1],
            bytes,
        }
    }

    async fn once(&self, url: &str) -> (Duration, Bytes) {
        let began = Instant::now();
        let request = self.0.get(url).header("accept-encoding", "gzip, br");
        let answer = request.send().await.unwrap();
        assert!(answer.status().is_success(), "{url}: {}", answer.status());
        let bytes = answer.bytes().await.unwrap();
        (began.elapsed(), bytes)
    }
}

/// Sends the same bytes to everybody, until dropped.
pub struct Bare {
    pub url: String,
    server: JoinHandle<()>,
}

impl Bare {
    pub async fn start(bytes: Bytes) -> Self {
        let router = Router::new().route("/", get(move || async move { bytes.clone() }));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, server }
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        self.server.abort();
    }
}
