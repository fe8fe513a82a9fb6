//! One address, the connections to it, and their limits.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::{Extension, Router};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::door::Door;
use crate::routes;
use crate::site::Site;

/// What may be left of a request when the program stops.
const FAREWELL: Duration = Duration::from_secs(2);
/// How long nothing is accepted after the system refused it, which it does when files or memory run out.
const PAUSE: Duration = Duration::from_secs(1);

/// What one client may take of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Connections at once; who comes later waits.
    pub connections: usize,
    /// How long a client may take for the head of a request, and a connection may be idle.
    pub head: Duration,
    /// The largest head, in bytes.
    pub head_bytes: usize,
    /// How long nothing may come of a body.
    pub body: Duration,
    /// The largest body, in bytes.
    pub body_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 64,
            head: Duration::from_secs(10),
            head_bytes: 16 << 10,
            body: Duration::from_secs(10),
            body_bytes: 64 << 10,
        }
    }
}

/// The address of the page cannot be used.
#[derive(Debug, thiserror::Error)]
#[error(
    "the page cannot be served at {address}: {source}; give `dashboard.listen` another address or port in the pipeline \
     file, or remove `dashboard`"
)]
pub struct BindError {
    pub address: SocketAddr,
    pub source: std::io::Error,
}

/// An address that is listened at. Connections wait until it runs.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    limits: Limits,
}

/// From where a request came.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub IpAddr);

impl Server {
    /// Port 0 is any that is free.
    ///
    /// # Errors
    /// The address is not of this machine, or in use, or forbidden.
    pub async fn bind(address: SocketAddr) -> Result<Self, BindError> {
        let failed = |source| BindError { address, source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        Ok(Self {
            address: listener.local_addr().map_err(failed)?,
            listener,
            limits: Limits::default(),
        })
    }

    pub fn limited(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// The address with the port that it got.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop`; requests that are being answered then have two seconds.
    pub async fn run(self, site: Site, stop: CancellationToken) {
        let settings = &site.settings;
        let door = Door::new(self.address, settings.auth.clone(), settings.hosts.clone());
        let router = routes::all(site, door, &self.limits, &stop);
        let room = Arc::new(Semaphore::new(self.limits.connections));
        let mut connections = JoinSet::new();
        while let Some((stream, peer)) = self.next(&stop).await {
            let Some(Ok(seat)) = stop.run_until_cancelled(room.clone().acquire_owned()).await else {
                break;
            };
            while connections.try_join_next().is_some() {}
            let router = router.clone().layer(Extension(Peer(peer.ip())));
            let (limits, stop) = (self.limits, stop.clone());
            connections.spawn(async move {
                serve(stream, router, limits, stop).await;
                drop(seat);
            });
        }
        drop(self.listener);
        let all = async { while connections.join_next().await.is_some() {} };
        if tokio::time::timeout(FAREWELL, all).await.is_err() {
            connections.shutdown().await;
        }
    }

    /// The next connection; `None` at the stop.
    async fn next(&self, stop: &CancellationToken) -> Option<(TcpStream, SocketAddr)> {
        loop {
            match stop.run_until_cancelled(self.listener.accept()).await? {
                Ok(connection) => return Some(connection),
                Err(error) => {
                    tracing::debug!(%error, "a connection to the page was not accepted");
                    stop.run_until_cancelled(tokio::time::sleep(PAUSE)).await?;
                }
            }
        }
    }
}

async fn serve(stream: TcpStream, router: Router, limits: Limits, stop: CancellationToken) {
    // Events are small, and leave when they happen.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection to the page stays without TCP_NODELAY");
    }
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .max_buf_size(limits.head_bytes)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection to the page ended");
    }
}
