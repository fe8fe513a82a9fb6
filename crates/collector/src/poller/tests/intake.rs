//! Where the polls of these tests lead.

use std::sync::{Arc, Mutex, OnceLock};

use async_trait::async_trait;
use collector_core::{Name, RawSnapshot, Stray};
use journal::testing::MemoryLog;
use journal::{JournalError, Log};
use ledger::testing::MemoryLedger;
use ledger::{Fact, Facts};

use crate::ingest::{Intake, Stored};

/// A log in memory that one vehicle's snapshots make panic.
#[derive(Debug, Default)]
pub(super) struct MemoryIntake {
    pub(super) log: MemoryLog,
    pub(super) ledger: OnceLock<Arc<MemoryLedger>>,
    pub(super) strays: Mutex<Vec<Stray>>,
    pub(super) poisoned: Mutex<Option<&'static str>>,
}

#[async_trait]
impl Intake for MemoryIntake {
    async fn append(
        &self,
        account: &Name,
        source: &Name,
        snapshots: Arc<[RawSnapshot]>,
        facts: Arc<[Fact]>,
    ) -> Result<Stored, JournalError> {
        let poisoned = *self.poisoned.lock().unwrap();
        if snapshots
            .iter()
            .any(|snapshot| Some(snapshot.vin.as_str()) == poisoned)
        {
            return Err(ledger::StoreError::Bug.into());
        }
        if let Some(ledger) = self.ledger.get() {
            ledger.note(facts.to_vec()).await?;
        }
        let appended = self
            .log
            .append(account.clone(), source.clone(), snapshots)
            .await?;
        Ok(Stored {
            appended,
            noted: true,
        })
    }

    async fn keep_strays(&self, _: &Name, _: &Name, strays: Vec<Stray>) -> Result<(), JournalError> {
        self.strays.lock().unwrap().extend(strays);
        Ok(())
    }
}
