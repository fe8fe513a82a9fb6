//! Where entries come from, as the log names it by numbers: vehicles, feeds and contexts, each read once.

use std::collections::HashMap;
use std::sync::Arc;

use collector_core::{Origin, Vin};
use entry_form::Feed;
use rusqlite::types::Type;
use rusqlite::{Connection, Error, Row};

/// What was read so far.
#[derive(Default)]
pub struct Feeds {
    vehicles: HashMap<i64, Vin>,
    feeds: HashMap<i64, Arc<Feed>>,
    contexts: HashMap<i64, Arc<str>>,
}

impl Feeds {
    pub(crate) fn vin(&mut self, connection: &Connection, id: i64) -> Result<Vin, Error> {
        let query = "select vin from vehicle where id = ?1";
        once(&mut self.vehicles, connection, query, id, |row| {
            let vin = row.get_ref(0)?.as_str()?.parse::<Vin>();
            vin.map_err(|_| Error::InvalidColumnType(0, "vin".to_owned(), Type::Text))
        })
    }

    pub(crate) fn feed(&mut self, connection: &Connection, id: i64) -> Result<Arc<Feed>, Error> {
        let query = "select account, source, origin from feed where id = ?1";
        once(&mut self.feeds, connection, query, id, |row| {
            let (account, source, origin): (String, String, String) = row.try_into()?;
            let origin = Origin::parse(&origin);
            Ok(Arc::new(Feed {
                account: account.into(),
                source: source.into(),
                origin: origin.ok_or_else(|| Error::InvalidColumnType(2, "origin".to_owned(), Type::Text))?,
            }))
        })
    }

    /// The display units that a vehicle showed.
    pub(crate) fn context(&mut self, connection: &Connection, id: i64) -> Result<Arc<str>, Error> {
        let query = "select context from context where id = ?1";
        once(&mut self.contexts, connection, query, id, |row| {
            Ok(row.get_ref(0)?.as_str()?.into())
        })
    }
}

fn once<T: Clone>(
    known: &mut HashMap<i64, T>,
    connection: &Connection,
    query: &str,
    id: i64,
    read: impl FnOnce(&Row<'_>) -> Result<T, Error>,
) -> Result<T, Error> {
    if let Some(known) = known.get(&id) {
        return Ok(known.clone());
    }
    let found = connection.prepare_cached(query)?.query_row([id], read)?;
    known.insert(id, found.clone());
    Ok(found)
}
