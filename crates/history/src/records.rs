//! How a record becomes the row of its kind, with its parts in tables of theirs.
//!
//! What was withdrawn keeps its row, without values or parts and not shown: a lower revision that comes late finds it.

use collector_core::{Column, Record, RecordState, Value};
use rusqlite::types::Value as Stored;
use rusqlite::{Connection, OptionalExtension, Result, params_from_iter};

use crate::kinds::{self, ENTRY, Kinds};
use crate::writer::number;

/// Stores the record of an entry in the place of its lower revisions, or says why it never can be stored.
pub fn write(
    connection: &Connection,
    kinds: &mut Kinds,
    vehicle: i64,
    record: &Record,
    seq: u64,
) -> Result<Option<String>> {
    if let Some(reason) = unfit(record) {
        return Ok(Some(format!(
            "a record of the kind {}: {reason}",
            record.kind.name
        )));
    }
    let refused = kinds.prepare(connection, record.kind)?;
    if refused.is_some() {
        return Ok(refused);
    }
    let root = record.kind.plural;
    let key: Vec<Stored> = [Stored::Integer(vehicle)]
        .into_iter()
        .chain(record.key.iter().map(stored))
        .collect();
    let is_it = |kind: &str| -> Result<String> {
        let names = kinds::keys(connection, kind)?;
        let names = kinds::list(names.iter().take(key.len() - 1));
        Ok(format!("(vehicle, {names}) = ({})", marks(key.len())))
    };
    let known: Option<u32> = connection
        .prepare_cached(&format!(
            "SELECT revision FROM {} WHERE {}",
            kinds::table(root),
            is_it(root)?
        ))?
        .query_row(params_from_iter(&key), |row| row.get(0))
        .optional()?;
    let entry = kinds.entry(seq);
    if let Some(known) = known.filter(|known| *known >= record.revision) {
        // What comes again may come out of another journal, or into a table that knew no entries.
        if let (true, Some(entry)) = (known == record.revision, entry) {
            let note = format!(
                "UPDATE {} SET {ENTRY} = {entry} WHERE {} AND {ENTRY} IS NOT {entry}",
                kinds::table(root),
                is_it(root)?
            );
            connection.execute(&note, params_from_iter(&key))?;
        }
        return Ok(None);
    }
    for kind in kinds::of_root(connection, root)? {
        let delete = format!("DELETE FROM {} WHERE {}", kinds::table(&kind), is_it(&kind)?);
        connection
            .prepare_cached(&delete)?
            .execute(params_from_iter(&key))?;
    }
    insert(connection, &key[..1], record, record, entry)?;
    Ok(None)
}

/// One row, and those of its parts; `outer` is the vehicle and the key of what this is a part of, `entry` where it is no part
/// and its table keeps that.
fn insert(
    connection: &Connection,
    outer: &[Stored],
    record: &Record,
    root: &Record,
    entry: Option<i64>,
) -> Result<()> {
    let key: Vec<Stored> = outer
        .iter()
        .cloned()
        .chain(record.key.iter().map(stored))
        .collect();
    let is_withdrawn = root.state == RecordState::Withdrawn;
    let head = [
        Stored::Integer(record.at.as_millisecond()),
        Stored::Integer(root.revision.into()),
        Stored::Text(root.state.to_string()),
    ];
    let values = record.value_columns().map(|(_, value)| match value {
        Some(value) if !is_withdrawn => stored(value),
        _ => Stored::Null,
    });
    let entry = entry.map(|entry| (ENTRY, Stored::Integer(entry)));
    let row = key.iter().cloned().chain(head).chain(values);
    let row: Vec<Stored> = row
        .chain(entry.iter().map(|(_, number)| number.clone()))
        .collect();
    let names = kinds::keys(connection, record.kind.plural)?;
    let others = ["at", "revision", "state"].into_iter();
    let others = others.chain(record.kind.columns.iter().map(|column| column.name));
    let others = others.chain(entry.iter().map(|(name, _)| *name));
    // Of two parts with one key the last counts.
    let insert = format!(
        "INSERT OR REPLACE INTO {} (vehicle, {}) VALUES ({})",
        kinds::table(record.kind.plural),
        kinds::list(names.iter().map(String::as_str).chain(others)),
        marks(row.len())
    );
    connection
        .prepare_cached(&insert)?
        .execute(params_from_iter(row))?;
    let parts = record.children.iter().filter(|_| !is_withdrawn);
    for part in parts {
        self::insert(connection, &key, part, root, None)?;
    }
    Ok(())
}

/// Why a record does not fit its own description.
fn unfit(record: &Record) -> Option<String> {
    let kind = record.kind;
    if record.key.len() != kind.key.len() || record.values.len() > kind.columns.len() {
        return Some("its key or values are not those of its columns".to_owned());
    }
    let keys = record.key_columns();
    let values = record.value_columns();
    let known = values.filter_map(|(column, value)| Some((column, value?)));
    if let Some(reason) = keys.chain(known).find_map(|(column, value)| wrong(column, value)) {
        return Some(reason);
    }
    let stranger = record
        .children
        .iter()
        .find(|part| !kind.children.iter().any(|known| known.name == part.kind.name));
    match stranger {
        Some(part) => Some(format!("{} is no part of it", part.kind.name)),
        None => record.children.iter().find_map(unfit),
    }
}

fn wrong(column: &Column, value: &Value) -> Option<String> {
    let value_type = value.value_type();
    if value_type != column.value_type {
        return Some(format!(
            "{} is of the type {}, this value is of type {value_type}",
            column.name, column.value_type
        ));
    }
    match value {
        Value::Number(number) if !number.is_finite() => Some(format!(
            "{}: {number} is not a number that can be stored",
            column.name
        )),
        _ => None,
    }
}

fn stored(value: &Value) -> Stored {
    match value {
        Value::Bool(value) => Stored::Integer((*value).into()),
        Value::Number(value) => number(*value).unwrap_or(Stored::Null),
        Value::Text(text) => Stored::Text(text.to_string()),
        Value::Timestamp(time) => Stored::Integer(time.as_millisecond()),
    }
}

fn marks(count: usize) -> String {
    vec!["?"; count].join(", ")
}
