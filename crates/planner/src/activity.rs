//! What a vehicle is doing, as its last readings tell.
//!
//! A poll repeats the last known values, however old, so a reading speaks for the present only if the vehicle has
//! been heard of lately. Keys that BMW stamps with the time of the call have no age: they can confirm, not prove.
//!
//! A message of the stream has one key, may come late, twice, and behind newer ones. It speaks for the time at which
//! it was measured, so one that comes late is neither news nor a silence.

use collector_core::{Origin, RawReading, RawSnapshot, Stamp, Value};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

const STATUS: &str = "vehicle.drivetrain.electricEngine.charging.status";
const HV_STATUS: &str = "vehicle.drivetrain.electricEngine.charging.hvStatus";
const POWER: &str = "vehicle.powertrain.electric.battery.charging.power";
const MOVING: &str = "vehicle.isMoving";
const IGNITION: [&str; 2] = [
    "vehicle.drivetrain.engine.isActive",
    "vehicle.drivetrain.engine.isIgnitionOn",
];
const MILEAGE: &str = "vehicle.vehicle.travelledDistance";

/// What a battery that charges, and a vehicle that moves, go on telling about.
const BATTERY: [&str; 3] = [
    "vehicle.drivetrain.electricEngine.charging.",
    "vehicle.drivetrain.batteryManagement.",
    "vehicle.powertrain.electric.battery.",
];
const MOTION: [&str; 3] = [
    "vehicle.cabin.infotainment.navigation.currentLocation.",
    MOVING,
    MILEAGE,
];

/// What is measured when a trip is over. It says that one ended, not that none has begun since.
const TRIP_END: &str = "vehicle.trip.segment.end.";

/// The keys of one moment carry stamps that are up to three minutes apart.
const SAME_TRIP: SignedDuration = SignedDuration::from_mins(4);
/// The end of a trip that is told later than this is history.
const FRESH: SignedDuration = SignedDuration::from_mins(30);
/// A status that is older than this was forgotten, not kept.
const FORGOTTEN: SignedDuration = SignedDuration::from_hours(12);
/// A vehicle that charges tells its state of charge at least this often.
const BATTERY_SILENT: SignedDuration = SignedDuration::from_mins(60);
/// A vehicle that drives tells its position every few minutes.
const MOTION_SILENT: SignedDuration = SignedDuration::from_mins(20);
/// More kilometres an hour are a change of the odometer's unit.
const FASTEST: f64 = 250.0;

/// What a vehicle is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Activity {
    #[default]
    Parked,
    Charging,
    Driving,
    /// It stopped one of them since it was last polled.
    Ended,
}

/// What happened to a vehicle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Event {
    TripEnded,
    ChargeBegan,
    ChargeEnded,
    /// The stream came back after a gap: what was sent meanwhile is lost.
    Reconnected,
}

/// What one reading says.
#[derive(Debug, Clone, PartialEq)]
pub struct Observation {
    pub value: Value,
    pub measured_at: Timestamp,
    pub stamp: Stamp,
}

/// What the readings of one vehicle have told about what it is doing. Takes snapshots of any origin, whole or in
/// pieces, in any order.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Evidence {
    charging: Option<Told>,
    power: Option<Told>,
    /// By a key without an age.
    hv_charging: Option<Told>,
    moving: Option<Told>,
    ignition: Option<Told>,
    mileage: Option<Mileage>,
    /// When the mileage was last seen to grow.
    went_on: Option<Timestamp>,
    battery_heard: Option<Timestamp>,
    motion_heard: Option<Timestamp>,
    /// When the vehicle was last heard of at all; what it did is judged as of then.
    observed: Option<Timestamp>,
    /// When it was noticed that a charge or a drive had ended.
    ended: Option<Timestamp>,
    /// When the newest end of a trip was measured.
    trip_end: Option<Timestamp>,
    /// When a message of a stream last came, whatever it was about.
    spoke: Option<Timestamp>,
    /// When messages of a stream told that these happened.
    told: Turns,
}

/// The last of each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Turns {
    trip_ended: Option<Timestamp>,
    charge_began: Option<Timestamp>,
    charge_ended: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Told {
    yes: bool,
    at: Timestamp,
    /// Both were told for this moment: stamps of the stream have whole seconds.
    #[serde(default)]
    both: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Mileage {
    kilometres: f64,
    at: Timestamp,
}

impl Evidence {
    /// Takes in what a snapshot tells. `read` says what a reading means; what it does not know tells nothing.
    pub fn observe(&mut self, snapshot: &RawSnapshot, read: impl Fn(&RawReading) -> Option<Observation>) {
        let before = self.as_observed();
        let streamed = snapshot.origin == Origin::Stream;
        let mut newest = None;
        for reading in &snapshot.readings {
            let id = reading.descriptor.as_str();
            // What tells nothing of it still tells that a vehicle that charged or drove is silent about that.
            if !tells(id) && (before == Activity::Parked || !streamed) {
                continue;
            }
            let Some(Observation {
                value,
                measured_at,
                stamp,
            }) = read(reading)
            else {
                continue;
            };
            // A vehicle's clock may be ahead of ours.
            let at = measured_at.min(snapshot.received_at);
            match stamp {
                Stamp::Measured => {
                    newest = newest.max(Some(at));
                    self.note(id, &value, at);
                    self.note_end_of_trip(id, at, snapshot);
                }
                _ if id == HV_STATUS => newer(
                    &mut self.hv_charging,
                    text(&value) == "CHARGING",
                    snapshot.received_at,
                ),
                _ => {}
            }
        }
        let as_of = if streamed {
            self.spoke = self.spoke.max(Some(snapshot.received_at));
            newest
        } else {
            Some(snapshot.received_at)
        };
        self.observed = self.observed.max(as_of);
        self.compare(before, streamed, snapshot.received_at);
    }

    /// Whether it went on to something else.
    fn compare(&mut self, before: Activity, streamed: bool, at: Timestamp) {
        let after = self.as_observed();
        if before != Activity::Parked && after == Activity::Parked {
            self.ended = Some(at);
        }
        if !streamed || before == after {
            return;
        }
        match before {
            Activity::Driving => self.told.trip_ended = Some(at),
            Activity::Charging => self.told.charge_ended = Some(at),
            _ => {}
        }
        if after == Activity::Charging {
            self.told.charge_began = Some(at);
        }
    }

    fn note_end_of_trip(&mut self, id: &str, at: Timestamp, snapshot: &RawSnapshot) {
        if !id.starts_with(TRIP_END) || self.trip_end.is_some_and(|before| at < before + SAME_TRIP) {
            return;
        }
        self.trip_end = Some(at);
        if snapshot.origin == Origin::Stream && snapshot.received_at.duration_since(at) < FRESH {
            self.told.trip_ended = Some(snapshot.received_at);
        }
    }

    /// What a stream last told to have happened and was not undone since.
    pub fn happened(&self, now: Timestamp) -> Option<(Timestamp, Event)> {
        let told = &self.told;
        let trip_ended = (told.trip_ended, Event::TripEnded);
        let charge_ended = (told.charge_ended, Event::ChargeEnded);
        let lasting = match self.activity(now, None) {
            Activity::Driving => [charge_ended; 2],
            Activity::Charging => [trip_ended, (told.charge_began, Event::ChargeBegan)],
            _ => [trip_ended, charge_ended],
        };
        lasting
            .into_iter()
            .filter_map(|(at, what)| Some((at.filter(|at| *at <= now)?, what)))
            .max()
    }

    /// What both tell; the one that was written down later is believed.
    #[must_use]
    pub fn latest(self, other: Self) -> Self {
        let (newer, older) = if other.observed > self.observed {
            (other, self)
        } else {
            (self, other)
        };
        Self {
            charging: newer.charging.or(older.charging),
            power: newer.power.or(older.power),
            hv_charging: newer.hv_charging.or(older.hv_charging),
            moving: newer.moving.or(older.moving),
            ignition: newer.ignition.or(older.ignition),
            mileage: newer.mileage.or(older.mileage),
            went_on: newer.went_on.max(older.went_on),
            battery_heard: newer.battery_heard.max(older.battery_heard),
            motion_heard: newer.motion_heard.max(older.motion_heard),
            trip_end: newer.trip_end.max(older.trip_end),
            spoke: newer.spoke.max(older.spoke),
            ..newer
        }
    }

    fn note(&mut self, id: &str, value: &Value, at: Timestamp) {
        if BATTERY.iter().any(|prefix| id.starts_with(prefix)) {
            self.battery_heard = self.battery_heard.max(Some(at));
        }
        if MOTION.iter().any(|prefix| id.starts_with(prefix)) {
            self.motion_heard = self.motion_heard.max(Some(at));
        }
        match (id, value) {
            (STATUS, _) => {
                let charging = matches!(text(value), "CHARGINGACTIVE" | "INITIALIZATION");
                newer(&mut self.charging, charging, at);
            }
            (HV_STATUS, _) => newer(&mut self.hv_charging, text(value) == "CHARGING", at),
            (POWER, Value::Number(power)) => newer(&mut self.power, *power > 0.0, at),
            (MOVING, Value::Bool(moving)) => newer(&mut self.moving, *moving, at),
            (MILEAGE, Value::Number(kilometres)) => self.drove(*kilometres, at),
            (id, Value::Bool(on)) if IGNITION.contains(&id) => newer(&mut self.ignition, *on, at),
            _ => {}
        }
    }

    fn drove(&mut self, kilometres: f64, at: Timestamp) {
        if let Some(before) = self.mileage {
            if at <= before.at {
                return;
            }
            let hours = at.duration_since(before.at).as_secs_f64() / 3_600.0;
            let way = kilometres - before.kilometres;
            if way > 0.0 && way <= 1.0 + hours * FASTEST {
                self.went_on = Some(at);
            }
        }
        self.mileage = Some(Mileage { kilometres, at });
    }

    /// What the vehicle is doing at `now`, as far as is known. `last_poll` is when it was last asked for.
    pub fn activity(&self, now: Timestamp, last_poll: Option<Timestamp>) -> Activity {
        let seen = self
            .observed
            .is_some_and(|observed| now.duration_since(observed) < FORGOTTEN);
        let ended = |ended| last_poll.is_some_and(|last| last <= ended && ended <= now);
        match self.as_observed() {
            _ if !seen => Activity::Parked,
            Activity::Parked if self.ended.is_some_and(ended) => Activity::Ended,
            activity => activity,
        }
    }

    /// The newest time at which the vehicle measured something about its battery or its motion.
    pub fn newest_measurement(&self) -> Option<Timestamp> {
        self.battery_heard.max(self.motion_heard)
    }

    /// When a message of a stream last came, whatever it was about.
    pub fn spoke(&self) -> Option<Timestamp> {
        self.spoke
    }

    /// When messages of a stream told of turns.
    pub fn turns(&self) -> Turns {
        self.told
    }

    /// The clock was set: what was heard keeps its age.
    pub fn move_with_the_clock(&mut self, by: SignedDuration) {
        self.spoke = self.spoke.and_then(|at| at.checked_add(by).ok());
    }

    /// What it did when it was last heard of.
    pub fn as_observed(&self) -> Activity {
        match self.observed {
            Some(seen) if self.is_driving(seen) => Activity::Driving,
            Some(seen) if self.is_charging(seen) => Activity::Charging,
            _ => Activity::Parked,
        }
    }

    fn is_charging(&self, now: Timestamp) -> bool {
        if !lately(self.battery_heard, now, BATTERY_SILENT) {
            return false;
        }
        let recent = |told: Option<Told>| told.filter(|told| lately(Some(told.at), now, FORGOTTEN));
        // The newest status with an age decides; what has none is asked only where there is no such status.
        let measured = [recent(self.charging), recent(self.power)];
        let newest = measured
            .into_iter()
            .flatten()
            .max_by_key(|told| (told.at, told.yes));
        newest.or(recent(self.hv_charging)).is_some_and(|told| told.yes)
    }

    fn is_driving(&self, now: Timestamp) -> bool {
        let flags = [self.moving, self.ignition].into_iter().flatten();
        let newest = flags
            .filter(|told| lately(Some(told.at), now, FORGOTTEN))
            .max_by_key(|told| (told.at, told.yes));
        if newest.is_some_and(|told| !told.yes && self.went_on.is_none_or(|at| at <= told.at)) {
            return false;
        }
        let said = newest.is_some_and(|told| told.yes) && lately(self.motion_heard, now, MOTION_SILENT);
        said || lately(self.went_on, now, MOTION_SILENT)
    }
}

fn tells(id: &str) -> bool {
    BATTERY
        .iter()
        .chain(&MOTION)
        .chain(&IGNITION)
        .chain(&[TRIP_END])
        .any(|prefix| id.starts_with(prefix))
}

/// Of two values with one stamp the one that comes later is taken to be newer, and a repeat of the first is none.
fn newer(told: &mut Option<Told>, yes: bool, at: Timestamp) {
    let both = match told {
        Some(before) if at < before.at => return,
        Some(before) if at == before.at && before.both => return,
        Some(before) => at == before.at && before.yes != yes,
        None => false,
    };
    *told = Some(Told { yes, at, both });
}

fn lately(at: Option<Timestamp>, now: Timestamp, within: SignedDuration) -> bool {
    at.is_some_and(|at| now.duration_since(at) < within)
}

fn text(value: &Value) -> &str {
    match value {
        Value::Text(text) => text,
        _ => "",
    }
}

#[cfg(test)]
#[path = "tests/activity.rs"]
mod tests;
