//! Vehicles that their owner had forgotten: nothing is kept of them but the name by which they are known again, so that what
//! BMW goes on to tell is not taken.

use collector_core::{Name, Vin};
use jiff::Timestamp;
use rusqlite::params;
use store::Tx;
use store::sql::Access;

use crate::Result;
use crate::overview::Overview;

/// How their topics begin among what the owner was told; behind it stands the [`Vin::key_name`].
const TOPIC: &str = "forgotten:";

/// Takes a vehicle out of all tables and remembers that, in a transaction that others share.
///
/// # Errors
/// The database refuses it.
pub fn forget(tx: &mut Tx<'_>, vin: &Vin, at: Timestamp) -> Result<()> {
    for statement in [
        "delete from poll where vin = ?1",
        "delete from known_vehicle where vin = ?1",
        "delete from refused where vin = ?1",
        "delete from unlisted where vin = ?1",
    ] {
        tx.run(statement, [vin.as_str()])?;
    }
    tx.run(
        "insert into told (topic, level, at) values (?1, 'forgotten', ?2)
         on conflict do update set at = excluded.at",
        params![format!("{TOPIC}{}", vin.key_name()), at.as_millisecond()],
    )?;
    Ok(())
}

impl Overview {
    /// The [key names](Vin::key_name) of those that were forgotten.
    pub fn forgotten(&self) -> Result<Vec<Name>> {
        let query = "select substr(topic, length(?1) + 1) from told where substr(topic, 1, length(?1)) = ?1";
        let names = self.database.all(query, [TOPIC], |row| row.get::<_, String>(0))?;
        Ok(names.into_iter().map(Name::from).collect())
    }
}
