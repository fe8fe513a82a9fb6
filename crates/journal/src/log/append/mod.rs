//! A snapshot into the log, without what is already there.
//!
//! Polls repeat the last known values, messages come twice, and both tell of the same observations. What is left
//! is stored as it was sent.
//!
//! * [`readings`]: what of a snapshot is new. [`series`]: what is known of one descriptor of one vehicle.
//! * [`repeats`]: when two readings are one. [`counts`]: sums that are kept, so that nobody counts over the log.

mod counts;
mod readings;
pub(crate) mod repeats;
mod series;

use collector_core::{Origin, RawSnapshot, Reading, Vin};
use rusqlite::{Connection, OptionalExtension, params};
use store::Tx;

use super::checksum::Content;
use super::decode;
use super::memory::Memory;
use crate::{Journal, JournalError};
use counts::Arrival;
pub(super) use counts::{BLOCK, Counts, forgotten};
use readings::Round;
use repeats::Moment;
use repeats::{hash, identity};
use series::Latest;
pub(super) use series::SeriesCache;

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
/// older than what is known of the vehicle, what it lacks or what fits no type is not the last word on it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Past<'a> {
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
pub(crate) struct Lost<'a> {
    pub seq: u64,
    pub readings: u64,
    pub payload: &'a str,
    /// It was damaged here; what came with it is in the sums.
    pub counted: bool,
}

/// Where a snapshot comes from, in the words of the pipeline file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Provenance<'a> {
    pub account: &'a str,
    pub source: &'a str,
}

impl Journal {
    /// Stores snapshots in a transaction that others may share, in this order.
    ///
    /// # Errors
    /// The database refuses it; the transaction's owner has to fail then.
    pub fn append_within(
        &self,
        tx: &mut Tx<'_>,
        account: &str,
        source: &str,
        snapshots: &[RawSnapshot],
    ) -> Result<Vec<Appended>, JournalError> {
        let from = Provenance { account, source };
        self.within(tx, |connection, memory| {
            let appended = snapshots
                .iter()
                .map(|snapshot| append(connection, memory, from, snapshot, None))
                .collect::<Result<_, _>>()?;
            memory.write(connection)?;
            Ok(appended)
        })
    }
}

/// The number of the newest entry that there ever was, 0 for an empty log.
pub(crate) fn newest(connection: &Connection) -> Result<u64, JournalError> {
    let query = "select max(coalesce((select seq from sqlite_sequence where name = 'log'), 0),
                     coalesce((select max(seq) from log), 0))";
    Ok(connection
        .prepare_cached(query)?
        .query_row([], |row| row.get(0))?)
}

/// Takes in one snapshot. What it changes of series and sums stays in `memory`, whose owner writes it before the
/// job ends ([`Memory::write`]).
pub(crate) fn append(
    connection: &Connection,
    memory: &mut Memory,
    from: Provenance<'_>,
    snapshot: &RawSnapshot,
    past: Option<Past<'_>>,
) -> Result<Appended, JournalError> {
    decode::learn_all(connection, memory)?;
    let vehicle_id = vehicle_id(connection, memory, &snapshot.vin)?;
    let feed_id = feed_id(connection, memory, from, snapshot.origin)?;
    let known = past.is_some_and(|past| past.known);
    let lost = past.and_then(|past| past.lost);
    let next = match memory.last_number {
        Some(last) => last + 1,
        None => newest(connection)? + 1,
    };
    let seq = lost.map_or(next, |lost| lost.seq);
    let mut round = Round::new(connection, memory, vehicle_id, seq, snapshot, past);
    for reading in &snapshot.readings {
        round.take(reading)?;
    }
    let (payload, mut appended, misfits) = round.finish();
    let mut arrival = Arrival {
        snapshots: 1,
        entries: 0,
        readings: appended.new as u64,
        repeats: appended.repeats as u64,
        received_at: snapshot.received_at.as_millisecond(),
    };
    let leaves_an_entry = payload.readings() > 0 || (snapshot.origin == Origin::Poll && !known);
    if !leaves_an_entry && lost.is_none() {
        // What an import brings in vain arrived long ago, and was counted then.
        if past.is_none() {
            memory.counts.arrived(vehicle_id, feed_id, arrival);
        }
        return Ok(appended);
    }
    let payload = payload.finish();
    let content = Content {
        seq,
        vin: snapshot.vin.as_str(),
        account: from.account,
        source: from.source,
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
    insert(connection, vehicle_id, feed_id, &content)?;
    if lost.is_none_or(|lost| !lost.counted) {
        arrival.entries = 1;
        arrival.readings = content.readings;
        arrival.repeats = content.repeats;
        memory.counts.arrived(vehicle_id, feed_id, arrival);
        memory.counts.added(seq, content.readings);
    }
    if lost.is_some() {
        // They are told below, as they were before.
        connection.execute("delete from dead_letter where sink = '' and seq = ?1", [seq])?;
    }
    for misfit in misfits {
        misfit.tell(connection, seq, snapshot.received_at)?;
    }
    appended.seq = Some(seq);
    memory.appended(seq.max(next - 1));
    Ok(appended)
}

fn insert(
    connection: &Connection,
    vehicle_id: i64,
    feed_id: i64,
    content: &Content<'_>,
) -> Result<(), JournalError> {
    connection
        .prepare_cached(
            "insert or replace into log
                 (seq, vehicle_id, feed_id, requested_at, received_at, readings, repeats, payload, checksum)
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .execute(params![
            content.seq,
            vehicle_id,
            feed_id,
            content.requested_at,
            content.received_at,
            content.readings,
            content.repeats,
            content.payload,
            content.checksum(),
        ])?;
    Ok(())
}

/// A reading that was a misfit when it came and is delivered now.
pub(super) struct Late<'a> {
    pub seq: u64,
    pub vin: &'a Vin,
    pub reading: &'a Reading,
}

/// Remembers it, so that BMW's next repeat of it is one.
pub(super) fn remember_late(
    connection: &Connection,
    memory: &mut Memory,
    late: Late<'_>,
) -> Result<(), JournalError> {
    let Late { seq, vin, reading } = late;
    let vehicle_id = vehicle_id(connection, memory, vin)?;
    let series = memory
        .series
        .find(connection, vehicle_id, reading.descriptor.as_str())?;
    let (at, hash) = (
        reading.measured_at.as_millisecond(),
        hash(&identity(&reading.value)),
    );
    repeats::insert(connection, memory.series.get(series).id, Moment::exact(at), hash)?;
    let latest = Latest {
        at,
        occurrence: reading.occurrence,
        seq: Some(seq),
    };
    memory.series.advance(series, latest, hash);
    memory.write(connection)
}

/// The row of a vehicle, made where there is none.
fn vehicle_id(connection: &Connection, memory: &mut Memory, vin: &Vin) -> Result<i64, JournalError> {
    if let Some(&id) = memory.vehicles.get(vin) {
        return Ok(id);
    }
    let id = connection
        .prepare_cached(
            "insert into vehicle (vin) values (?1) on conflict do update set vin = vin returning id",
        )?
        .query_row([vin.as_str()], |row| row.get(0))?;
    memory.vehicles.insert(vin.clone(), id);
    Ok(id)
}

fn feed_id(
    connection: &Connection,
    memory: &mut Memory,
    from: Provenance<'_>,
    origin: Origin,
) -> Result<i64, JournalError> {
    let known = memory.feeds.iter().find(|(account, source, kept, _)| {
        *kept == origin && **account == *from.account && **source == *from.source
    });
    if let Some(&(.., id)) = known {
        return Ok(id);
    }
    let key = params![from.account, from.source, origin.as_str()];
    let found = connection
        .prepare_cached("select id from feed where account = ?1 and source = ?2 and origin = ?3")?
        .query_row(key, |row| row.get(0))
        .optional()?;
    let id = match found {
        Some(id) => id,
        None => connection
            .prepare_cached("insert into feed (account, source, origin) values (?1, ?2, ?3) returning id")?
            .query_row(key, |row| row.get(0))?,
    };
    memory
        .feeds
        .push((from.account.into(), from.source.into(), origin, id));
    Ok(id)
}
