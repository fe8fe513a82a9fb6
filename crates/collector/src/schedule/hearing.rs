//! What the stream tells the scheduler: which vehicles speak by themselves, and what they do.

use collector_core::{Name, RawSnapshot};
use jiff::Timestamp;

/// Shared between the streams of an account and its scheduler.
#[derive(Debug, Default)]
pub struct Hearing {}

impl Hearing {
    /// A stream is logged in and subscribed since `at`.
    pub fn connected(&self, _source: &Name, _at: Timestamp) {}

    /// A stream is not any more.
    pub fn disconnected(&self, _source: &Name, _at: Timestamp) {}

    /// A message of a stream is in the journal.
    pub fn heard(&self, _source: &Name, _snapshot: &RawSnapshot) {}
}
