//! The states that components publish: for `cardata status`, which is another process, and for notices.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use collector_core::Name;
use collector_core::state::{Published, State};
use runtime::{Chain, Clock};
use rusqlite::{Connection, params};
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
        self.transact(move |connection| write(connection, &published))
            .await
    }
}

pub(crate) fn write(connection: &Connection, published: &Published) -> Result<()> {
    let (kind, word) = published.state.stored();
    connection.run(
        "insert into component (kind, name, state, message, since) values (?1, ?2, ?3, ?4, ?5)
         on conflict do update set state = excluded.state, message = excluded.message,
             since = excluded.since",
        params![
            kind,
            &*published.name,
            word,
            published.message,
            published.since.as_millisecond(),
        ],
    )?;
    Ok(())
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

/// The voice of one account or sink. It says nothing twice in a row. Clones are one voice.
#[derive(Debug, Clone)]
pub struct Publisher {
    name: Name,
    ledger: Arc<dyn States>,
    clock: Arc<dyn Clock>,
    /// The last word, by the kind of the state.
    said: Arc<Mutex<HashMap<&'static str, Word>>>,
}

type Word = (State, Option<String>);

impl Publisher {
    pub fn new(name: Name, ledger: Arc<dyn States>, clock: Arc<dyn Clock>) -> Self {
        Self {
            name,
            ledger,
            clock,
            said: Arc::default(),
        }
    }

    /// Says how it fares. What cannot be stored harms nothing but `cardata status`.
    pub async fn publish(&self, state: State, message: Option<String>) {
        let Some(published) = self.news(state, message) else {
            return;
        };
        if let Err(error) = self.ledger.publish(published).await {
            self.said().remove(state.stored().0);
            tracing::debug!(name = %self.name, error = %Chain(&error), "could not publish a state");
        }
    }

    /// What there is to say, if it is another word than the last one: whoever takes it writes it down.
    pub fn news(&self, state: State, message: Option<String>) -> Option<Published> {
        let word = (state, message);
        let before = self.said().insert(state.stored().0, word.clone());
        (before.as_ref() != Some(&word)).then(|| Published {
            name: self.name.clone(),
            state,
            message: word.1,
            since: self.clock.now(),
        })
    }

    /// What was said last may not be written down: it is said again.
    pub fn forget(&self) {
        self.said().clear();
    }

    fn said(&self) -> MutexGuard<'_, HashMap<&'static str, Word>> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
