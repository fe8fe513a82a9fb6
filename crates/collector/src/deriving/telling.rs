//! Records into the journal, in one transaction with how far they are told.

use std::sync::Arc;

use collector_core::{Name, RawSnapshot, Record, Vin};
use entry_form::record;
use jiff::Timestamp;
use journal::JournalError;

use super::outcome::Outcome;
use crate::state::OpenState;

/// The name of the source of records, as the journal has it.
const SOURCE: &str = "derive";

/// A record as it goes into the journal.
#[derive(Debug, Clone)]
pub struct Telling {
    account: Name,
    snapshot: RawSnapshot,
}

/// How far is told with it.
#[derive(Debug, Clone)]
pub struct Kept {
    pub told_through: u64,
    /// An entry, and the state behind it.
    pub state: Option<(u64, String)>,
}

impl Telling {
    /// A record that is told because of what came to this account at `received_at`; `None` where it has no form.
    pub fn of(record: &Record, account: &Name, received_at: Timestamp) -> Option<Self> {
        let json = record::encode(record).ok()?;
        Self::as_json(&record.vehicle.vin, &json, record.at, account, received_at)
    }

    /// The same of what was encoded already.
    pub fn as_json(
        vin: &Vin,
        json: &str,
        at: Timestamp,
        account: &Name,
        received_at: Timestamp,
    ) -> Option<Self> {
        Some(Self {
            account: account.clone(),
            snapshot: record::snapshot(vin, json, at, received_at).ok()?,
        })
    }
}

/// Appends records in this order. One that stands in the journal already is left out, as every repeat is.
///
/// # Errors
/// The database refuses it; nothing has changed then.
pub async fn append(
    state: &OpenState,
    tellings: Vec<Telling>,
    kept: Option<Kept>,
) -> Result<(), JournalError> {
    let (tellings, kept) = (Arc::new(tellings), Arc::new(kept));
    let append = || {
        let (journal, tellings, kept) = (state.journal.clone(), tellings.clone(), kept.clone());
        state.store.transact(move |tx| {
            for of_one in tellings.chunk_by(|one, other| one.account == other.account) {
                let snapshots: Vec<_> = of_one.iter().map(|telling| telling.snapshot.clone()).collect();
                journal.append_within(tx, &of_one[0].account, SOURCE, &snapshots)?;
            }
            if let Some(kept) = &*kept {
                ledger::told_through(tx, kept.told_through)?;
                if let Some((seq, state)) = &kept.state {
                    ledger::keep_derived(tx, *seq, state)?;
                }
            }
            Ok::<_, JournalError>(())
        })
    };
    state.journal.mended(append).await
}

/// What was known is no more to be gone on from: the next start derives all anew and compares. For whoever changes what
/// was folded.
///
/// # Errors
/// As [`append`].
pub async fn forget(state: &OpenState) -> Result<(), JournalError> {
    let forgotten = state.store.transact(ledger::forget_derived).await;
    Ok(forgotten?)
}

/// Asks whoever runs the pipeline to derive all anew. The moment tells this wish from others.
///
/// # Errors
/// As [`append`].
pub async fn ask(state: &OpenState, at: Timestamp) -> Result<(), JournalError> {
    let asked = state.store.transact(move |tx| ledger::ask_anew(tx, at));
    Ok(asked.await?)
}

/// Tells what came of the wish of that moment.
///
/// # Errors
/// As [`append`].
pub async fn answer(state: &OpenState, asked_at: Timestamp, outcome: &Outcome) -> Result<(), JournalError> {
    let outcome = outcome.to_json();
    let answered = state
        .store
        .transact(move |tx| ledger::answer_anew(tx, asked_at, &outcome));
    Ok(answered.await?)
}
