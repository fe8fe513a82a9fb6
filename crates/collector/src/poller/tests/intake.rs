//! Where the polls of these tests lead.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use async_trait::async_trait;
use collector_core::{Name, RawSnapshot, Stray};
use journal::testing::MemoryLog;
use journal::{JournalError, Log};
use ledger::testing::MemoryLedger;
use ledger::{Fact, Facts};

use crate::ingest::{Intake, Stored};

/// A log in memory that the snapshots of one vehicle make panic, or one descriptor.
#[derive(Debug, Default)]
pub(super) struct MemoryIntake {
    pub(super) log: MemoryLog,
    pub(super) ledger: OnceLock<Arc<MemoryLedger>>,
    pub(super) strays: Mutex<Vec<Stray>>,
    /// A VIN or a descriptor.
    pub(super) poisoned: Mutex<Option<&'static str>>,
    /// The next facts are not noted.
    pub(super) refuses_facts: AtomicBool,
}

impl MemoryIntake {
    fn look(&self, snapshots: &[RawSnapshot]) -> Result<(), JournalError> {
        let poisoned = *self.poisoned.lock().unwrap();
        let is_poison = |word: &str| Some(word) == poisoned;
        let panics = |snapshot: &RawSnapshot| {
            let mut readings = snapshot.readings.iter();
            is_poison(snapshot.vin.as_str()) || readings.any(|reading| is_poison(&reading.descriptor))
        };
        match snapshots.iter().any(panics) {
            true => Err(ledger::StoreError::Bug.into()),
            false => Ok(()),
        }
    }
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
        self.look(&snapshots)?;
        let noted = !self.refuses_facts.swap(false, Ordering::Relaxed);
        if let Some(ledger) = self.ledger.get().filter(|_| noted) {
            ledger.note(facts.to_vec()).await?;
        }
        let appended = self
            .log
            .append(account.clone(), source.clone(), snapshots)
            .await?;
        Ok(Stored { appended, noted })
    }

    async fn try_out(&self, _: &Name, _: &Name, snapshot: RawSnapshot) -> Result<(), JournalError> {
        self.look(&[snapshot])
    }

    async fn keep_strays(&self, _: &Name, _: &Name, strays: Vec<Stray>) -> Result<(), JournalError> {
        self.strays.lock().unwrap().extend(strays);
        Ok(())
    }
}
