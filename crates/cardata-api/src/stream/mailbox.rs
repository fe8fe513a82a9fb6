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
        let given_up = || StreamError::Closed("it was given up here".to_owned());
        self.0.content().end.get_or_insert_with(given_up);
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

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn batch(messages: usize, bytes: usize) -> Vec<Message> {
        let message = Message {
            topic: "g/v".to_owned(),
            payload: Bytes::from(vec![0; bytes]),
            id: None,
        };
        vec![message; messages]
    }

    /// Whether there is room now.
    async fn fits(inlet: &Inlet) -> bool {
        tokio::select! {
            biased;
            () = inlet.put(batch(1, 1)) => true,
            () = std::future::ready(()) => false,
        }
    }

    #[tokio::test]
    async fn a_full_mailbox_takes_nothing_until_it_was_emptied() {
        for (messages, bytes) in [(MOST_MESSAGES, 1), (2, MOST_BYTES / 2)] {
            let (inlet, mut outlet) = mailbox();
            inlet.put(batch(messages - 1, bytes)).await;
            assert!(fits(&inlet).await);
            assert_eq!(outlet.take().await.unwrap().len(), messages);
            inlet.put(batch(messages, bytes)).await;
            assert!(!fits(&inlet).await);
            assert_eq!(outlet.take().await.unwrap().len(), messages);
            assert!(fits(&inlet).await);
        }
    }

    #[tokio::test]
    async fn who_waits_is_woken() {
        let (inlet, mut outlet) = mailbox();
        let (messages, ()) = tokio::join!(outlet.take(), inlet.put(batch(3, 1)));
        assert_eq!(messages.unwrap().len(), 3);
        inlet.put(batch(MOST_MESSAGES, 1)).await;
        let (first, ()) = tokio::join!(
            async {
                tokio::task::yield_now().await;
                outlet.take().await
            },
            inlet.put(batch(2, 1))
        );
        assert_eq!(first.unwrap().len(), MOST_MESSAGES);
        assert_eq!(outlet.take().await.unwrap().len(), 2);
        let (end, ()) = tokio::join!(outlet.take(), async { inlet.end(StreamError::Silent) });
        assert_eq!(end, Err(StreamError::Silent));
    }

    #[tokio::test]
    async fn an_inlet_that_vanishes_is_an_end_behind_its_messages() {
        let (inlet, mut outlet) = mailbox();
        inlet.put(batch(1, 1)).await;
        drop(inlet);
        assert_eq!(outlet.take().await.unwrap().len(), 1);
        assert!(matches!(outlet.take().await, Err(StreamError::Closed { .. })));
    }
}
