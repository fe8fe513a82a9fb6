//! What comes in by the connection: what this sink kept at the broker, and that Home Assistant has started.

use std::sync::{Mutex, MutexGuard, PoisonError};

use rumqttc::Publish;
use tokio::sync::Notify;

use crate::discovery::ONLINE;
use crate::topics::Topics;

/// Kept messages beyond this are left where they are; a sink keeps a few hundred a vehicle.
const MOST: usize = 200_000;

/// Filled by the connection, read by its keeper. Never makes the connection wait.
#[derive(Debug)]
pub struct Inbox {
    status: String,
    births: Vec<String>,
    kept: Mutex<Vec<(String, Vec<u8>)>>,
    /// Our own status came back: everything that was kept has come before it.
    read: Notify,
    born: Notify,
}

impl Inbox {
    pub fn new(topics: &Topics) -> Self {
        Self {
            status: topics.status(),
            births: topics.births(),
            kept: Mutex::default(),
            read: Notify::new(),
            born: Notify::new(),
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
        let mut kept = self.lock();
        if message.retain && !message.payload.is_empty() && kept.len() < MOST {
            kept.push((topic.to_owned(), message.payload.to_vec()));
        }
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
