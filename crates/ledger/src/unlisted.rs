//! Messages of vehicles that the pipeline file leaves out: not stored, but their owner may have forgotten to name one.

use collector_core::{Name, Vin};
use jiff::Timestamp;
use rusqlite::{Connection, params};
use store::sql::Access;
use store::timestamp;

use crate::Result;
use crate::overview::Overview;

/// Messages of one vehicle by one stream. It is told by [`Fact::Unlisted`](crate::Fact::Unlisted), now and then: those that
/// came since it was told last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unlisted {
    pub account: Name,
    pub source: Name,
    pub vin: Vin,
    pub messages: u64,
    pub last_at: Timestamp,
}

impl Overview {
    /// Those that ever came, with their sums.
    pub fn unlisted(&self) -> Result<Vec<Unlisted>> {
        let query =
            "select account, source, vin, messages, last_at from unlisted order by account, source, vin";
        let rows: Vec<(String, String, String, u64, i64)> =
            self.database.all(query, [], |row| row.try_into())?;
        let unlisted = rows
            .into_iter()
            .filter_map(|(account, source, vin, messages, last_at)| {
                Some(Unlisted {
                    account: account.into(),
                    source: source.into(),
                    vin: vin.parse().ok()?,
                    messages,
                    last_at: timestamp(last_at),
                })
            });
        Ok(unlisted.collect())
    }
}

pub(crate) fn write(connection: &Connection, unlisted: &Unlisted) -> Result<()> {
    connection.run(
        "insert into unlisted (account, source, vin, messages, last_at) values (?1, ?2, ?3, ?4, ?5)
         on conflict do update set messages = messages + excluded.messages, last_at = excluded.last_at",
        params![
            &*unlisted.account,
            &*unlisted.source,
            unlisted.vin.as_str(),
            unlisted.messages,
            unlisted.last_at.as_millisecond(),
        ],
    )?;
    Ok(())
}
