//! A file of format 4 becomes one of format 5.
//!
//! The entries stay as they are. What they were recognised by is read out of them anew: the hashes of format 4 were those
//! of values as its rules understood them. Of what was forgotten only those are left. They keep its times, so that another
//! value of the same moment still gets an occurrence of its own; the same value counts as new once more, should BMW repeat
//! it. A row that is so damaged that the tables refuse it must not keep all the others from being read: its number is told
//! as missing, and what can be read of it is kept among the strays.
//!
//! The old tables are read [`beside`] the transaction, past pages that cannot be read. A table with such a page cannot be
//! removed either: it stays as `log_4`, `seen_4` or `series_4` until the owner brings the history into a new file.

use std::ops::ControlFlow;

use rusqlite::types::ToSqlOutput;
use rusqlite::{Connection, Error, ErrorCode, Row, params_from_iter};
use store::sql::Access;
use store::{Database, StoreError};

use super::fold::{Derived, beside, fold, rows};
use super::newest::BEYOND;
use crate::log::feeds::Feeds;
use crate::log::memory::Memory;
use crate::log::{learned, scan, strays};
use crate::{JournalError, Result, TABLES};
use collector_core::Stray;

/// The step of the schema.
pub(crate) fn to_format_5(connection: &Connection) -> Result<(), Error> {
    convert(connection).map_err(|error| match error {
        JournalError::Store(
            StoreError::Sqlite(error) | StoreError::Full(error) | StoreError::Damaged(error),
        ) => error,
        other => Error::ToSqlConversionFailure(Box::new(other)),
    })
}

/// The step of the schema: of what a call stamped, the newest value was the last. A file of format 4 has the columns by now.
pub(crate) fn to_format_7(connection: &Connection) -> Result<(), Error> {
    if connection.prepare("select called_at from series").is_ok() {
        return Ok(());
    }
    connection.execute_batch(
        "alter table series add column called_at integer;
         alter table series add column called_hash integer;
         update series set called_at = last_at, called_hash = last_hash;",
    )
}

/// The newest number that there ever was.
pub(crate) fn newest_of_format_4(of: &impl Access) -> Result<u64> {
    let counted = of.one(
        "select coalesce(max(seq), 0) from sqlite_sequence where name = 'log' and seq < ?1",
        [BEYOND],
        |row| row.get(0),
    );
    let greatest = |query| of.one(query, [BEYOND], |row| row.get::<_, u64>(0));
    let entry = greatest("select coalesce(max(seq), 0) from log where seq < ?1");
    let gap = greatest("select coalesce(max(last_seq), 0) from gap where last_seq < ?1");
    let behind = entry
        .as_ref()
        .unwrap_or(&0)
        .max(gap.as_ref().unwrap_or(&0))
        .to_owned();
    match counted {
        Ok(counted) => Ok(behind.max(counted)),
        // Either tells it.
        Err(_) if entry.is_ok() && gap.is_ok() => Ok(behind),
        Err(error) => Err(error.into()),
    }
}

/// Lets whoever reads the log find the tables of format 5 in an older file, for this connection alone: what stands in such
/// a file can be saved, and a backup of it brought back, without it being changed.
pub(crate) fn read_as_format_5(database: &Database) -> Result<()> {
    if database.format().is_ok_and(|format| (1..5).contains(&format)) {
        database.connection().execute_batch(
            "create temp view log as select *, null as context_id from main.log;
             create temp table context (id integer primary key, context text);
             create temp table packed (first_seq integer primary key, last_seq integer, filled integer,
                 readings integer, received_at integer, checksum integer, content blob);",
        )?;
    }
    Ok(())
}

fn convert(connection: &Connection) -> Result<()> {
    let before = beside(connection)?;
    let old = before.as_ref().map_or(connection, |scan| scan.connection());
    let newest = newest_of_format_4(old)?;
    connection.execute_batch(
        "alter table seen rename to seen_4;
         alter table series rename to series_4;
         alter table log rename to log_4;
         alter table replay add column rewrite integer not null default 0;
         alter table replay add column erased_at integer;",
    )?;
    // Those that have not changed are there.
    let missing = ["table", "index", "view"]
        .iter()
        .fold(TABLES.to_owned(), |tables, kind| {
            tables.replace(
                &format!("create {kind} "),
                &format!("create {kind} if not exists "),
            )
        });
    connection.execute_batch(&missing)?;
    connection.execute_batch("alter table vehicle add column context_id integer references context")?;
    let mut feeds = Feeds::default();
    rows(old, 0, |row, seq| {
        let is_sound = scan::stored(old, &mut feeds, row, seq)?.is_ok();
        copy(connection, old, &mut feeds, row, is_sound)?;
        Ok(is_sound)
    })?;
    let [log, series, seen] = ["log", "series", "seen"].map(|table| is_readable(old, table));
    if log {
        connection.execute_batch("drop table log_4")?;
    }
    if !series {
        shadow(connection, old, "series", SERIES)?;
    }
    if !seen {
        shadow_seen(connection, old)?;
    }
    connection.execute_batch(
        "insert or ignore into series (id, vehicle_id, descriptor, latest_at, latest_occurrence, latest_seq, last_at)
             select id, vehicle_id, descriptor, latest_at, latest_occurrence, latest_seq,
                 (select max(measured_at) from seen_4 where series_id = series_4.id)
             from series_4 where vehicle_id in (select id from vehicle) order by id;",
    )?;
    let mut memory = Memory::default();
    learned::load(connection, &mut memory.descriptors)?;
    fold(connection, connection, &mut memory, 0, Derived::Converted)?;
    memory.write_derived(connection)?;
    // A series that was lost and found again in the entries may have the number of another.
    connection.execute_batch(
        "insert into seen (measured_at, series_id, hash, whole_second)
             select measured_at, series_id, hash >> 16, nullif(whole_second, 0) from seen_4
             where series_id in (select id from series join series_4 using (id, vehicle_id, descriptor)) and not exists (select 1 from seen
                 where measured_at = seen_4.measured_at and series_id = seen_4.series_id)
             order by measured_at;
         update series set absent = series_4.absent, last_absent_at = series_4.last_absent_at
             from series_4 where series_4.id = series.id and series_4.vehicle_id = series.vehicle_id
                 and series_4.descriptor = series.descriptor;",
    )?;
    match series && seen {
        true => connection.execute_batch("drop table seen_4; drop table series_4")?,
        false => connection
            .execute_batch("drop table if exists temp.seen_4; drop table if exists temp.series_4")?,
    }
    // The number that was counted till here is the newest that was ever given.
    connection.run(
        "update meta set value = cast(?1 as text) where key = 'folded'",
        [newest],
    )?;
    Ok(())
}

/// Whether every page of a table can be read.
pub(super) fn is_readable(old: &Connection, table: &str) -> bool {
    let check = format!("pragma main.quick_check({table})");
    old.query_row(&check, [], |row| row.get::<_, String>(0))
        .is_ok_and(|found| found == "ok")
}

/// Columns of the old tables, as their shadows have them.
const SERIES: &[&str] = &[
    "id integer primary key",
    "vehicle_id integer not null",
    "descriptor text not null",
    "absent integer not null",
    "last_absent_at integer",
    "latest_at integer",
    "latest_occurrence integer",
    "latest_seq integer",
];
const SEEN: &[&str] = &[
    "series_id integer not null",
    "measured_at integer not null",
    "hash integer not null",
    "whole_second integer",
];

/// What can be read of a table up to a page that cannot, in place of its old form, for this connection.
fn shadow(connection: &Connection, old: &Connection, table: &str, columns: &[&str]) -> Result<()> {
    let tables = format!("create temp table {table}_4 ({}) strict", columns.join(", "));
    connection.execute_batch(&tables)?;
    let names: Vec<_> = columns
        .iter()
        .filter_map(|column| column.split(' ').next())
        .collect();
    let query = format!("select {} from main.{table}", names.join(", "));
    let places = vec!["?"; columns.len()].join(", ");
    let insert = format!("insert into temp.{table}_4 values ({places})");
    old.readable(&query, [], |row| {
        match put(connection, &insert, row, columns.len()) {
            Err(error) if !is_refusal(&error) => Err(error),
            _ => Ok(ControlFlow::Continue(())),
        }
    })?;
    Ok(())
}

/// With an index, for the newest of every series is looked up.
fn shadow_seen(connection: &Connection, old: &Connection) -> Result<()> {
    shadow(connection, old, "seen", SEEN)?;
    Ok(connection.execute_batch("create index temp.seen_4_at on seen_4 (series_id, measured_at)")?)
}

/// Puts the columns of a row into a table, of whatever type they are and whether or not they are text as it should be.
fn put(connection: &Connection, insert: &str, row: &Row<'_>, width: usize) -> Result<usize, Error> {
    let columns = (0..width).map(|column| row.get_ref(column).map(ToSqlOutput::Borrowed));
    let columns = columns.collect::<Result<Vec<_>, _>>()?;
    connection
        .prepare_cached(insert)?
        .execute(params_from_iter(columns))
}

/// How many columns an entry has.
const WIDTH: usize = 10;

/// Copies an entry as it is, damaged or not. What the tables refuse is kept aside, and so is what stands under the number
/// of one that is sound.
fn copy(
    connection: &Connection,
    old: &Connection,
    feeds: &mut Feeds,
    row: &Row<'_>,
    is_sound: bool,
) -> Result<()> {
    let refused = match put(connection, super::INSERT, row, WIDTH) {
        Ok(_) => return Ok(()),
        Err(error) if is_refusal(&error) => error,
        Err(error) => return Err(error.into()),
    };
    if !is_sound {
        return keep_aside(connection, old, feeds, row, &refused);
    }
    let seq: u64 = row.get(0)?;
    let query = format!("select {} from main.log where seq = ?1", scan::COLUMNS);
    connection.prepare_cached(&query)?.query_row([seq], |other| {
        Ok(keep_aside(connection, old, feeds, other, &refused))
    })??;
    connection.run("delete from main.log where seq = ?1", [seq])?;
    put(connection, super::INSERT, row, WIDTH)?;
    Ok(())
}

/// Keeps the payload of an entry that has no place in the log.
fn keep_aside(
    connection: &Connection,
    old: &Connection,
    feeds: &mut Feeds,
    row: &Row<'_>,
    refused: &Error,
) -> Result<()> {
    let Ok(payload) = row.get_ref(7)?.as_bytes() else {
        return Ok(());
    };
    let seq: i64 = row.get(0)?;
    let feed = row.get(2).and_then(|id| feeds.feed(old, id)).ok();
    let (account, source) = feed.map_or_else(Default::default, |feed| {
        (feed.account.to_string(), feed.source.to_string())
    });
    let stray = Stray {
        topic: format!("entry {seq}"),
        payload: payload.to_vec(),
        reason: format!("entry {seq} of an earlier format, damaged: {refused}"),
        received_at: store::timestamp(row.get(4).unwrap_or_default()),
    };
    strays::keep(connection, &account, &source, &stray)
}

fn is_refusal(error: &Error) -> bool {
    let code = error.sqlite_error_code();
    code == Some(ErrorCode::ConstraintViolation) || code == Some(ErrorCode::TypeMismatch)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A table of a million rows is not read once for every series.
    #[test]
    fn the_newest_of_a_series_is_looked_up() {
        let [old, new] = [(); 2].map(|()| Connection::open_in_memory().unwrap());
        old.execute_batch(&format!("create table seen ({})", SEEN.join(", ")))
            .unwrap();
        shadow_seen(&new, &old).unwrap();
        let query = "explain query plan select max(measured_at) from seen_4 where series_id = 7";
        let plan: String = new.query_row(query, [], |row| row.get(3)).unwrap();
        assert!(plan.contains("INDEX"), "{plan}");
    }
}
