//! The wire between the program and BMW, listened to: whatever secret goes over it is known to the test.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Members of JSON bodies, fields of forms and headers that hold secrets.
const JSON: [&str; 4] = ["access_token", "refresh_token", "id_token", "device_code"];
const FORM: [&str; 3] = ["device_code=", "code_verifier=", "refresh_token="];
const HEADER: &str = "uthorization: Bearer ";

/// Passes everything on and remembers it.
pub struct Wire {
    pub url: String,
    heard: Arc<Mutex<Vec<u8>>>,
    task: JoinHandle<()>,
}

impl Wire {
    /// Before the server at `url`.
    pub async fn before(url: &str) -> Self {
        let server = url.trim_start_matches("http://").trim_end_matches('/').to_owned();
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("loopback has a free port");
        let url = format!("http://{}", listener.local_addr().unwrap());
        let heard = Arc::new(Mutex::new(Vec::new()));
        let memory = heard.clone();
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let Ok(server) = TcpStream::connect(&server).await else {
                    continue;
                };
                let ((from_client, to_client), (from_server, to_server)) =
                    (client.into_split(), server.into_split());
                tokio::spawn(pass(from_client, to_server, memory.clone()));
                tokio::spawn(pass(from_server, to_client, memory.clone()));
            }
        });
        Self { url, heard, task }
    }

    /// Every secret that went over the wire.
    pub fn secrets(&self) -> Vec<String> {
        let heard = String::from_utf8_lossy(&self.heard.lock().unwrap()).into_owned();
        let mut found = Vec::new();
        for name in JSON {
            let member = format!("\"{name}\":\"");
            found.extend(heard.split(&member).skip(1).map(|rest| until(rest, &['"'])));
        }
        for field in FORM.into_iter().chain([HEADER]) {
            found.extend(
                heard
                    .split(field)
                    .skip(1)
                    .map(|rest| until(rest, &['&', '\r', '\n', '{', ' '])),
            );
        }
        found.sort();
        found.dedup();
        found
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn until(text: &str, ends: &[char]) -> String {
    text.split(ends).next().unwrap_or_default().to_owned()
}

async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, heard: Arc<Mutex<Vec<u8>>>) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        heard.lock().unwrap().extend_from_slice(&buffer[..length]);
        if to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}
