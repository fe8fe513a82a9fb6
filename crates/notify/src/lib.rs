//! Telling the owner, by webhook or ntfy, when a person must act, and when all is well again.
//!
//! ```text
//! ledger: states, streams, blocks ──derive──► notices, one for each topic ──pending──► channel ──send──► owner
//!                     every few seconds     pure                          ▲ table `told`
//! ```
//!
//! There is no queue: every channel compares what is true now with what it told last, so a notice that could not be
//! sent is replaced by a newer one about the same topic, and a trouble that has passed unseen is not told. Nothing
//! waits for a channel, and what goes wrong here makes no notice.
#![doc = include_str!("../DECISIONS.md")]
#![cfg_attr(not(test), warn(unused_crate_dependencies))]

mod channel;
mod derive;
mod message;
mod stream;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use ledger::Ledger;
use pipeline::Channel;
use runtime::{Chain, Clock};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

pub use derive::Scope;
pub use message::{SendError, send};

use derive::Memory;

/// How grave a notice is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    Info,
    Warning,
    /// A person must act.
    Error,
}

impl Level {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// What there is to say about one topic. Holds no token, no whole VIN and no position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// What it is about, for programs: `login:home`, `sink:csv`, …
    pub topic: String,
    pub level: Level,
    /// What is told once: another notice of the topic with the same stage is no news. Empty when all is well.
    pub stage: String,
    /// In a few words.
    pub title: String,
    /// What happened and what to do.
    pub message: String,
    pub at: Timestamp,
    pub manner: Manner,
}

/// When a change of the stage is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// Always, and the end too.
    Change,
    /// The beginning, not the end.
    Beginning,
    /// The stage is a number: when it has grown, and once a day at most.
    Growth,
}

/// How often and how long things are tried, in real time: no clock makes a network faster.
#[derive(Debug, Clone, Copy)]
struct Pace {
    look: Duration,
    first: Duration,
    longest: Duration,
    /// How long one notice is tried.
    patience: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            look: Duration::from_secs(5),
            first: Duration::from_secs(5),
            longest: Duration::from_secs(300),
            patience: Duration::from_secs(6 * 3_600),
        }
    }
}

/// Watches what is published and tells every channel.
pub struct Notifier {
    pub channels: Vec<Channel>,
    pub scope: Scope,
    pub http: reqwest::Client,
    pub ledger: Arc<dyn Ledger>,
    pub clock: Arc<dyn Clock>,
    pub cancelled: CancellationToken,
}

impl Notifier {
    /// Runs until cancelled.
    pub async fn run(self) {
        self.run_at(Pace::default()).await;
    }

    async fn run_at(self, pace: Pace) {
        let (sender, _) = watch::channel(Arc::new(Vec::new()));
        let notifier = Arc::new(self);
        let mut channels = JoinSet::new();
        for spec in notifier.channels.iter().cloned() {
            let notifier = notifier.clone();
            let channel = channel::Serving { spec, notifier, pace };
            channels.spawn(channel.run(sender.subscribe()));
        }
        let mut memory = Memory::default();
        while !notifier.cancelled.is_cancelled() {
            match notifier.ledger.condition().await {
                Ok(condition) => {
                    let now = notifier.clock.now();
                    let notices = derive::notices(&mut memory, &notifier.scope, &condition, now);
                    sender.send_replace(Arc::new(notices));
                }
                Err(error) => tracing::debug!(error = %Chain(&error), "could not look for something to tell"),
            }
            tokio::select! {
                () = tokio::time::sleep(pace.look) => {}
                () = notifier.cancelled.cancelled() => {}
            }
        }
        while channels.join_next().await.is_some() {}
    }
}
