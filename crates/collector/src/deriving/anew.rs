//! Everything derived from the first entry on: where there is no state to go on from, and where the owner asks for it.
//!
//! Only what differs from the records of the journal is appended, each with the revision behind the one that it replaces.
//! The newest of several tellings of a record is enough, so that a second time nothing differs. Memory does not grow with
//! the journal but for a line a record: what can be told again is a hundred days old at most.

use collector_core::{Entry, RecordState};
use derive::Deriver;
use journal::{JournalError, Log};
use ledger::Publisher;
use store::StoreError;
use tokio_util::sync::CancellationToken;

use super::compared::Compared;
use super::fold::{Cause, Fold, records};
use super::merged::Merged;
use super::outcome::{Example, Outcome};
use super::survey::Survey;
use super::telling::{self, Kept, Telling};
use super::{AT_ONCE, Deriving};

impl Deriving {
    /// Derives all records from the entries that are there, and appends what differs. What goes on from there, and what came
    /// of it; `None` where `stop` came first, and the next start begins again.
    ///
    /// # Errors
    /// The journal cannot be read or written.
    pub(super) async fn anew(
        &self,
        publisher: &Publisher,
        stop: &CancellationToken,
    ) -> Result<Option<(Fold, Outcome)>, JournalError> {
        telling::forget(&self.state).await?;
        let last = *self.state.journal.newest().borrow();
        self.tell_behind(publisher, last).await;
        let path = self.state.store.path().to_owned();
        let survey = tokio::task::spawn_blocking(move || Survey::of(&path, last));
        let (mut compared, runs) = Compared::with(survey.await.map_err(|_| StoreError::Bug)??);
        let mut merged = Merged::new(self.reader.clone(), runs);
        let mut deriver = Deriver::new(self.rules.clone());
        while let Some(entries) = merged.next().await? {
            if stop.is_cancelled() {
                return Ok(None);
            }
            let folded = tokio::task::spawn_blocking(move || {
                let tellings = fold(&mut deriver, &mut compared, &entries);
                (deriver, compared, tellings)
            });
            let tellings;
            (deriver, compared, tellings) = folded.await.map_err(|_| StoreError::Bug)?;
            if !tellings.is_empty() {
                telling::append(&self.state, tellings, None).await?;
            }
        }
        let rest = compared.rest(&mut deriver);
        self.append(rest).await?;
        self.withdraw(&mut compared, &mut deriver).await?;
        self.show(&mut compared).await?;
        let kept = Kept {
            told_through: last,
            state: Some((last, deriver.state())),
        };
        telling::append(&self.state, Vec::new(), Some(kept)).await?;
        Ok(Some((Fold::behind(deriver, last, last), compared.outcome)))
    }

    /// Appends some at a time: nobody waits long for the writer.
    async fn append(&self, tellings: Vec<Telling>) -> Result<(), JournalError> {
        for some in tellings.chunks(AT_ONCE / 10) {
            telling::append(&self.state, some.to_vec(), None).await?;
        }
        Ok(())
    }

    /// Withdraws the records that are not derived any more.
    async fn withdraw(&self, compared: &mut Compared, deriver: &mut Deriver) -> Result<(), JournalError> {
        let mut tellings = Vec::new();
        for head in compared.vanished() {
            let batch = self.reader.entry(head.seq).await?;
            let record = batch.and_then(|batch| batch.entries.first()?.record().cloned());
            let Some(mut record) = record.map(|record| (*record).clone()) else {
                continue;
            };
            (record.state, record.revision) = (RecordState::Withdrawn, head.revision + 1);
            for child in &mut record.children {
                (child.state, child.revision) = (record.state, record.revision);
            }
            compared.outcome.of(record.kind.name).withdrawn += 1;
            deriver.told_before(&record);
            tellings.extend(Telling::of(&record, &head.account, head.received_at));
        }
        self.append(tellings).await
    }

    /// What differs in the first records that changed.
    async fn show(&self, compared: &mut Compared) -> Result<(), JournalError> {
        for (seq, now) in std::mem::take(&mut compared.examples) {
            let batch = self.reader.entry(seq).await?;
            let before = batch.and_then(|batch| batch.entries.first()?.record().cloned());
            let example = before.map(|before| Example::of(&before, &now));
            compared.outcome.of(now.kind.name).examples.extend(example);
        }
        Ok(())
    }
}

/// Folds entries. What of it is settled and differs.
fn fold(deriver: &mut Deriver, compared: &mut Compared, entries: &[Entry]) -> Vec<Telling> {
    let mut tellings = Vec::new();
    for entry in entries {
        let Some(snapshot) = entry.snapshot() else {
            continue;
        };
        for record in records(deriver, entry) {
            let cause = Cause {
                seq: entry.seq,
                account: snapshot.account.clone(),
                received_at: snapshot.received_at,
            };
            compared.derived(record, cause);
        }
        tellings.extend(compared.settled(deriver, snapshot.received_at));
    }
    tellings
}
