//! The stream's port, and the clock's hand on the stream.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_rustls::TlsAcceptor;

use super::broker::advance;
use super::connection;
use crate::server::Shared;

/// How often the clock is looked at while somebody is connected, in real time: often enough for a clock that runs at
/// normal speed, and for any other.
const NORMAL_TICK: Duration = Duration::from_millis(20);
const SHORTEST_TICK: Duration = Duration::from_millis(5);
/// How often a port that was given away is asked for again.
const AGAIN: Duration = Duration::from_millis(20);

/// Takes connections, and publishes while time passes, until the simulator is stopped.
pub(crate) async fn run(listener: TcpListener, acceptor: TlsAcceptor, shared: Arc<Shared>) {
    let mut tasks = JoinSet::new();
    tokio::select! {
        () = shared.stopped() => {}
        () = publish(&shared) => {}
        () = accept(listener, acceptor, &shared, &mut tasks) => {}
    }
    tasks.shutdown().await;
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, shared: &Arc<Shared>, tasks: &mut JoinSet<()>) {
    let Ok(address) = listener.local_addr() else {
        return;
    };
    let mut closed = shared.world().stream.closed.subscribe();
    // It may have been closed before this began.
    if *closed.borrow() {
        closed.mark_changed();
    }
    let mut door = Some(listener);
    loop {
        tokio::select! {
            _ = closed.changed() => {
                // Closed first: the port cannot be taken twice.
                drop(door.take());
                if !*closed.borrow_and_update() {
                    door = Some(bound(address).await);
                }
            }
            (stream, source) = next(door.as_ref()) => {
                if !is_taken(source.ip(), shared) {
                    continue;
                }
                let (acceptor, shared) = (acceptor.clone(), shared.clone());
                tasks.spawn(async move { connection::serve(stream, acceptor, &shared).await });
            }
            Some(_) = tasks.join_next() => {}
        }
    }
}

/// The next connection; never while the port is closed.
async fn next(door: Option<&TcpListener>) -> (TcpStream, SocketAddr) {
    let Some(door) = door else {
        return std::future::pending().await;
    };
    loop {
        match door.accept().await {
            Ok(taken) => return taken,
            Err(error) => {
                tracing::debug!(%error, "a connection was lost before it was taken");
                sleep(AGAIN).await;
            }
        }
    }
}

/// Whether this address may connect once more in this minute.
fn is_taken(source: IpAddr, shared: &Shared) -> bool {
    let now = shared.now();
    let world = &mut *shared.world();
    let most = world.config.stream.connections_per_minute;
    most.is_none_or(|most| world.stream.window.take(source, most, now))
}

/// The port from before, as soon as the system gives it.
async fn bound(address: SocketAddr) -> TcpListener {
    loop {
        match TcpListener::bind(address).await {
            Ok(listener) => return listener,
            Err(error) => tracing::debug!(%error, "the stream's port is not free yet"),
        }
        sleep(AGAIN).await;
    }
}

async fn publish(shared: &Shared) {
    let (speed, news) = {
        let world = shared.world();
        (world.config.speed, world.stream.news.clone())
    };
    let tick = NORMAL_TICK.div_f64(speed.max(1.0)).max(SHORTEST_TICK);
    loop {
        let live = shared.world().stream.is_live();
        if live {
            sleep(tick).await;
        } else {
            news.notified().await;
        }
        let now = shared.now();
        advance(&mut shared.world(), now);
    }
}
