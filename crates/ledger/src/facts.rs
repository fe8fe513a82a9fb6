//! Things that the ledger is told together: one transaction for all that a moment has to say.

use async_trait::async_trait;
use collector_core::state::Published;
use collector_core::{Name, Vin};
use jiff::Timestamp;
use rusqlite::{Connection, params};
use store::Tx;
use store::sql::Access;

use crate::{
    GapCause, PlannedPoll, PollRecord, Refusal, Result, SqlLedger, StreamFact, Unlisted, gaps, refusals,
    states, streams, unlisted,
};

/// Something that happened.
#[derive(Debug, Clone)]
pub enum Fact {
    /// A call of this number ended.
    Settled { id: i64, outcome: &'static str },
    /// A vehicle was asked for, or is being asked for.
    Polled {
        account: Name,
        source: Name,
        vin: Vin,
        record: PollRecord,
    },
    /// BMW said that an account may not read a vehicle.
    Refused(Refusal),
    /// Messages came of a vehicle that the pipeline file does not name.
    Unlisted(Unlisted),
    /// When a poll comes next. One that was never made has no row yet, and is due at once.
    Planned { account: Name, poll: PlannedPoll },
    /// A component says something else than before.
    Published(Published),
    /// The polls of an account begin with the program, or after it stopped by mistake.
    PollsStarted { account: Name, at: Timestamp },
    /// What keeps the polls of an account from being made or answered from now on; `None`: nothing.
    PollsKept {
        account: Name,
        at: Timestamp,
        by: Option<GapCause>,
    },
    /// Messages of a stream are in the journal.
    Heard {
        account: Name,
        source: Name,
        at: Timestamp,
    },
}

/// What is told of what happened.
#[async_trait]
pub trait Facts: std::fmt::Debug + Send + Sync {
    /// Writes all of it down, in this order and in one transaction. Nothing costs nothing.
    async fn note(&self, facts: Vec<Fact>) -> Result<()>;
}

#[async_trait]
impl Facts for SqlLedger {
    async fn note(&self, facts: Vec<Fact>) -> Result<()> {
        if facts.is_empty() {
            return Ok(());
        }
        self.transact(move |connection| write(connection, &facts)).await
    }
}

/// Writes facts down in a transaction that stores something else.
///
/// # Errors
/// The database refuses it.
pub fn note(tx: &mut Tx<'_>, facts: &[Fact]) -> Result<()> {
    write(tx.connection(), facts)
}

pub(crate) fn write(connection: &Connection, facts: &[Fact]) -> Result<()> {
    facts.iter().try_for_each(|fact| write_one(connection, fact))
}

fn write_one(connection: &Connection, fact: &Fact) -> Result<()> {
    match fact {
        Fact::Settled { id, outcome } => {
            connection.run("update quota set outcome = ?2 where id = ?1", (id, outcome))?;
        }
        Fact::Polled {
            account,
            source,
            vin,
            record,
        } => {
            connection.run(
                "insert into poll (account, source, vin, last_at, last_success_at, failures, problem, activity)
                 values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
                 on conflict do update set last_at = excluded.last_at,
                     last_success_at = coalesce(excluded.last_success_at, last_success_at),
                     failures = excluded.failures, problem = excluded.problem,
                     activity = coalesce(excluded.activity, activity)",
                params![
                    &**account,
                    &**source,
                    vin.as_str(),
                    record.last_at.as_millisecond(),
                    record.last_success_at.map(|at| at.as_millisecond()),
                    record.failures,
                    record.problem,
                    record.activity,
                ],
            )?;
            if record.last_success_at.is_some() {
                connection.run(
                    "delete from refused where account = ?1 and vin = ?2",
                    [&**account, vin.as_str()],
                )?;
            }
        }
        Fact::Planned { account, poll } => {
            connection.run(
                "update poll set next_at = ?4, every = ?5, reason = ?6
                 where account = ?1 and source = ?2 and vin = ?3",
                params![
                    &**account,
                    poll.source,
                    poll.vin.as_str(),
                    poll.next_at.as_millisecond(),
                    i64::try_from(poll.every.as_millis()).unwrap_or(i64::MAX),
                    poll.reason
                ],
            )?;
        }
        Fact::Refused(refusal) => refusals::write(connection, refusal)?,
        Fact::Unlisted(messages) => unlisted::write(connection, messages)?,
        Fact::Published(published) => states::write(connection, published)?,
        Fact::PollsStarted { account, at } => gaps::polls_started(connection, account, *at)?,
        Fact::PollsKept { account, at, by } => gaps::polls(connection, account, *at, *by)?,
        Fact::Heard { account, source, at } => {
            streams::remember(connection, account, source, &[StreamFact::Heard { at: *at }])?;
        }
    }
    Ok(())
}
