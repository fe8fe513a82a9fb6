//! One receiver: what it was told, what it has to be told, and trying until it has taken that.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use ledger::Told;
use pipeline::Channel;
use runtime::{Backoff, Chain};
use sha2::{Digest, Sha256};
use tokio::sync::watch;

use super::{Manner, Notice, Notifier, Pace, send};

/// What only grows is told once in this time.
const GROWTH: SignedDuration = SignedDuration::from_hours(24);

/// A channel at work.
pub(super) struct Serving {
    pub(super) spec: Channel,
    pub(super) notifier: Arc<Notifier>,
    pub(super) pace: Pace,
}

/// What is to be done about one notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Send(Notice),
    /// Nothing is sent, but this is what is known now.
    Note(Notice),
}

/// How long one notice has been tried in vain.
struct Trying {
    topic: String,
    stage: String,
    spent: Duration,
    backoff: Backoff,
}

impl Serving {
    /// Runs until cancelled.
    pub(super) async fn run(self, mut notices: watch::Receiver<Arc<Vec<Notice>>>) {
        let prefix = prefix(&self.spec);
        let notifier = &self.notifier;
        let mut told = notifier.ledger.told(&prefix).await.unwrap_or_default();
        let mut trying = None;
        while !notifier.cancelled.is_cancelled() {
            let current = notices.borrow_and_update().clone();
            let Some(step) = next_step(&told, &current, notifier.clock.now()) else {
                tokio::select! {
                    changed = notices.changed() => if changed.is_err() { return },
                    () = notifier.cancelled.cancelled() => {}
                }
                continue;
            };
            let notice = match step {
                Step::Send(notice) => {
                    if !self.try_to_send(&notice, &mut trying).await {
                        continue;
                    }
                    notice
                }
                Step::Note(notice) => notice,
            };
            self.note(&prefix, &mut told, &notice).await;
        }
    }

    /// Whether the notice is done with: taken, refused for good, or tried for long enough. Otherwise it has waited.
    async fn try_to_send(&self, notice: &Notice, trying: &mut Option<Trying>) -> bool {
        let (channel, notifier) = (self.spec.label(), &self.notifier);
        let before = trying
            .take()
            .filter(|trying| (&trying.topic, &trying.stage) == (&notice.topic, &notice.stage));
        let trying = trying.insert(before.unwrap_or_else(|| Trying {
            topic: notice.topic.clone(),
            stage: notice.stage.clone(),
            spent: Duration::ZERO,
            backoff: Backoff::new(self.pace.first, self.pace.longest).half_drawn(),
        }));
        let attempt = tokio::select! {
            result = send(&notifier.http, &self.spec, notice) => result,
            () = notifier.cancelled.cancelled() => return false,
        };
        let error = match attempt {
            Ok(_) => {
                tracing::info!(channel, topic = notice.topic, "told the owner: {}", notice.title);
                return true;
            }
            Err(error) => error,
        };
        if error.is_final || trying.spent >= self.pace.patience {
            tracing::error!(channel, topic = notice.topic, %error, "the owner could not be told: {}", notice.title);
            return true;
        }
        if trying.spent.is_zero() {
            tracing::warn!(channel, topic = notice.topic, %error, "the owner cannot be told yet; trying on");
        }
        let wait = trying.backoff.next(error.retry_after, &mut rand::rng());
        let wait = wait.min(self.pace.patience);
        trying.spent += wait;
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = notifier.cancelled.cancelled() => {}
        }
        false
    }

    async fn note(&self, prefix: &str, told: &mut HashMap<String, Told>, notice: &Notice) {
        let stage = notice.stage.clone();
        let at = self.notifier.clock.now();
        let new = (!stage.is_empty()).then_some(Told { stage, at });
        match new.clone() {
            Some(new) => drop(told.insert(notice.topic.clone(), new)),
            None => drop(told.remove(&notice.topic)),
        }
        let topic = format!("{prefix}{}", notice.topic);
        if let Err(error) = self.notifier.ledger.remember_told(topic, new).await {
            tracing::debug!(error = %Chain(&error), "could not note what the owner was told");
        }
    }
}

/// Under what the ledger remembers a channel: nothing of its URL can be read from it.
fn prefix(channel: &Channel) -> String {
    let digest = Sha256::digest(channel.url.as_str());
    let short: String = digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    format!("notify:{}-{short}:", channel.type_name())
}

/// The first thing to do, if anything. Pure.
pub(super) fn next_step(told: &HashMap<String, Told>, notices: &[Notice], now: Timestamp) -> Option<Step> {
    notices
        .iter()
        .find_map(|notice| step(told.get(&notice.topic), notice, now))
}

fn step(told: Option<&Told>, notice: &Notice, now: Timestamp) -> Option<Step> {
    let (send, note) = (Step::Send(notice.clone()), Step::Note(notice.clone()));
    match (told, notice.manner) {
        (None, _) => (!notice.stage.is_empty()).then_some(send),
        (Some(told), _) if told.stage == notice.stage => None,
        (Some(_), Manner::Change) => Some(send),
        (Some(_), _) if notice.stage.is_empty() => Some(note),
        (Some(_), Manner::Beginning) => Some(send),
        (Some(told), Manner::Growth) => {
            let number = |text: &str| text.parse::<u64>().unwrap_or(0);
            if number(&notice.stage) < number(&told.stage) {
                return Some(note);
            }
            let since = now.duration_since(told.at);
            // A time in the future comes from a clock that was set back.
            (since >= GROWTH || since.is_negative()).then_some(send)
        }
    }
}
