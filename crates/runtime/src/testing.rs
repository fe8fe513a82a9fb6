//! For tests of the crates above: a clock that stands still until it is moved.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::sync::watch;

use crate::clock::{Clock, later};

/// A clock that only a test moves. A sleeper wakes when the clock was moved past its time.
#[derive(Debug)]
pub struct ManualClock {
    now: watch::Sender<Timestamp>,
    jumping: bool,
}

impl ManualClock {
    /// Stands at `start` until [`advance`](Self::advance) is called.
    pub fn new(start: Timestamp) -> Self {
        Self {
            now: watch::Sender::new(start),
            jumping: false,
        }
    }

    /// Like [`new`](Self::new), but a sleep moves the clock by itself and returns at once.
    pub fn jumping(start: Timestamp) -> Self {
        Self {
            jumping: true,
            ..Self::new(start)
        }
    }

    pub fn advance(&self, duration: Duration) {
        self.now.send_modify(|now| *now = later(*now, duration));
    }

    /// Sets the time, backwards too.
    pub fn set(&self, now: Timestamp) {
        self.now.send_replace(now);
    }
}

#[async_trait]
impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.now.borrow()
    }

    async fn sleep(&self, duration: Duration) {
        if self.jumping {
            return self.advance(duration);
        }
        let mut now = self.now.subscribe();
        let wake_at = later(self.now(), duration);
        // The sender lives as long as `self`: waiting cannot fail.
        let _ = now.wait_for(|now| *now >= wake_at).await;
    }
}

#[cfg(test)]
mod tests {
    use std::task::Poll;

    use super::*;

    async fn poll_once<F: Future + Unpin>(future: &mut F) -> Option<F::Output> {
        std::future::poll_fn(|context| match std::pin::Pin::new(&mut *future).poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending => Poll::Ready(None),
        })
        .await
    }

    #[tokio::test]
    async fn a_sleeper_wakes_when_the_clock_was_moved_far_enough() {
        let clock = ManualClock::new(Timestamp::UNIX_EPOCH);
        let mut sleeper = std::pin::pin!(clock.sleep(Duration::from_secs(10)));
        assert!(poll_once(&mut sleeper).await.is_none());
        clock.advance(Duration::from_secs(9));
        assert!(poll_once(&mut sleeper).await.is_none());
        clock.advance(Duration::from_secs(1));
        assert!(poll_once(&mut sleeper).await.is_some());
    }

    #[tokio::test]
    async fn a_jumping_clock_moves_itself() {
        let clock = ManualClock::jumping(Timestamp::UNIX_EPOCH);
        clock.sleep(Duration::from_secs(10)).await;
        assert_eq!(clock.now().as_second(), 10);
    }
}
