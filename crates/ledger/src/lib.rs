//! The memory of the control plane: what was asked of BMW, what came of it, and what was told.
//!
//! Its tables lie in the state database ([`store`]) beside the journal's. An answer means that the commit is on disk.
//!
//! * [`Calls`]: calls spent, written before they leave. [`Polls`]: when what was asked, and comes next.
//!   [`Refusals`]: vehicles that may not be asked for.
//! * [`Containers`]: containers and what they hold. [`Vehicles`]: vehicles that are known. [`Unlisted`]: those
//!   that are left out. [`forget()`]: a vehicle taken out.
//! * [`Streams`]: how the streams fare, and their [`Gap`]s. [`States`]: how every component fares. [`Notes`]: what the
//!   owner was told.
//! * [`Derived`]: how far records are derived.
//! * [`Fact`]: what a moment has to say of several of these, in one transaction.
//! * [`overview`]: what `cardata status` shows of it, from any process.
//!
//! [`SqlLedger`] keeps all of it in the database, [`testing::MemoryLedger`] in memory.
#![doc = include_str!("../DECISIONS.md")]
#![cfg_attr(not(test), warn(unused_crate_dependencies))]

mod calls;
mod containers;
mod deriving;
mod facts;
mod forgotten;
mod gaps;
pub mod overview;
mod polls;
mod refusals;
mod states;
mod streams;
mod test_tables;
pub mod testing;
#[cfg(test)]
mod tests;
mod told;
mod unlisted;
mod vehicles;

use rusqlite::{Connection, Params, Row};
use store::sql::Access;
use store::{Schema, Step, Store};

pub use calls::{Admitted, Calls, DEMANDED, POLL, carry_over, is_poll};
pub use containers::{Containers, CreatedContainer, SetUpdate, SourceSet, StoredSet};
pub use deriving::{Derived, answer_anew, ask_anew, forget_derived, keep_derived, told_through};
pub use facts::{Fact, Facts, note};
pub use forgotten::forget;
pub use gaps::{Gap, GapCause, POLLS, StreamGap};
pub use polls::{INTERRUPTED, PlannedPoll, PollRecord, Polls};
pub use refusals::{Refusal, Refusals};
pub use states::{Publisher, States};
pub use store::StoreError;
pub use streams::{StreamFact, StreamMemory, StreamRecord, Streams};
pub use told::{Condition, Notes, Told};
pub use unlisted::Unlisted;
pub use vehicles::{KnownVehicle, MappedVehicle, Vehicles};

pub(crate) type Result<T, E = StoreError> = std::result::Result<T, E>;

/// The tables of the ledger.
pub const SCHEMA: Schema = Schema {
    tables: concat!(
        include_str!("tables.sql"),
        include_str!("gaps.sql"),
        include_str!("refused.sql"),
        include_str!("unlisted.sql"),
        include_str!("deriving.sql")
    ),
    steps: &[
        (4, Step::Sql(include_str!("from_undivided.sql"))),
        (5, Step::Sql(include_str!("gaps.sql"))),
        (6, Step::Sql(include_str!("old_names.sql"))),
        (6, Step::Sql(include_str!("refused.sql"))),
        (6, Step::Sql(include_str!("unlisted.sql"))),
        (8, Step::Sql(include_str!("deriving.sql"))),
    ],
};

/// All of the ledger.
pub trait Ledger:
    Facts + Calls + Polls + Refusals + Containers + Vehicles + Streams + States + Notes
{
}

impl<T: Facts + Calls + Polls + Refusals + Containers + Vehicles + Streams + States + Notes> Ledger for T {}

/// A ledger in the state database. Clones share it.
#[derive(Debug, Clone)]
pub struct SqlLedger {
    store: Store,
}

impl SqlLedger {
    /// The ledger in a database that was opened with [`SCHEMA`].
    pub fn new(store: &Store) -> Self {
        Self { store: store.clone() }
    }

    /// Runs `job` in a transaction of its own.
    async fn transact<T, F>(&self, job: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T> + Send + 'static,
    {
        self.store.transact(move |tx| job(tx.connection())).await
    }

    /// Runs one statement in a transaction of its own.
    async fn run(&self, statement: &'static str, parameters: impl Params + Send + 'static) -> Result<()> {
        self.transact(move |connection| {
            connection.run(statement, parameters)?;
            Ok(())
        })
        .await
    }

    /// The first row of a query, if it has one.
    async fn first<T: Send + 'static>(
        &self,
        query: &'static str,
        parameters: impl Params + Send + 'static,
        of: fn(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>> {
        self.transact(move |connection| connection.first(query, parameters, of))
            .await
    }
}
