//! The vehicles of a history, and what each of them tells by.

use collector_core::{ValueType, Vin};
use rusqlite::{Connection, Result, Row};

use super::reader::{ReadError, Reader};

/// A vehicle that has told something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VehicleRow {
    pub vin: Vin,
    /// As its owner calls it.
    pub name: String,
}

/// One descriptor of a vehicle.
#[derive(Debug, Clone)]
pub struct Key {
    pub series: i64,
    /// BMW's identifier.
    pub descriptor: String,
    /// The short name.
    pub name: String,
    pub value_type: ValueType,
    /// Of readings that name no other.
    pub unit: Option<String>,
}

pub const KEYS: &str = "SELECT series.id, descriptor, name, type, unit
    FROM series JOIN descriptor ON descriptor.id = descriptor_id
    WHERE vehicle_id = (SELECT id FROM vehicle WHERE vin = ?1) AND (?2 IS NULL OR descriptor = ?2)
    ORDER BY descriptor";

impl Reader {
    /// In the order in which they were first heard of.
    ///
    /// # Errors
    /// See [`Reader`].
    pub fn vehicles(&self) -> std::result::Result<Vec<VehicleRow>, ReadError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached("SELECT vin, name FROM vehicle ORDER BY id")?;
            let rows = statement.query_map([], |row| {
                let vin = row.get_ref(0)?.as_str()?.parse();
                let name = row.get(1)?;
                Ok(vin.ok().map(|vin| VehicleRow { vin, name }))
            })?;
            // What is no VIN was not written by this program.
            rows.filter_map(Result::transpose).collect()
        })
    }
}

/// What a vehicle tells by, or the one of these descriptors, by BMW's identifiers.
pub fn keys(connection: &Connection, vin: &Vin, descriptor: Option<&str>) -> Result<Vec<Key>> {
    let mut statement = connection.prepare_cached(KEYS)?;
    let rows = statement.query_map((vin.as_str(), descriptor), key)?;
    rows.collect()
}

fn key(row: &Row<'_>) -> Result<Key> {
    let value_type = ValueType::parse(row.get_ref(3)?.as_str()?);
    Ok(Key {
        series: row.get(0)?,
        descriptor: row.get(1)?,
        name: row.get(2)?,
        // The table's CHECK allows no other word.
        value_type: value_type.unwrap_or(ValueType::Text),
        unit: row.get(4)?,
    })
}
