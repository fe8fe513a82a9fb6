//! Batches for the sinks, decoded once for those that read at the same place.
//!
//! One thread and one reading connection serve all sinks. Sinks that start together stay together for a
//! while, so the last few batches are kept and shared.

use std::collections::{HashMap, VecDeque};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use collector_core::{Entry, Name, Origin, Snapshot, Vehicle, Vin};
use jiff::Timestamp;
use rusqlite::{Connection, params};
use tokio::sync::oneshot;

use super::{Journal, JournalError, decode, open_read_only};
use crate::normalise::Window;
use crate::normalise::known::KnownDescriptors;

/// How many decoded batches are kept for sinks that follow.
const KEPT: usize = 4;

/// Entries in the order of their numbers.
#[derive(Debug, Clone)]
pub struct Batch {
    /// Entries with readings; those without are passed over.
    pub entries: Arc<[Entry]>,
    /// The readings in all of them.
    pub readings: usize,
    /// The number that a sink has reached once it has stored all of it.
    pub last: u64,
}

/// Reads and decodes entries. Clones share the thread; it ends when the last is dropped.
#[derive(Debug, Clone)]
pub struct Reader {
    requests: Sender<Request>,
}

#[derive(Debug)]
struct Request {
    after: u64,
    readings: usize,
    answer: oneshot::Sender<Result<Option<Batch>, JournalError>>,
}

impl Journal {
    /// A reader that calls vehicles by the names that `names` gives; others by their production number.
    pub fn reader(&self, names: HashMap<Vin, Name>) -> Result<Reader, JournalError> {
        Reader::start(self.path(), names)
    }
}

impl Reader {
    fn start(path: &Path, names: HashMap<Vin, Name>) -> Result<Self, JournalError> {
        let connection = open_read_only(path)?;
        let (requests, queue) = channel();
        let decoder = Decoder {
            connection,
            names,
            known: KnownDescriptors::default(),
            vehicles: HashMap::new(),
            feeds: HashMap::new(),
            kept: VecDeque::new(),
        };
        let spawned = thread::Builder::new()
            .name("journal-reader".to_owned())
            .spawn(move || serve(decoder, &queue));
        spawned.map_err(|_| JournalError::Stopped)?;
        Ok(Self { requests })
    }

    /// The entries after number `after`, as many as hold about `readings` readings, at least one; `None`
    /// where there are no more.
    pub async fn read(&self, after: u64, readings: usize) -> Result<Option<Batch>, JournalError> {
        let (answer, receiver) = oneshot::channel();
        self.requests
            .send(Request {
                after,
                readings,
                answer,
            })
            .map_err(|_| JournalError::Stopped)?;
        receiver.await.map_err(|_| JournalError::Stopped)?
    }
}

fn serve(mut decoder: Decoder, queue: &Receiver<Request>) {
    while let Ok(request) = queue.recv() {
        let result = decoder.batch(request.after, request.readings);
        // A sink that was stopped meanwhile does not wait for its batch any more.
        let _ = request.answer.send(result);
    }
}

struct Feed {
    account: Name,
    source: Name,
    origin: Origin,
}

struct Decoder {
    connection: Connection,
    names: HashMap<Vin, Name>,
    known: KnownDescriptors,
    vehicles: HashMap<i64, Vehicle>,
    feeds: HashMap<i64, Arc<Feed>>,
    kept: VecDeque<(u64, usize, Batch)>,
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
    fn batch(&mut self, after: u64, limit: usize) -> Result<Option<Batch>, JournalError> {
        if let Some((.., batch)) = self.kept.iter().find(|(a, l, _)| *a == after && *l == limit) {
            return Ok(Some(batch.clone()));
        }
        let rows = self.rows(after, limit)?;
        let Some(last) = rows.last().map(|row| row.seq) else {
            // Everyone is up to date: nobody will ask for the old batches soon.
            self.kept.clear();
            return Ok(None);
        };
        let full = rows.iter().map(|row| row.readings).sum::<usize>() >= limit;
        let mut entries = Vec::with_capacity(rows.len());
        for row in rows {
            entries.extend(self.entry(row)?);
        }
        let readings = entries
            .iter()
            .map(|entry: &Entry| entry.snapshot.readings.len())
            .sum();
        let batch = Batch {
            entries: entries.into(),
            readings,
            last,
        };
        if full {
            self.kept.truncate(KEPT - 1);
            self.kept.push_front((after, limit, batch.clone()));
        }
        Ok(Some(batch))
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

    fn entry(&mut self, row: Row) -> Result<Option<Entry>, JournalError> {
        let damaged = |reason: String| JournalError::Damaged { seq: row.seq, reason };
        let decode = |known: &KnownDescriptors| {
            decode::readings(&row.payload, row.readings, row.window, known)
                .map_err(|error| damaged(error.to_string()))
        };
        let readings = match decode(&self.known)? {
            Some(readings) => readings,
            None => {
                decode::load_learned(&self.connection, &mut self.known)?;
                decode(&self.known)?.unwrap_or_default()
            }
        };
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

pub(super) fn timestamp(milliseconds: i64) -> Timestamp {
    Timestamp::from_millisecond(milliseconds).unwrap_or_default()
}
