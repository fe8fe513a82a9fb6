//! The streams in `cardata status`: whether each is well, told apart from a car that has nothing to say.

mod words;

use std::time::Duration;

use collector_core::Names;
use collector_core::state::{Published, State};
use jiff::{SignedDuration, Timestamp};
use journal::JournalError;
use journal::log::strays::StrayReason;
use ledger::overview::LastPoll;
use ledger::{Gap, StreamRecord, Unlisted};
use pipeline::{AccountStream, Pipeline, Vehicles};
use planner::silence::{Silence, silence};
use planner::{Activity, Evidence};

use crate::Look;
use crate::table::called;
pub use words::{json, text};

/// The stream of one account.
#[derive(Debug, Clone)]
pub struct StreamStatus {
    pub account: String,
    pub source: String,
    /// `None` where it never ran.
    pub record: Option<StreamRecord>,
    pub said: Option<Published>,
    /// How long the stored token is good for; the running program renews it before.
    pub token_until: Option<Timestamp>,
    pub vehicles: Vec<StreamedVehicle>,
    pub strays: Vec<StrayReason>,
    /// Vehicles that the pipeline file does not name, and messages of them.
    /// Each with what it is called.
    pub unlisted: Vec<(String, Unlisted)>,
    /// When nothing could come, the oldest first.
    pub gaps: Vec<Gap>,
    /// What has come may be held unwritten for so long.
    pub window: Duration,
}

/// What came of one vehicle.
#[derive(Debug, Clone, Default)]
pub struct StreamedVehicle {
    pub vin: String,
    pub name: String,
    pub last_message_at: Option<Timestamp>,
    pub messages: u64,
    pub readings: u64,
    pub repeats: u64,
    /// What it does, as far as polls told; `None` where none did, or a message came later.
    pub activity: Option<Activity>,
    /// The newest time of a measurement that polls told of.
    pub measured_at: Option<Timestamp>,
}

impl StreamStatus {
    /// When the last message came: the ledger notes it now and then, the journal has what was stored.
    pub fn last_message_at(&self) -> Option<Timestamp> {
        let noted = self.record.as_ref().and_then(|record| record.last_message_at);
        let stored = self.vehicles.iter().filter_map(|vehicle| vehicle.last_message_at);
        noted.max(stored.max())
    }

    /// The gaps of the last day.
    pub fn gaps_of_the_day(&self, now: Timestamp) -> impl Iterator<Item = &Gap> {
        let began = now - SignedDuration::from_hours(24);
        self.gaps
            .iter()
            .filter(move |gap| gap.to.is_none_or(|to| to >= began))
    }

    /// What its silence means; none where it is not connected.
    pub fn silence(&self, now: Timestamp) -> Silence {
        let last = self.last_message_at();
        let measured = self.vehicles.iter().filter_map(|one| one.measured_at).max();
        self.judge(last, measured, now)
    }

    /// What the silence of one of its vehicles means.
    pub fn silence_of(&self, vehicle: &StreamedVehicle, now: Timestamp) -> Silence {
        self.judge(vehicle.last_message_at, vehicle.measured_at, now)
    }

    /// Whether nothing of a vehicle ever came by it, though polls told meanwhile that it measured something.
    pub fn is_mute_of(&self, vin: &str, now: Timestamp) -> bool {
        let mut its = self.vehicles.iter().filter(|vehicle| vehicle.vin == vin);
        its.any(|vehicle| {
            let silence = self.silence_of(vehicle, now);
            vehicle.last_message_at.is_none() && matches!(silence, Silence::Contradicted { .. })
        })
    }

    fn judge(&self, last: Option<Timestamp>, measured: Option<Timestamp>, now: Timestamp) -> Silence {
        let since = self.record.as_ref().and_then(|record| record.connected_since);
        since.map_or(Silence::None, |since| silence(since, last, measured, now))
    }
}

/// The streams that the pipeline has, without their tokens.
pub(crate) fn gather(
    look: Option<&Look>,
    pipeline: &Pipeline,
    names: &Names,
    components: &[Published],
    polls: &[LastPoll],
    now: Timestamp,
) -> Result<Vec<StreamStatus>, JournalError> {
    let mut streams = Vec::new();
    let (records, gaps, reasons, arrivals, mut unlisted) = match look {
        Some(look) => (
            look.ledger.streams()?,
            look.ledger.gaps()?,
            look.journal.stray_reasons()?,
            look.journal.arrivals()?,
            look.ledger.unlisted()?,
        ),
        None => Default::default(),
    };
    unlisted.retain(|one| match &pipeline.vehicles {
        Vehicles::Auto => false,
        Vehicles::List(list) => list.iter().all(|spec| spec.vin != one.vin),
    });
    for AccountStream { account, source } in pipeline.streams() {
        let is_its = |of: &str, by: &str| *of == *account && *by == *source;
        let record = records.iter().find(|one| is_its(&one.account, &one.source));
        let strays = reasons.iter().filter(|one| is_its(&one.account, &one.source));
        let mut vehicles: Vec<_> = arrivals
            .iter()
            .filter(|one| is_its(&one.account, &one.source))
            .map(|one| StreamedVehicle {
                vin: one.vin.clone(),
                last_message_at: Some(one.last_received_at),
                messages: one.snapshots,
                readings: one.readings,
                repeats: one.repeats,
                ..StreamedVehicle::default()
            })
            .collect();
        for poll in polls.iter().filter(|poll| *poll.account == *account) {
            learn(&mut vehicles, poll, now);
        }
        for vehicle in &mut vehicles {
            vehicle.name = called(names, &vehicle.vin);
        }
        streams.push(StreamStatus {
            record: record.cloned(),
            said: crate::said(components, &account, |state| matches!(state, State::Stream(_))),
            token_until: None,
            gaps: gaps
                .iter()
                .filter(|one| is_its(&one.account, &one.source))
                .map(|one| one.gap)
                .collect(),
            window: pipeline.journal.window,
            vehicles,
            strays: strays.cloned().collect(),
            unlisted: unlisted
                .iter()
                .filter(|one| is_its(&one.account, &one.source))
                .map(|one| (names.of(&one.vin).to_string(), one.clone()))
                .collect(),
            account: account.to_string(),
            source: source.to_string(),
        });
    }
    Ok(streams)
}

/// What a poll told of a vehicle, which may never have spoken on the stream.
pub(crate) fn learn(vehicles: &mut Vec<StreamedVehicle>, poll: &LastPoll, now: Timestamp) {
    let evidence = poll
        .activity
        .as_deref()
        .and_then(|text| serde_json::from_str::<Evidence>(text).ok());
    let position = vehicles.iter().position(|known| known.vin == poll.vin);
    let position = position.unwrap_or_else(|| {
        vehicles.push(StreamedVehicle {
            vin: poll.vin.clone(),
            ..StreamedVehicle::default()
        });
        vehicles.len() - 1
    });
    if let Some(evidence) = evidence {
        let vehicle = &mut vehicles[position];
        // What came since may have told of something else.
        let is_newest = vehicle.last_message_at.is_none_or(|at| at <= poll.last_at);
        vehicle.activity = is_newest.then(|| evidence.activity(now, Some(poll.last_at)));
        vehicle.measured_at = vehicle.measured_at.max(evidence.newest_measurement());
    }
}
