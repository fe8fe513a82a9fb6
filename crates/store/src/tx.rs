//! One job's part of a transaction.

use rusqlite::Connection;

use crate::sql::Access;

/// Runs when the transaction has been committed.
type AfterCommit = Box<dyn FnOnce() + Send>;

/// A transaction that is open, in the hands of one job. What is done in it is on disk when the job's owner is
/// answered, or did not happen.
pub struct Tx<'a> {
    pub(crate) connection: &'a Connection,
    pub(crate) open: &'a mut Open,
}

/// What the jobs of a transaction share.
#[derive(Default)]
pub(crate) struct Open {
    pub(crate) epoch: u64,
    pub(crate) after_commit: Vec<AfterCommit>,
}

impl Tx<'_> {
    /// Another number after every failure. What was read or written in an earlier epoch may never have happened: who
    /// keeps something of the tables in memory drops it then.
    pub fn epoch(&self) -> u64 {
        self.open.epoch
    }

    /// Runs `then` on the writing thread when all of this is on disk, before anybody is answered.
    pub fn after_commit(&mut self, then: impl FnOnce() + Send + 'static) {
        self.open.after_commit.push(Box::new(then));
    }
}

impl Access for Tx<'_> {
    fn connection(&self) -> &Connection {
        self.connection
    }
}
