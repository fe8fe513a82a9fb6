//! What comes in by the connection: what this sink kept at the broker, that Home Assistant has started, and that somebody asks
//! for a poll.

use std::sync::{Mutex, MutexGuard, PoisonError};

use rumqttc::Publish;
use tokio::sync::Notify;

use crate::demands::Asked;
use crate::discovery::ONLINE;
use crate::topics::Topics;

/// Kept messages beyond this are left where they are; a sink keeps a few hundred a vehicle.
const MOST: usize = 200_000;
/// So many demands wait, each once: who asks for more vehicles at a time is not heard.
const MOST_ASKED: usize = 64;
/// No name of a vehicle is longer.
const LONGEST_LEVEL: usize = 1_000;

/// Filled by the connection, read by its keeper. Never makes the connection wait.
#[derive(Debug)]
pub struct Inbox {
    topics: Topics,
    status: String,
    births: Vec<String>,
    kept: Mutex<Vec<(String, Vec<u8>)>>,
    /// Our own status came back: everything that was kept has come before it.
    read: Notify,
    born: Notify,
    asked: Mutex<Vec<Asked>>,
    asking: Notify,
}

impl Inbox {
    pub fn new(topics: &Topics) -> Self {
        Self {
            topics: topics.clone(),
            status: topics.status(),
            births: topics.births(),
            kept: Mutex::default(),
            read: Notify::new(),
            born: Notify::new(),
            asked: Mutex::default(),
            asking: Notify::new(),
        }
    }

    pub fn take(&self, message: &Publish) {
        let Ok(topic) = std::str::from_utf8(&message.topic) else {
            return;
        };
        let online = message.payload == ONLINE.as_bytes();
        if self.births.iter().any(|birth| birth == topic) {
            // One that the broker kept is no news: everything is told at the beginning of a connection.
            if online && !message.retain {
                self.born.notify_one();
            }
            return;
        }
        if topic == self.status {
            if online && !message.retain {
                self.read.notify_one();
            }
            return;
        }
        if let Some(level) = self.topics.asked_for(topic) {
            // One that the broker kept would cost a call at each connection.
            if !message.retain && level.len() <= LONGEST_LEVEL {
                self.ask(Asked::of(level, &message.payload));
            }
            return;
        }
        let mut kept = self.lock();
        if message.retain && !message.payload.is_empty() && kept.len() < MOST {
            kept.push((topic.to_owned(), message.payload.to_vec()));
        }
    }

    fn ask(&self, asked: Asked) {
        let mut waiting = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() < MOST_ASKED && !waiting.contains(&asked) {
            waiting.push(asked);
            self.asking.notify_one();
        }
    }

    /// Waits until somebody asks for a poll; all who do.
    pub async fn asked(&self) -> Vec<Asked> {
        self.asking.notified().await;
        std::mem::take(&mut self.asked.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits until everything that the broker kept has come in.
    pub async fn all_read(&self) {
        self.read.notified().await;
    }

    /// Waits until Home Assistant says that it has started.
    pub async fn birth(&self) {
        self.born.notified().await;
    }

    /// What the broker kept.
    pub fn drain(&self) -> Vec<(String, Vec<u8>)> {
        std::mem::take(&mut self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(String, Vec<u8>)>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
