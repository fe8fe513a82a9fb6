//! The table `seen` made anew, where a page of it cannot be read: whatever is still in the log can be had from there.
//!
//! It is most of the journal's pages, and one that cannot be read would keep everything out that needs it. SQLite would have
//! to read such a table to remove it. So it is taken out of the schema alone: its pages belong to nobody, and are used
//! for nothing, until `cardata journal compact` writes the file without them. The old table is read [`beside`] the
//! transaction, from both ends up to pages that cannot be read: of what was forgotten, nothing else tells.

use std::future::Future;
use std::ops::ControlFlow;

use entry_form::observe::What;
use normalise::Window;
use rusqlite::{Connection, ErrorCode, params};
use store::Tx;
use store::sql::Access;

use super::convert::is_readable;
use super::fold::{self, beside, entries};
use super::{MANY, newest, newest_behind, vehicle_id};
use crate::log::learned;
use crate::log::memory::Memory;
use crate::log::scan::Scan;
use crate::{Journal, Result};

impl Journal {
    /// Runs `work`, and once more where it met damage in what can be had from the entries, which is made anew in between:
    /// seconds for years of history.
    ///
    /// # Errors
    /// That of `work`, or why nothing could be made anew.
    pub async fn mended<T, F>(&self, work: impl Fn() -> F + Send) -> Result<T>
    where
        F: Future<Output = Result<T>> + Send,
    {
        let met = match work().await {
            Err(error) if error.is_in_database() => error,
            done => return done,
        };
        match self.store.transact(rebuild).await {
            Ok(true) => work().await,
            // What panics here is not what was to be done.
            Err(error) if !error.is_bug() => Err(error),
            _ => Err(met),
        }
    }
}

/// Whether the table is new in this transaction.
fn rebuild(tx: &mut Tx<'_>) -> Result<bool> {
    let Some(mut old) = beside(tx.connection())? else {
        return Ok(false);
    };
    if root(old.connection())? != root(tx.connection())? {
        // Somebody who shares the transaction has done it.
        return Ok(true);
    }
    // Its rows are of series: where those cannot be told, nothing is gained.
    if is_readable(old.connection(), "seen") || !is_readable(old.connection(), "series") {
        return Ok(false);
    }
    renew(tx.connection())?;
    let kept = copy(tx.connection(), old.connection())?;
    fold_all(tx.connection(), &mut old)?;
    tx.after_commit(move || {
        tracing::warn!(kept, "the journal's table of what was seen was damaged; it was made anew out of the entries. Check the disk; `cardata journal compact` takes the damaged pages out of the file");
    });
    Ok(true)
}

fn root(of: &impl Access) -> Result<i64> {
    let query = "select rootpage from sqlite_schema where name = 'seen'";
    Ok(of.one(query, [], |row| row.get(0))?)
}

/// An empty table in place of the old one, none of whose pages is touched.
fn renew(connection: &Connection) -> Result<()> {
    let create = "select sql from sqlite_schema where type = 'table' and name = 'seen'";
    let create: String = connection.one(create, [], |row| row.get(0))?;
    connection.execute_batch("pragma writable_schema = on")?;
    let taken = connection.run(
        "delete from sqlite_schema where type = 'table' and name = 'seen'",
        [],
    );
    connection.execute_batch("pragma writable_schema = reset")?;
    taken?;
    connection.execute_batch(&create)?;
    Ok(())
}

/// Copies the rows of the old table that can be read from its ends. How many.
fn copy(connection: &Connection, old: &Connection) -> Result<usize> {
    let mut kept = 0;
    for order in ["asc", "desc"] {
        let query = format!(
            "select measured_at, series_id, hash, whole_second from seen
             order by measured_at {order}, series_id {order}, hash {order}"
        );
        if copy_from_one_end(connection, old, &query, &mut kept)? {
            break;
        }
    }
    Ok(kept)
}

/// Whether the other end was reached.
fn copy_from_one_end(
    connection: &Connection,
    old: &Connection,
    query: &str,
    kept: &mut usize,
) -> Result<bool> {
    let mut insert = connection.prepare_cached(
        "insert into seen (measured_at, series_id, hash, whole_second) values (?1, ?2, ?3, ?4)
         on conflict do nothing",
    )?;
    old.readable(query, [], |row| {
        let Ok((at, series_id, hash, whole_second)) = <(i64, i64, i64, Option<bool>)>::try_from(row) else {
            return Ok(ControlFlow::Continue(()));
        };
        match insert.execute(params![at, series_id, hash, whole_second]) {
            Ok(copied) => *kept += copied,
            // A series that there is not: the row is damaged itself.
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(ControlFlow::Continue(()))
    })
}

/// Puts what all entries tell into the table: rows and packed ones, and those that others have added to the transaction.
fn fold_all(connection: &Connection, old: &mut Scan) -> Result<()> {
    let mut memory = Memory::default();
    learned::load(connection, &mut memory.descriptors)?;
    let committed = newest(old.connection())?;
    let mut after = 0;
    while let Some(stretch) = old.stretch(after, MANY)? {
        after = stretch.last;
        for entry in &stretch.entries {
            let vehicle = vehicle_id(connection, &mut memory, &entry.vin)?;
            note(connection, &mut memory, vehicle, entry.window(), &entry.payload)?;
        }
    }
    if newest_behind(connection, committed)? > committed {
        entries(connection, committed, |entry| {
            note(
                connection,
                &mut memory,
                entry.ids.vehicle,
                entry.window,
                &entry.payload,
            )
        })?;
    }
    memory.seen.write(connection)
}

fn note(
    connection: &Connection,
    memory: &mut Memory,
    vehicle: i64,
    window: Window,
    payload: &str,
) -> Result<()> {
    let Memory {
        descriptors,
        series,
        seen,
        ..
    } = &mut *memory;
    fold::observed(payload, window, descriptors, |descriptor, observed, _| {
        if !matches!(observed.what, What::Absent) {
            let index = series.find(connection, vehicle, descriptor)?;
            seen.insert(series.get(index).id, observed.measured, observed.hash);
        }
        Ok(())
    })?;
    if seen.waiting() >= MANY {
        seen.write(connection)?;
    }
    Ok(())
}
