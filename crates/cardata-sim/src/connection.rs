//! Connections that can be reset, cut in mid-body or slowed down, which HTTP servers do not do by themselves.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

/// How many bytes of a slow body go out at once.
const SLOW_PIECE: usize = 64;

/// Accepts connections whose answers can be tampered with.
pub(crate) struct Door(pub TcpListener);

impl Listener for Door {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        let (stream, address) = Listener::accept(&mut self.0).await;
        // Head and body leave in two writes: without this, the body would wait 40 ms for the client's
        // acknowledgement of the head. A connection without it is slow, nothing worse.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection stays without TCP_NODELAY");
        }
        let connection = Connection {
            stream,
            wire: Wire::default(),
            pause: None,
        };
        (connection, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

/// What a request handler holds of its connection: with it, it says how its answer leaves.
#[derive(Clone, Default)]
pub(crate) struct Wire(Arc<Mutex<Option<Sending>>>);

/// How the next answer leaves.
pub(crate) enum Sending {
    /// Not at all: the connection is reset.
    Reset,
    Body(BodySending),
}

/// Something to wait for.
pub(crate) type Pause = Pin<Box<dyn Future<Output = ()> + Send>>;

/// How the body of the next answer leaves; its head always does.
pub(crate) struct BodySending {
    /// The body's whole length.
    pub length: usize,
    /// The connection ends after so many bytes of the body.
    pub cut_after: Option<usize>,
    /// The body leaves in small pieces, with such a pause before each.
    pub pause: Option<Box<dyn Fn() -> Pause + Send>>,
    /// Called when the last byte leaves, and not at all if it never does.
    pub on_sent: Option<Box<dyn FnOnce() + Send>>,
}

impl Wire {
    pub fn plan(&self, sending: Sending) {
        *self.lock() = Some(sending);
    }

    fn lock(&self) -> MutexGuard<'_, Option<Sending>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connected<IncomingStream<'_, Door>> for Wire {
    fn connect_info(stream: IncomingStream<'_, Door>) -> Self {
        stream.io().wire.clone()
    }
}

/// A TCP connection that follows the plan of its [`Wire`].
pub(crate) struct Connection {
    stream: TcpStream,
    wire: Wire,
    pause: Option<Pause>,
}

impl AsyncWrite for Connection {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let mut plan = this.wire.lock();
        match plan.as_mut() {
            None => Pin::new(&mut this.stream).poll_write(cx, bytes),
            Some(Sending::Reset) => {
                this.stream.set_zero_linger()?;
                Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()))
            }
            Some(Sending::Body(body)) if body.length == 0 => {
                *plan = None;
                Pin::new(&mut this.stream).poll_write(cx, bytes)
            }
            Some(Sending::Body(body)) => {
                // The head ends where the body, the rest of the bytes, begins. Hyper hands over both at once
                // or the head first.
                if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n")
                    && bytes.starts_with(b"HTTP/1.1 ")
                {
                    return Pin::new(&mut this.stream).poll_write(cx, &bytes[..end + 4]);
                }
                let written = ready!(body.poll_write(&mut this.stream, &mut this.pause, cx, bytes))?;
                if body.length == 0 {
                    *plan = None;
                }
                Poll::Ready(Ok(written))
            }
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl BodySending {
    fn poll_write(
        &mut self,
        stream: &mut TcpStream,
        pause: &mut Option<Pause>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let mut allowed = bytes.len();
        if let Some(cut_after) = self.cut_after {
            if cut_after == 0 {
                return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
            }
            allowed = allowed.min(cut_after);
        }
        if let Some(new_pause) = &self.pause {
            ready!(pause.get_or_insert_with(new_pause).as_mut().poll(cx));
            allowed = allowed.min(SLOW_PIECE);
        }
        if allowed >= self.length {
            if has_gone(stream, cx) {
                return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
            }
            // Before the write: a client that has read the last byte finds the log complete.
            if let Some(on_sent) = self.on_sent.take() {
                on_sent();
            }
        }
        let written = ready!(Pin::new(stream).poll_write(cx, &bytes[..allowed]))?;
        *pause = None;
        self.length = self.length.saturating_sub(written);
        self.cut_after = self.cut_after.map(|left| left.saturating_sub(written));
        Poll::Ready(Ok(written))
    }
}

/// Whether the client has closed the connection: nothing more will be read there.
fn has_gone(stream: &TcpStream, cx: &mut Context<'_>) -> bool {
    let mut byte = [0];
    let peeked = stream.poll_peek(cx, &mut ReadBuf::new(&mut byte));
    matches!(peeked, Poll::Ready(Ok(0) | Err(_)))
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}
