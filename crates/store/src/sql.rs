//! The way to the tables, for the crates that own some. Whoever else holds a [`Tx`](crate::Tx) passes it on to them.

use rusqlite::{Connection, Error, ErrorCode};

/// What has a connection.
pub trait Access {
    fn connection(&self) -> &Connection;
}

/// What SQLite's errors say of the file.
pub trait Damage {
    /// Whether what was read is not what was written, as opposed to a disk or a lock that could be better the next
    /// time.
    fn is_damage(&self) -> bool;
}

impl Damage for Error {
    fn is_damage(&self) -> bool {
        match self {
            Error::SqliteFailure(code, _) => matches!(
                code.code,
                ErrorCode::DatabaseCorrupt
                    | ErrorCode::NotADatabase
                    | ErrorCode::TooBig
                    | ErrorCode::TypeMismatch
            ),
            Error::FromSqlConversionFailure(..)
            | Error::IntegralValueOutOfRange(..)
            | Error::InvalidColumnType(..)
            | Error::Utf8Error(..)
            | Error::QueryReturnedNoRows => true,
            _ => false,
        }
    }
}
