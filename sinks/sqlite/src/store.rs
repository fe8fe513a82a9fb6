//! One open database, and how a batch becomes one transaction.

use std::collections::HashMap;
use std::collections::hash_map::Entry as Slot;
use std::path::{Path, PathBuf};
use std::time::Duration;

use collector_core::{Entry, Reading, Rejection, SinkError, Stamp, Value, Written};
use rusqlite::types::Value as Stored;
use rusqlite::{CachedStatement, Connection, OpenFlags, Result, TransactionBehavior, params};

use crate::dictionary::Dictionary;
use crate::failure::sink_error;
use crate::schema::{self, Kind};

/// How long another writer is waited for. Readers are never waited for.
const BUSY: Duration = Duration::from_secs(5);

/// Integers up to this are exact as `f64`, and are stored as integers: smaller, and `74` is shown as `74`.
const EXACT: f64 = 9_007_199_254_740_992.0;

const INSERT: &str = "INSERT INTO reading
  (vehicle_id, measured_at, descriptor_id, value, delay, requested, source_id, unit_id)
  VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING";

const UPSERT_NEWEST: &str = "INSERT INTO newest (vehicle_id, descriptor_id, measured_at, occurrence, value)
  VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE
  SET measured_at = excluded.measured_at, occurrence = excluded.occurrence, value = excluded.value
  WHERE (excluded.measured_at, excluded.occurrence) > (measured_at, occurrence)";

pub struct Store {
    path: PathBuf,
    connection: Connection,
    dictionary: Dictionary,
}

/// The newest reading of one descriptor of one vehicle within a batch.
struct Newest {
    /// Time and occurrence.
    moment: (i64, u32),
    value: Stored,
}

/// By vehicle and descriptor. Flushed once for a batch: most readings of a batch are overtaken within it.
type NewestByKey = HashMap<(i64, i64), Newest>;

/// Opens a database, with [`OpenFlags::SQLITE_OPEN_CREATE`] also one that does not exist.
pub fn connect(path: &Path, more: OpenFlags) -> Result<Connection, SinkError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | more;
    let opened = Connection::open_with_flags(path, flags).and_then(|connection| {
        connection.busy_timeout(BUSY)?;
        Ok(connection)
    });
    opened.map_err(|error| sink_error("cannot open", path, &error))
}

impl Store {
    /// Opens the database, made with its folder and its tables when it is missing.
    pub fn open(path: &Path) -> Result<Self, SinkError> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)
                .map_err(|error| SinkError::from_io("cannot make the folder", folder, &error))?;
        }
        let mut connection = connect(path, OpenFlags::SQLITE_OPEN_CREATE)?;
        let kind = schema::inspect(&connection, path)?;
        set_up(&connection, path)?;
        if kind == Kind::Empty {
            schema::create(&mut connection, path)?;
        }
        Ok(Self {
            path: path.to_owned(),
            connection,
            dictionary: Dictionary::default(),
        })
    }

    /// Stores a batch whole, or nothing of it. After an error the store must not be used again.
    pub fn write(&mut self, batch: &[Entry]) -> Result<Written, SinkError> {
        self.transact(batch)
            .map_err(|error| sink_error("cannot write to", &self.path, &error))
    }

    fn transact(&mut self, batch: &[Entry]) -> Result<Written> {
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut writer = Writer {
            connection: &transaction,
            dictionary: &mut self.dictionary,
            insert: transaction.prepare_cached(INSERT)?,
            newest: NewestByKey::new(),
            rejected: Vec::new(),
        };
        for entry in batch {
            writer.entry(entry)?;
        }
        let rejected = writer.finish()?;
        transaction.commit()?;
        Ok(Written { rejected })
    }

    /// Moves what is in the write-ahead log into the database and removes the log.
    pub fn close(self) -> Result<(), SinkError> {
        self.connection
            .close()
            .map_err(|(_, error)| sink_error("cannot close", &self.path, &error))
    }
}

/// `WAL`: others read while this writes. `FULL`: a commit is on disk before it is acknowledged.
fn set_up(connection: &Connection, path: &Path) -> Result<(), SinkError> {
    let failed = |error| sink_error("cannot set up", path, &error);
    let mode: String = connection
        .pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))
        .map_err(failed)?;
    if !mode.eq_ignore_ascii_case("wal") {
        return Err(SinkError::misconfigured(format!(
            "{} is on a file system that cannot share memory between programs, such as a network drive: give \
             this sink a path on a local disk",
            path.display()
        )));
    }
    connection
        .pragma_update(None, "synchronous", "FULL")
        .and_then(|()| connection.pragma_update(None, "foreign_keys", true))
        .map_err(failed)?;
    connection.set_prepared_statement_cache_capacity(32);
    Ok(())
}

struct Writer<'a> {
    connection: &'a Connection,
    dictionary: &'a mut Dictionary,
    insert: CachedStatement<'a>,
    newest: NewestByKey,
    rejected: Vec<Rejection>,
}

impl Writer<'_> {
    fn entry(&mut self, entry: &Entry) -> Result<()> {
        let snapshot = &entry.snapshot;
        let vehicle = self.dictionary.vehicle(self.connection, &snapshot.vehicle)?;
        let source = self.dictionary.source(self.connection, snapshot)?;
        let received_at = snapshot.received_at.as_millisecond();
        for (position, reading) in snapshot.readings.iter().enumerate() {
            let refused = self.reading(vehicle, source, received_at, reading)?;
            if let Some(reason) = refused {
                self.rejected.push(Rejection {
                    seq: entry.seq,
                    reading: position,
                    reason,
                });
            }
        }
        Ok(())
    }

    /// Stores one reading, or says why it never can be.
    fn reading(
        &mut self,
        vehicle: i64,
        source: i64,
        received_at: i64,
        reading: &Reading,
    ) -> Result<Option<String>> {
        let numbers = self.dictionary.reading(self.connection, reading)?;
        let value_type = reading.value.value_type();
        if value_type != numbers.value_type {
            return Ok(Some(format!(
                "{} is stored with the type {}, this value is of type {value_type}",
                reading.descriptor, numbers.value_type
            )));
        }
        let Some(value) = self.stored(&reading.value)? else {
            return Ok(Some(format!(
                "{}: {} is not a number that can be stored",
                reading.descriptor, reading.value
            )));
        };
        let descriptor = numbers.descriptor;
        let measured_at = reading.measured_at.as_millisecond();
        let delay = received_at - measured_at;
        let requested = reading.stamp == Stamp::Requested;
        self.insert.execute(params![
            vehicle,
            measured_at,
            descriptor,
            value,
            delay,
            requested,
            source,
            numbers.unit
        ])?;
        let moment = (measured_at, reading.occurrence);
        self.note_newest((vehicle, descriptor), moment, value);
        Ok(None)
    }

    fn stored(&mut self, value: &Value) -> Result<Option<Stored>> {
        Ok(match value {
            Value::Bool(value) => Some(Stored::Integer((*value).into())),
            Value::Number(value) => number(*value),
            Value::Text(text) => Some(Stored::Integer(self.dictionary.text(self.connection, text)?)),
            Value::Timestamp(time) => Some(Stored::Integer(time.as_millisecond())),
        })
    }

    fn note_newest(&mut self, key: (i64, i64), moment: (i64, u32), value: Stored) {
        match self.newest.entry(key) {
            Slot::Occupied(known) if known.get().moment >= moment => {}
            slot => {
                slot.insert_entry(Newest { moment, value });
            }
        }
    }

    fn finish(self) -> Result<Vec<Rejection>> {
        let mut upsert = self.connection.prepare_cached(UPSERT_NEWEST)?;
        for ((vehicle, descriptor), Newest { moment, value }) in self.newest {
            upsert.execute(params![vehicle, descriptor, moment.0, moment.1, value])?;
        }
        Ok(self.rejected)
    }
}

fn number(value: f64) -> Option<Stored> {
    if !value.is_finite() {
        return None;
    }
    if value.fract() == 0.0 && value.abs() <= EXACT {
        return Some(Stored::Integer(value as i64));
    }
    Some(Stored::Real(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_number_is_stored_as_an_integer() {
        assert_eq!(number(74.0), Some(Stored::Integer(74)));
        assert_eq!(number(-0.0), Some(Stored::Integer(0)));
        assert_eq!(number(-9e15), Some(Stored::Integer(-9_000_000_000_000_000)));
        assert_eq!(number(74.5), Some(Stored::Real(74.5)));
        assert_eq!(number(1e300), Some(Stored::Real(1e300)));
    }

    #[test]
    fn what_is_no_number_is_not_stored() {
        assert_eq!(number(f64::NAN), None);
        assert_eq!(number(f64::NEG_INFINITY), None);
    }
}
