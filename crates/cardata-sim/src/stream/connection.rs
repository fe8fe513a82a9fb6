//! The socket of one line: reads packets, writes what the broker has for it, and closes as it says.

use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::broker::{Ending, Signals, Work};
use super::packets;
use crate::server::Shared;

/// How long a client may take for TLS and for its login.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a connection that ends may take to write, and to be read, to its end.
const LAST: Duration = Duration::from_secs(2);

/// Serves one connection to its end.
pub(super) async fn serve(stream: TcpStream, acceptor: TlsAcceptor, shared: &Shared) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection stays without TCP_NODELAY");
    }
    let tls = match timeout(PATIENCE, acceptor.accept(stream)).await {
        Ok(Ok(tls)) => tls,
        Ok(Err(error)) => return tracing::debug!(%error, "no TLS on the stream"),
        Err(_) => return tracing::debug!("a client took too long for TLS"),
    };
    let Some((number, signals)) = shared.world().stream.open_line() else {
        return;
    };
    talk(tls, number, &signals, shared).await;
    let mut world = shared.world();
    world.stream.end(number, Ending::Abrupt);
    world.stream.forget(number);
}

async fn talk(tls: TlsStream<TcpStream>, number: u64, signals: &Signals, shared: &Shared) {
    let (mut reader, mut writer) = tokio::io::split(tls);
    let mut bytes = BytesMut::new();
    let how = tokio::select! {
        how = write(&mut writer, number, &signals.wake, shared) => how,
        never = async {
            read(&mut reader, &mut bytes, number, shared).await;
            shared.world().stream.end(number, Ending::Orderly);
            std::future::pending().await
        } => never,
        () = async {
            // Cannot fail: the sender lives as long as the signals.
            let _ = signals.ending.subscribe().wait_for(Option::is_some).await.map(drop);
            sleep(LAST).await;
        } => Ending::Abrupt,
    };
    let mut tls = reader.unsplit(writer);
    let closed = match how {
        Ending::Orderly => timeout(LAST, tls.shutdown()).await,
        Ending::Abrupt => timeout(LAST, tls.get_mut().0.shutdown()).await,
    };
    if !matches!(closed, Ok(Ok(()))) {
        return;
    }
    // Closing a socket that has something to read would throw away what the client has not read yet.
    let _ = timeout(LAST, read(&mut tls, &mut bytes, number, shared)).await;
}

/// Reads until the client closes, breaks a rule or falls silent. On a line that is over, acknowledgements still
/// count.
async fn read(stream: &mut (impl AsyncRead + Unpin), bytes: &mut BytesMut, number: u64, shared: &Shared) {
    let mut silence = PATIENCE;
    loop {
        match timeout(silence, stream.read_buf(bytes)).await {
            Ok(Ok(1..)) => {}
            Ok(Ok(0) | Err(_)) | Err(_) => return,
        }
        let now = shared.now();
        match packets::received(&mut shared.world(), number, bytes, now) {
            Ok(longest) => silence = longest.unwrap_or(PATIENCE),
            Err(packets::Over) => return,
        }
    }
}

/// Writes until the line ends or the client is gone.
async fn write(
    stream: &mut (impl AsyncWrite + Unpin),
    number: u64,
    wake: &tokio::sync::Notify,
    shared: &Shared,
) -> Ending {
    loop {
        let now = shared.now();
        let work = {
            let world = &mut *shared.world();
            world.stream.take(number, world.config.stream.log, now)
        };
        match work {
            Work::Write(bytes, messages) => {
                let mut unfinished = Unfinished { shared, messages };
                let written = stream.write_all(&bytes).await;
                if written.is_err() || stream.flush().await.is_err() {
                    return Ending::Abrupt;
                }
                unfinished.messages = 0..0;
            }
            Work::End(ending) => return ending,
            Work::Wait => wake.notified().await,
        }
    }
}

/// Messages that are being written. If the writing ends before they are, nobody knows what has arrived.
struct Unfinished<'a> {
    shared: &'a Shared,
    messages: std::ops::Range<usize>,
}

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        if !self.messages.is_empty() {
            self.shared.world().stream.cut(self.messages.clone());
        }
    }
}
