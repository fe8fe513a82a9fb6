//! A snapshot into the log, without what is already there.
//!
//! A poll repeats the last known values. A reading is new when its (vehicle, descriptor, time, value) was
//! never seen; one that BMW stamped with the time of the call, and one without a value, only when it differs
//! from what came before. What is left is stored as it was sent.

use std::sync::Arc;

use collector_core::{RawReading, RawSnapshot, Stamp, Value};
use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest, Sha256};

use super::checksum::Content;
use super::writer::Memory;
use super::{Journal, JournalError, decode, payload, registry};
use crate::normalise::body::Body;
use crate::normalise::known;
use crate::normalise::{Meaning, Window, interpret};

/// What became of a snapshot.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Appended {
    /// The number of its entry; `None` where nothing of a message was new. A poll always leaves an entry.
    pub seq: Option<u64>,
    /// Readings that were new.
    pub new: usize,
    /// Readings that were in the journal already.
    pub repeats: usize,
    /// Descriptors without a value.
    pub absent: usize,
    /// New readings that fit no sink; they are in the journal and among the dead letters.
    pub rejected: usize,
}

/// What is known of an entry that another journal kept before.
///
/// That journal kept a reading because it was news there, so only what is here already is left out. Where it is
/// older than what is known of the vehicle, it does not touch the last values: they decide what the next poll
/// brings anew.
#[derive(Debug, Clone, Copy)]
pub(super) struct Past<'a> {
    /// Repeats that were left out where the entry was written.
    pub repeats: u64,
    /// An entry with its feed and its times is here already.
    pub known: bool,
    /// It was received after everything that is known of the vehicle.
    pub latest: bool,
    pub lost: Option<Lost<'a>>,
}

/// An entry of this very journal, which lost it: it gets its place back as it was.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lost<'a> {
    pub seq: u64,
    pub readings: u64,
    pub payload: &'a str,
}

impl Journal {
    /// Stores a snapshot. On `Ok` it is on disk.
    pub async fn append(
        &self,
        account: Arc<str>,
        source: Arc<str>,
        snapshot: Arc<RawSnapshot>,
    ) -> Result<Appended, JournalError> {
        self.transact(move |connection, memory| {
            append(connection, memory, &account, &source, &snapshot, None)
        })
        .await
    }
}

impl Journal {
    /// Stores snapshots in one transaction, in this order. On `Ok` all of them are on disk; after an error none is.
    pub async fn append_all(
        &self,
        account: Arc<str>,
        source: Arc<str>,
        snapshots: Vec<RawSnapshot>,
    ) -> Result<Vec<Appended>, JournalError> {
        self.transact(move |connection, memory| {
            snapshots
                .iter()
                .map(|snapshot| append(connection, memory, &account, &source, snapshot, None))
                .collect()
        })
        .await
    }
}

/// The number of the newest entry that there ever was, 0 for an empty log.
pub(super) fn newest(connection: &Connection) -> Result<u64, JournalError> {
    let query = "select max(coalesce((select seq from sqlite_sequence where name = 'log'), 0),
                     coalesce((select max(seq) from log), 0))";
    Ok(connection
        .prepare_cached(query)?
        .query_row([], |row| row.get(0))?)
}

pub(super) fn append(
    connection: &Connection,
    memory: &mut Memory,
    account: &str,
    source: &str,
    snapshot: &RawSnapshot,
    past: Option<Past<'_>>,
) -> Result<Appended, JournalError> {
    decode::learn_all(connection, memory)?;
    let vehicle_id = registry::vehicle_id(connection, memory, &snapshot.vin)?;
    let mut round = Round {
        connection,
        memory,
        vehicle_id,
        window: Window {
            requested_at: snapshot.requested_at,
            received_at: snapshot.received_at,
        },
        past,
        payload: payload::Builder::new(),
        appended: Appended::default(),
        rejected: Vec::new(),
    };
    for reading in &snapshot.readings {
        round.take(reading)?;
    }
    let Round {
        payload,
        mut appended,
        rejected,
        ..
    } = round;
    let polled = snapshot.origin == collector_core::Origin::Poll;
    let known = past.is_some_and(|past| past.known);
    let lost = past.and_then(|past| past.lost);
    if payload.readings() == 0 && (!polled || known) && lost.is_none() {
        return Ok(appended);
    }
    let payload = payload.finish();
    let content = Content {
        seq: match lost {
            Some(lost) => lost.seq,
            None => newest(connection)? + 1,
        },
        vin: snapshot.vin.as_str(),
        account,
        source,
        origin: snapshot.origin.as_str(),
        requested_at: snapshot.requested_at.map(|at| at.as_millisecond()),
        received_at: snapshot.received_at.as_millisecond(),
        readings: lost.map_or(appended.new as u64, |lost| lost.readings),
        repeats: match lost {
            Some(_) => 0,
            None => appended.repeats as u64,
        } + past.map_or(0, |past| past.repeats),
        payload: lost.map_or(&payload, |lost| lost.payload),
    };
    insert(connection, vehicle_id, &content)?;
    let seq = content.seq;
    if lost.is_some() {
        // They are told below, as they were before.
        connection.execute("delete from dead_letter where sink = '' and seq = ?1", [seq])?;
    }
    for misfit in rejected {
        connection
            .prepare_cached(
                "insert into dead_letter (at, sink, seq, descriptor, position, reason)
                 values (?1, '', ?2, ?3, ?4, ?5)",
            )?
            .execute(params![
                snapshot.received_at.as_millisecond(),
                seq,
                misfit.descriptor,
                misfit.position,
                misfit.reason
            ])?;
    }
    appended.seq = Some(seq);
    memory.newest = Some(newest(connection)?);
    Ok(appended)
}

fn insert(connection: &Connection, vehicle_id: i64, content: &Content<'_>) -> Result<(), JournalError> {
    connection
        .prepare_cached(
            "insert or replace into log
                 (seq, vehicle_id, feed_id, requested_at, received_at, readings, repeats, payload, checksum)
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .execute(params![
            content.seq,
            vehicle_id,
            feed_id(connection, content.account, content.source, content.origin)?,
            content.requested_at,
            content.received_at,
            content.readings,
            content.repeats,
            content.payload,
            content.checksum(),
        ])?;
    Ok(())
}

/// One snapshot on its way into the log.
struct Round<'a> {
    connection: &'a Connection,
    memory: &'a mut Memory,
    vehicle_id: i64,
    window: Window,
    past: Option<Past<'a>>,
    payload: payload::Builder,
    appended: Appended,
    rejected: Vec<Misfit>,
}

/// A reading that fits no sink.
struct Misfit {
    descriptor: String,
    /// Among the readings of the payload.
    position: usize,
    reason: String,
}

impl Round<'_> {
    fn take(&mut self, reading: &RawReading) -> Result<(), JournalError> {
        let series = self.series(&reading.descriptor)?;
        match self.meaning(reading)? {
            Meaning::Absent => self.absent(series, reading),
            Meaning::Rejected(reason) => {
                let known = self.memory.descriptors.get(&reading.descriptor);
                let request_stamped = known.is_some_and(|known| known.request_stamped);
                if self.misfit(series, hash(&misfit_identity(reading, request_stamped)))? {
                    self.rejected.push(Misfit {
                        descriptor: reading.descriptor.clone(),
                        position: self.payload.readings(),
                        reason,
                    });
                    self.payload.push(&reading.descriptor, &reading.body, 0);
                    self.appended.rejected += 1;
                } else {
                    self.appended.repeats += 1;
                }
                Ok(())
            }
            Meaning::Reading {
                value,
                measured_at,
                stamp,
                ..
            } => {
                let hash = hash(&identity(&value));
                let changed = self.changed(series, hash)?;
                let occurrence = match stamp {
                    Stamp::Requested if !changed && self.past.is_none() => None,
                    _ => self.remember(series, measured_at.as_millisecond(), hash)?,
                };
                match occurrence {
                    Some(occurrence) => {
                        self.payload.push(&reading.descriptor, &reading.body, occurrence);
                        self.appended.new += 1;
                    }
                    None => self.appended.repeats += 1,
                }
                Ok(())
            }
        }
    }

    /// Reads the object with what is known of the descriptor, learning its type from a first value.
    fn meaning(&mut self, reading: &RawReading) -> Result<Meaning, JournalError> {
        let Some(body) = Body::parse(reading.body.get()) else {
            return Ok(Meaning::Rejected("not a JSON object".to_owned()));
        };
        if self.memory.descriptors.get(&reading.descriptor).is_none() {
            let Some((value_type, unit)) = known::infer(&body, &reading.descriptor) else {
                return Ok(Meaning::Absent);
            };
            decode::learn(self.connection, &reading.descriptor, value_type, unit.as_ref())?;
            self.memory
                .descriptors
                .learn(&reading.descriptor, value_type, unit);
        }
        match self.memory.descriptors.get(&reading.descriptor) {
            Some(known) => Ok(interpret(&body, known, self.window)),
            None => Ok(Meaning::Absent),
        }
    }

    /// The first of several equal absences is kept as it was sent: that a value went away is news.
    fn absent(&mut self, series: i64, reading: &RawReading) -> Result<(), JournalError> {
        self.connection
            .prepare_cached("update series set absent = absent + 1, last_absent_at = ?2 where id = ?1")?
            .execute(params![series, self.window.received_at.as_millisecond()])?;
        self.appended.absent += 1;
        if self.misfit(series, hash("absent"))? {
            self.payload.push(&reading.descriptor, &reading.body, 0);
        }
        Ok(())
    }

    fn series(&mut self, descriptor: &str) -> Result<i64, JournalError> {
        let key = (self.vehicle_id, Box::from(descriptor));
        if let Some(&id) = self.memory.series.get(&key) {
            return Ok(id);
        }
        let id = self
            .connection
            .prepare_cached(
                "insert into series (vehicle_id, descriptor) values (?1, ?2)
                 on conflict do update set descriptor = descriptor returning id",
            )?
            .query_row(params![self.vehicle_id, descriptor], |row| row.get(0))?;
        self.memory.series.insert(key, id);
        Ok(id)
    }

    /// Whether this is another misfit than the last, or the first behind a value.
    fn misfit(&mut self, series: i64, hash: i64) -> Result<bool, JournalError> {
        if let Some(past) = self.past.filter(|past| past.known || !past.latest) {
            return Ok(!past.known);
        }
        let changed = self
            .connection
            .prepare_cached("update series set last_misfit = ?2 where id = ?1 and last_misfit is not ?2")?
            .execute(params![series, hash])?;
        Ok(changed > 0 || self.past.is_some())
    }

    /// Whether this value differs from the one before it, whatever their times and whatever came between.
    fn changed(&mut self, series: i64, hash: i64) -> Result<bool, JournalError> {
        if self.past.is_some_and(|past| !past.latest) {
            return Ok(false);
        }
        self.connection
            .prepare_cached("update series set last_misfit = null where id = ?1 and last_misfit is not null")?
            .execute([series])?;
        let changed = self
            .connection
            .prepare_cached("update series set last_hash = ?2 where id = ?1 and last_hash is not ?2")?
            .execute(params![series, hash])?;
        Ok(changed > 0)
    }

    /// The occurrence of a new (time, value), counted from 0; `None` where it was seen before.
    fn remember(&mut self, series: i64, at: i64, hash: i64) -> Result<Option<u32>, JournalError> {
        let inserted = self
            .connection
            .prepare_cached(
                "insert into seen (series_id, measured_at, hash) values (?1, ?2, ?3) on conflict do nothing",
            )?
            .execute(params![series, at, hash])?;
        if inserted == 0 {
            return Ok(None);
        }
        let occurrences: u32 = self
            .connection
            .prepare_cached("select count(*) from seen where series_id = ?1 and measured_at = ?2")?
            .query_row(params![series, at], |row| row.get(0))?;
        Ok(Some(occurrences.saturating_sub(1)))
    }
}

/// Remembers a reading that was a misfit when it came and is delivered now, so that BMW's next repeat of it is
/// one.
pub(super) fn remember_late(
    connection: &Connection,
    vin: &str,
    descriptor: &str,
    measured_at: i64,
    value: &Value,
) -> Result<(), JournalError> {
    connection.execute(
        "insert into seen (series_id, measured_at, hash)
         select series.id, ?3, ?4 from series join vehicle on vehicle.id = series.vehicle_id
         where vin = ?1 and descriptor = ?2
         on conflict do nothing",
        params![vin, descriptor, measured_at, hash(&identity(value))],
    )?;
    Ok(())
}

fn feed_id(connection: &Connection, account: &str, source: &str, origin: &str) -> Result<i64, JournalError> {
    let key = params![account, source, origin];
    let found = connection
        .prepare_cached("select id from feed where account = ?1 and source = ?2 and origin = ?3")?
        .query_row(key, |row| row.get(0))
        .optional()?;
    match found {
        Some(id) => Ok(id),
        None => Ok(connection
            .prepare_cached("insert into feed (account, source, origin) values (?1, ?2, ?3) returning id")?
            .query_row(key, |row| row.get(0))?),
    }
}

/// What makes two values the same: the value itself, so that `"74"` of a poll and `74` of a message are one.
fn identity(value: &Value) -> String {
    format!("{}:{value}", value.value_type())
}

/// What makes two misfits the same: everything, but for the stamp where BMW stamps every call. A mistake of
/// ours may have made it a misfit, so nothing of it may be lost.
fn misfit_identity(reading: &RawReading, request_stamped: bool) -> String {
    match Body::parse(reading.body.get()) {
        Some(body) if request_stamped => format!("misfit {:?} {:?}", body.value(), body.unit()),
        _ => format!("misfit {}", reading.body.get()),
    }
}

/// On disk for ever, hence of a fixed algorithm. 64 bits, compared only within one descriptor of one vehicle.
fn hash(text: &str) -> i64 {
    let digest = Sha256::digest(text.as_bytes());
    let mut first = [0; 8];
    first.copy_from_slice(&digest[..8]);
    i64::from_be_bytes(first)
}
