//! One connection from its login to its end: messages are read, stored and then acknowledged.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use cardata_api::stream::{Message, MqttSession, StreamError, parse};
use collector_core::{Origin, RawSnapshot, Received, Stray, StreamOutput};
use jiff::Timestamp;
use runtime::Clock;
use tokio_util::sync::CancellationToken;

/// Makes of a message of the account with this GCID what it says.
pub type Read = fn(&Message, &str, Timestamp) -> Received;

/// How many batches may still come while a connection is being closed.
const LAST_BATCHES: u32 = 100;

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
    pub output: &'a dyn StreamOutput,
    /// Ends the connection from our side.
    pub closing: CancellationToken,
}

impl Reception<'_> {
    /// Receives until the connection is over or to be closed.
    pub async fn run(self, mut session: Box<dyn MqttSession>) -> End {
        loop {
            let received = tokio::select! {
                biased;
                () = self.closing.cancelled() => break,
                received = session.receive() => received,
            };
            match received {
                Ok(messages) => {
                    if !self.store(session.as_mut(), &messages).await {
                        return End::Unstored;
                    }
                }
                Err(error) => return End::Over(error),
            }
        }
        self.drain(session).await
    }

    /// Takes what has arrived already, and says goodbye.
    async fn drain(&self, mut session: Box<dyn MqttSession>) -> End {
        for _ in 0..LAST_BATCHES {
            let arrived = tokio::select! {
                biased;
                received = session.receive() => received.ok(),
                () = std::future::ready(()) => None,
            };
            let Some(messages) = arrived else { break };
            if !self.store(session.as_mut(), &messages).await {
                return End::Unstored;
            }
        }
        session.close().await;
        End::Closed
    }

    /// Nothing is acknowledged that is not on disk.
    async fn store(&self, session: &mut dyn MqttSession, messages: &[Message]) -> bool {
        let now = self.clock.now();
        let received = messages.iter().map(|message| self.one(message, now)).collect();
        if let Err(error) = self.output.push(received).await {
            tracing::error!(%error, messages = messages.len(), "messages of the stream could not be stored before the stop; what they brought is lost");
            return false;
        }
        session.acknowledge(messages).await;
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
