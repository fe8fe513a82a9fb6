//! The way to the tables, for the crates that own some. Whoever else holds a [`Tx`](crate::Tx) passes it on to them.

use std::ops::ControlFlow;

use rusqlite::{Connection, Error, ErrorCode, OptionalExtension, Params, Result as Sql, Row};

use crate::StoreError;

/// What has a connection, and the ways to ask it. Statements are prepared once and kept.
pub trait Access {
    fn connection(&self) -> &Connection;

    /// Runs a statement; how many rows it changed.
    fn run(&self, statement: &str, parameters: impl Params) -> Result<usize, StoreError> {
        let mut statement = self.connection().prepare_cached(statement)?;
        Ok(statement.execute(parameters)?)
    }

    /// The row of a query that always has one.
    fn one<T>(
        &self,
        query: &str,
        parameters: impl Params,
        of: impl FnOnce(&Row<'_>) -> Sql<T>,
    ) -> Result<T, StoreError> {
        let mut statement = self.connection().prepare_cached(query)?;
        Ok(statement.query_row(parameters, of)?)
    }

    /// The first row of a query, if it has one.
    fn first<T>(
        &self,
        query: &str,
        parameters: impl Params,
        of: impl FnOnce(&Row<'_>) -> Sql<T>,
    ) -> Result<Option<T>, StoreError> {
        let mut statement = self.connection().prepare_cached(query)?;
        Ok(statement.query_row(parameters, of).optional()?)
    }

    /// All rows of a query.
    fn all<T>(
        &self,
        query: &str,
        parameters: impl Params,
        of: impl FnMut(&Row<'_>) -> Sql<T>,
    ) -> Result<Vec<T>, StoreError> {
        let mut statement = self.connection().prepare_cached(query)?;
        Ok(statement.query_map(parameters, of)?.collect::<Sql<_>>()?)
    }

    /// Hands the rows of a query to `each` until it breaks, or up to a page that cannot be read. Whether neither was so.
    fn readable<E: From<Error>>(
        &self,
        query: &str,
        parameters: impl Params,
        mut each: impl FnMut(&Row<'_>) -> Result<ControlFlow<()>, E>,
    ) -> Result<bool, E> {
        let mut statement = self.connection().prepare_cached(query)?;
        let mut rows = statement.query(parameters)?;
        loop {
            match rows.next() {
                Ok(Some(row)) if each(row)?.is_break() => return Ok(false),
                Ok(Some(_)) => {}
                Ok(None) => return Ok(true),
                Err(error) if error.is_damage() => return Ok(false),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

impl Access for Connection {
    fn connection(&self) -> &Connection {
        self
    }
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
