//! What has arrived and was not yet taken: bounded, so that whoever does not take makes the broker wait.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::{Message, StreamError};

const MOST_MESSAGES: usize = 4_096;
const MOST_BYTES: usize = 8 << 20;

/// Whether as much as may wait does.
pub(crate) fn is_full(messages: usize, bytes: usize) -> bool {
    messages >= MOST_MESSAGES || bytes >= MOST_BYTES
}

/// How much memory a message takes.
pub(crate) fn size(message: &Message) -> usize {
    size_of::<Message>() + message.topic.len() + message.payload.len()
}

#[derive(Default)]
struct Mailbox {
    content: Mutex<Content>,
    arrived: Notify,
    taken: Notify,
}

#[derive(Default)]
struct Content {
    messages: Vec<Message>,
    bytes: usize,
    end: Option<StreamError>,
}

/// Where messages come in. When it is dropped, no more will.
pub(crate) struct Inlet(Arc<Mailbox>);

/// Where they are taken out.
pub(crate) struct Outlet(Arc<Mailbox>);

/// An empty mailbox.
pub(crate) fn mailbox() -> (Inlet, Outlet) {
    let mailbox = Arc::new(Mailbox::default());
    (Inlet(Arc::clone(&mailbox)), Outlet(mailbox))
}

impl Inlet {
    /// Waits until there is room for any, then puts all of them in: too many by one batch at most.
    pub(crate) async fn put(&self, batch: Vec<Message>) {
        loop {
            {
                let mut content = self.0.content();
                if !is_full(content.messages.len(), content.bytes) {
                    content.bytes += batch.iter().map(size).sum::<usize>();
                    content.messages.extend(batch);
                    break;
                }
            }
            self.0.taken.notified().await;
        }
        self.0.arrived.notify_one();
    }

    /// Says why no more come.
    pub(crate) fn end(self, reason: StreamError) {
        self.0.content().end.get_or_insert(reason);
    }
}

impl Drop for Inlet {
    fn drop(&mut self) {
        self.0.content().end.get_or_insert_with(|| StreamError::Closed {
            reason: "it was given up here".to_owned(),
        });
        self.0.arrived.notify_one();
    }
}

impl Outlet {
    /// Waits for a message and takes all; the reason of the end when everything was taken. Loses none when dropped.
    pub(crate) async fn take(&mut self) -> Result<Vec<Message>, StreamError> {
        loop {
            {
                let mut content = self.0.content();
                if !content.messages.is_empty() {
                    content.bytes = 0;
                    self.0.taken.notify_one();
                    return Ok(std::mem::take(&mut content.messages));
                }
                if let Some(end) = &content.end {
                    return Err(end.clone());
                }
            }
            self.0.arrived.notified().await;
        }
    }
}

impl Mailbox {
    fn content(&self) -> MutexGuard<'_, Content> {
        // Whoever panicked had not changed it: nothing here panics halfway.
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
