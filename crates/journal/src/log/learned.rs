//! What was learned of descriptors outside the catalogue: the type and the unit of the first value stay, until something
//! comes that fits only a text; then it is text for ever.

use collector_core::{Unit, ValueType};
use rusqlite::{Connection, params};
use store::sql::Access;

use crate::Result;
use normalise::known::KnownDescriptors;

/// Reads what was learned of descriptors outside the catalogue.
pub(crate) fn load(connection: &Connection, known: &mut KnownDescriptors) -> Result<()> {
    let query = "select descriptor, type, unit from descriptor_type";
    let learned: Vec<(String, String, Option<String>)> = connection.all(query, [], |row| row.try_into())?;
    for (descriptor, value_type, unit) in learned {
        let value_type = ValueType::parse(&value_type).unwrap_or(ValueType::Text);
        known.learn(&descriptor, value_type, unit.map(Unit::other));
    }
    Ok(())
}

/// Fixes the type of a descriptor that the catalogue does not have.
pub(crate) fn learn(
    connection: &Connection,
    descriptor: &str,
    value_type: ValueType,
    unit: Option<&Unit>,
) -> Result<()> {
    connection.run(
        "insert into descriptor_type (descriptor, type, unit) values (?1, ?2, ?3) on conflict do nothing",
        params![descriptor, value_type.as_str(), unit.map(Unit::as_str)],
    )?;
    Ok(())
}

/// Makes it text.
pub(crate) fn widen(connection: &Connection, descriptor: &str) -> Result<()> {
    let update = "update descriptor_type set type = 'text', unit = null where descriptor = ?1";
    connection.run(update, [descriptor])?;
    Ok(())
}
