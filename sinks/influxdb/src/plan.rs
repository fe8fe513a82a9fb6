//! Which readings of a batch are sent, in which order and with which precision.

use collector_core::{Entry, Rejection, Stamp};

use crate::encode::Encoder;
use crate::target::Precision;

/// A reading's position in a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadingIndex {
    pub entry: usize,
    pub reading: usize,
}

/// A batch, sorted out. Within an entry, readings of one time and stamp stand together: they share a line.
#[derive(Debug, Default)]
pub struct Plan {
    /// First values of their time.
    milliseconds: Vec<ReadingIndex>,
    /// Further values of a time that has one already. Each is put as many nanoseconds later as its occurrence
    /// says, so that it stands beside the first instead of replacing it.
    nanoseconds: Vec<ReadingIndex>,
    /// What no line can hold.
    pub rejected: Vec<Rejection>,
}

impl Plan {
    pub fn of(batch: &[Entry], encoder: &Encoder) -> Self {
        let mut plan = Self::default();
        for (index, entry) in batch.iter().enumerate() {
            plan.add(index, entry, encoder);
        }
        plan
    }

    /// The requests' parts in the order of sending.
    pub fn parts(&self) -> [(Precision, &[ReadingIndex]); 2] {
        [
            (Precision::Milliseconds, &self.milliseconds),
            (Precision::Nanoseconds, &self.nanoseconds),
        ]
    }

    fn add(&mut self, index: usize, entry: &Entry, encoder: &Encoder) {
        let readings = entry.readings();
        let (first, further) = (self.milliseconds.len(), self.nanoseconds.len());
        for (position, reading) in readings.iter().enumerate() {
            let place = ReadingIndex {
                entry: index,
                reading: position,
            };
            match encoder.refuse(reading) {
                Some(reason) => {
                    let rejection = Rejection::reading(entry.seq, position, reason);
                    self.rejected.push(rejection);
                }
                None if reading.occurrence == 0 => self.milliseconds.push(place),
                None => self.nanoseconds.push(place),
            }
        }
        let time = |place: &ReadingIndex| {
            let reading = &readings[place.reading];
            let is_requested = reading.stamp == Stamp::Requested;
            (reading.measured_at, reading.occurrence, is_requested)
        };
        self.milliseconds[first..].sort_by_key(time);
        self.nanoseconds[further..].sort_by_key(time);
    }
}
