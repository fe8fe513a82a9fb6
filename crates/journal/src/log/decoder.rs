//! Stored entries as entries for the sinks: rows, damage and descriptors that were learned meanwhile.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use collector_core::{Descriptor, Entry, Snapshot, Vehicle, VehicleSettings, Vin};
use entry_form::context::Contexts;
use entry_form::{Stored, payload, record, typed};
use jiff::Timestamp;
use rusqlite::Connection;

use super::dead_letters::DeadLetter;
use super::learned;
use super::read::{Batch, Outgrown};
use super::scan::{Damage, Scan, Stretch};
use crate::{JournalError, Result};
use normalise::body::Body;
use normalise::known::KnownDescriptors;
use normalise::{Meaning, interpret_in_context};
use store::sql::Access;

/// Decodes entries with what it has learned of descriptors. What is damaged is passed over and told once.
pub struct Decoder {
    scan: Scan,
    settings: HashMap<Vin, VehicleSettings>,
    contexts: Contexts,
    pub(super) known: KnownDescriptors,
    /// The first numbers of damages that were told; 0 once there was a record of a kind that is not known.
    told: HashSet<u64>,
}

impl Decoder {
    pub fn open(
        path: &Path,
        settings: HashMap<Vin, VehicleSettings>,
        known: KnownDescriptors,
    ) -> Result<Self> {
        Ok(Self {
            scan: Scan::open(path)?,
            contexts: Contexts::new(&settings),
            settings,
            known,
            told: HashSet::new(),
        })
    }

    /// The entries after number `after`, as many as hold about `limit` readings, at least one; `None` where
    /// there are no more.
    pub fn batch(&mut self, after: u64, limit: usize) -> Result<Option<Batch>> {
        match self.scan.stretch(after, limit)? {
            Some(stretch) => self.decoded(stretch).map(Some),
            None => Ok(None),
        }
    }

    /// The entry of this number as a batch of its own; `None` where there is none.
    ///
    /// # Errors
    /// [`JournalError::DamagedEntry`] where it is there and cannot be believed.
    pub fn alone(&mut self, seq: u64) -> Result<Option<Batch>> {
        let Some(stored) = self.scan.entry(seq)? else {
            return Ok(None);
        };
        let batch = self.decoded(Stretch {
            entries: vec![stored],
            last: seq,
            ..Stretch::default()
        })?;
        match batch.damaged.first() {
            Some(damage) => Err(damage.clone().into()),
            None => Ok(Some(batch)),
        }
    }

    fn decoded(&mut self, stretch: Stretch) -> Result<Batch> {
        let mut damaged = stretch.damaged;
        let mut entries = Vec::with_capacity(stretch.entries.len());
        let mut outgrown = Vec::new();
        for stored in stretch.entries {
            match self.entry(&stored, &mut outgrown) {
                Ok(entry) => entries.extend(entry),
                Err(JournalError::DamagedEntry(damage)) => damaged.push(damage),
                Err(error) => return Err(error),
            }
        }
        for damage in &damaged {
            if self.told.insert(damage.first) {
                tracing::error!(%damage, "the journal is damaged there; it is passed over, and `cardata journal verify` says what to do");
            }
        }
        let readings = entries.iter().map(|entry: &Entry| entry.readings().len()).sum();
        Ok(Batch {
            entries: entries.into(),
            outgrown: outgrown.into(),
            readings,
            last: stretch.last,
            damaged: damaged.into(),
        })
    }

    /// The entry of this number; `None` where there is none, or a record of a kind that is not known.
    ///
    /// # Errors
    /// [`JournalError::DamagedEntry`] where it is there and cannot be believed.
    pub fn one(&mut self, seq: u64) -> Result<Option<Entry>> {
        match self.scan.entry(seq)? {
            Some(stored) => self.entry(&stored, &mut Vec::new()),
            None => Ok(None),
        }
    }

    /// What the present program makes of what a letter is about: of the first of several that is no reading. `None` where
    /// there is none.
    pub fn meaning(&mut self, letter: &DeadLetter) -> Result<Option<Meaning>> {
        let Some(entry) = self.scan.entry(letter.seq)? else {
            return Ok(None);
        };
        learned::load(self.scan.connection(), &mut self.known)?;
        let unlabelled = self.contexts.of(&entry);
        let raw = payload::raw(&entry.payload).map_err(|error| unreadable(&entry, &error))?;
        let meaning = |body: &str| match (Body::parse(body), self.known.get(&letter.descriptor)) {
            (None, _) => Meaning::Rejected("not a JSON object".to_owned()),
            (_, None) => Meaning::Absent,
            (Some(body), Some(known)) => interpret_in_context(&body, known, entry.window(), &unlabelled),
        };
        let meant = raw
            .readings
            .iter()
            .enumerate()
            .filter(|(at, item)| letter.means(*at, &item.0));
        let mut meanings = meant.map(|(_, item)| meaning(item.1.get()));
        Ok(meanings.find(|meaning| letter.position.is_some() || matches!(meaning, Meaning::Rejected(_))))
    }

    pub(crate) fn connection(&self) -> &Connection {
        self.scan.connection()
    }

    /// `None` where the entry is a record of a kind that is not known.
    fn entry(&mut self, stored: &Stored, outgrown: &mut Vec<Outgrown>) -> Result<Option<Entry>> {
        let unlabelled = self.contexts.of(stored);
        let decode = |known: &KnownDescriptors| {
            let window = stored.window();
            typed::readings(&stored.payload, stored.readings, window, &unlabelled, known)
                .map_err(|error| unreadable(stored, &error))
        };
        let mut decoded = decode(&self.known)?;
        let mut misfits = decoded.misfits.iter();
        // What was learned since, or widened.
        if !decoded.complete || misfits.any(|(descriptor, ..)| !descriptor.is_catalogued()) {
            learned::load(self.scan.connection(), &mut self.known)?;
            decoded = decode(&self.known)?;
        }
        if decoded.readings.len() < stored.readings {
            let misfits = std::mem::take(&mut decoded.misfits);
            outgrown.extend(self.outgrown(stored, misfits)?);
        }
        let (vehicle, feed) = (self.vehicle(&stored.vin), &stored.feed);
        if let Some(json) = decoded.record {
            let read = record::decode(&json, &vehicle).map_err(|error| unreadable(stored, &error))?;
            if read.is_none() && self.told.insert(0) {
                tracing::warn!(
                    entry = stored.seq,
                    "records of a kind that this version does not know are passed over: update cardata; said once"
                );
            }
            return Ok(read.map(|record| Entry::record_of(stored.seq, record)));
        }
        let (account, source) = (feed.account.clone(), feed.source.clone());
        let mut snapshot = Snapshot::new(vehicle, account, source, feed.origin, stored.received_at);
        (snapshot.readings, snapshot.ended) = (decoded.readings, decoded.ended);
        snapshot.documents = decoded.documents;
        Ok(Some(Entry::snapshot_of(stored.seq, snapshot)))
    }

    /// What was a reading when it was stored and is none for this version of the program. What was none then
    /// has its dead letter.
    fn outgrown(
        &mut self,
        stored: &Stored,
        found: Vec<(Descriptor, Timestamp, String)>,
    ) -> Result<Vec<Outgrown>> {
        let query = "select descriptor from dead_letter where seq = ?1 and sink = ''";
        let known: Vec<String> = self.connection().all(query, [stored.seq], |row| row.get(0))?;
        let vehicle = self.vehicle(&stored.vin);
        let new = found
            .into_iter()
            .filter(|(descriptor, ..)| !known.iter().any(|known| known == descriptor.as_str()));
        let outgrown = new.map(|(descriptor, at, reason)| Outgrown {
            seq: stored.seq,
            vehicle: vehicle.clone(),
            source: stored.feed.source.clone(),
            descriptor,
            at,
            reason,
        });
        Ok(outgrown.collect())
    }

    pub(super) fn vehicle(&mut self, vin: &Vin) -> Vehicle {
        let settings = self.settings.entry(vin.clone()).or_default();
        let name = settings.name.get_or_insert_with(|| vin.key_name().into());
        Vehicle::named(vin.clone(), Some(name.clone()))
    }
}

/// An entry that is as it was written, and that this program cannot read all the same.
pub(crate) fn unreadable(stored: &Stored, error: &serde_json::Error) -> Damage {
    Damage {
        first: stored.seq,
        last: stored.seq,
        reason: format!("its payload cannot be read: {}", entry_form::reason(error)),
        vehicle: Some(Vehicle::named(stored.vin.clone(), None)),
        received_at: Some(stored.received_at),
    }
}
