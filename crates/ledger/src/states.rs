//! The states that components publish: for `cardata status`, which is another process, and for notices.

use std::sync::Arc;

use async_trait::async_trait;
use collector_core::Name;
use collector_core::state::{Published, State};
use runtime::{Chain, Clock};
use store::sql::Access;
use store::timestamp;

use crate::overview::Overview;
use crate::{Result, SqlLedger};

/// Where states are published.
#[async_trait]
pub trait States: std::fmt::Debug + Send + Sync {
    /// Replaces what the component said before.
    async fn publish(&self, published: Published) -> Result<()>;
}

#[async_trait]
impl States for SqlLedger {
    async fn publish(&self, published: Published) -> Result<()> {
        let (kind, word) = published.state.stored();
        self.run(
            "insert into component (kind, name, state, message, since) values (?1, ?2, ?3, ?4, ?5)
             on conflict do update set state = excluded.state, message = excluded.message,
                 since = excluded.since",
            (
                kind,
                published.name.to_string(),
                word,
                published.message,
                published.since.as_millisecond(),
            ),
        )
        .await
    }
}

impl Overview {
    /// The last word of every component.
    pub fn components(&self) -> Result<Vec<Published>> {
        published(&self.database)
    }
}

/// The last word of every component, as far as this version knows it.
pub(crate) fn published(of: &impl Access) -> Result<Vec<Published>> {
    let query = "select kind, name, state, message, since from component order by kind, name";
    let found = of.all(query, [], |row| {
        let (kind, name, word): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let Some(state) = State::from_stored(&kind, &word) else {
            return Ok(None);
        };
        Ok(Some(Published {
            name: name.into(),
            state,
            message: row.get(3)?,
            since: timestamp(row.get(4)?),
        }))
    })?;
    Ok(found.into_iter().flatten().collect())
}

/// The voice of one account or sink.
#[derive(Debug, Clone)]
pub struct Publisher {
    name: Name,
    ledger: Arc<dyn States>,
    clock: Arc<dyn Clock>,
}

impl Publisher {
    pub fn new(name: Name, ledger: Arc<dyn States>, clock: Arc<dyn Clock>) -> Self {
        Self { name, ledger, clock }
    }

    /// Says how it fares. What cannot be stored harms nothing but `cardata status`.
    pub async fn publish(&self, state: State, message: Option<String>) {
        let published = Published {
            name: self.name.clone(),
            state,
            message,
            since: self.clock.now(),
        };
        if let Err(error) = self.ledger.publish(published).await {
            tracing::debug!(name = %self.name, error = %Chain(&error), "could not publish a state");
        }
    }
}

/// A voice that says nothing twice in a row.
#[derive(Debug)]
pub struct Announcer {
    publisher: Publisher,
    last: Option<(State, Option<String>)>,
}

impl Announcer {
    pub fn new(publisher: Publisher) -> Self {
        Self {
            publisher,
            last: None,
        }
    }

    /// Publishes what is another word than the last one.
    pub async fn announce(&mut self, state: State, message: Option<String>) {
        let new = Some((state, message));
        if self.last != new {
            self.last.clone_from(&new);
            self.publisher
                .publish(state, new.and_then(|(_, message)| message))
                .await;
        }
    }
}
