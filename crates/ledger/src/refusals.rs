//! Vehicles that an account may not read (CU-104), so that no call is spent to be told so again.

use async_trait::async_trait;
use collector_core::{Name, Vin};
use jiff::Timestamp;
use rusqlite::{Connection, params};
use store::sql::Access;
use store::timestamp;

use crate::overview::Overview;
use crate::{Result, SqlLedger};

/// That BMW said so. It is told by [`Fact::Refused`](crate::Fact::Refused), and forgotten when a poll brought something, or
/// when a mapping names the account the main user of the vehicle and the one before did not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub account: Name,
    pub vin: Vin,
    pub at: Timestamp,
    /// When somebody had logged in last then. Whoever does it again wants to know anew.
    pub login: Option<Timestamp>,
}

impl Refusal {
    /// Whether nobody has logged in since; `login` is when somebody did last. The ledger keeps milliseconds of it.
    pub fn is_of(&self, login: Option<Timestamp>) -> bool {
        self.login.map(Timestamp::as_millisecond) == login.map(Timestamp::as_millisecond)
    }
}

/// Which vehicles an account may not read.
#[async_trait]
pub trait Refusals: std::fmt::Debug + Send + Sync {
    /// Those of every account, ordered by account and VIN.
    async fn refusals(&self) -> Result<Vec<Refusal>>;
}

#[async_trait]
impl Refusals for SqlLedger {
    async fn refusals(&self) -> Result<Vec<Refusal>> {
        self.transact(refusals).await
    }
}

impl Overview {
    /// Those of every account, ordered by account and VIN.
    pub fn refusals(&self) -> Result<Vec<Refusal>> {
        refusals(&self.database)
    }
}

fn refusals(of: &impl Access) -> Result<Vec<Refusal>> {
    let query = "select account, vin, at, login from refused order by account, vin";
    let rows: Vec<(String, String, i64, Option<i64>)> = of.all(query, [], |row| row.try_into())?;
    let refusals = rows.into_iter().filter_map(|(account, vin, at, login)| {
        Some(Refusal {
            account: account.into(),
            vin: vin.parse().ok()?,
            at: timestamp(at),
            login: login.map(timestamp),
        })
    });
    Ok(refusals.collect())
}

pub(crate) fn write(connection: &Connection, refusal: &Refusal) -> Result<()> {
    connection.run(
        "insert into refused (account, vin, at, login) values (?1, ?2, ?3, ?4)
         on conflict do update set at = excluded.at, login = excluded.login",
        params![
            &*refusal.account,
            refusal.vin.as_str(),
            refusal.at.as_millisecond(),
            refusal.login.map(|at| at.as_millisecond()),
        ],
    )?;
    Ok(())
}
