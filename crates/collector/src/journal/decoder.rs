//! Rows of the log as entries.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use collector_core::{Entry, Name, Origin, Snapshot, Vehicle, Vin};
use rusqlite::{Connection, params};

use super::read::{Batch, Misfit, timestamp};
use super::{JournalError, decode, payload};
use crate::normalise::body::Body;
use crate::normalise::known::KnownDescriptors;
use crate::normalise::{Meaning, Window, interpret};

struct Feed {
    account: Name,
    source: Name,
    origin: Origin,
}

/// Decodes rows with what it has learned of vehicles, feeds and descriptors.
pub struct Decoder {
    connection: Connection,
    names: HashMap<Vin, Name>,
    known: KnownDescriptors,
    vehicles: HashMap<i64, Vehicle>,
    feeds: HashMap<i64, Arc<Feed>>,
}

/// One row of the log, before its payload is read.
struct Row {
    seq: u64,
    vehicle_id: i64,
    feed_id: i64,
    window: Window,
    readings: usize,
    payload: String,
}

impl Decoder {
    pub fn new(connection: Connection, names: HashMap<Vin, Name>) -> Self {
        Self {
            connection,
            names,
            known: KnownDescriptors::default(),
            vehicles: HashMap::new(),
            feeds: HashMap::new(),
        }
    }

    /// The entries after number `after`, as many as hold about `limit` readings, at least one; `None` where
    /// there are no more.
    pub fn batch(&mut self, after: u64, limit: usize) -> Result<Option<Batch>, JournalError> {
        let rows = self.rows(after, limit)?;
        let Some(last) = rows.last().map(|row| row.seq) else {
            return Ok(None);
        };
        let mut entries = Vec::with_capacity(rows.len());
        let mut misfits = Vec::new();
        for row in rows {
            entries.extend(self.entry(row, &mut misfits)?);
        }
        let readings = entries
            .iter()
            .map(|entry: &Entry| entry.snapshot.readings.len())
            .sum();
        Ok(Some(Batch {
            entries: entries.into(),
            misfits: misfits.into(),
            readings,
            last,
        }))
    }

    /// The entry of this number; `None` where there is none, or none with readings.
    pub fn one(&mut self, seq: u64) -> Result<Option<Entry>, JournalError> {
        match self.row(seq)? {
            Some(row) => self.entry(row, &mut Vec::new()),
            None => Ok(None),
        }
    }

    /// What the present program makes of one stored object: the one at `position` of the payload, or the first
    /// of `descriptor` that is no reading. `None` where there is none.
    pub fn meaning(
        &mut self,
        seq: u64,
        descriptor: &str,
        position: Option<usize>,
    ) -> Result<Option<Meaning>, JournalError> {
        let Some(row) = self.row(seq)? else {
            return Ok(None);
        };
        decode::load_learned(&self.connection, &mut self.known)?;
        let stored = payload::stored(&row.payload).map_err(|error| JournalError::Damaged {
            seq,
            reason: error.to_string(),
        })?;
        let meaning = |body: &str| match (Body::parse(body), self.known.get(descriptor)) {
            (None, _) => Meaning::Rejected("not a JSON object".to_owned()),
            (_, None) => Meaning::Absent,
            (Some(body), Some(known)) => interpret(&body, known, row.window),
        };
        let mut found = stored
            .iter()
            .enumerate()
            .filter(|(_, (stored, _))| stored == descriptor)
            .map(|(at, (_, body))| (at, meaning(body.get())));
        Ok(found
            .find(|(at, meaning)| match position {
                Some(position) => *at == position,
                None => matches!(meaning, Meaning::Rejected(_)),
            })
            .map(|(_, meaning)| meaning))
    }

    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    fn row(&self, seq: u64) -> Result<Option<Row>, JournalError> {
        let rows = self.rows(seq.saturating_sub(1), 1)?;
        Ok(rows.into_iter().find(|row| row.seq == seq))
    }

    fn rows(&self, after: u64, limit: usize) -> Result<Vec<Row>, JournalError> {
        let mut statement = self.connection.prepare_cached(
            "select seq, vehicle_id, feed_id, requested_at, received_at, readings, payload
             from log where seq > ?1 order by seq",
        )?;
        let mut found = statement.query(params![after])?;
        let mut rows = Vec::new();
        let mut readings = 0;
        while readings < limit && rows.len() < limit {
            let Some(row) = found.next()? else { break };
            let row = Row {
                seq: row.get(0)?,
                vehicle_id: row.get(1)?,
                feed_id: row.get(2)?,
                window: Window {
                    requested_at: row.get::<_, Option<i64>>(3)?.map(timestamp),
                    received_at: timestamp(row.get(4)?),
                },
                readings: row.get(5)?,
                payload: row.get(6)?,
            };
            readings += row.readings;
            rows.push(row);
        }
        Ok(rows)
    }

    fn entry(&mut self, row: Row, misfits: &mut Vec<Misfit>) -> Result<Option<Entry>, JournalError> {
        let damaged = |reason: String| JournalError::Damaged { seq: row.seq, reason };
        let decode = |known: &KnownDescriptors| {
            decode::readings(&row.payload, row.readings, row.window, known)
                .map_err(|error| damaged(error.to_string()))
        };
        let mut decoded = decode(&self.known)?;
        if !decoded.complete {
            decode::load_learned(&self.connection, &mut self.known)?;
            decoded = decode(&self.known)?;
        }
        let readings = decoded.readings;
        if readings.len() < row.readings {
            misfits.extend(self.misfits(&row)?);
        }
        if readings.is_empty() {
            return Ok(None);
        }
        let vehicle = self.vehicle(row.vehicle_id)?;
        let feed = self.feed(row.feed_id)?;
        let snapshot = Snapshot {
            vehicle,
            account: feed.account.clone(),
            source: feed.source.clone(),
            origin: feed.origin,
            received_at: row.window.received_at,
            readings,
        };
        Ok(Some(Entry {
            seq: row.seq,
            snapshot: Arc::new(snapshot),
        }))
    }

    /// What was a reading when it was stored and is none for this version of the program. What was none then
    /// has its dead letter.
    fn misfits(&mut self, row: &Row) -> Result<Vec<Misfit>, JournalError> {
        let known = self
            .connection
            .prepare_cached("select descriptor from dead_letter where seq = ?1 and sink = ''")?
            .query_map([row.seq], |row| row.get(0))?
            .collect::<Result<HashSet<String>, _>>()?;
        let found = decode::misfits(&row.payload, row.window, &self.known).map_err(|error| {
            JournalError::Damaged {
                seq: row.seq,
                reason: error.to_string(),
            }
        })?;
        let vehicle = self.vehicle(row.vehicle_id)?;
        let source = self.feed(row.feed_id)?.source.clone();
        let new = found
            .into_iter()
            .filter(|(descriptor, _)| !known.contains(descriptor.as_str()));
        Ok(new
            .map(|(descriptor, reason)| Misfit {
                seq: row.seq,
                vehicle: vehicle.clone(),
                source: source.clone(),
                descriptor,
                reason,
            })
            .collect())
    }

    fn vehicle(&mut self, id: i64) -> Result<Vehicle, JournalError> {
        if let Some(vehicle) = self.vehicles.get(&id) {
            return Ok(vehicle.clone());
        }
        let text: String = self
            .connection
            .prepare_cached("select vin from vehicle where id = ?1")?
            .query_row([id], |row| row.get(0))?;
        let vin: Vin = text
            .parse()
            .map_err(|error: collector_core::InvalidVin| JournalError::Damaged {
                seq: 0,
                reason: error.to_string(),
            })?;
        let name = self
            .names
            .get(&vin)
            .cloned()
            .unwrap_or_else(|| vin.production_number().into());
        let vehicle = Vehicle { vin, name };
        self.vehicles.insert(id, vehicle.clone());
        Ok(vehicle)
    }

    fn feed(&mut self, id: i64) -> Result<Arc<Feed>, JournalError> {
        if let Some(feed) = self.feeds.get(&id) {
            return Ok(feed.clone());
        }
        let feed = self
            .connection
            .prepare_cached("select account, source, origin from feed where id = ?1")?
            .query_row([id], |row| {
                let origin: String = row.get(2)?;
                let (account, source): (String, String) = (row.get(0)?, row.get(1)?);
                Ok(Feed {
                    account: account.into(),
                    source: source.into(),
                    origin: self::origin(&origin),
                })
            })?;
        let feed = Arc::new(feed);
        self.feeds.insert(id, feed.clone());
        Ok(feed)
    }
}

fn origin(text: &str) -> Origin {
    match text {
        "stream" => Origin::Stream,
        "archive" => Origin::Archive,
        _ => Origin::Poll,
    }
}
