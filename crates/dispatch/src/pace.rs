//! When a sink is written to: what comes little by little is written together, because a disk lives by the byte.

use std::time::Duration;

use collector_core::BatchOptions;
use jiff::Timestamp;
use journal::Batch;
use runtime::Clock;
use runtime::clock::{later, until};

/// An entry seldom has more readings than this. Decides when it is looked whether a batch is full, no more.
const LARGE: usize = 256;

/// The first batch after a silence goes at once, what follows when `wait` has passed since then, all of it together;
/// a full one never waits, nor what was there already when the one before it was read.
pub struct Pace {
    readings: usize,
    wait: Duration,
    /// When the last batch began to be written, or to be found not to be for this sink.
    began: Option<Timestamp>,
    /// The end of the journal when nothing was found behind the cursor.
    passed: u64,
    /// With so many entries, a batch may be full.
    full: u64,
    held: bool,
}

/// A batch whose time has come.
pub struct Next {
    pub batch: Batch,
    /// More of the journal was there when it was read.
    pub is_more: bool,
}

impl Pace {
    pub fn new(options: BatchOptions) -> Self {
        let mut pace = Self {
            readings: options.readings,
            wait: options.wait.unwrap_or_default(),
            began: None,
            passed: 0,
            full: 0,
            held: false,
        };
        pace.forget();
        pace
    }

    /// A batch is delivered from now on.
    pub fn begin(&mut self, now: Timestamp) {
        self.began = Some(now);
        self.forget();
    }

    fn forget(&mut self) {
        self.full = self.readings.div_ceil(LARGE) as u64;
        self.held = false;
    }

    /// Whether the journal is worth a look: there is something behind `cursor`, and it may go.
    pub fn is_due(&mut self, cursor: u64, newest: u64, now: Timestamp) -> bool {
        let there = newest.saturating_sub(cursor.max(self.passed));
        self.held = there > 0 && !self.left(now).is_zero();
        there > 0 && (!self.held || newest.saturating_sub(cursor) >= self.full)
    }

    /// What of a look may go now.
    pub fn judge(&mut self, found: Option<Batch>, cursor: u64, newest: u64) -> Option<Next> {
        let Some(batch) = found else {
            self.passed = newest;
            self.held = false;
            return None;
        };
        let is_more = batch.last < newest;
        if self.held && !is_more && batch.readings < self.readings {
            // A full batch takes as many entries more as those that are there let expect.
            let there = newest.saturating_sub(cursor);
            let expected = there * self.readings as u64 / batch.readings.max(1) as u64;
            self.full = expected.max(there + 1);
            return None;
        }
        Some(Next { batch, is_more })
    }

    /// Returns when what is held back may go; never where nothing is.
    pub async fn pause(&self, clock: &dyn Clock) {
        match self.held {
            true => clock.sleep(self.left(clock.now())).await,
            false => std::future::pending().await,
        }
    }

    /// How long a batch that is not full is held. A clock that was set back ends it.
    fn left(&self, now: Timestamp) -> Duration {
        let began = self.began.filter(|began| *began <= now);
        began.map_or(Duration::ZERO, |began| until(now, later(began, self.wait)))
    }
}
