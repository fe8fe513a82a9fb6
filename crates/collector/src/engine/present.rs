//! What a sink may ask of the present: answered out of the journal, beside its writer.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use cardata_auth::TokenStore;
use collector_core::{Name, Present, SinkError, Snapshot, VehicleFacts};

use crate::account::{Chain, token_store};
use crate::config::{self, Select};
use crate::journal::{JournalError, Reader};
use crate::state::StateDirectory;

/// The present of every sink of a pipeline.
pub struct Presents {
    reader: Reader,
    logins: Arc<HashMap<Name, TokenStore>>,
}

impl Presents {
    pub fn new(reader: &Reader, accounts: &[config::Account], state: &StateDirectory) -> Self {
        let logins = accounts
            .iter()
            .map(|account| (account.name.clone(), token_store(account, state)));
        Self {
            reader: reader.clone(),
            logins: Arc::new(logins.collect()),
        }
    }

    /// The present as far as `select` lets it through.
    pub fn selected(&self, select: &Select) -> Arc<dyn Present> {
        Arc::new(Selected {
            reader: self.reader.clone(),
            logins: self.logins.clone(),
            select: select.clone(),
        })
    }
}

struct Selected {
    reader: Reader,
    logins: Arc<HashMap<Name, TokenStore>>,
    select: Select,
}

impl fmt::Debug for Selected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Selected({} logins)", self.logins.len())
    }
}

#[async_trait]
impl Present for Selected {
    async fn latest(&self) -> Result<Vec<Snapshot>, SinkError> {
        let mut snapshots = self.reader.latest().await.map_err(unreadable)?;
        snapshots.retain_mut(|snapshot| {
            let select = &self.select;
            snapshot
                .readings
                .retain(|reading| select.matches_descriptor(&reading.descriptor));
            !snapshot.readings.is_empty()
                && select.matches_vehicle(&snapshot.vehicle)
                && select.matches_source(&snapshot.source)
        });
        Ok(snapshots)
    }

    async fn vehicles(&self) -> Result<Vec<VehicleFacts>, SinkError> {
        let mut vehicles = self.reader.vehicles().await.map_err(unreadable)?;
        vehicles.retain(|facts| self.select.matches_vehicle(&facts.vehicle));
        let logins = self.logins.clone();
        // A file is read for each account, and decrypted where it has changed.
        let known = tokio::task::spawn_blocking(move || {
            for facts in &mut vehicles {
                let login = facts.account.as_ref().and_then(|account| logins.get(account));
                let tokens = login.and_then(|login| login.load().ok().flatten());
                facts.gcid = tokens.and_then(|tokens| tokens.gcid);
            }
            vehicles
        });
        known
            .await
            .map_err(|_| SinkError::transient("the logins could not be read"))
    }
}

fn unreadable(error: JournalError) -> SinkError {
    SinkError::transient(format!("the journal cannot be read: {}", Chain(&error)))
}
