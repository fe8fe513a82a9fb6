//! The running simulator: a port for requests and one for the stream, both on the loopback address.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{ConnectInfo, Request, State};
use jiff::Timestamp;
use runtime::{Clock, ScaledClock};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::call::{Answer, Call};
use crate::config::{Now, SimConfig};
use crate::connection::{BodySending, Door, Sending, Wire};
use crate::control::Control;
use crate::fault::Fault;
use crate::stream;
use crate::world::World;

/// The largest request body that is read.
const BODY_LIMIT: usize = 1 << 20;

/// A running simulator. It ends when it is stopped or dropped.
pub struct Sim {
    url: String,
    shared: Arc<Shared>,
    stream_port: u16,
    stream_ca: String,
    stopping: watch::Sender<bool>,
    task: JoinHandle<()>,
    stream: JoinHandle<()>,
}

pub(crate) struct Shared {
    world: Mutex<World>,
    now: Now,
    stopped: watch::Receiver<bool>,
}

impl Shared {
    pub fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn now(&self) -> Timestamp {
        (self.now)()
    }

    /// Ends when the simulator is stopped or dropped.
    pub async fn stopped(&self) {
        // An error means that the sender, the `Sim`, is gone.
        let _ = self.stopped.clone().wait_for(|stopped| *stopped).await.map(drop);
    }

    /// Waits, but not longer than the simulator runs.
    async fn pause(&self, duration: Duration) {
        tokio::select! {
            () = tokio::time::sleep(duration) => {}
            () = self.stopped() => {}
        }
    }
}

impl Sim {
    /// Starts on a clock of its own: `config.start`, running `config.speed` times as fast as real time.
    ///
    /// # Errors
    ///
    /// A port is in use or the system refuses it.
    pub async fn start(config: SimConfig) -> std::io::Result<Self> {
        let begin = config.start.unwrap_or_else(Timestamp::now);
        let clock = ScaledClock::starting_at(begin, config.speed);
        Self::start_with_now(config, Arc::new(move || clock.now())).await
    }

    /// Starts on somebody else's clock. `config.speed` must be that clock's, `config.start` at most its time.
    ///
    /// # Errors
    ///
    /// A port is in use or the system refuses it.
    pub async fn start_with_now(config: SimConfig, now: Now) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", config.port)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let broker = TcpListener::bind(("127.0.0.1", config.stream_port)).await?;
        let stream_port = broker.local_addr()?.port();
        let (acceptor, stream_ca) = stream::acceptor()?;
        let start = config.start.unwrap_or_else(|| now());
        let world = Mutex::new(World::new(config, start, url.clone()));
        let (stopping, stopped) = watch::channel(false);
        let shared = Arc::new(Shared { world, now, stopped });
        let stream = tokio::spawn(stream::run(broker, acceptor, shared.clone()));
        let app = Router::new().fallback(serve).with_state(shared.clone());
        let service = app.into_make_service_with_connect_info::<Wire>();
        let running = shared.clone();
        let task = tokio::spawn(async move {
            let stopped = async move { running.stopped().await };
            let server = axum::serve(Door(listener), service).with_graceful_shutdown(stopped);
            // axum's server ends by the signal alone.
            let _: std::io::Result<()> = server.await;
        });
        tracing::debug!(url, "the simulated BMW listens");
        Ok(Self {
            url,
            shared,
            stream_port,
            stream_ca,
            stopping,
            task,
            stream,
        })
    }

    /// Where the OAuth endpoints are, without a trailing slash: what stands for `https://customer.bmwgroup.com`.
    pub fn auth_url(&self) -> String {
        self.url.clone()
    }

    /// Where the REST endpoints are: what stands for `https://api-cardata.bmwgroup.com`. One port serves both.
    pub fn api_url(&self) -> String {
        self.url.clone()
    }

    /// Where the stream is: what stands for `mqtts://customer.streaming-cardata.bmwgroup.com:9000`. Not by name: a small
    /// container may have no `/etc/hosts`, which alone knows `localhost`.
    pub fn stream_url(&self) -> String {
        format!("mqtts://127.0.0.1:{}", self.stream_port)
    }

    /// The certificate (PEM) that vouches for the stream.
    pub fn stream_ca(&self) -> &str {
        &self.stream_ca
    }

    pub fn control(&self) -> Control {
        Control {
            shared: self.shared.clone(),
        }
    }

    /// Ends the server and waits until its connections are closed.
    pub async fn stop(self) {
        let _ = self.stopping.send(true);
        // A panic of the server has been reported by the runtime.
        let _ = self.task.await;
        let _ = self.stream.await;
    }
}

async fn serve(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(wire): ConnectInfo<Wire>,
    request: Request,
) -> Answer {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY_LIMIT).await else {
        return Answer::new(413, "text/plain", "");
    };
    let call = Call::new(parts, body.to_vec());
    let now = shared.now();
    let (mut answer, fault) = shared.world().handle(&call, now);

    if let Some(Fault::Hang(duration)) = fault {
        shared.pause(duration).await;
    }
    let served = std::mem::take(&mut answer.served);
    let logging = shared.clone();
    let on_sent = move || {
        let log = &mut logging.world().log;
        log.answers += usize::from(!served.is_empty());
        log.served.extend(served);
    };
    let length = answer.body.len();
    wire.plan(match fault {
        Some(Fault::Reset | Fault::LoseAnswer) => Sending::Reset,
        fault => Sending::Body(BodySending {
            length,
            cut_after: matches!(fault, Some(Fault::Truncated)).then_some(length / 2),
            pause: match fault {
                Some(Fault::SlowBody(duration)) => Some(Box::new(move || {
                    let shared = shared.clone();
                    Box::pin(async move { shared.pause(duration).await })
                })),
                _ => None,
            },
            on_sent: Some(Box::new(on_sent)),
        }),
    });
    answer
}
