//! A snapshot into the log, without what is already there.
//!
//! Polls repeat the last known values, messages come twice, and both tell of the same observations. What is left
//! is stored as it was sent.
//!
//! * [`readings`]: what of a snapshot is new. [`context`]: in which display units.
//! * [`repeats`]: when two readings are one. [`series`]: what is known of one descriptor of one vehicle.
//! * [`counts`]: sums that are kept, so that nobody counts over the log.
//! * [`fold`]: all that is derived from entries, out of them. [`rebuild`]: a damaged table anew.
//!   [`convert`]: a file of format 4. [`newest()`]: where numbers go on.

pub(crate) mod context;
pub(crate) mod convert;
mod counts;
pub(super) mod fold;
mod newest;
mod readings;
mod rebuild;
pub(crate) mod repeats;
mod series;

use collector_core::{Origin, RawSnapshot, Reading, Vin};
use entry_form::{Content, Provenance};
use rusqlite::{Connection, params};
use store::Tx;
use store::sql::Access;

use super::memory::Memory;
use crate::{Journal, Result};
use context::Context;
pub(crate) use context::Contexts;
pub(crate) use counts::BLOCK;
pub(super) use counts::{Arrival, Arrivals, Counts, forgotten};
pub(super) use fold::Derived;
pub(crate) use newest::newest;
pub(super) use newest::newest_behind;
pub(crate) use readings::{Past, take, tell};
pub(crate) use repeats::SeenTable;
pub(super) use series::Latest;
pub(crate) use series::SeriesCache;

/// So many readings that wait are folded by the job that finds them: about a megabyte, and some milliseconds to read them
/// again.
const MANY: usize = 4_096;

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
            if memory.waiting() >= MANY {
                memory.write(connection)?;
            }
            Ok(appended)
        })
    }
}

/// Entries with these numbers may be missing: that is no damage.
pub(crate) fn leave_out(connection: &Connection, first: u64, last: u64) -> Result<()> {
    connection.run(
        "insert into gap (first_seq, last_seq) values (?1, ?2)
         on conflict do update set last_seq = max(last_seq, excluded.last_seq)",
        [first, last],
    )?;
    Ok(())
}

/// Takes in one snapshot. What is derived from its entry waits in `memory`.
pub(crate) fn append(
    connection: &Connection,
    memory: &mut Memory,
    from: Provenance<'_>,
    snapshot: &RawSnapshot,
) -> Result<Appended> {
    let ids = ids(connection, memory, from, snapshot)?;
    let seq = memory.last_number + 1;
    let taken = take(connection, memory, ids.vehicle, seq, snapshot, None)?;
    let mut appended = taken.appended;
    let is_kept = taken.payload.readings() > 0 || snapshot.origin == Origin::Poll;
    let (new, repeats) = (appended.new as u64, appended.repeats as u64);
    if !is_kept {
        let received_at = snapshot.received_at.as_millisecond();
        memory.loose.arrived(ids, repeats, received_at);
        return Ok(appended);
    }
    let payload = taken.payload.finish();
    let context = memory.contexts.of(connection, ids.vehicle)?;
    let content = from.content(snapshot, seq, new, repeats, &payload);
    memory.counts.entry(ids, seq, new, repeats, content.received_at);
    store(connection, memory, INSERT, ids, content, context.as_ref())?;
    tell(connection, &content, taken.misfits)?;
    appended.seq = Some(seq);
    Ok(appended)
}

pub(crate) const INSERT: &str = "insert into log
         (seq, vehicle_id, feed_id, requested_at, received_at, readings, repeats, payload, checksum, context_id)
     values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";

/// Puts an entry with its context into the log by this statement.
pub(crate) fn store(
    connection: &Connection,
    memory: &mut Memory,
    statement: &str,
    ids: Ids,
    content: Content<'_>,
    context: Option<&Context>,
) -> Result<()> {
    let content = Content {
        context: context.map(|context| &*context.text),
        ..content
    };
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
            context.map(|context| context.id),
        ],
    )?;
    memory.appended(content.seq);
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

/// A reading of entry `seq` that was a misfit when it came is delivered now, and may be the newest of its series. That it
/// was seen is known since it came.
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
    let at = reading.measured_at.as_millisecond();
    memory.series.advance(series, at, reading.occurrence, seq);
    memory.write(connection)
}

/// The row of a vehicle, made where there is none.
pub(crate) fn vehicle_id(connection: &Connection, memory: &mut Memory, vin: &Vin) -> Result<i64> {
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
