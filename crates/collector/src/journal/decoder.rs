//! Rows of the log as entries for the sinks.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use collector_core::{Entry, Name, Snapshot, Vehicle, Vin};

use super::read::Batch;
use super::scan::{Damage, Scan, Stored};
use super::{JournalError, decode, payload};
use crate::normalise::Window;
use crate::normalise::known::KnownDescriptors;

/// Decodes entries with what it has learned of descriptors. What is damaged is passed over and told once.
pub struct Decoder {
    scan: Scan,
    names: HashMap<Vin, Name>,
    known: KnownDescriptors,
    /// The first numbers of damages that were told.
    told: HashSet<u64>,
}

impl Decoder {
    pub fn open(path: &Path, names: HashMap<Vin, Name>) -> Result<Self, JournalError> {
        Ok(Self {
            scan: Scan::open(path)?,
            names,
            known: KnownDescriptors::default(),
            told: HashSet::new(),
        })
    }

    /// The entries after number `after`, as many as hold about `limit` readings, at least one; `None` where
    /// there are no more.
    pub fn batch(&mut self, after: u64, limit: usize) -> Result<Option<Batch>, JournalError> {
        let Some(stretch) = self.scan.stretch(after, limit)? else {
            return Ok(None);
        };
        let mut damaged = stretch.damaged;
        let mut entries = Vec::with_capacity(stretch.entries.len());
        for stored in stretch.entries {
            match self.entry(&stored)? {
                Ok(entry) => entries.extend(entry),
                Err(damage) => damaged.push(damage),
            }
        }
        for damage in &damaged {
            if self.told.insert(damage.first) {
                tracing::error!(%damage, "the journal is damaged there; it is passed over, and `cardata journal verify` says what to do");
            }
        }
        let readings = entries
            .iter()
            .map(|entry: &Entry| entry.snapshot.readings.len())
            .sum();
        Ok(Some(Batch {
            entries: entries.into(),
            readings,
            last: stretch.last,
            damaged: damaged.into(),
        }))
    }

    /// `None` where the entry holds nothing for a sink.
    fn entry(&mut self, stored: &Stored) -> Result<Result<Option<Entry>, Damage>, JournalError> {
        let window = Window {
            requested_at: stored.requested_at,
            received_at: stored.received_at,
        };
        let decode = |known: &KnownDescriptors| {
            decode::readings(&stored.payload, stored.readings, window, known)
                .map_err(|error| unreadable(stored, &error))
        };
        let mut decoded = decode(&self.known);
        if decoded.as_ref().is_ok_and(|decoded| !decoded.complete) {
            decode::load_learned(self.scan.connection(), &mut self.known)?;
            decoded = decode(&self.known);
        }
        let readings = match decoded {
            Ok(decoded) => decoded.readings,
            Err(damage) => return Ok(Err(damage)),
        };
        if readings.is_empty() {
            return Ok(Ok(None));
        }
        let snapshot = Snapshot {
            vehicle: self.vehicle(&stored.vin),
            account: stored.feed.account.clone(),
            source: stored.feed.source.clone(),
            origin: stored.feed.origin,
            received_at: stored.received_at,
            readings,
        };
        Ok(Ok(Some(Entry {
            seq: stored.seq,
            snapshot: Arc::new(snapshot),
        })))
    }

    fn vehicle(&mut self, vin: &Vin) -> Vehicle {
        let name = self
            .names
            .entry(vin.clone())
            .or_insert_with(|| vin.production_number().into());
        Vehicle {
            vin: vin.clone(),
            name: name.clone(),
        }
    }
}

/// An entry that is as it was written, and that this program cannot read all the same.
pub(super) fn unreadable(stored: &Stored, error: &serde_json::Error) -> Damage {
    Damage {
        first: stored.seq,
        last: stored.seq,
        reason: format!("its payload cannot be read: {}", payload::reason(error)),
        vehicle: Some(stored.vin.short().to_owned()),
        received_at: Some(stored.received_at),
    }
}
