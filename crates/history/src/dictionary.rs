//! The numbers that stand for vehicles, descriptors, sources, units and texts in the rows.
//!
//! A number that was handed out in a transaction that did not commit is void, so a dictionary lives no longer
//! than until the first error.

use std::collections::HashMap;
use std::collections::hash_map::Entry as Slot;
use std::sync::Arc;

use collector_core::{Descriptor, Name, Origin, Snapshot, Stamp, Unit, ValueType, Vehicle, Vin};
use rusqlite::{Connection, OptionalExtension, Result, ToSql, params};

use crate::battery;
use crate::fold::TABLES;

/// Longer texts (JSON, XML) and more texts than these are looked up in the database, to keep memory small.
const TEXT_BYTES: usize = 64;
const TEXTS: usize = 4_096;

/// The statements that make texts of a descriptor's values, in this order; those with `{rows}` for each table of readings.
const WIDEN: [&str; 3] = [
    "INSERT OR IGNORE INTO text (value)
        SELECT DISTINCT CASE type WHEN 'bool' THEN iif(value, 'true', 'false') ELSE CAST(value AS TEXT) END
        FROM descriptor JOIN series ON series.descriptor_id = descriptor.id JOIN {rows} ON series_id = series.id
        WHERE descriptor = ?1 AND value IS NOT NULL",
    "UPDATE {rows} SET unit_id = NULL, value = (
            SELECT text.id FROM series JOIN descriptor ON descriptor.id = series.descriptor_id JOIN text
            ON text.value = CASE type WHEN 'bool' THEN iif({rows}.value, 'true', 'false') ELSE CAST({rows}.value AS TEXT) END
            WHERE series.id = {rows}.series_id)
        WHERE value IS NOT NULL AND series_id IN (
            SELECT series.id FROM series JOIN descriptor ON descriptor.id = descriptor_id WHERE descriptor = ?1)",
    "UPDATE descriptor SET type = 'text', unit = NULL WHERE descriptor = ?1",
];

#[derive(Default)]
pub struct Dictionary {
    vehicles: HashMap<Vin, (i64, Name)>,
    sources: HashMap<(Name, Origin, Name, Stamp), i64>,
    descriptors: HashMap<Descriptor, Recorded>,
    /// By vehicle and descriptor.
    series: HashMap<(i64, i64), i64>,
    units: HashMap<Unit, i64>,
    texts: HashMap<Arc<str>, i64>,
}

/// What the database says of a descriptor. It was written when the descriptor was first seen, and the rows
/// depend on it.
struct Recorded {
    id: i64,
    /// What it tells of the battery.
    battery: Option<i64>,
    value_type: ValueType,
    unit: Option<Unit>,
}

/// How a reading's descriptor and unit stand in its row.
#[derive(Debug, Clone, Copy)]
pub struct Numbers {
    pub series: i64,
    /// It tells of the battery.
    pub is_battery: bool,
    /// The type of every value of the descriptor that stands in the database.
    pub value_type: ValueType,
    /// `None` where the reading has the unit that stands with its descriptor.
    pub unit: Option<i64>,
}

impl Dictionary {
    /// A vehicle that was given another name is renamed for all its readings.
    pub fn vehicle(&mut self, connection: &Connection, vehicle: &Vehicle) -> Result<i64> {
        if let Some((id, name)) = self.vehicles.get(&vehicle.vin)
            && *name == vehicle.name
        {
            return Ok(*id);
        }
        let vin = vehicle.vin.as_str();
        let upsert = "INSERT INTO vehicle (vin, name) VALUES (?1, ?2)
            ON CONFLICT (vin) DO UPDATE SET name = excluded.name WHERE name <> excluded.name";
        let mut upsert = connection.prepare_cached(upsert)?;
        upsert.execute(params![vin, vehicle.name])?;
        let id = select(connection, "SELECT id FROM vehicle WHERE vin = ?1", params![vin])?;
        self.vehicles
            .insert(vehicle.vin.clone(), (id, vehicle.name.clone()));
        Ok(id)
    }

    pub fn source(&mut self, connection: &Connection, snapshot: &Snapshot, stamp: Stamp) -> Result<i64> {
        let (name, account) = (snapshot.source.clone(), snapshot.account.clone());
        let key = (name, snapshot.origin, account, stamp);
        if let Some(id) = self.sources.get(&key) {
            return Ok(*id);
        }
        let values = params![key.0, key.1.as_str(), key.2, stamp.as_str()];
        let insert = "INSERT INTO source (name, origin, account, stamp) VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT DO NOTHING";
        connection.prepare_cached(insert)?.execute(values)?;
        let sql = "SELECT id FROM source WHERE name = ?1 AND origin = ?2 AND account = ?3 AND stamp = ?4";
        let id = select(connection, sql, values)?;
        self.sources.insert(key, id);
        Ok(id)
    }

    pub fn numbers(
        &mut self,
        connection: &Connection,
        vehicle: i64,
        descriptor: &Descriptor,
        reading_unit: Option<&Unit>,
    ) -> Result<Numbers> {
        let recorded = match self.descriptors.get(descriptor) {
            Some(recorded) => recorded,
            None => {
                let recorded = record(connection, descriptor)?;
                self.descriptors.entry(descriptor.clone()).or_insert(recorded)
            }
        };
        let unit = match reading_unit {
            same if same == recorded.unit.as_ref() => None,
            other => Some(unit(&mut self.units, connection, other)?),
        };
        let series = match self.series.entry((vehicle, recorded.id)) {
            Slot::Occupied(known) => *known.get(),
            Slot::Vacant(slot) => *slot.insert(series(connection, vehicle, recorded)?),
        };
        Ok(Numbers {
            series,
            is_battery: recorded.battery.is_some(),
            value_type: recorded.value_type,
            unit,
        })
    }

    /// Makes texts of what stands in the rows of a descriptor that turned out to be text.
    pub fn widen(&mut self, connection: &Connection, descriptor: &Descriptor) -> Result<()> {
        let id = descriptor.as_str();
        for table in TABLES {
            for sql in &WIDEN[..2] {
                connection.execute(&sql.replace("{rows}", table), params![id])?;
            }
        }
        connection.execute(WIDEN[2], params![id])?;
        self.descriptors.remove(descriptor);
        Ok(())
    }

    pub fn text(&mut self, connection: &Connection, text: &Arc<str>) -> Result<i64> {
        if let Some(id) = self.texts.get(text) {
            return Ok(*id);
        }
        let found = select(connection, "SELECT id FROM text WHERE value = ?1", params![text]);
        let id = match found.optional()? {
            Some(id) => id,
            None => connection
                .prepare_cached("INSERT INTO text (value) VALUES (?1)")?
                .insert(params![text])?,
        };
        if text.len() <= TEXT_BYTES && self.texts.len() < TEXTS {
            self.texts.insert(text.clone(), id);
        }
        Ok(id)
    }
}

fn unit(units: &mut HashMap<Unit, i64>, connection: &Connection, unit: Option<&Unit>) -> Result<i64> {
    let unit = unit.cloned().unwrap_or(Unit::new(""));
    if let Some(id) = units.get(&unit) {
        return Ok(*id);
    }
    let values = params![unit.as_str()];
    let insert = "INSERT INTO unit (unit) VALUES (?1) ON CONFLICT DO NOTHING";
    connection.prepare_cached(insert)?.execute(values)?;
    let id = select(connection, "SELECT id FROM unit WHERE unit = ?1", values)?;
    units.insert(unit, id);
    Ok(id)
}

fn series(connection: &Connection, vehicle: i64, descriptor: &Recorded) -> Result<i64> {
    let values = params![vehicle, descriptor.id];
    connection
        .prepare_cached(
            "INSERT INTO series (vehicle_id, descriptor_id, battery) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
        )?
        .execute(params![vehicle, descriptor.id, descriptor.battery])?;
    let sql = "SELECT id FROM series WHERE vehicle_id = ?1 AND descriptor_id = ?2";
    select(connection, sql, values)
}

/// Adds a descriptor that was never seen. Of one that was, a new short name is taken over; type and unit stay.
fn record(connection: &Connection, descriptor: &Descriptor) -> Result<Recorded> {
    let id = descriptor.as_str();
    let unit = descriptor.unit().map(Unit::as_str);
    let value_type = descriptor.value_type().as_str();
    let upsert = "INSERT INTO descriptor (descriptor, name, type, unit) VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT (descriptor) DO UPDATE SET name = excluded.name WHERE name <> excluded.name";
    let mut upsert = connection.prepare_cached(upsert)?;
    upsert.execute(params![id, descriptor.name(), value_type, unit])?;
    connection
        .prepare_cached("SELECT id, type, unit FROM descriptor WHERE descriptor = ?1")?
        .query_row(params![id], |row| {
            let stored: Option<String> = row.get(2)?;
            let unit = match stored {
                Some(stored) if Some(stored.as_str()) == unit => descriptor.unit().cloned(),
                other => other.map(Unit::other),
            };
            let value_type = ValueType::parse(row.get_ref(1)?.as_str()?);
            Ok(Recorded {
                id: row.get(0)?,
                battery: battery::key(id),
                // The table's CHECK allows no other word.
                value_type: value_type.unwrap_or(ValueType::Text),
                unit,
            })
        })
}

fn select(connection: &Connection, sql: &str, values: &[&dyn ToSql]) -> Result<i64> {
    connection
        .prepare_cached(sql)?
        .query_row(values, |row| row.get(0))
}
