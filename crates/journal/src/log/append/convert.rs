//! A file of format 4 becomes one of format 5.
//!
//! The entries stay as they are. What they were recognised by is read out of them anew: the hashes of format 4 were those
//! of values as its rules understood them. Of what was forgotten only those are left. They keep its times, so that another
//! value of the same moment still gets an occurrence of its own; the same value counts as new once more, should BMW repeat
//! it. A row that is so damaged that the tables refuse it is left out, and its number is told as missing: it must not keep
//! all the others from being read.

use rusqlite::{Connection, Error, ErrorCode};
use store::sql::{Access, Damage as _};
use store::{Database, FORMAT, StoreError};

use super::fold::{Derived, fold, rows};
use crate::log::learned;
use crate::log::memory::Memory;
use crate::{JournalError, Result, TABLES};

/// The step of the schema.
pub(crate) fn to_format_5(connection: &Connection) -> Result<(), Error> {
    convert(connection).map_err(|error| match error {
        JournalError::Store(
            StoreError::Sqlite(error) | StoreError::Full(error) | StoreError::Damaged(error),
        ) => error,
        other => Error::ToSqlConversionFailure(Box::new(other)),
    })
}

/// The newest number that there ever was.
pub(crate) fn newest_of_format_4(of: &impl Access) -> Result<u64> {
    let query = "select max(coalesce((select seq from sqlite_sequence where name = 'log'), 0),
                     coalesce((select max(seq) from log), 0), coalesce((select max(last_seq) from gap), 0))";
    Ok(of.one(query, [], |row| row.get(0))?)
}

/// Lets whoever reads the log find the tables of format 5 in an older file, for this connection alone: what stands in such
/// a file can be saved, and a backup of it brought back, without it being changed.
pub(crate) fn read_as_format_5(database: &Database) -> Result<()> {
    if database
        .format()
        .is_ok_and(|format| (1..FORMAT).contains(&format))
    {
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
    let newest = newest_of_format_4(connection)?;
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
    connection.execute_batch(
        "alter table vehicle add column context_id integer references context;
         create temp view log as select * from main.log_4;",
    )?;
    rows(connection, "seq", 0, |_, seq| copy(connection, seq))?;
    connection.execute_batch(
        "drop view temp.log;
         drop table log_4;
         insert into series (id, vehicle_id, descriptor, latest_at, latest_occurrence, latest_seq, last_at)
             select id, vehicle_id, descriptor, latest_at, latest_occurrence, latest_seq,
                 (select max(measured_at) from seen_4 where series_id = series_4.id)
             from series_4 order by id;",
    )?;
    let mut memory = Memory::default();
    learned::load(connection, &mut memory.descriptors)?;
    fold(connection, &mut memory, 0, Derived::Converted)?;
    memory.write_derived(connection)?;
    connection.execute_batch(
        "insert into seen (measured_at, series_id, hash, whole_second)
             select measured_at, series_id, hash >> 16, nullif(whole_second, 0) from seen_4
             where not exists (select 1 from seen
                 where measured_at = seen_4.measured_at and series_id = seen_4.series_id)
             order by measured_at;
         drop table seen_4;
         update series set absent = series_4.absent, last_absent_at = series_4.last_absent_at
             from series_4 where series_4.id = series.id;
         drop table series_4;",
    )?;
    // The number that was counted till here is the newest that was ever given.
    connection.run(
        "update meta set value = cast(?1 as text) where key = 'folded'",
        [newest],
    )?;
    Ok(())
}

/// Copies an entry as it is, damaged or not, unless the tables refuse it.
fn copy(connection: &Connection, seq: u64) -> Result<()> {
    let insert = "insert into main.log
             (seq, vehicle_id, feed_id, requested_at, received_at, readings, repeats, payload, checksum)
         select seq, vehicle_id, feed_id, requested_at, received_at, readings, repeats, payload, checksum
         from log_4 where seq = ?1";
    match connection.prepare_cached(insert)?.execute([seq]) {
        Ok(_) => Ok(()),
        Err(error) if is_refusal(&error) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn is_refusal(error: &Error) -> bool {
    error.is_damage() || error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation)
}
