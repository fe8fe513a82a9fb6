//! Where entries come from, as the log names it by numbers: vehicles, feeds and contexts, each read once.

use std::collections::HashMap;
use std::sync::Arc;

use collector_core::{Origin, Vin};
use entry_form::Feed;
use rusqlite::types::Type;
use rusqlite::{Connection, Error};

/// What was read so far.
#[derive(Default)]
pub struct Feeds {
    vehicles: HashMap<i64, Vin>,
    feeds: HashMap<i64, Arc<Feed>>,
    contexts: HashMap<i64, Arc<str>>,
}

impl Feeds {
    pub(crate) fn vin(&mut self, connection: &Connection, id: i64) -> Result<Vin, Error> {
        if let Some(vin) = self.vehicles.get(&id) {
            return Ok(vin.clone());
        }
        let mut query = connection.prepare_cached("select vin from vehicle where id = ?1")?;
        let vin = query.query_row([id], |row| {
            let vin = row.get_ref(0)?.as_str()?.parse::<Vin>();
            vin.map_err(|_| Error::InvalidColumnType(0, "vin".to_owned(), Type::Text))
        })?;
        self.vehicles.insert(id, vin.clone());
        Ok(vin)
    }

    pub(crate) fn feed(&mut self, connection: &Connection, id: i64) -> Result<Arc<Feed>, Error> {
        if let Some(feed) = self.feeds.get(&id) {
            return Ok(feed.clone());
        }
        let mut query =
            connection.prepare_cached("select account, source, origin from feed where id = ?1")?;
        let feed = query.query_row([id], |row| {
            let (account, source, origin): (String, String, String) = row.try_into()?;
            let origin = Origin::parse(&origin);
            Ok(Arc::new(Feed {
                account: account.into(),
                source: source.into(),
                origin: origin.ok_or_else(|| Error::InvalidColumnType(2, "origin".to_owned(), Type::Text))?,
            }))
        })?;
        self.feeds.insert(id, feed.clone());
        Ok(feed)
    }

    /// The display units that a vehicle showed.
    pub(crate) fn context(&mut self, connection: &Connection, id: i64) -> Result<Arc<str>, Error> {
        if let Some(context) = self.contexts.get(&id) {
            return Ok(context.clone());
        }
        let mut query = connection.prepare_cached("select context from context where id = ?1")?;
        let context: Arc<str> = query.query_row([id], |row| Ok(row.get_ref(0)?.as_str()?.into()))?;
        self.contexts.insert(id, context.clone());
        Ok(context)
    }
}
