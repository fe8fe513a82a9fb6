//! Whole requests: lines up to a size, compressed where that pays.

use std::borrow::Cow;
use std::io::Write;
use std::sync::Arc;

use collector_core::{Entry, Reading, Rejection, Value};
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::encode::{Encoder, timestamp};
use crate::plan::ReadingIndex;
use crate::target::Precision;

/// Below this, in bytes, compression saves no packet.
const SMALLEST_TO_COMPRESS: usize = 1_024;

/// The entries of one write and how they are encoded. A clone shares the snapshots.
#[derive(Clone)]
pub struct Batch {
    entries: Vec<Entry>,
    encoder: Arc<Encoder>,
    /// Compress what is sent to another machine; on this one it would cost more than it saves.
    compress: bool,
}

/// How much one request holds.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    pub lines: usize,
    /// Of the text before compression. The line that reaches the limit is still in.
    pub bytes: usize,
}

impl Limits {
    pub const NONE: Self = Self {
        lines: usize::MAX,
        bytes: usize::MAX,
    };
}

/// A body and what is in it; by default no lines: the server looks at everything else, and stores nothing.
#[derive(Debug, Default)]
pub struct Request {
    pub precision: Precision,
    pub places: Vec<ReadingIndex>,
    pub lines: usize,
    /// The size of the text before compression.
    pub size: usize,
    pub body: Vec<u8>,
    pub compressed: bool,
}

impl Batch {
    pub fn new(entries: &[Entry], encoder: Arc<Encoder>, compress: bool) -> Self {
        Self {
            entries: entries.to_vec(),
            encoder,
            compress,
        }
    }

    pub fn reading(&self, place: ReadingIndex) -> &Reading {
        &self.entries[place.entry].readings()[place.reading]
    }

    /// The field that a reading is written to.
    pub fn key(&self, place: ReadingIndex) -> Cow<'_, str> {
        self.encoder.key(self.reading(place))
    }

    pub fn rejection(&self, place: ReadingIndex, reason: &str) -> Rejection {
        Rejection::reading(self.entries[place.entry].seq, place.reading, reason)
    }

    /// Encodes as many of `places` as fit. Takes at least one line.
    pub fn request(&self, precision: Precision, places: &[ReadingIndex], limits: Limits) -> Request {
        let mut text = Vec::new();
        let (mut lines, mut taken) = (0, 0);
        let mut head: Option<(ReadingIndex, Vec<u8>)> = None;
        while taken < places.len() && lines < limits.lines && text.len() < limits.bytes {
            let length = self.line_length(&places[taken..]);
            let line = &places[taken..taken + length];
            let first = line[0];
            let head = self.head(&mut head, first);
            // A plan holds nothing whose time cannot be told.
            if let Some(time) = timestamp(self.reading(first), precision) {
                let readings = line.iter().map(|place| self.reading(*place));
                self.encoder.line(head, readings, time, &mut text);
            }
            lines += 1;
            taken += length;
        }
        let size = text.len();
        let (body, compressed) = self.pack(text);
        Request {
            precision,
            places: places[..taken].to_vec(),
            lines,
            size,
            body,
            compressed,
        }
    }

    /// The beginning of a reading's line, made anew only when another vehicle, source or stamp begins.
    fn head<'a>(&self, head: &'a mut Option<(ReadingIndex, Vec<u8>)>, place: ReadingIndex) -> &'a [u8] {
        if !head.as_ref().is_some_and(|(of, _)| self.same_tags(*of, place)) {
            *head = None;
        }
        let made = || {
            let snapshot = self.entries[place.entry].snapshot();
            let stamp = self.reading(place).stamp;
            snapshot.map_or_else(Vec::new, |snapshot| self.encoder.head(snapshot, stamp))
        };
        &head.get_or_insert_with(|| (place, made())).1
    }

    fn same_tags(&self, one: ReadingIndex, other: ReadingIndex) -> bool {
        let (one_stamp, other_stamp) = (self.reading(one).stamp, self.reading(other).stamp);
        if !self.encoder.same_tags(one_stamp, other_stamp) {
            return false;
        }
        let snapshot = |of: ReadingIndex| self.entries[of.entry].snapshot();
        let (Some(one), Some(other)) = (snapshot(one), snapshot(other)) else {
            return false;
        };
        Arc::ptr_eq(one, other)
            || one.vehicle == other.vehicle
                && one.account == other.account
                && one.source == other.source
                && one.origin == other.origin
    }

    /// How many of `places`, from the first, share a line.
    fn line_length(&self, places: &[ReadingIndex]) -> usize {
        let first = self.reading(places[0]);
        if stands_alone(first) {
            return 1;
        }
        let rest = places[1..].iter().take_while(|place| {
            let reading = self.reading(**place);
            place.entry == places[0].entry
                && reading.measured_at == first.measured_at
                && reading.occurrence == first.occurrence
                && self.encoder.same_tags(reading.stamp, first.stamp)
                && !stands_alone(reading)
        });
        1 + rest.count()
    }

    #[expect(clippy::expect_used, reason = "memory takes every byte")]
    fn pack(&self, text: Vec<u8>) -> (Vec<u8>, bool) {
        if !self.compress || text.len() < SMALLEST_TO_COMPRESS {
            return (text, false);
        }
        let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
        packer.write_all(&text).expect("room in memory");
        (packer.finish().expect("room in memory"), true)
    }
}

/// VictoriaMetrics 1.79 ends a line at a line break inside a text; it must not take other fields with it.
fn stands_alone(reading: &Reading) -> bool {
    matches!(&reading.value, Value::Text(text) if text.contains('\n'))
}
