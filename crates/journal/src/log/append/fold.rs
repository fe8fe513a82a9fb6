//! What is derived from entries, out of the entries: behind a kill or a failure, and beside the process that writes.

use entry_form::payload;
use normalise::Window;
use normalise::body::Body;
use normalise::known::KnownDescriptors;
use rusqlite::{Connection, Row};
use store::sql::{Access, Damage as _};
use store::timestamp;

use super::observe::{Observed, What};
use super::{Ids, context};
use crate::Result;
use crate::log::memory::Memory;

/// An entry of the log, as far as something is derived from it.
pub(in crate::log) struct Folding {
    pub seq: u64,
    pub ids: Ids,
    window: Window,
    readings: u64,
    repeats: u64,
    payload: String,
}

/// What is derived anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Derived {
    /// Everything that waits in memory.
    Waiting,
    /// What a file of format 4 has in another form: not its sums.
    Converted,
}

/// The newest entry that is in the tables of what is derived.
pub(in crate::log) fn folded(of: &impl Access) -> Result<u64> {
    let query = "select cast(value as integer) from meta where key = 'folded'";
    Ok(of.first(query, [], |row| row.get(0))?.unwrap_or(0))
}

/// Hands the entries behind `after` to `each`, in order. What is damaged is passed over, as far as it can be: whoever reads
/// the log tells of it.
pub(in crate::log) fn entries(
    connection: &Connection,
    after: u64,
    mut each: impl FnMut(&Folding) -> Result<()>,
) -> Result<()> {
    let mut statement = connection.prepare_cached(
        "select seq, vehicle_id, feed_id, requested_at, received_at, readings, repeats, payload
         from log where seq > ?1 order by seq",
    )?;
    let mut rows = statement.query([after])?;
    loop {
        match rows.next() {
            Ok(None) => return Ok(()),
            Ok(Some(row)) => match read(row) {
                Ok(entry) => each(&entry)?,
                Err(error) if error.is_damage() => {}
                Err(error) => return Err(error.into()),
            },
            Err(error) if error.is_damage() => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
}

fn read(row: &Row<'_>) -> Result<Folding, rusqlite::Error> {
    let requested_at: Option<i64> = row.get(3)?;
    Ok(Folding {
        seq: row.get(0)?,
        ids: Ids {
            vehicle: row.get(1)?,
            feed: row.get(2)?,
        },
        window: Window {
            requested_at: requested_at.map(timestamp),
            received_at: timestamp(row.get(4)?),
        },
        readings: row.get(5)?,
        repeats: row.get(6)?,
        payload: row.get(7)?,
    })
}

impl Folding {
    /// Hands what was observed to `each`: descriptor and occurrence. A payload that cannot be read has nothing.
    pub fn observed(
        &self,
        known: &KnownDescriptors,
        mut each: impl FnMut(&str, Observed, u32) -> Result<()>,
    ) -> Result<()> {
        let Ok(raw) = payload::raw(&self.payload) else {
            return Ok(());
        };
        for payload::Item(descriptor, json, occurrence) in &raw.readings {
            let body = Body::parse(json.get());
            let known = known.get(descriptor);
            let observed = Observed::of(json.get(), body.as_ref(), known, self.window);
            each(descriptor, observed, *occurrence)?;
        }
        Ok(())
    }
}

/// Derives what `derived` says from the entries behind `after` into `memory`, which has learned what was learned.
pub(in crate::log) fn fold(
    connection: &Connection,
    memory: &mut Memory,
    after: u64,
    derived: Derived,
) -> Result<()> {
    entries(connection, after, |entry| {
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
            if let (Derived::Converted, true, Some(form)) = (derived, is_newest, &observed.form)
                && context::is_display_unit(descriptor)
            {
                contexts.note(connection, entry.ids.vehicle, descriptor, form)?;
            }
            Ok(())
        })?;
        if derived == Derived::Converted && memory.seen.waiting() >= super::MANY {
            memory.write_derived(connection)?;
        }
        Ok(())
    })
}
