//! Polls that somebody asks for at the broker: what is asked, and how it is answered.

use std::collections::HashSet;
use std::sync::Arc;

use collector_core::{Demands, PollRefused, Polled, Vin};
use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use crate::board::Board;
use crate::inbox::Inbox;
use crate::link::Line;
use crate::message::{Message, json};
use crate::topics::Topics;

/// What Home Assistant's button says.
pub const PRESS: &str = "PRESS";

/// Somebody asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The vehicle's name as a level of a topic.
    pub level: String,
    /// Whether the payload is one that asks.
    pub is_plain: bool,
}

impl Asked {
    pub fn of(level: &str, payload: &[u8]) -> Self {
        Self {
            level: level.to_owned(),
            is_plain: payload.is_empty() || payload == PRESS.as_bytes(),
        }
    }
}

/// What stands in the topic of the answers, for a moment.
#[derive(Serialize)]
struct Answer {
    state: &'static str,
    reason: Option<String>,
    at: String,
}

fn done(at: Timestamp) -> Answer {
    Answer {
        state: "done",
        reason: None,
        at: format!("{at:.3}"),
    }
}

fn refused(reason: impl ToString, at: Timestamp) -> Answer {
    Answer {
        state: "refused",
        reason: Some(reason.to_string()),
        at: format!("{at:.3}"),
    }
}

/// Answers whoever asks by this connection. Never ends; it fails with the connection only, whose end is seen beside it.
pub async fn serve(
    demands: &Arc<dyn Demands>,
    board: &Mutex<Board>,
    topics: &Topics,
    inbox: &Inbox,
    line: &Line,
) {
    let mut polls = JoinSet::new();
    // Who asks while the vehicle is being polled has the same answer.
    let mut under_way: HashSet<Vin> = HashSet::new();
    loop {
        tokio::select! {
            asked = inbox.asked() => {
                for asked in asked {
                    let (vehicle, now) = {
                        let board = board.lock().await;
                        (board.vehicle_of(&asked.level), board.now())
                    };
                    let refused = match vehicle {
                        None => refused("no vehicle is called so", now),
                        Some(_) if !asked.is_plain => {
                            refused("the payload means nothing here: leave it empty, or write PRESS", now)
                        }
                        Some(vin) => {
                            if under_way.insert(vin.clone()) {
                                polls.spawn(poll(demands.clone(), vin, asked.level));
                            }
                            continue;
                        }
                    };
                    let _ = line.publish(message(topics, &asked.level, &refused)).await;
                }
            }
            Some(Ok((vin, level, polled))) = polls.join_next() => {
                under_way.remove(&vin);
                let answer = match polled {
                    Ok(polled) => done(polled.at),
                    Err(error) => refused(error, board.lock().await.now()),
                };
                let _ = line.publish(message(topics, &level, &answer)).await;
            }
        }
    }
}

async fn poll(
    demands: Arc<dyn Demands>,
    vin: Vin,
    level: String,
) -> (Vin, String, Result<Polled, PollRefused>) {
    let polled = demands.poll(&vin).await;
    (vin, level, polled)
}

fn message(topics: &Topics, level: &str, answer: &Answer) -> Message {
    Message {
        topic: topics.answer(level),
        payload: json(answer),
        retain: false,
    }
}
