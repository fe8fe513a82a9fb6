//! One open database, to read from.

use std::path::{Path, PathBuf};
use std::time::Duration;

use collector_core::SinkError;
use rusqlite::{Connection, OpenFlags};

use crate::held::{FileId, is_blank};
use crate::rollup;
use crate::schema::{self, Kind};

/// How long a writer that is just beginning or ending is waited for.
const BUSY: Duration = Duration::from_secs(5);

/// Why a history cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    #[error("cannot read {}: {source}; if it stays so, move the file away: it is filled anew from the journal", path.display())]
    Database { path: PathBuf, source: rusqlite::Error },
    /// It is of another program or of another version.
    #[error(transparent)]
    Refused(#[from] SinkError),
}

/// Reads a history that somebody else may be writing. It creates and alters nothing. While it is open, the write-ahead log
/// of the writer stays, so it is dropped before the writer is closed.
///
/// Each answer is of one moment, whatever is written meanwhile. Every method blocks, for milliseconds with ten million
/// readings where the database has roll-ups, and reads through all of them for `keys` and charts where it has none. All
/// fail with [`ReadError::Database`] when the file cannot be read.
pub struct Reader {
    path: PathBuf,
    connection: Connection,
    file: Option<FileId>,
    schema: i64,
    has_rollups: bool,
}

impl Reader {
    /// `None` where no database is yet, or one without tables, or an older one that nobody has opened for writing since.
    ///
    /// # Errors
    /// The file cannot be read, or is not ours.
    pub fn open(path: &Path) -> Result<Option<Self>, ReadError> {
        let file = FileId::of(path)?;
        if file.is_none() || is_blank(path) {
            return Ok(None);
        }
        let failed = |source| ReadError::Database {
            path: path.to_owned(),
            source,
        };
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
        connection.busy_timeout(BUSY).map_err(failed)?;
        connection.set_prepared_statement_cache_capacity(64);
        if schema::inspect(&connection, path)? != Kind::Ours {
            return Ok(None);
        }
        Ok(Some(Self {
            path: path.to_owned(),
            file,
            schema: number(&connection, "schema_version").map_err(failed)?,
            has_rollups: rollup::exist(&connection).map_err(failed)?,
            connection,
        }))
    }

    /// Whether the file at the path is still this one, with the same tables. Else it is to be opened anew.
    pub fn is_current(&self) -> bool {
        let file = FileId::of(&self.path).ok().flatten();
        let schema = number(&self.connection, "schema_version");
        file == self.file && schema.is_ok_and(|schema| schema == self.schema)
    }

    /// Another number after each commit of a writer. It means something to this `Reader` alone.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn version(&self) -> Result<i64, ReadError> {
        self.read(|connection| number(connection, "data_version"))
    }

    pub(super) fn has_rollups(&self) -> bool {
        self.has_rollups
    }

    /// All statements of `work` see the database at one moment.
    pub(super) fn read<T>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, ReadError> {
        let answer = self
            .connection
            .unchecked_transaction()
            .and_then(|transaction| work(&transaction));
        answer.map_err(|source| ReadError::Database {
            path: self.path.clone(),
            source,
        })
    }
}

fn number(connection: &Connection, pragma: &str) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, pragma, |row| row.get(0))
}
