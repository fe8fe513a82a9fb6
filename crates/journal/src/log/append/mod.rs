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
use rusqlite::{Connection, params};
use store::Tx;
use store::sql::Access;

use super::checksum::Content;
use super::memory::Memory;
use crate::{Journal, Result};
pub(super) use counts::{BLOCK, Counts, forgotten};
use readings::Misfit;
pub(crate) use readings::{Past, take};
use repeats::{MeasuredAt, hash, identity};
use series::Latest;
pub(crate) use series::SeriesCache;

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

/// Where a snapshot comes from, in the words of the pipeline file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Provenance<'a> {
    pub account: &'a str,
    pub source: &'a str,
}

impl<'a> Provenance<'a> {
    /// The entry of a snapshot from there.
    pub(crate) fn content(
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
        }
    }
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
    ) -> Result<Vec<Appended>> {
        let from = Provenance { account, source };
        self.within(tx, |connection, memory| {
            let appended = snapshots
                .iter()
                .map(|snapshot| append(connection, memory, from, snapshot))
                .collect::<Result<_, _>>()?;
            memory.write(connection)?;
            Ok(appended)
        })
    }
}

/// The number of the newest entry that there ever was, 0 for an empty log.
pub(crate) fn newest(of: &impl Access) -> Result<u64> {
    let query = "select max(coalesce((select seq from sqlite_sequence where name = 'log'), 0),
                     coalesce((select max(seq) from log), 0))";
    Ok(of.one(query, [], |row| row.get(0))?)
}

/// Takes in one snapshot. What it changes of series and sums stays in `memory`, whose owner writes it before the
/// job ends ([`Memory::write`]).
pub(crate) fn append(
    connection: &Connection,
    memory: &mut Memory,
    from: Provenance<'_>,
    snapshot: &RawSnapshot,
) -> Result<Appended> {
    let ids = ids(connection, memory, from, snapshot)?;
    let seq = next_number(connection, memory)?;
    let taken = take(connection, memory, ids.vehicle, seq, snapshot, None)?;
    let mut appended = taken.appended;
    let is_kept = taken.payload.readings() > 0 || snapshot.origin == Origin::Poll;
    let payload = taken.payload.finish();
    let (new, repeats) = (appended.new as u64, appended.repeats as u64);
    let content = from.content(snapshot, seq, new, repeats, &payload);
    memory.counts.arrived(ids, &content, is_kept);
    if is_kept {
        store(connection, memory, INSERT, ids, &content, taken.misfits)?;
        appended.seq = Some(seq);
    }
    Ok(appended)
}

/// The number that the next entry gets.
pub(crate) fn next_number(connection: &Connection, memory: &mut Memory) -> Result<u64> {
    let last = match memory.last_number {
        Some(last) => last,
        None => newest(connection)?,
    };
    memory.last_number = Some(last);
    Ok(last + 1)
}

pub(crate) const INSERT: &str = "insert into log
         (seq, vehicle_id, feed_id, requested_at, received_at, readings, repeats, payload, checksum)
     values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";

/// Puts an entry into the log by this statement, and its misfits among the dead letters.
pub(crate) fn store(
    connection: &Connection,
    memory: &mut Memory,
    statement: &str,
    ids: Ids,
    content: &Content<'_>,
    misfits: Vec<Misfit>,
) -> Result<()> {
    connection.run(
        statement,
        params![
            content.seq,
            ids.vehicle,
            ids.feed,
            content.requested_at,
            content.received_at,
            content.readings,
            content.repeats,
            content.payload,
            content.checksum(),
        ],
    )?;
    memory.appended(content.seq);
    for misfit in misfits {
        misfit.tell(connection, content)?;
    }
    Ok(())
}

/// A vehicle and a feed, as the log names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Ids {
    pub vehicle: i64,
    pub feed: i64,
}

/// The rows of where a snapshot comes from, made where there are none.
pub(crate) fn ids(
    connection: &Connection,
    memory: &mut Memory,
    from: Provenance<'_>,
    snapshot: &RawSnapshot,
) -> Result<Ids> {
    Ok(Ids {
        vehicle: vehicle_id(connection, memory, &snapshot.vin)?,
        feed: feed_id(connection, memory, from, snapshot.origin)?,
    })
}

/// Remembers a reading of entry `seq` that was a misfit when it came and is delivered now, so that BMW's next repeat
/// of it is one.
pub(super) fn remember_late(
    connection: &Connection,
    memory: &mut Memory,
    seq: u64,
    vin: &Vin,
    reading: &Reading,
) -> Result<()> {
    let vehicle_id = vehicle_id(connection, memory, vin)?;
    let descriptor = reading.descriptor.as_str();
    let series = memory.series.find(connection, vehicle_id, descriptor)?;
    let measured = MeasuredAt::exact(reading.measured_at.as_millisecond());
    let hash = hash(identity(&reading.value).as_bytes());
    repeats::insert(connection, memory.series.get(series).id, measured, hash)?;
    let latest = Latest {
        at: measured.at,
        occurrence: reading.occurrence,
        seq: Some(seq),
    };
    memory.series.advance(series, latest, hash);
    memory.write(connection)
}

/// The row of a vehicle, made where there is none.
fn vehicle_id(connection: &Connection, memory: &mut Memory, vin: &Vin) -> Result<i64> {
    if let Some(&id) = memory.vehicles.get(vin) {
        return Ok(id);
    }
    let insert = "insert into vehicle (vin) values (?1) on conflict do update set vin = vin returning id";
    let id = connection.one(insert, [vin.as_str()], |row| row.get(0))?;
    memory.vehicles.insert(vin.clone(), id);
    Ok(id)
}

fn feed_id(
    connection: &Connection,
    memory: &mut Memory,
    from: Provenance<'_>,
    origin: Origin,
) -> Result<i64> {
    let known = memory.feeds.iter().find(|(account, source, kept, _)| {
        *kept == origin && **account == *from.account && **source == *from.source
    });
    if let Some(&(.., id)) = known {
        return Ok(id);
    }
    let insert = "insert into feed (account, source, origin) values (?1, ?2, ?3)
         on conflict do update set origin = origin returning id";
    let parameters = [from.account, from.source, origin.as_str()];
    let id = connection.one(insert, parameters, |row| row.get(0))?;
    memory
        .feeds
        .push((from.account.into(), from.source.into(), origin, id));
    Ok(id)
}
