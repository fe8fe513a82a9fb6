//! How much of what it was given a database holds: by its file, and by a mark that is left in it when it is closed.
//!
//! The mark costs no write while the database is open. What was written since is known by its last reading.

use std::fs::Metadata;
use std::io::ErrorKind;
use std::path::Path;

use collector_core::{Entry, LogId, Rejection, SinkError};
use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags, OptionalExtension, Result, params};

use crate::failure::sink_error;
use crate::store::connect;

const TABLE: &str = "
    -- Up to which entry of a journal everything was written when the database was closed.
    CREATE TABLE IF NOT EXISTS mark (journal TEXT PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID";

/// By what a file is told from another one in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileId(u64, u64);

impl FileId {
    /// `None` where no file is.
    ///
    /// # Errors
    /// What is there cannot be seen.
    pub fn of(path: &Path) -> std::result::Result<Option<Self>, SinkError> {
        match std::fs::metadata(path) {
            Ok(file) => Ok(Some(Self::of_file(&file))),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(SinkError::from_io("cannot look at", path, &error)),
        }
    }

    #[cfg(unix)]
    fn of_file(file: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        Self(file.dev(), file.ino())
    }

    /// Nobody replaces a file that is open.
    #[cfg(not(unix))]
    fn of_file(_: &Metadata) -> Self {
        Self(0, 0)
    }
}

/// Whether not one byte is there.
pub fn is_blank(path: &Path) -> bool {
    std::fs::metadata(path).map_or(0, |file| file.len()) == 0
}

/// By what a reading is found again.
#[derive(Debug, Clone)]
pub struct Key {
    vin: String,
    descriptor: String,
    measured_at: Timestamp,
}

impl Key {
    /// The last reading of a batch that was not rejected.
    pub fn last_of(batch: &[Entry], rejected: &[Rejection]) -> Option<Self> {
        let of_entry = |entry: &Entry| {
            let snapshot = entry.snapshot()?;
            let is_taken = |place| {
                let mut all = rejected.iter();
                !all.any(|it| it.seq == entry.seq && it.reading == Some(place))
            };
            let mut readings = snapshot.readings.iter().enumerate().rev();
            let (_, reading) = readings.find(|(place, _)| is_taken(*place))?;
            Some(Self {
                vin: snapshot.vehicle.vin.to_string(),
                descriptor: reading.descriptor.as_str().to_owned(),
                measured_at: reading.measured_at,
            })
        };
        batch.iter().rev().find_map(of_entry)
    }
}

/// What a database holds, by what lies in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// Its mark; 0 where it has none.
    pub mark: u64,
    /// Whether the reading that was asked for is in it.
    pub has_last: bool,
}

/// Looks into a database that may be open elsewhere; `None` where no reading is in it, or not one byte.
///
/// # Errors
/// It cannot be read.
pub fn look(
    path: &Path,
    journal: &LogId,
    last: Option<&Key>,
) -> std::result::Result<Option<Found>, SinkError> {
    if is_blank(path) {
        return Ok(None);
    }
    let connection = connect(path, OpenFlags::empty())?;
    find(&connection, journal, last).map_err(|error| sink_error("cannot read", path, &error))
}

fn find(connection: &Connection, journal: &LogId, last: Option<&Key>) -> Result<Option<Found>> {
    let is = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, bool>(0));
    let is_ours = is("SELECT count(*) FROM sqlite_master WHERE name = 'readings'")?;
    if !is_ours || !is("SELECT EXISTS (SELECT 1 FROM readings)")? {
        return Ok(None);
    }
    let mark = match is("SELECT count(*) FROM sqlite_master WHERE name = 'mark'")? {
        true => {
            let of_journal = "SELECT seq FROM mark WHERE journal = ?1";
            let mark = connection.query_row(of_journal, [journal.as_str()], |row| row.get(0));
            mark.optional()?
        }
        false => None,
    };
    let has_last = last.map(|key| {
        let there =
            "SELECT EXISTS (SELECT 1 FROM readings WHERE vin = ?1 AND descriptor = ?2 AND measured_ms = ?3)";
        let key = params![key.vin, key.descriptor, key.measured_at.as_millisecond()];
        connection.query_row(there, key, |row| row.get(0))
    });
    Ok(Some(Found {
        mark: mark.unwrap_or(0),
        has_last: has_last.transpose()?.unwrap_or(false),
    }))
}

/// Leaves a mark, which never goes back.
pub fn note(connection: &Connection, journal: &LogId, seq: u64) -> Result<()> {
    connection.execute_batch(TABLE)?;
    let note = "INSERT INTO mark VALUES (?1, ?2) ON CONFLICT DO UPDATE SET seq = max(seq, excluded.seq)";
    connection.execute(note, params![journal.as_str(), seq]).map(drop)
}
