//! A server on loopback that answers as it is told and remembers what it was asked.

use std::io::Read;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;
use flate2::read::GzDecoder;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A running server; its task ends when it is dropped.
pub struct Mock {
    pub url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    task: JoinHandle<()>,
}

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Asked {
    pub method: Method,
    pub uri: Uri,
    pub headers: HeaderMap,
    /// Decompressed.
    pub body: String,
}

impl Asked {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub fn lines(&self) -> Vec<&str> {
        self.body.lines().collect()
    }

    pub fn has_lines(&self) -> bool {
        !self.body.is_empty()
    }
}

impl Mock {
    /// Answers every request with what `answer` makes of it.
    pub async fn start(answer: impl Fn(&Asked) -> Response + Send + Sync + 'static) -> Self {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let answer = Arc::new(answer);
        let remembered = Arc::clone(&asked);
        let serve = move |method: Method, uri: Uri, headers: HeaderMap, body: Bytes| async move {
            let body = text(&headers, &body);
            let request = Asked {
                method,
                uri,
                headers,
                body,
            };
            let response = answer(&request);
            remembered.lock().unwrap().push(request);
            response
        };
        let routes = Router::new()
            .fallback(serve)
            .layer(axum::extract::DefaultBodyLimit::disable());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let task = tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self { url, asked, task }
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

impl Drop for Mock {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn text(headers: &HeaderMap, body: &[u8]) -> String {
    let mut text = String::new();
    if headers
        .get("content-encoding")
        .is_some_and(|encoding| encoding == "gzip")
    {
        GzDecoder::new(body).read_to_string(&mut text).unwrap();
    } else {
        text.push_str(std::str::from_utf8(body).unwrap());
    }
    text
}
