//! A port of the drill's own on loopback, whose answers change as the drill goes on.

use std::cell::RefCell;

use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet, LocalSet};

/// A port and what answers on it. Everything runs on the thread of the drill.
pub struct LocalServer {
    port: u16,
    tasks: LocalSet,
    listening: RefCell<Option<JoinHandle<()>>>,
}

impl LocalServer {
    /// Answers connections with `serve`.
    pub async fn start<F: Future<Output = ()> + 'static>(serve: impl Fn(TcpStream) -> F + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("loopback has a free port");
        let server = Self {
            port: listener
                .local_addr()
                .expect("a bound socket has an address")
                .port(),
            tasks: LocalSet::new(),
            listening: RefCell::new(None),
        };
        server.listen(listener, serve);
        server
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Runs `work` and the server together.
    pub async fn beside<T>(&self, work: impl Future<Output = T>) -> T {
        self.tasks.run_until(work).await
    }

    /// Ends every connection and refuses new ones.
    pub async fn close(&self) {
        let before = self.listening.borrow_mut().take();
        if let Some(before) = before {
            before.abort();
            // The socket is closed when the task has ended.
            let _ = before.await;
        }
    }

    /// Ends every connection and answers new ones with `serve`.
    pub async fn open<F: Future<Output = ()> + 'static>(&self, serve: impl Fn(TcpStream) -> F + 'static) {
        self.close().await;
        let listener = TcpListener::bind(("127.0.0.1", self.port)).await;
        self.listen(listener.expect("nobody took the port meanwhile"), serve);
    }

    fn listen<F: Future<Output = ()> + 'static>(
        &self,
        listener: TcpListener,
        serve: impl Fn(TcpStream) -> F + 'static,
    ) {
        let task = self.tasks.spawn_local(async move {
            // Connections end with the listener.
            let mut connections = JoinSet::new();
            loop {
                let accepted = tokio::select! {
                    accepted = listener.accept() => accepted,
                    Some(_) = connections.join_next() => continue,
                };
                if let Ok((stream, _)) = accepted {
                    connections.spawn_local(serve(stream));
                }
            }
        });
        *self.listening.borrow_mut() = Some(task);
    }
}

/// The head of a request, in lower case but for its first line, and its body. `None` where the client goes away.
pub async fn read_request(stream: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let (first, rest) = head.split_once("\r\n")?;
    let head = format!("{first}\r\n{}", lower(rest));
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    let length: usize = length.map_or(Some(0), |length| length.trim().parse().ok())?;
    while bytes.len() < end + length {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    Some((head, bytes.split_off(end)))
}

/// The names of the fields in lower case; their values, such as tokens, as they are.
fn lower(fields: &str) -> String {
    let lines = fields.split("\r\n").map(|line| match line.split_once(':') {
        Some((name, value)) => format!("{}:{value}", name.to_ascii_lowercase()),
        None => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\r\n")
}
