//! What is derived from entries, out of the entries: behind a kill or a failure, and beside the process that writes.
//!
//! Nothing is derived from an entry that cannot be believed: one flipped bit would stay in the tables for ever.
//!
//! SQLite lets nothing more be written in a transaction that has met a page that cannot be read. So what is derived for one
//! is read [`beside`] it.

use std::ops::ControlFlow;
use std::path::Path;

use entry_form::context;
use entry_form::observe::{Observed, What};
use entry_form::payload;
use normalise::Window;
use normalise::body::Body;
use normalise::known::KnownDescriptors;
use rusqlite::{Connection, Row};
use store::sql::Access;

use super::{Ids, newest, newest_behind};
use crate::Result;
use crate::log::feeds::Feeds;
use crate::log::memory::Memory;
use crate::log::scan::{self, BEYOND, Scan};

/// An entry of the log, as far as something is derived from it.
pub(in crate::log) struct Folding {
    pub seq: u64,
    pub ids: Ids,
    pub(super) window: Window,
    readings: u64,
    repeats: u64,
    pub(super) payload: String,
}

/// What is derived anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Derived {
    /// Everything that waits in memory.
    Waiting,
    /// What a file of format 4 has in another form: not its sums.
    Converted,
}

/// The newest entry that is in the tables of what is derived. Where that cannot be told it is the newest of all: what is
/// folded twice would be counted twice.
pub(in crate::log) fn folded(of: &impl Access) -> Result<u64> {
    match told(of)? {
        Some(seq) => Ok(seq),
        None => newest(of),
    }
}

/// The number of that entry, if the table tells one as it was written.
pub(in crate::log) fn told(of: &impl Access) -> Result<Option<u64>> {
    let query = "select cast(value as integer) from meta
         where key = 'folded' and value = cast(max(cast(value as integer), 0) as text)";
    Ok(of.first(query, [], |row| row.get(0))?)
}

/// The file of a transaction as it was before it, on a connection of its own; `None` where there is no file.
pub(in crate::log) fn beside(connection: &Connection) -> Result<Option<Scan>> {
    let path = connection.path().filter(|path| !path.is_empty());
    path.map(|path| Scan::open(Path::new(path))).transpose()
}

/// Hands the entries behind `after` that can be believed to `each`, in order. Of the others whoever reads the log tells.
pub(in crate::log) fn entries(
    connection: &Connection,
    after: u64,
    mut each: impl FnMut(&Folding) -> Result<()>,
) -> Result<()> {
    let (mut feeds, mut last) = (Feeds::default(), after);
    rows(connection, after, |row, seq| {
        let entry = match scan::stored(connection, &mut feeds, row, seq)? {
            Ok(entry) if seq > last => entry,
            known => return Ok(known.is_ok()),
        };
        last = seq;
        each(&Folding {
            seq,
            // They name the vehicle and the feed that the checksum is of.
            ids: Ids {
                vehicle: row.get(1)?,
                feed: row.get(2)?,
            },
            window: entry.window(),
            readings: entry.readings as u64,
            repeats: entry.repeats,
            payload: entry.payload,
        })?;
        Ok(true)
    })
}

/// Hands the [columns](scan::COLUMNS) of the rows of the log behind `after` to `each`, in order, past pages that cannot be
/// read. It says whether the row can be believed.
pub(super) fn rows(
    connection: &Connection,
    mut after: u64,
    mut each: impl FnMut(&Row<'_>, u64) -> Result<bool>,
) -> Result<()> {
    let newest = newest_behind(connection, after).unwrap_or(BEYOND);
    scan::rows(connection, &mut after, BEYOND, newest, |row, place| {
        // A number that may be wrong leads nowhere beyond the newest.
        if let Ok(seq) = row.get::<_, u64>(0)
            && (each(row, seq)? || seq <= newest)
        {
            *place = seq.max(*place);
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(())
}

impl Folding {
    /// Hands what was observed to `each`: descriptor and occurrence. A payload that cannot be read has nothing.
    pub fn observed(
        &self,
        known: &KnownDescriptors,
        each: impl FnMut(&str, Observed, u32) -> Result<()>,
    ) -> Result<()> {
        observed(&self.payload, self.window, known, each)
    }
}

/// The same of the payload of any entry.
pub(super) fn observed(
    payload: &str,
    window: Window,
    known: &KnownDescriptors,
    mut each: impl FnMut(&str, Observed, u32) -> Result<()>,
) -> Result<()> {
    let Ok(raw) = payload::raw(payload) else {
        return Ok(());
    };
    for payload::Item(descriptor, json, occurrence) in &raw.readings {
        let body = Body::parse(json.get());
        let known = known.get(descriptor);
        let observed = Observed::of(json.get(), body.as_ref(), known, window);
        each(descriptor, observed, *occurrence)?;
    }
    Ok(())
}

/// Derives what `derived` says from the entries behind `after` that stand in `from` into `memory`, which has learned what
/// was learned. What the tables lack is made by `connection`.
pub(in crate::log) fn fold(
    connection: &Connection,
    from: &Connection,
    memory: &mut Memory,
    after: u64,
    derived: Derived,
) -> Result<()> {
    entries(from, after, |entry| {
        if derived == Derived::Waiting {
            let received_at = entry.window.received_at.as_millisecond();
            memory
                .counts
                .entry(entry.ids, entry.seq, entry.readings, entry.repeats, received_at);
        }
        let Memory {
            descriptors,
            series,
            seen,
            contexts,
            ..
        } = &mut *memory;
        entry.observed(descriptors, |descriptor, observed, occurrence| {
            let index = series.find(connection, entry.ids.vehicle, descriptor)?;
            if !matches!(observed.what, What::Absent) {
                seen.insert(series.get(index).id, observed.measured, observed.hash);
            }
            let is_newest = series.stored(index, &observed, occurrence, entry.seq, false);
            if let (Derived::Converted, true, Some(told)) =
                (derived, is_newest, context::told(descriptor, &observed))
            {
                contexts.note(connection, entry.ids.vehicle, descriptor, told)?;
            }
            Ok(())
        })?;
        if derived == Derived::Converted && memory.seen.waiting() >= super::MANY {
            memory.write_derived(connection)?;
        }
        Ok(())
    })
}
