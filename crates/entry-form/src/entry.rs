//! An entry as it was written, and where it came from.

use std::sync::Arc;

use collector_core::{Name, Origin, RawSnapshot, Vin};
use jiff::Timestamp;
use normalise::Window;

use crate::{Content, payload};

/// In milliseconds.
const DAY: i64 = 86_400_000;

/// The account, the source and the way by which entries came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feed {
    pub account: Name,
    pub source: Name,
    pub origin: Origin,
}

/// An entry as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    pub seq: u64,
    pub vin: Vin,
    pub feed: Arc<Feed>,
    pub requested_at: Option<Timestamp>,
    pub received_at: Timestamp,
    pub readings: usize,
    pub repeats: u64,
    pub payload: String,
    /// The display units that its vehicle showed, where something was known of them.
    pub context: Option<Arc<str>>,
    pub checksum: u32,
}

impl Stored {
    /// Its times, as a value's meaning depends on them.
    pub fn window(&self) -> Window {
        Window {
            requested_at: self.requested_at,
            sent_at: payload::sent_at(&self.payload),
            received_at: self.received_at,
        }
    }

    /// What its checksum is of.
    pub fn content(&self) -> Content<'_> {
        Content {
            seq: self.seq,
            vin: self.vin.as_str(),
            account: &self.feed.account,
            source: &self.feed.source,
            origin: self.feed.origin.as_str(),
            requested_at: self.requested_at.map(|at| at.as_millisecond()),
            received_at: self.received_at.as_millisecond(),
            readings: self.readings as u64,
            repeats: self.repeats,
            payload: &self.payload,
            context: self.context.as_deref(),
        }
    }

    /// What is left of it where its vehicle was forgotten: nobody's and empty, with its number, the way that it came and
    /// the day of UTC, so that numbers stay what they are and the log stays in the order of time.
    #[must_use]
    pub fn emptied(&self) -> Self {
        let received_at = self.received_at.as_millisecond();
        Self {
            seq: self.seq,
            vin: Vin::nobody(),
            feed: self.feed.clone(),
            requested_at: None,
            received_at: Timestamp::from_millisecond(received_at - received_at.rem_euclid(DAY))
                .unwrap_or_default(),
            readings: 0,
            repeats: 0,
            payload: payload::Builder::new(None).finish(),
            context: None,
            checksum: 0,
        }
        .summed()
    }

    /// The same with the checksum that it must have.
    #[must_use]
    pub fn summed(mut self) -> Self {
        self.checksum = self.content().checksum();
        self
    }
}

/// Where a snapshot comes from, in the words of the pipeline file.
#[derive(Debug, Clone, Copy)]
pub struct Provenance<'a> {
    pub account: &'a str,
    pub source: &'a str,
}

impl<'a> Provenance<'a> {
    /// The entry of a snapshot from there, without a context.
    pub fn content(
        self,
        snapshot: &'a RawSnapshot,
        seq: u64,
        readings: u64,
        repeats: u64,
        payload: &'a str,
    ) -> Content<'a> {
        Content {
            seq,
            vin: snapshot.vin.as_str(),
            account: self.account,
            source: self.source,
            origin: snapshot.origin.as_str(),
            requested_at: snapshot.requested_at.map(|at| at.as_millisecond()),
            received_at: snapshot.received_at.as_millisecond(),
            readings,
            repeats,
            payload,
            context: None,
        }
    }
}
