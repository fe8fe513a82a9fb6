//! A connection of one's own to a database file.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::sql::Access;
use crate::{FILE, Store, StoreError, migrate};

/// A connection for one owner at a time.
#[derive(Debug)]
pub struct Database {
    connection: Connection,
}

impl Database {
    /// Opens a database for writing, making it where there is none.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn create(path: &Path) -> Result<Self, StoreError> {
        connect(path, OpenFlags::default())
    }

    /// Opens an existing database for writing, for a caller that nobody else meets there.
    ///
    /// # Errors
    /// It cannot be opened, or is not there.
    pub fn writable(path: &Path) -> Result<Self, StoreError> {
        connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)
    }

    /// Opens an existing database for reading, beside a process that may be writing to it.
    ///
    /// # Errors
    /// It cannot be opened, or is not there.
    pub fn read_only(path: &Path) -> Result<Self, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let database = connect(path, flags)?;
        // Finds more of what is wrong in a page before it is believed.
        database
            .connection
            .pragma_update(None, "cell_size_check", true)
            .map_err(|error| StoreError::open(path, error))?;
        Ok(database)
    }

    /// Reads the database in `state`; `None` where there is none yet.
    ///
    /// # Errors
    /// [`StoreError::Older`] where it lacks tables of this version, [`StoreError::Newer`] or [`StoreError::Foreign`] where it is
    /// not to be read at all; [`StoreError::Hidden`] where this user cannot see it.
    pub fn look(state: &Path) -> Result<Option<Self>, StoreError> {
        if !Store::exists(state)? {
            return Ok(None);
        }
        let path = state.join(FILE);
        let database = Self::read_only(&path)?;
        match migrate::recognised(database.connection(), &path)? {
            0 => Ok(None),
            migrate::FORMAT => Ok(Some(database)),
            _ => Err(StoreError::Older { path }),
        }
    }
}

impl Access for Database {
    fn connection(&self) -> &Connection {
        &self.connection
    }
}

fn connect(path: &Path, flags: OpenFlags) -> Result<Database, StoreError> {
    let opened = Connection::open_with_flags(path, flags).and_then(|connection| {
        connection.busy_timeout(Duration::from_secs(10))?;
        // A cache of 1 MiB: the log is read and written in order.
        connection.pragma_update(None, "cache_size", -1024)?;
        connection.set_prepared_statement_cache_capacity(64);
        // Else statements are planned anew whenever their parameters change.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        Ok(Database { connection })
    });
    opened.map_err(|error| StoreError::open(path, error))
}
