//! Where entries come from, as the log names it by numbers: vehicles and feeds, each read once.

use std::collections::HashMap;
use std::sync::Arc;

use collector_core::{Name, Origin, Vin};
use rusqlite::types::Type;
use rusqlite::{Connection, Error};

/// The account, the source and the way by which entries came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feed {
    pub account: Name,
    pub source: Name,
    pub origin: Origin,
}

/// What was read so far.
#[derive(Default)]
pub struct Feeds {
    vehicles: HashMap<i64, Vin>,
    feeds: HashMap<i64, Arc<Feed>>,
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
}
