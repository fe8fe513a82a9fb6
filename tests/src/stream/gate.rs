//! The way to a server, which can be shut: connections break, and nobody gets in until it is open again.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Passes bytes on to a port of this machine. The server itself lives on, and so do its other connections.
pub struct Gate {
    port: u16,
    open: watch::Sender<bool>,
    turned_away: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Gate {
    /// An open way to this port.
    pub async fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("loopback has a free port");
        let own = listener
            .local_addr()
            .expect("a bound socket has an address")
            .port();
        let (open, is_open) = watch::channel(true);
        let turned_away = Arc::new(AtomicUsize::new(0));
        let counter = turned_away.clone();
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if *is_open.borrow() {
                    tokio::spawn(pass(client, port, is_open.clone()));
                } else {
                    // Dropped, and so closed.
                    counter.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
        Self {
            port: own,
            open,
            turned_away,
            task,
        }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn set_open(&self, open: bool) {
        self.open.send_replace(open);
    }

    /// How many found it shut.
    pub fn turned_away(&self) -> usize {
        self.turned_away.load(Ordering::Relaxed)
    }
}

async fn pass(mut client: TcpStream, port: u16, mut is_open: watch::Receiver<bool>) {
    let Ok(mut server) = TcpStream::connect(("127.0.0.1", port)).await else {
        return;
    };
    tokio::select! {
        // A side that hangs up ends the other.
        _ = copy_bidirectional(&mut client, &mut server) => {}
        _ = is_open.wait_for(|open| !open) => {}
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.task.abort();
    }
}
