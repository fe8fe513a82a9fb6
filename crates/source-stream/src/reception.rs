//! One connection from its login to its end: messages are read, gathered, stored and then acknowledged.
//!
//! The first message after a quiet time is stored at once. What follows within a window behind that is stored together
//! when the window has passed, or when it is much; behind much, as soon as the line pauses. Each commit writes whole pages to
//! a flash, and BMW sends bursts of messages with one key each.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use cardata_api::stream::{Message, MqttSession, StreamError, parse};
use collector_core::{Origin, RawSnapshot, Received, Stray, StreamOutput};
use jiff::Timestamp;
use runtime::clock::{later, until};
use runtime::{Clock, in_place};
use tokio_util::sync::CancellationToken;

use super::serve::SILENCE;
use super::unstored::Unstored;

/// Makes of a message of the account with this GCID what it says.
pub type Read = fn(&Message, &str, Timestamp) -> Received;

/// How many batches may still come while a connection is being closed.
const LAST_BATCHES: u32 = 100;
/// So much is stored without waiting for the window's end.
const MANY: usize = 1_000;
const LARGE: usize = 1 << 20;
/// So many that come at once are a flood.
const FLOOD: usize = 32;
/// Behind much, the rest of a flood is stored when nothing has come for so long: few commits more for so much.
const LULL: Duration = Duration::from_millis(20);
/// For so long behind much that was stored, what comes is the rest of the flood: the broker may have paused for a moment.
const AFTERMATH: Duration = Duration::from_secs(1);

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
    /// Since when what it holds is not stored.
    pub unstored: Unstored,
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
    /// When the first of them arrived, and the last.
    oldest: Option<Timestamp>,
    newest: Option<Timestamp>,
    /// From when to when storing took so long that the line may have ended meanwhile: nobody asked it.
    deaf: Option<(Timestamp, Timestamp)>,
}

/// Passes when the window is over.
type Pause<'a> = Option<Pin<Box<dyn Future<Output = ()> + Send + 'a>>>;

impl Reception<'_> {
    /// Receives until the connection is over or to be closed. Says since when it may be over.
    pub async fn run(self, mut session: Box<dyn MqttSession>) -> (End, Timestamp) {
        let mut gathered = Gathered::default();
        // When something was last stored, and when much, and the wait for the end of the window behind that.
        let (mut stored, mut flooded) = (None, None);
        let mut pause: Pause<'_> = None;
        loop {
            let received = tokio::select! {
                biased;
                () = self.closing.cancelled() => break,
                () = passed(&mut pause) => None,
                received = session.receive() => Some(received),
            };
            match received {
                None => {}
                Some(Ok(messages)) => {
                    self.gather(&mut gathered, messages);
                    let left = self.left(stored, self.window);
                    if !left.is_zero() && !gathered.is_much() {
                        let flood = !self.left(flooded, AFTERMATH).is_zero();
                        let wait = if flood { left.min(LULL) } else { left };
                        if flood || pause.is_none() {
                            pause = Some(self.clock.sleep(wait));
                        }
                        continue;
                    }
                }
                Some(Err(error)) => {
                    let now = self.clock.now();
                    let dead = error == StreamError::Silent;
                    let since = gathered.over_since(if dead { now - SILENCE } else { now });
                    return match self.store(session.as_mut(), &mut gathered).await {
                        true => (End::Over(error), since),
                        false => (End::Unstored, since),
                    };
                }
            }
            pause = None;
            let is_much = gathered.is_much();
            if !self.store(session.as_mut(), &mut gathered).await {
                return (End::Unstored, gathered.over_since(self.clock.now()));
            }
            stored = Some(self.clock.now());
            flooded = if is_much { stored } else { flooded };
        }
        self.drain(session, gathered).await
    }

    /// How much of a window behind that time is left. A clock that was set back ends it. The last tenth is not waited for: a
    /// car that speaks as often as the window is long would be waited for each time, by the time that storing took.
    fn left(&self, stored: Option<Timestamp>, window: Duration) -> Duration {
        let now = self.clock.now();
        let stored = stored.filter(|stored| *stored <= now);
        let left = stored.map_or(Duration::ZERO, |stored| until(now, later(stored, window)));
        if left <= window / 10 { Duration::ZERO } else { left }
    }

    /// Takes what has arrived already, and says goodbye.
    async fn drain(&self, mut session: Box<dyn MqttSession>, mut gathered: Gathered) -> (End, Timestamp) {
        for _ in 0..LAST_BATCHES {
            let arrived = tokio::select! {
                biased;
                received = session.receive() => received.ok(),
                () = std::future::ready(()) => None,
            };
            let Some(messages) = arrived else { break };
            self.gather(&mut gathered, messages);
            if gathered.is_much() && !self.store(session.as_mut(), &mut gathered).await {
                return (End::Unstored, gathered.over_since(self.clock.now()));
            }
        }
        let since = gathered.over_since(self.clock.now());
        if !self.store(session.as_mut(), &mut gathered).await {
            return (End::Unstored, since);
        }
        session.close().await;
        (End::Closed, since)
    }

    fn gather(&self, gathered: &mut Gathered, messages: Vec<Message>) {
        let now = self.clock.now();
        if gathered.oldest.is_none() {
            self.unstored.hold(now);
            gathered.oldest = Some(now);
        }
        gathered.newest = Some(now);
        // While one batch of a flood is read, the next must not wait at the broker.
        match messages.len() {
            0..FLOOD => self.take(gathered, messages, now),
            _ => in_place(|| self.take(gathered, messages, now)),
        }
    }

    fn take(&self, gathered: &mut Gathered, messages: Vec<Message>, now: Timestamp) {
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
        let next = Gathered {
            deaf: gathered.deaf,
            ..Gathered::default()
        };
        let batch = std::mem::replace(gathered, next);
        if batch.received.is_empty() {
            return true;
        }
        let messages = batch.received.len();
        let began = self.clock.now();
        if let Err(error) = self.output.push(batch.received).await {
            tracing::error!(%error, messages, "messages of the stream could not be stored before the stop; what they brought is lost");
            return false;
        }
        gathered.was_deaf(began, self.clock.now());
        if let Some(oldest) = batch.oldest {
            self.unstored.release(oldest);
        }
        if let Some(newest) = batch.newest {
            self.heard.store(newest.as_millisecond(), Ordering::Relaxed);
        }
        session.acknowledge(&batch.unacknowledged).await;
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

    /// Something was stored from then to then.
    fn was_deaf(&mut self, began: Timestamp, ended: Timestamp) {
        if ended.duration_since(began) > SILENCE {
            self.deaf = Some((self.over_since(began), ended));
        }
    }

    /// Since when a line may be over that was found so at this time: what came soon behind a long store may have waited
    /// all the while.
    fn over_since(&self, found: Timestamp) -> Timestamp {
        let deaf = self.deaf.filter(|(_, ended)| found <= *ended + SILENCE);
        deaf.map_or(found, |(began, _)| began.min(found))
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
