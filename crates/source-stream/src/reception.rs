//! One connection from its login to its end: messages are read, gathered, stored and then acknowledged.
//!
//! The first message after a quiet time is stored at once. What follows within a window behind that is stored together
//! when the window has passed, or when it is much. Each commit writes whole pages to a flash, and BMW sends bursts of
//! messages with one key each.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use cardata_api::stream::{Message, MqttSession, StreamError, parse};
use collector_core::{Origin, RawSnapshot, Received, Stray, StreamOutput};
use jiff::Timestamp;
use runtime::Clock;
use tokio_util::sync::CancellationToken;

/// Makes of a message of the account with this GCID what it says.
pub type Read = fn(&Message, &str, Timestamp) -> Received;

/// How many batches may still come while a connection is being closed.
const LAST_BATCHES: u32 = 100;
/// So much is stored without waiting for the window's end.
const MANY: usize = 1_000;
const LARGE: usize = 1 << 20;

/// How a connection ended.
#[derive(Debug, PartialEq, Eq)]
pub enum End {
    /// It is over; everything that came was stored.
    Over(StreamError),
    /// It was closed as asked; everything that had come was stored and acknowledged.
    Closed,
    /// The program is being stopped and the journal could not take what came.
    Unstored,
}

/// What becomes of messages.
#[derive(Clone)]
pub struct Reception<'a> {
    pub gcid: String,
    pub read: Read,
    pub clock: Arc<dyn Clock>,
    /// How long messages that follow one that was stored are gathered.
    pub window: Duration,
    pub output: &'a dyn StreamOutput,
    /// When the newest message that is stored arrived, in milliseconds.
    pub heard: Arc<AtomicI64>,
    /// Ends the connection from our side.
    pub closing: CancellationToken,
}

/// What has arrived and is not stored.
#[derive(Default)]
struct Gathered {
    received: Vec<Received>,
    /// Those that the broker wants to be told of.
    unacknowledged: Vec<Message>,
    bytes: usize,
    newest: Option<Timestamp>,
}

/// Passes when the window is over.
type Pause<'a> = Option<Pin<Box<dyn Future<Output = ()> + Send + 'a>>>;

impl Reception<'_> {
    /// Receives until the connection is over or to be closed.
    pub async fn run(self, mut session: Box<dyn MqttSession>) -> End {
        let mut gathered = Gathered::default();
        let mut pause: Pause<'_> = None;
        loop {
            let received = tokio::select! {
                biased;
                () = self.closing.cancelled() => break,
                () = passed(&mut pause) => None,
                received = session.receive() => Some(received),
            };
            match received {
                None => pause = None,
                Some(Ok(messages)) => self.gather(&mut gathered, messages),
                Some(Err(error)) => {
                    return match self.store(session.as_mut(), &mut gathered).await {
                        true => End::Over(error),
                        false => End::Unstored,
                    };
                }
            }
            if gathered.received.is_empty() || (pause.is_some() && !gathered.is_much()) {
                continue;
            }
            if !self.store(session.as_mut(), &mut gathered).await {
                return End::Unstored;
            }
            pause = (!self.window.is_zero()).then(|| self.clock.sleep(self.window));
        }
        self.drain(session, gathered).await
    }

    /// Takes what has arrived already, and says goodbye.
    async fn drain(&self, mut session: Box<dyn MqttSession>, mut gathered: Gathered) -> End {
        for _ in 0..LAST_BATCHES {
            let arrived = tokio::select! {
                biased;
                received = session.receive() => received.ok(),
                () = std::future::ready(()) => None,
            };
            let Some(messages) = arrived else { break };
            self.gather(&mut gathered, messages);
            if gathered.is_much() && !self.store(session.as_mut(), &mut gathered).await {
                return End::Unstored;
            }
        }
        if !self.store(session.as_mut(), &mut gathered).await {
            return End::Unstored;
        }
        session.close().await;
        End::Closed
    }

    fn gather(&self, gathered: &mut Gathered, messages: Vec<Message>) {
        let now = self.clock.now();
        gathered.newest = Some(now);
        for message in messages {
            gathered.bytes += message.topic.len() + message.payload.len();
            gathered.received.push(self.one(&message, now));
            if message.id.is_some() {
                gathered.unacknowledged.push(message);
            }
        }
    }

    /// Nothing is acknowledged that is not on disk.
    async fn store(&self, session: &mut dyn MqttSession, gathered: &mut Gathered) -> bool {
        let gathered = std::mem::take(gathered);
        if gathered.received.is_empty() {
            return true;
        }
        let messages = gathered.received.len();
        if let Err(error) = self.output.push(gathered.received).await {
            tracing::error!(%error, messages, "messages of the stream could not be stored before the stop; what they brought is lost");
            return false;
        }
        if let Some(newest) = gathered.newest {
            self.heard.store(newest.as_millisecond(), Ordering::Relaxed);
        }
        session.acknowledge(&gathered.unacknowledged).await;
        true
    }

    /// A message that makes the reader panic is kept as it came.
    fn one(&self, message: &Message, received_at: Timestamp) -> Received {
        let read = catch_unwind(AssertUnwindSafe(|| (self.read)(message, &self.gcid, received_at)));
        read.unwrap_or_else(|_| {
            tracing::error!(
                "a message of the stream made the program panic, which is a bug; it is kept as it came"
            );
            Received::Stray(Stray {
                received_at,
                topic: message.topic.clone(),
                payload: message.payload.to_vec(),
                reason: "reading it is a bug of this program".to_owned(),
            })
        })
    }
}

impl Gathered {
    fn is_much(&self) -> bool {
        self.received.len() >= MANY || self.bytes >= LARGE
    }
}

/// Waits for the end of a window; for ever where there is none.
async fn passed(pause: &mut Pause<'_>) {
    match pause {
        Some(pause) => pause.await,
        None => std::future::pending().await,
    }
}

/// What a message says.
pub fn read(message: &Message, gcid: &str, received_at: Timestamp) -> Received {
    match parse(message, gcid) {
        Ok(parsed) => Received::Snapshot(RawSnapshot {
            vin: parsed.vin,
            origin: Origin::Stream,
            requested_at: None,
            sent_at: parsed.sent_at,
            received_at,
            readings: parsed.readings,
        }),
        Err(unreadable) => Received::Stray(Stray {
            received_at,
            topic: message.topic.clone(),
            payload: message.payload.to_vec(),
            reason: unreadable.to_string(),
        }),
    }
}
