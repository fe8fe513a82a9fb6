//! The streams of a pipeline, and what of them goes through the door.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use collector_core::{
    Cadence, Origin, Patterns, RawSnapshot, Received, Source, SourceError, Stray, Stream, StreamOutput,
    Vehicle, Vin,
};
use jiff::{SignedDuration, Timestamp};
use journal::JournalError;
use ledger::{Fact, StreamRecord, Unlisted};
use tokio_util::sync::CancellationToken;

use pipeline::{SourceSpec, Vehicles};
use runtime::Chain;
use source::Handles;

use super::{Door, Intake};
use crate::state::OpenState;
use crate::{RunError, setup};

/// A stream of one account and where it leads.
pub struct Streamed {
    stream: Box<dyn Stream>,
    output: StreamDoor,
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
    intake: &Arc<dyn Intake>,
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
            let door = Door::new(account, source.name.clone(), intake.clone(), stop.clone());
            let output = StreamDoor::new(door, vehicles, source.vehicles.clone());
            streams.push(Streamed { stream, output });
        }
    }
    Ok(streams)
}

/// Notes when streams whose program died were heard last, where the journal knows it better than the ledger: nothing is
/// lost before.
///
/// # Errors
/// The database cannot be read or written.
pub async fn note_last_heard(state: &OpenState, now: Timestamp) -> Result<(), JournalError> {
    let streams = ledger::overview::Overview::open_file(state.store.path())?.streams()?;
    let arrivals = state.journal.overview()?.arrivals()?;
    let heard = |stream: StreamRecord| {
        stream.connected_since?;
        let of_it = arrivals.iter().filter(|one| {
            one.origin == Origin::Stream.as_str()
                && one.account == stream.account
                && one.source == stream.source
        });
        // A later one is of a clock that was set back.
        let times = of_it.map(|one| one.last_received_at).filter(|at| *at <= now);
        let at = times.max().filter(|at| Some(*at) > stream.last_message_at)?;
        let (account, source) = (stream.account.into(), stream.source.into());
        Some(Fact::Heard { account, source, at })
    };
    let heard = streams.into_iter().filter_map(heard).collect();
    Ok(state.ledger.note(heard).await?)
}

/// Messages of a vehicle that the pipeline file does not name.
#[derive(Debug, Default)]
struct Uncounted {
    /// Those that are not noted yet.
    messages: u64,
    noted: Option<Timestamp>,
}

/// Lets through what a stream brings of the vehicles that are wanted.
pub struct StreamDoor {
    pub(super) door: Door,
    /// The vehicles of the pipeline file and their names; every vehicle where it has none.
    listed: Option<HashMap<Vin, Vehicle>>,
    /// Those of every account.
    named: Option<HashSet<Vin>>,
    unlisted: Mutex<HashMap<Vin, Uncounted>>,
    patterns: Patterns,
    pub(super) left_out: AtomicU64,
    /// When it was last noted that the stream is heard.
    noted: Mutex<Option<Timestamp>>,
}

/// That a stream is heard is noted no more often: each time costs a page of the disk. When its connection ends, the
/// stream itself notes the last time; after a kill, [`note_last_heard`] tells it.
const NOTED_EVERY: SignedDuration = SignedDuration::from_secs(30);

impl StreamDoor {
    pub fn new(door: Door, vehicles: &Vehicles, patterns: Patterns) -> Self {
        let (listed, named) = match vehicles {
            Vehicles::Auto => (None, None),
            Vehicles::List(list) => {
                let named = list.iter().map(|spec| spec.vin.clone()).collect();
                let here = list.iter().filter(|spec| spec.is_of(&door.account));
                let here = here.map(|spec| (spec.vin.clone(), door.names.vehicle(&spec.vin)));
                (Some(here.collect()), Some(named))
            }
        };
        Self {
            door,
            listed,
            named,
            unlisted: Mutex::default(),
            patterns,
            left_out: AtomicU64::new(0),
            noted: Mutex::default(),
        }
    }

    fn is_wanted(&self, vin: &Vin) -> bool {
        match &self.listed {
            Some(listed) => listed
                .get(vin)
                .is_some_and(|vehicle| self.patterns.matches_vehicle(vehicle)),
            None if self.door.names.is_forgotten(vin) => false,
            None if self.patterns.is_all() => true,
            None => self.patterns.matches_vehicle(&self.door.names.vehicle(vin)),
        }
    }

    /// That it was heard, where that was last noted a while ago.
    fn to_note(&self, snapshots: &[RawSnapshot]) -> Vec<Fact> {
        let newest = snapshots.iter().map(|snapshot| snapshot.received_at).max();
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(at) = newest.filter(|at| is_due(*noted, *at)) else {
            return Vec::new();
        };
        *noted = Some(at);
        let (account, source) = (self.door.account.clone(), self.door.source.clone());
        vec![Fact::Heard { account, source, at }]
    }

    /// Counts a message of a vehicle that the pipeline file does not name; what is to be noted of it, the first at once.
    fn unlisted(&self, snapshot: &RawSnapshot) -> Option<Fact> {
        let (vin, at) = (&snapshot.vin, snapshot.received_at);
        if self.named.as_ref()?.contains(vin) || self.door.names.is_forgotten(vin) {
            return None;
        }
        let (account, source) = (self.door.account.clone(), self.door.source.clone());
        let mut unlisted = self.unlisted.lock().unwrap_or_else(PoisonError::into_inner);
        let uncounted = unlisted.entry(vin.clone()).or_default();
        uncounted.messages += 1;
        if !is_due(uncounted.noted, at) {
            return None;
        }
        if uncounted.noted.replace(at).is_none() {
            tracing::info!(%account, %source, vehicle = %self.door.names.of(vin), "messages come for a vehicle that `vehicles:` does not name; they are not stored");
        }
        Some(Fact::Unlisted(Unlisted {
            account,
            source,
            vin: vin.clone(),
            messages: std::mem::take(&mut uncounted.messages),
            last_at: at,
        }))
    }

    /// What is wanted of it, and what is to be noted of the rest.
    fn sorted(&self, received: Vec<Received>) -> (Vec<RawSnapshot>, Vec<Stray>, Vec<Fact>) {
        let (mut snapshots, mut strays) = (Vec::with_capacity(received.len()), Vec::new());
        let mut facts = Vec::new();
        for one in received {
            match one {
                Received::Snapshot(snapshot) if self.is_wanted(&snapshot.vin) => snapshots.push(snapshot),
                Received::Snapshot(snapshot) => {
                    facts.extend(self.unlisted(&snapshot));
                    let messages = self.left_out.fetch_add(1, Ordering::Relaxed) + 1;
                    tracing::debug!(
                        account = %self.door.account, source = %self.door.source, vehicle = %self.door.names.of(&snapshot.vin), messages,
                        "messages of vehicles that the pipeline leaves out are not stored"
                    );
                }
                Received::Stray(stray) => strays.push(stray),
            }
        }
        (snapshots, strays, facts)
    }
}

/// Whether something that was noted then is worth a note again.
fn is_due(noted: Option<Timestamp>, at: Timestamp) -> bool {
    noted.is_none_or(|noted| !(SignedDuration::ZERO..NOTED_EVERY).contains(&at.duration_since(noted)))
}

#[async_trait]
impl StreamOutput for StreamDoor {
    async fn push(&self, received: Vec<Received>) -> Result<(), SourceError> {
        let (snapshots, strays, unlisted) = self.sorted(received);
        if let Err(error) = self.door.ledger.note(unlisted).await {
            tracing::debug!(account = %self.door.account, error = %Chain(&error), "could not note messages of vehicles that are not named");
        }
        for stray in &strays {
            tracing::debug!(account = %self.door.account, source = %self.door.source, reason = stray.reason, "a message of the stream cannot be read; it is kept as it came");
        }
        let heard = self.to_note(&snapshots);
        let taken = async {
            self.door.take(snapshots.into(), heard).await?;
            self.door.take_strays(strays).await
        };
        taken.await.map_err(|stopped| SourceError::Transient {
            reason: Chain(&stopped.0).to_string(),
            retry_after: None,
        })
    }
}
