//! The tables and views of the kinds of records, made and extended from what each kind says of itself.
//!
//! A kind goes by its [`RecordKind::plural`] here. The keys of a part begin with those of the record that it is a part of.
//! What stands in `record_column` makes the view, so that a program which knows fewer columns takes none away.

use std::collections::{HashMap, HashSet};

use collector_core::{Column, RecordKind, RecordState, Unit, ValueType};
use rusqlite::{Connection, OptionalExtension, Result, params};

use crate::views;

/// Columns of every table or view of records.
const RESERVED: [&str; 7] = ["vin", "vehicle", "at", "at_ms", "revision", "state", ENTRY];
/// The number of the journal's entry that a record came with, in databases that have roll-ups: its reasons stand there. In no
/// view. `NULL` where it was stored before it was kept.
pub const ENTRY: &str = "entry";

/// The kinds whose tables were made or looked at since the database was opened, with what each is a part of.
pub struct Kinds {
    /// Whether [`ENTRY`] is kept.
    has_entries: bool,
    ready: HashMap<&'static str, (&'static RecordKind, &'static str)>,
}

/// A column as it is to be.
#[derive(Clone)]
struct Field {
    name: String,
    value_type: ValueType,
    unit: Option<&'static str>,
    is_key: bool,
}

impl Kinds {
    pub fn new(has_entries: bool) -> Self {
        Self {
            has_entries,
            ready: HashMap::new(),
        }
    }

    /// The number of an entry as a column holds it, where one does.
    pub fn entry(&self, seq: u64) -> Option<i64> {
        self.has_entries.then(|| i64::try_from(seq).unwrap_or(i64::MAX))
    }

    /// Makes what is missing of the tables of a kind and of its parts; or says why they cannot be made.
    pub fn prepare(&mut self, connection: &Connection, kind: &'static RecordKind) -> Result<Option<String>> {
        self.prepare_part(connection, kind, kind.plural, &[])
    }

    fn prepare_part(
        &mut self,
        connection: &Connection,
        kind: &'static RecordKind,
        root: &'static str,
        outer: &[Field],
    ) -> Result<Option<String>> {
        let ready = self.ready.get(kind.plural);
        if ready.is_none_or(|(known, of)| !std::ptr::eq(*known, kind) || *of != root) {
            let refused = make(connection, kind, root, outer)?;
            if refused.is_some() {
                return Ok(refused);
            }
            if self.has_entries && kind.plural == root && !has_entries(connection, root)? {
                let add = format!("ALTER TABLE {} ADD COLUMN {ENTRY} INTEGER", table(root));
                connection.execute_batch(&add)?;
            }
            self.ready.insert(kind.plural, (kind, root));
        }
        let mut inner = outer.to_vec();
        inner.extend(kind.key.iter().map(|column| Field {
            name: format!("{}_{}", kind.short, column.name),
            ..field(column, true)
        }));
        for part in kind.children {
            let refused = self.prepare_part(connection, part, root, &inner)?;
            if refused.is_some() {
                return Ok(refused);
            }
        }
        Ok(None)
    }
}

fn field(column: &'static Column, is_key: bool) -> Field {
    Field {
        name: column.name.to_owned(),
        value_type: column.value_type,
        unit: column.unit.as_ref().map(Unit::as_str),
        is_key,
    }
}

fn make(
    connection: &Connection,
    kind: &'static RecordKind,
    root: &str,
    outer: &[Field],
) -> Result<Option<String>> {
    let own = kind.key.iter().map(|column| field(column, true));
    let values = kind.columns.iter().map(|column| field(column, false));
    let wanted: Vec<Field> = outer.iter().cloned().chain(own).chain(values).collect();
    if let Some(reason) = unfit(kind.plural, &wanted) {
        return Ok(Some(format!("records of the kind {}: {reason}", kind.name)));
    }
    let refused = |reason: &str| Ok(Some(format!("records of the kind {}: {reason}", kind.name)));
    let known_root: Option<String> = connection
        .prepare_cached("SELECT root FROM record_kind WHERE kind = ?1")?
        .query_row([kind.plural], |row| row.get(0))
        .optional()?;
    match known_root {
        None if is_taken(connection, kind.plural)? => {
            return refused("the database has a table or view of that name for something else");
        }
        None => make_table(connection, kind, root, &wanted)?,
        Some(known) if known != root => {
            return refused(&format!("they stand in the database as parts of {known}"));
        }
        Some(_) => {}
    }
    let known = columns(connection, kind.plural)?;
    let key = |fields: &[Field]| -> Vec<(String, ValueType)> {
        let keys = fields.iter().filter(|field| field.is_key);
        keys.map(|key| (key.name.clone(), key.value_type)).collect()
    };
    if key(&known) != key(&wanted) {
        return refused("they stand in the database with another key");
    }
    let mut missing = Vec::new();
    for field in &wanted {
        match known.iter().find(|known| known.name == field.name) {
            Some(known) if known.value_type != field.value_type => {
                return refused(&format!(
                    "{} is stored with the type {}",
                    field.name, known.value_type
                ));
            }
            Some(_) => {}
            None => missing.push(field),
        }
    }
    for (position, field) in (known.len()..).zip(&missing) {
        let name = quoted(&field.name);
        connection.execute_batch(&format!("ALTER TABLE {} ADD COLUMN {name}", table(kind.plural)))?;
        note_column(connection, kind.plural, position, field)?;
    }
    if !missing.is_empty() || !is_shown(connection, kind.plural)? {
        make_view(connection, kind.plural)?;
    }
    Ok(None)
}

/// Why a description cannot become a table: names are only put into statements when they are plain.
fn unfit(kind: &str, fields: &[Field]) -> Option<String> {
    let is_plain = |name: &str| {
        name.starts_with(|first: char| first.is_ascii_lowercase())
            && name.chars().all(|one| matches!(one, 'a'..='z' | '0'..='9' | '_'))
    };
    if !is_plain(kind) || kind.starts_with("sqlite_") {
        return Some("its name cannot be that of a table".to_owned());
    }
    let mut shown: HashSet<String> = RESERVED.map(str::to_owned).into();
    let mut fits = |field: &&Field| {
        is_plain(&field.name)
            && shown.insert(field.name.clone())
            && (field.value_type != ValueType::Timestamp || shown.insert(milliseconds(&field.name)))
    };
    let wrong = fields.iter().find(|field| !fits(field));
    wrong.map(|field| format!("{:?} cannot be the name of a column", field.name))
}

/// What a column of times is called where it shows a number.
fn milliseconds(name: &str) -> String {
    format!("{name}_ms")
}

/// Whether the table of a kind, by its plural, has [`ENTRY`].
pub fn has_entries(connection: &Connection, kind: &str) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM pragma_table_info('record_' || ?1) WHERE name = ?2)";
    connection.query_row(sql, [kind, ENTRY], |row| row.get(0))
}

fn is_taken(connection: &Connection, kind: &str) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE name IN (?1, 'record_' || ?1))";
    connection.query_row(sql, [kind], |row| row.get(0))
}

fn is_shown(connection: &Connection, kind: &str) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'view' AND name = ?1)";
    connection.query_row(sql, [kind], |row| row.get(0))
}

/// With the key alone; the other columns are added one by one, as later ones are.
fn make_table(
    connection: &Connection,
    kind: &'static RecordKind,
    root: &str,
    wanted: &[Field],
) -> Result<()> {
    connection.execute(
        "INSERT INTO record_kind (kind, title, root) VALUES (?1, ?2, ?3)",
        params![kind.plural, kind.title, root],
    )?;
    let keys: Vec<&Field> = wanted.iter().filter(|field| field.is_key).collect();
    let names = list(keys.iter().map(|key| &key.name));
    let columns: String = keys
        .iter()
        .map(|key| format!("{} NOT NULL, ", quoted(&key.name)))
        .collect();
    let table = table(kind.plural);
    // A vehicle takes its records along, whoever removes it.
    let forget = quoted(&format!("forget_{}", kind.plural));
    // What an owner asks by: when it began, of a part too.
    let times = keys.iter().rfind(|key| key.value_type == ValueType::Timestamp);
    let time = quoted(times.map_or("at", |key| &key.name));
    connection.execute_batch(&format!(
        "CREATE TABLE {table} (vehicle INTEGER NOT NULL REFERENCES vehicle, {columns}at INTEGER NOT NULL,
         revision INTEGER NOT NULL, state TEXT NOT NULL, PRIMARY KEY (vehicle, {names})) WITHOUT ROWID;
         CREATE TRIGGER {forget} BEFORE DELETE ON vehicle BEGIN DELETE FROM {table} WHERE vehicle = OLD.id; END;
         CREATE INDEX \"record_{}_by_time\" ON {table} ({time})",
        kind.plural
    ))?;
    for (position, field) in keys.into_iter().enumerate() {
        note_column(connection, kind.plural, position, field)?;
    }
    Ok(())
}

fn note_column(connection: &Connection, kind: &str, position: usize, field: &Field) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO record_column (kind, position, name, type, unit, is_key)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            kind,
            i64::try_from(position).unwrap_or(i64::MAX),
            field.name,
            field.value_type.as_str(),
            field.unit,
            field.is_key
        ])?;
    Ok(())
}

/// Makes the views of all kinds anew, as this version shows them.
pub fn remake_views(connection: &Connection) -> Result<()> {
    let kinds = texts(connection, "SELECT kind FROM record_kind WHERE ?1 = ''", "")?;
    kinds.iter().try_for_each(|kind| make_view(connection, kind))
}

/// What a person reads: the records that count, with names and times.
fn make_view(connection: &Connection, kind: &str) -> Result<()> {
    let moment = |name: &str| {
        let (column, in_ms) = (format!("record.{}", quoted(name)), quoted(&milliseconds(name)));
        format!(
            ", {} AS {}, {column} AS {in_ms}",
            views::time(&column),
            quoted(name)
        )
    };
    let shown = |field: &Field| {
        let name = quoted(&field.name);
        match field.value_type {
            ValueType::Timestamp => moment(&field.name),
            ValueType::Number => format!(", CAST(record.{name} AS REAL) AS {name}"),
            _ => format!(", record.{name}"),
        }
    };
    let columns = columns(connection, kind)?;
    let (keys, values): (Vec<_>, Vec<_>) = columns.iter().partition(|field| field.is_key);
    let keys: String = keys.into_iter().map(shown).collect();
    let values: String = values.into_iter().map(shown).collect();
    let name = quoted(kind);
    connection.execute_batch(&format!(
        "DROP VIEW IF EXISTS {name};
         CREATE VIEW {name} AS
         SELECT vehicle.vin, vehicle.name AS vehicle{keys}{}, record.state, record.revision{values}
         FROM {} AS record JOIN vehicle ON vehicle.id = record.vehicle
         WHERE record.state <> '{}'",
        moment("at"),
        table(kind),
        RecordState::Withdrawn
    ))
}

/// The columns of a kind in the database.
fn columns(connection: &Connection, kind: &str) -> Result<Vec<Field>> {
    let mut statement = connection
        .prepare_cached("SELECT name, type, is_key FROM record_column WHERE kind = ?1 ORDER BY position")?;
    let rows = statement.query_map([kind], |row| {
        let value_type = ValueType::parse(row.get_ref(1)?.as_str()?);
        Ok(Field {
            name: row.get(0)?,
            // The table's CHECK allows no other word.
            value_type: value_type.unwrap_or(ValueType::Text),
            unit: None,
            is_key: row.get(2)?,
        })
    })?;
    rows.collect()
}

/// The names of the key of a kind, those of what it is a part of first.
pub fn keys(connection: &Connection, kind: &str) -> Result<Vec<String>> {
    let sql = "SELECT name FROM record_column WHERE kind = ?1 AND is_key ORDER BY position";
    texts(connection, sql, kind)
}

/// Kinds that are no parts.
pub fn roots(connection: &Connection) -> Result<Vec<String>> {
    texts(
        connection,
        "SELECT kind FROM record_kind WHERE kind = root AND ?1 = ''",
        "",
    )
}

/// A kind with all kinds of its parts, itself last.
pub fn of_root(connection: &Connection, root: &str) -> Result<Vec<String>> {
    let sql = "SELECT kind FROM record_kind WHERE root = ?1 ORDER BY kind = root";
    texts(connection, sql, root)
}

fn texts(connection: &Connection, sql: &str, parameter: &str) -> Result<Vec<String>> {
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map([parameter], |row| row.get(0))?;
    rows.collect()
}

pub fn table(kind: &str) -> String {
    format!("\"record_{kind}\"")
}

/// Names of columns as they stand in a statement.
pub fn list(names: impl Iterator<Item = impl AsRef<str>>) -> String {
    let names: Vec<String> = names.map(|name| quoted(name.as_ref())).collect();
    names.join(", ")
}

pub fn quoted(name: &str) -> String {
    format!("\"{name}\"")
}
