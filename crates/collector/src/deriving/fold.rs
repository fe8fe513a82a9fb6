//! Some entries folded at a time; many of them off the threads that must answer at once.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use collector_core::{Entry, Record};
use derive::{Deriver, Rules};
use jiff::Timestamp;
use journal::{Batch, JournalError};
use runtime::contain;
use store::StoreError;

use super::telling::Telling;

/// The state is kept when entries of so many milliseconds were folded since: flash wears.
const KEEP_MS: i64 = 6 * 3_600_000;

/// Readings that are folded faster, in a fraction of a millisecond, than another thread takes them over.
const FEW: usize = 100;

/// Whether a panic was told since the program was started.
static TOLD: AtomicBool = AtomicBool::new(false);

/// How far entries are folded.
#[derive(Debug)]
pub struct Fold {
    pub deriver: Deriver,
    /// The last entry that is folded.
    pub at: u64,
    /// What entries up to this one tell stands in the journal.
    pub told_through: u64,
    /// When the newest of them came, and the newest before the state was kept last.
    received_at: Timestamp,
    kept_through: Option<Timestamp>,
    /// When that was; `None` where it was not in this run.
    pub kept_at: Option<Instant>,
    /// Something was folded since.
    pub is_changed: bool,
}

impl Fold {
    pub fn behind(deriver: Deriver, seq: u64, told_through: u64) -> Self {
        Self {
            deriver,
            at: seq,
            told_through,
            received_at: Timestamp::MIN,
            kept_through: None,
            kept_at: None,
            is_changed: false,
        }
    }

    /// Whether the state is worth being kept.
    pub fn is_due(&self) -> bool {
        let since = |before: Timestamp| self.received_at.as_millisecond() - before.as_millisecond();
        self.is_changed && self.kept_through.is_some_and(|before| since(before) >= KEEP_MS)
    }

    /// The state was kept.
    pub fn kept(&mut self, at: Instant) {
        (self.kept_through, self.kept_at, self.is_changed) = (Some(self.received_at), Some(at), false);
    }

    /// Folds a batch. What is to be told of it.
    ///
    /// # Errors
    /// What is told has no form, which is a bug.
    pub async fn take(&mut self, batch: Batch) -> Result<Vec<Telling>, JournalError> {
        let deriver = std::mem::replace(&mut self.deriver, Deriver::new(Rules::default()));
        let (entries, last) = (batch.entries, batch.last);
        let (deriver, told, received_at) = match batch.readings {
            ..FEW => folded(deriver, &entries),
            _ => {
                let folded = tokio::task::spawn_blocking(move || folded(deriver, &entries));
                folded.await.map_err(|_| StoreError::Bug)?
            }
        };
        (self.deriver, self.at) = (deriver, last);
        if let Some(received_at) = received_at {
            self.is_changed = true;
            self.received_at = self.received_at.max(received_at);
            self.kept_through.get_or_insert(received_at);
        }
        let news = told
            .into_iter()
            .filter(|(cause, ..)| cause.seq > self.told_through);
        let tellings = news.map(|(cause, record)| Telling::of(&record, &cause.account, cause.received_at));
        tellings
            .collect::<Option<_>>()
            .ok_or_else(|| StoreError::Bug.into())
    }
}

/// The entry because of which something is told.
pub struct Cause {
    pub seq: u64,
    pub account: collector_core::Name,
    pub received_at: Timestamp,
}

type Folded = (Deriver, Vec<(Cause, Record)>, Option<Timestamp>);

fn folded(mut deriver: Deriver, entries: &[Entry]) -> Folded {
    let (mut told, mut newest) = (Vec::new(), None);
    for entry in entries {
        let Some(snapshot) = entry.snapshot() else {
            continue;
        };
        newest = newest.max(Some(snapshot.received_at));
        for record in records(&mut deriver, entry) {
            let cause = Cause {
                seq: entry.seq,
                account: snapshot.account.clone(),
                received_at: snapshot.received_at,
            };
            told.push((cause, record));
        }
    }
    (deriver, told, newest)
}

/// What an entry tells; nothing where it is one on which the rules panic.
pub fn records(deriver: &mut Deriver, entry: &Entry) -> Vec<Record> {
    contain(|| deriver.fold(entry)).unwrap_or_else(|panic| {
        if !TOLD.swap(true, Ordering::Relaxed) {
            tracing::error!(
                entry = entry.seq,
                panic,
                "deriving panicked on an entry, which is a bug; the entry is passed over, further ones in silence"
            );
        }
        Vec::new()
    })
}
