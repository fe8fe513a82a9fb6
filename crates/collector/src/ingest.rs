//! The streams of a pipeline, and the way from them into the journal.

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use collector_core::{
    Cadence, Name, Patterns, RawSnapshot, Received, Source, SourceError, Stray, Stream, StreamOutput,
    Vehicle, Vin,
};
use serde_json::value::RawValue;
use tokio_util::sync::CancellationToken;

use journal::{Journal, JournalError};
use pipeline::{SourceSpec, Vehicles};
use runtime::Chain;
use source::{Handles, Hearing};
use store::Store;

use crate::state::OpenState;
use crate::{RunError, setup};

/// How long a journal that cannot take something is left alone, in real time: no clock makes a disk emptier.
const RETRY: Duration = Duration::from_secs(5);

/// A stream of one account and where it leads.
pub struct Streamed {
    stream: Box<dyn Stream>,
    output: JournalOutput,
}

impl Streamed {
    /// Runs until stopped; everything that was received is stored then.
    pub async fn run(mut self, stop: CancellationToken) {
        self.stream.run(&self.output, &stop).await;
    }
}

/// The streams of every account. A source without `account` serves every account, each with an instance of its own.
pub fn build(
    sources: &[SourceSpec],
    vehicles: &Vehicles,
    accounts: &[Handles],
    state: &OpenState,
    stop: &CancellationToken,
) -> Result<Vec<Streamed>, RunError> {
    let mut streams = Vec::new();
    for source in sources
        .iter()
        .filter(|source| source.plugin.cadence == Cadence::Continuous)
    {
        for account in accounts
            .iter()
            .filter(|account| source.is_for(&account.login.account))
        {
            let Source::Stream(stream) = setup::build_source(source, account)? else {
                return Err(RunError::other_cadence(source));
            };
            let output = JournalOutput::new(
                account,
                state,
                source.name.clone(),
                vehicles,
                source.vehicles.clone(),
                stop.clone(),
            );
            streams.push(Streamed { stream, output });
        }
    }
    Ok(streams)
}

/// Stores what a stream brings of the vehicles that are wanted.
pub struct JournalOutput {
    account: Name,
    source: Name,
    store: Store,
    journal: Journal,
    hearing: Arc<Hearing>,
    /// The vehicles of the pipeline file and their names; every vehicle where it has none.
    listed: Option<HashMap<Vin, Vehicle>>,
    patterns: Patterns,
    stop: CancellationToken,
    left_out: AtomicU64,
    retry: Duration,
}

impl JournalOutput {
    pub fn new(
        handles: &Handles,
        state: &OpenState,
        source: Name,
        vehicles: &Vehicles,
        patterns: Patterns,
        stop: CancellationToken,
    ) -> Self {
        let account = handles.login.account.clone();
        let listed = match vehicles {
            Vehicles::Auto => None,
            Vehicles::List(list) => {
                let here = list.iter().filter(|spec| spec.is_of(&account));
                Some(here.map(|spec| (spec.vin.clone(), spec.vehicle())).collect())
            }
        };
        Self {
            account,
            source,
            store: state.store.clone(),
            journal: state.journal.clone(),
            hearing: handles.hearing.clone(),
            listed,
            patterns,
            stop,
            left_out: AtomicU64::new(0),
            retry: RETRY,
        }
    }

    fn is_wanted(&self, vin: &Vin) -> bool {
        match &self.listed {
            Some(listed) => listed
                .get(vin)
                .is_some_and(|vehicle| self.patterns.matches_vehicle(vehicle)),
            None if self.patterns.is_all() => true,
            None => self.patterns.matches_vehicle(&Vehicle::named(vin.clone(), None)),
        }
    }

    /// What is wanted of it, apart.
    fn sorted(&self, received: Vec<Received>) -> (Vec<RawSnapshot>, Vec<Stray>) {
        let (mut snapshots, mut strays) = (Vec::with_capacity(received.len()), Vec::new());
        for one in received {
            match one {
                Received::Snapshot(snapshot) if self.is_wanted(&snapshot.vin) => snapshots.push(snapshot),
                Received::Snapshot(snapshot) => {
                    let messages = self.left_out.fetch_add(1, Ordering::Relaxed) + 1;
                    tracing::debug!(
                        account = %self.account, source = %self.source, vehicle = %snapshot.vin.short(), messages,
                        "messages of vehicles that the pipeline leaves out are not stored"
                    );
                }
                Received::Stray(stray) => strays.push(stray),
            }
        }
        (snapshots, strays)
    }

    /// Stores messages, and that the stream was heard, in one transaction.
    async fn append(&self, snapshots: Arc<[RawSnapshot]>) -> Result<(), JournalError> {
        let (account, source, journal) = (self.account.clone(), self.source.clone(), self.journal.clone());
        let heard_at = snapshots.iter().map(|snapshot| snapshot.received_at).max();
        let stored = self.store.transact(move |tx| {
            let appended = journal.append_within(tx, &account, &source, &snapshots)?;
            // That it is not noted must not keep what was sent from being stored.
            if let Some(at) = heard_at
                && let Err(error) = ledger::heard(tx, &account, &source, at)
            {
                tracing::debug!(%account, error = %Chain(&error), "could not note when the stream was heard");
            }
            Ok::<_, JournalError>(appended)
        });
        let appended = stored.await?;
        let new: usize = appended.iter().map(|appended| appended.new).sum();
        let repeats: usize = appended.iter().map(|appended| appended.repeats).sum();
        tracing::debug!(account = %self.account, source = %self.source, messages = appended.len(), new, repeats, "stored messages of the stream");
        Ok(())
    }

    /// One by one, where a bug keeps a batch from being stored: what cannot be stored even alone is kept as a stray.
    async fn append_singly(&self, snapshots: &[RawSnapshot]) -> Result<(), SourceError> {
        for snapshot in snapshots {
            let stored = self
                .until_stored(|| self.append([snapshot.clone()].into()))
                .await?;
            if !stored {
                tracing::error!(account = %self.account, source = %self.source, "a message made the journal panic, which is a bug; it is kept as a stray");
                self.keep_all(vec![as_stray(snapshot)]).await?;
            }
        }
        Ok(())
    }

    async fn keep_all(&self, strays: Vec<Stray>) -> Result<(), SourceError> {
        if !self.until_stored(|| self.keep(strays.clone())).await? {
            tracing::error!(account = %self.account, source = %self.source, messages = strays.len(), "messages that cannot be read made the journal panic, which is a bug; they are lost");
        }
        Ok(())
    }

    async fn keep(&self, strays: Vec<Stray>) -> Result<(), JournalError> {
        self.journal
            .keep_strays(&self.account, &self.source, strays)
            .await
    }

    /// Tries until the journal takes it. `false` where it never will, because of a bug.
    async fn until_stored<F>(&self, store: impl Fn() -> F) -> Result<bool, SourceError>
    where
        F: Future<Output = Result<(), JournalError>>,
    {
        let mut told = false;
        loop {
            let error = match store().await {
                Ok(()) => {
                    if told {
                        tracing::info!(account = %self.account, source = %self.source, "the journal takes the stream again");
                    }
                    return Ok(true);
                }
                Err(error) if error.is_bug() => return Ok(false),
                Err(error) => error,
            };
            if !told {
                tracing::error!(account = %self.account, source = %self.source, error = %Chain(&error), "messages cannot be stored; they are kept in memory and tried again, and nothing more is read meanwhile");
                told = true;
            }
            tokio::select! {
                () = tokio::time::sleep(self.retry) => {}
                () = self.stop.cancelled() => {
                    return Err(SourceError::Transient { reason: Chain(&error).to_string(), retry_after: None });
                }
            }
        }
    }
}

#[async_trait]
impl StreamOutput for JournalOutput {
    async fn push(&self, received: Vec<Received>) -> Result<(), SourceError> {
        let (snapshots, strays) = self.sorted(received);
        // Shared: what cannot be stored now is tried again.
        let snapshots: Arc<[RawSnapshot]> = snapshots.into();
        if !snapshots.is_empty() && !self.until_stored(|| self.append(snapshots.clone())).await? {
            self.append_singly(&snapshots).await?;
        }
        if !strays.is_empty() {
            for stray in &strays {
                tracing::debug!(account = %self.account, source = %self.source, reason = stray.reason, "a message of the stream cannot be read; it is kept as it came");
            }
            self.keep_all(strays).await?;
        }
        for snapshot in snapshots.iter() {
            self.hearing.heard(snapshot);
        }
        Ok(())
    }
}

/// A snapshot in the form in which it came.
fn as_stray(snapshot: &RawSnapshot) -> Stray {
    let data: HashMap<&str, &RawValue> = snapshot
        .readings
        .iter()
        .map(|reading| (reading.descriptor.as_str(), reading.body.as_ref()))
        .collect();
    let message = serde_json::json!({
        "vin": snapshot.vin.as_str(), "timestamp": snapshot.sent_at, "data": data,
    });
    Stray {
        received_at: snapshot.received_at,
        topic: snapshot.vin.as_str().to_owned(),
        payload: message.to_string().into_bytes(),
        reason: "storing it is a bug of this program".to_owned(),
    }
}
