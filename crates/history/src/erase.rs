//! Removes the part of the database that is delivered anew.
//!
//! In many transactions, so that no journal of millions of rows piles up. After each of them the views tell the truth
//! about what is left, and the whole may begin anew at any time.

use std::collections::HashSet;
use std::ops::RangeInclusive;

use collector_core::{Descriptor, Scope, Unit, ValueType, Vehicle};
use jiff::Timestamp;
use rusqlite::{Connection, Result, Transaction, TransactionBehavior, params};

use crate::kinds;

/// How many rows of a vehicle one transaction goes through.
const ROWS: i64 = 50_000;

const NANOSECONDS_OF_MILLISECOND: i128 = 1_000_000;

/// Leaves the connection without the check of references.
pub fn erase(connection: &mut Connection, scope: &Scope) -> Result<()> {
    let Some(moments) = moments(scope) else {
        return Ok(());
    };
    let begins = scope.begins.map_or(i64::MIN, Timestamp::as_millisecond);
    // No row speaks of a descriptor that is removed at the end, but to prove it all rows would be read.
    connection.execute_batch(
        "PRAGMA foreign_keys = OFF;
         CREATE TEMP TABLE IF NOT EXISTS covered
           (descriptor_id INTEGER, source_id INTEGER, PRIMARY KEY (descriptor_id, source_id)) WITHOUT ROWID",
    )?;
    for (vehicle_id, vehicle) in vehicles(connection)? {
        if !scope.covers_vehicle(&vehicle) {
            continue;
        }
        let transaction = begin(connection)?;
        records(&transaction, vehicle_id, &moments)?;
        note_covered(&transaction, scope, &vehicle)?;
        transaction.commit()?;
        readings(connection, vehicle_id, &moments, begins)?;
    }
    // What no vehicle has values of is made anew by the next reading, with the type and unit of today.
    connection.execute(
        "DELETE FROM descriptor WHERE id NOT IN (SELECT descriptor_id FROM newest)",
        [],
    )?;
    Ok(())
}

fn begin(connection: &mut Connection) -> Result<Transaction<'_>> {
    connection.transaction_with_behavior(TransactionBehavior::Immediate)
}

/// The whole milliseconds within the bounds of the scope; `None` where there are none.
fn moments(scope: &Scope) -> Option<RangeInclusive<i64>> {
    let floor = |nanosecond: i128| i64::try_from(nanosecond.div_euclid(NANOSECONDS_OF_MILLISECOND)).ok();
    let first = match scope.since {
        Some(since) => -floor(-since.as_nanosecond())?,
        None => i64::MIN,
    };
    let last = match scope.until {
        Some(until) => floor(until.as_nanosecond())?,
        None => i64::MAX,
    };
    (first <= last).then_some(first..=last)
}

fn vehicles(connection: &Connection) -> Result<Vec<(i64, Vehicle)>> {
    let mut statement = connection.prepare("SELECT id, vin, name FROM vehicle")?;
    let rows = statement.query_map([], |row| {
        let (vin, name): (String, String) = (row.get(1)?, row.get(2)?);
        let vin = vin.parse().ok();
        Ok((
            row.get(0)?,
            vin.map(|vin| Vehicle {
                vin,
                name: name.into(),
            }),
        ))
    })?;
    // A row with a VIN that is none was not written by this sink.
    rows.filter_map(|row| row.map(|(id, vehicle)| Some((id, vehicle?))).transpose())
        .collect()
}

/// Notes the descriptors and sources whose readings the scope takes in, as far as they are of the vehicle and the time.
fn note_covered(transaction: &Transaction<'_>, scope: &Scope, vehicle: &Vehicle) -> Result<()> {
    // A moment within the bounds: these are searched for by the rows' key.
    let at = scope.since.or(scope.until).unwrap_or(Timestamp::UNIX_EPOCH);
    transaction.execute("DELETE FROM covered", [])?;
    let mut insert = transaction.prepare("INSERT INTO covered VALUES (?1, ?2)")?;
    let sources = sources(transaction)?;
    for (descriptor_id, descriptor) in descriptors(transaction)? {
        for (source_id, source) in &sources {
            if scope.covers(vehicle, &descriptor, Some(source), at) {
                insert.execute([descriptor_id, *source_id])?;
            }
        }
    }
    Ok(())
}

fn sources(connection: &Connection) -> Result<Vec<(i64, String)>> {
    let mut statement = connection.prepare("SELECT id, name FROM source")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.collect()
}

fn descriptors(connection: &Connection) -> Result<Vec<(i64, Descriptor)>> {
    let mut statement = connection.prepare("SELECT id, descriptor, name, type, unit FROM descriptor")?;
    let rows = statement.query_map([], |row| {
        let (id, name): (String, String) = (row.get(1)?, row.get(2)?);
        let value_type = ValueType::parse(row.get_ref(3)?.as_str()?).unwrap_or(ValueType::Text);
        let unit = row.get::<_, Option<String>>(4)?.map(Unit::other);
        Ok((row.get(0)?, Descriptor::new(&id, &name, value_type, unit)))
    })?;
    rows.collect()
}

/// From old to new, so that a row which is the last of its descriptor goes when those before it are gone.
/// What was received before `begins`, in milliseconds, stays.
fn readings(
    connection: &mut Connection,
    vehicle: i64,
    moments: &RangeInclusive<i64>,
    begins: i64,
) -> Result<()> {
    let mut from = *moments.start();
    loop {
        let transaction = begin(connection)?;
        let behind: Option<i64> = transaction
            .prepare_cached(
                "SELECT (SELECT measured_at FROM reading
                 WHERE vehicle_id = ?1 AND measured_at BETWEEN ?2 AND ?3
                 ORDER BY measured_at LIMIT 1 OFFSET ?4)",
            )?
            .query_row(params![vehicle, from, moments.end(), ROWS], |row| row.get(0))?;
        let to = behind.map_or(*moments.end(), |behind| from.max(behind - 1));
        let removed = transaction
            .prepare_cached(
                "DELETE FROM reading WHERE vehicle_id = ?1 AND measured_at BETWEEN ?2 AND ?3
                 AND measured_at + delay >= ?4
                 AND (descriptor_id, source_id) IN (SELECT descriptor_id, source_id FROM covered)",
            )?
            .execute(params![vehicle, from, to, begins])?;
        if removed > 0 {
            mend_newest(&transaction, vehicle, from, to)?;
        }
        transaction.commit()?;
        if behind.is_none() || to == *moments.end() {
            return Ok(());
        }
        from = to + 1;
    }
}

/// Where the last row of a descriptor was removed, the one before it is the last.
fn mend_newest(transaction: &Transaction<'_>, vehicle: i64, from: i64, to: i64) -> Result<()> {
    let mut removed: HashSet<i64> = transaction
        .prepare_cached(
            "SELECT descriptor_id FROM newest
             WHERE vehicle_id = ?1 AND measured_at BETWEEN ?2 AND ?3 AND NOT EXISTS (
               SELECT 1 FROM reading
               WHERE reading.vehicle_id = newest.vehicle_id
                 AND reading.measured_at = newest.measured_at
                 AND reading.descriptor_id = newest.descriptor_id
                 AND reading.occurrence = newest.occurrence
             )",
        )?
        .query_map([vehicle, from, to], |row| row.get(0))?
        .collect::<Result<_>>()?;
    let mut backwards = transaction.prepare_cached(
        "SELECT descriptor_id, measured_at, occurrence FROM reading
         WHERE vehicle_id = ?1 AND measured_at <= ?2
         ORDER BY measured_at DESC, descriptor_id DESC, occurrence DESC",
    )?;
    let mut update = transaction.prepare_cached(
        "UPDATE newest SET measured_at = ?3, occurrence = ?4 WHERE vehicle_id = ?1 AND descriptor_id = ?2",
    )?;
    let mut rows = backwards.query([vehicle, to])?;
    while !removed.is_empty()
        && let Some(row) = rows.next()?
    {
        let descriptor: i64 = row.get(0)?;
        if removed.remove(&descriptor) {
            let (measured_at, occurrence): (i64, i64) = (row.get(1)?, row.get(2)?);
            update.execute([vehicle, descriptor, measured_at, occurrence])?;
        }
    }
    let mut delete =
        transaction.prepare_cached("DELETE FROM newest WHERE vehicle_id = ?1 AND descriptor_id = ?2")?;
    for descriptor in removed {
        delete.execute([vehicle, descriptor])?;
    }
    Ok(())
}

/// Records go with their parts, whatever the time of these.
fn records(transaction: &Transaction<'_>, vehicle: i64, moments: &RangeInclusive<i64>) -> Result<()> {
    for root in kinds::roots(transaction)? {
        let keys = kinds::keys(transaction, &root)?;
        let within = format!(
            "SELECT vehicle, {} FROM {} WHERE vehicle = ?1 AND at BETWEEN ?2 AND ?3",
            kinds::list(keys.iter()),
            kinds::table(&root)
        );
        // Its parts first: they are found by the records that are there.
        for kind in kinds::of_root(transaction, &root)? {
            let prefix = kinds::keys(transaction, &kind)?;
            let delete = format!(
                "DELETE FROM {} WHERE (vehicle, {}) IN ({within})",
                kinds::table(&kind),
                kinds::list(prefix.iter().take(keys.len()))
            );
            transaction.execute(&delete, params![vehicle, moments.start(), moments.end()])?;
        }
    }
    Ok(())
}
