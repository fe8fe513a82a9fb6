//! Removes the part of the database that is delivered anew.
//!
//! In many transactions, so that no journal of millions of rows piles up. After each of them `readings` and `latest`
//! tell the truth about what is left, `battery` at the end, and the whole may begin anew at any time.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use collector_core::{Descriptor, Scope, Unit, ValueType, Vehicle};
use jiff::Timestamp;
use rusqlite::{Connection, Result, Transaction, TransactionBehavior, params};

use crate::{battery, kinds, rollup};

/// How many rows of a series one transaction goes through.
const ROWS: i64 = 50_000;

const NANOSECONDS_OF_MILLISECOND: i128 = 1_000_000;

/// Leaves the connection without the check of references.
pub fn erase(connection: &mut Connection, scope: &Scope, has_rollups: bool) -> Result<()> {
    let Some(moments) = moments(scope) else {
        return Ok(());
    };
    let begins = scope.begins.map_or(i64::MIN, Timestamp::as_millisecond);
    // No row speaks of a descriptor that is removed at the end, but to prove it all rows would be read.
    connection.execute_batch(
        "PRAGMA foreign_keys = OFF;
         CREATE TEMP TABLE IF NOT EXISTS covered
           (series_id INTEGER, source_id INTEGER, PRIMARY KEY (series_id, source_id)) WITHOUT ROWID",
    )?;
    for (vehicle_id, vehicle) in vehicles(connection)? {
        if !scope.covers_vehicle(&vehicle) {
            continue;
        }
        let transaction = begin(connection)?;
        records(&transaction, vehicle_id, &moments)?;
        note_covered(&transaction, scope, vehicle_id, &vehicle)?;
        transaction.commit()?;
        readings(connection, vehicle_id, &moments, begins, has_rollups)?;
    }
    let transaction = begin(connection)?;
    // What no vehicle has values of is made anew by the next reading, with the type and unit of today.
    transaction.execute_batch(
        "DELETE FROM series WHERE id NOT IN (SELECT series_id FROM recent)
           AND NOT EXISTS (SELECT 1 FROM middle WHERE series_id = series.id)
           AND NOT EXISTS (SELECT 1 FROM history WHERE series_id = series.id);
         DELETE FROM descriptor WHERE id NOT IN (SELECT descriptor_id FROM series)",
    )?;
    transaction.commit()
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

/// Notes the series and sources whose readings the scope takes in, as far as they are of the vehicle and the time.
fn note_covered(
    transaction: &Transaction<'_>,
    scope: &Scope,
    vehicle_id: i64,
    vehicle: &Vehicle,
) -> Result<()> {
    // A moment within the bounds: these are searched for by the rows' key.
    let at = scope.since.or(scope.until).unwrap_or(Timestamp::UNIX_EPOCH);
    transaction.execute("DELETE FROM covered", [])?;
    let mut insert = transaction.prepare("INSERT INTO covered VALUES (?1, ?2)")?;
    let sources = sources(transaction)?;
    for (series_id, descriptor) in told_by(transaction, vehicle_id)? {
        for (source_id, source) in &sources {
            if scope.covers(vehicle, &descriptor, Some(source), at) {
                insert.execute([series_id, *source_id])?;
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

/// The series of a vehicle, each with its descriptor.
fn told_by(connection: &Connection, vehicle: i64) -> Result<Vec<(i64, Descriptor)>> {
    let mut statement = connection.prepare(
        "SELECT series.id, descriptor, name, type, unit
         FROM series JOIN descriptor ON descriptor.id = descriptor_id WHERE vehicle_id = ?1",
    )?;
    let rows = statement.query_map([vehicle], |row| {
        let (id, name): (String, String) = (row.get(1)?, row.get(2)?);
        let value_type = ValueType::parse(row.get_ref(3)?.as_str()?).unwrap_or(ValueType::Text);
        let unit = row.get::<_, Option<String>>(4)?.map(Unit::other);
        Ok((row.get(0)?, Descriptor::new(&id, &name, value_type, unit)))
    })?;
    rows.collect()
}

/// Removes readings of a vehicle series by series. What was received before `begins`, in milliseconds, stays.
fn readings(
    connection: &mut Connection,
    vehicle: i64,
    moments: &RangeInclusive<i64>,
    begins: i64,
    has_rollups: bool,
) -> Result<()> {
    for series in series(connection, vehicle)? {
        let mut from = *moments.start();
        loop {
            let transaction = begin(connection)?;
            let behind: Option<i64> = transaction
                .prepare_cached(
                    "SELECT (SELECT measured_at FROM history WHERE series_id = ?1 AND measured_at BETWEEN ?2 AND ?3
                     ORDER BY measured_at LIMIT 1 OFFSET ?4)",
                )?
                .query_row(params![series, from, moments.end(), ROWS], |row| row.get(0))?;
            let to = behind.map_or(*moments.end(), |behind| from.max(behind - 1));
            let gone = remove(&transaction, series, [from, to], begins)?;
            if let Some(gone) = gone.filter(|_| has_rollups) {
                rollup::removed(&transaction, series, from, to, gone)?;
            }
            transaction.commit()?;
            if behind.is_none() || to == *moments.end() {
                break;
            }
            from = to + 1;
        }
    }
    for table in ["middle", "recent"] {
        let transaction = begin(connection)?;
        let gone = remove_all(&transaction, table, moments, begins)?;
        for (series, gone) in gone.into_iter().filter(|_| has_rollups && table == "middle") {
            rollup::totals::take(&transaction, series, gone)?;
        }
        transaction.commit()?;
    }
    battery(connection, vehicle, moments)
}

/// Removes rows of a series from `history` between two moments; `None` where none were, else how many were readings.
fn remove(
    transaction: &Transaction<'_>,
    series: i64,
    [from, to]: [i64; 2],
    begins: i64,
) -> Result<Option<i64>> {
    let mut delete = transaction.prepare_cached(
        "DELETE FROM history WHERE series_id = ?1 AND measured_at BETWEEN ?2 AND ?3 AND measured_at + delay >= ?4
         AND source_id IN (SELECT source_id FROM covered WHERE series_id = ?1)
         RETURNING occurrence >= 0",
    )?;
    let mut rows = delete.query(params![series, from, to, begins])?;
    let mut gone = None;
    while let Some(row) = rows.next()? {
        gone = Some(gone.unwrap_or(0) + row.get::<_, i64>(0)?);
    }
    Ok(gone)
}

/// Removes rows from another table; how many of each series were readings.
fn remove_all(
    transaction: &Transaction<'_>,
    table: &str,
    moments: &RangeInclusive<i64>,
    begins: i64,
) -> Result<HashMap<i64, i64>> {
    let mut delete = transaction.prepare(&format!(
        "DELETE FROM {table} WHERE measured_at BETWEEN ?1 AND ?2 AND measured_at + delay >= ?3
         AND (series_id, source_id) IN (SELECT series_id, source_id FROM covered)
         RETURNING series_id, occurrence >= 0"
    ))?;
    let mut rows = delete.query(params![moments.start(), moments.end(), begins])?;
    let mut gone = HashMap::new();
    while let Some(row) = rows.next()? {
        *gone.entry(row.get(0)?).or_default() += row.get::<_, i64>(1)?;
    }
    Ok(gone)
}

/// Those of a vehicle that have what is covered.
fn series(connection: &Connection, vehicle: i64) -> Result<Vec<i64>> {
    let sql = "SELECT id FROM series WHERE vehicle_id = ?1 AND id IN (SELECT series_id FROM covered)";
    let mut statement = connection.prepare(sql)?;
    let rows = statement.query_map([vehicle], |row| row.get(0))?;
    rows.collect()
}

/// What is known of the battery follows from the readings that are left.
fn battery(connection: &mut Connection, vehicle: i64, moments: &RangeInclusive<i64>) -> Result<()> {
    let mut from = *moments.start();
    loop {
        let transaction = begin(connection)?;
        let row = "SELECT (SELECT measured_at FROM battery_row WHERE measured_at BETWEEN ?2 AND ?3 AND vehicle_id = ?1
                   ORDER BY measured_at LIMIT 1 OFFSET ?4)";
        let row = |offset: i64| {
            transaction.query_row(row, params![vehicle, from, moments.end(), offset], |row| {
                row.get::<_, Option<i64>>(0)
            })
        };
        let Some(first) = row(0)? else {
            return Ok(());
        };
        let behind = row(ROWS)?;
        let to = behind.map_or(*moments.end(), |behind| behind - 1);
        battery::remake(&transaction, vehicle, first, to)?;
        transaction.commit()?;
        if behind.is_none() {
            return Ok(());
        }
        from = to + 1;
    }
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
