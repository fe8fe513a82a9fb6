//! What each kind of car tells of what it did, and how it reaches us.

use std::sync::Arc;

use collector_core::{Descriptor, Entry, Origin, Reading, Snapshot, Unit, Value, ValueType, Vehicle, Vin};
use jiff::Timestamp;

use crate::world::{BEGIN, DAY, Dice, HOUR, MINUTE, SECOND, Truth};

const ODOMETER: &str = "vehicle.vehicle.travelledDistance";
const LATITUDE: &str = "vehicle.cabin.infotainment.navigation.currentLocation.latitude";
const LONGITUDE: &str = "vehicle.cabin.infotainment.navigation.currentLocation.longitude";
const DOOR: &str = "vehicle.cabin.door.row1.driver.isOpen";
const LOCKS: &str = "vehicle.cabin.door.status";
const MOVING: &str = "vehicle.isMoving";
const IGNITION: &str = "vehicle.drivetrain.engine.isIgnitionOn";
const PLUG: &str = "vehicle.body.chargingPort.status";
const CHARGING: &str = "vehicle.drivetrain.electricEngine.charging.status";
const HEADER: &str = "vehicle.drivetrain.batteryManagement.header";
const DISPLAYED: &str = "vehicle.powertrain.electric.battery.stateOfCharge.displayed";
const SEGMENT_END: &str = "vehicle.trip.segment.end.time";
const SEGMENT_ODOMETER: &str = "vehicle.trip.segment.end.travelledDistance";
const FUEL: &str = "vehicle.drivetrain.fuelSystem.remainingFuel";
const MILE: f64 = 1.609_344;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Says whether it moves, its ignition, and the end of a trip.
    OldHeadUnit,
    /// No flags; latitude and longitude a second apart; what was told of the trip before comes again.
    I5,
    NeueKlasse,
    Phev,
    /// Whole miles, without flags.
    British,
    /// Speaks when it is unlocked and when it is locked.
    OldIdrive,
}

impl Kind {
    pub const ALL: [Self; 6] = [
        Self::OldHeadUnit,
        Self::I5,
        Self::NeueKlasse,
        Self::Phev,
        Self::British,
        Self::OldIdrive,
    ];

    fn has_flags(self) -> bool {
        matches!(self, Self::OldHeadUnit | Self::Phev)
    }

    /// In seconds.
    fn cadence(self) -> Option<i64> {
        match self {
            Self::OldHeadUnit | Self::OldIdrive => None,
            Self::NeueKlasse => Some(120),
            _ => Some(180),
        }
    }

    fn odometer(self, km: f64) -> f64 {
        match self {
            Self::I5 => (km * 10.0).floor() / 10.0,
            Self::British => ((km / MILE).floor() * MILE * 1e7).round() / 1e7,
            _ => km.floor(),
        }
    }
}

/// A value as the car measured it.
type Told = (i64, &'static str, Value);

fn moment(at: i64) -> Timestamp {
    Timestamp::from_millisecond(at).unwrap_or_default()
}

fn word(word: &str) -> Value {
    Value::Text(word.into())
}

/// All that a car tells of one drive and the standing behind it, in the order of measurement.
fn drive(kind: Kind, it: &Truth, before: Option<&Truth>, dice: &mut Dice) -> Vec<Told> {
    let mut told: Vec<Told> = Vec::new();
    let soc_key = if kind == Kind::NeueKlasse {
        DISPLAYED
    } else {
        HEADER
    };
    let unlocked = it.start - dice.seconds(35, 100);
    let locked = it.end + dice.seconds(25, 90);
    let state = |at: i64, told: &mut Vec<Told>| {
        let share = it.share(at);
        let mix = |a: f64, b: f64| a + (b - a) * share;
        told.push((
            at,
            ODOMETER,
            Value::Number(kind.odometer(it.odometer + it.km * share)),
        ));
        let soc = mix(it.soc_start, it.soc_end);
        let soc = if kind == Kind::NeueKlasse {
            (soc * 2.0).round() / 2.0
        } else {
            soc.round()
        };
        told.push((at, soc_key, Value::Number(soc)));
        if kind == Kind::Phev {
            told.push((
                at,
                FUEL,
                Value::Number((40.0 - 30.0 * ((it.odometer + it.km * share) % 500.0) / 500.0).round()),
            ));
        }
        let lag = if kind == Kind::OldHeadUnit { 0 } else { SECOND };
        told.push((at, LATITUDE, Value::Number(mix(it.from.0, it.to.0))));
        told.push((at + lag, LONGITUDE, Value::Number(mix(it.from.1, it.to.1))));
    };
    told.push((unlocked, LOCKS, word("ASN_unlocked")));
    if kind == Kind::OldIdrive {
        state(unlocked + 2 * SECOND, &mut told);
        state(locked + 2 * SECOND, &mut told);
        told.push((locked, LOCKS, word("ASN_secured")));
        return told;
    }
    told.push((unlocked + 5 * SECOND, DOOR, Value::Bool(true)));
    told.push((unlocked + 12 * SECOND, DOOR, Value::Bool(false)));
    state(unlocked + 15 * SECOND, &mut told);
    if kind.has_flags() {
        told.push((it.start - 10 * SECOND, IGNITION, Value::Bool(true)));
        told.push((it.start, MOVING, Value::Bool(true)));
        for (from, until) in &it.lights {
            told.push((*from, MOVING, Value::Bool(false)));
            told.push((*until, MOVING, Value::Bool(true)));
        }
        told.push((it.end, MOVING, Value::Bool(false)));
        told.push((it.end + 4 * SECOND, IGNITION, Value::Bool(false)));
        told.push((it.end + 5 * SECOND, SEGMENT_END, Value::Timestamp(moment(it.end))));
        told.push((
            it.end + 5 * SECOND,
            SEGMENT_ODOMETER,
            Value::Number(it.odometer + it.km),
        ));
    }
    told.push((it.start + 8 * SECOND, LOCKS, word("ASN_locked")));
    if let Some(cadence) = kind.cadence() {
        let mut at = it.start + cadence * SECOND / 2;
        while at < it.end {
            state(at, &mut told);
            at += cadence * SECOND;
        }
        if let Some(before) = before.filter(|_| !kind.has_flags()) {
            let at = it.start + 4 * MINUTE;
            if at < it.end {
                told.push((at, SEGMENT_END, Value::Timestamp(moment(before.end))));
                told.push((at, SEGMENT_ODOMETER, Value::Number(before.odometer + before.km)));
            }
        }
    }
    state(it.end + 3 * SECOND, &mut told);
    told.push((it.end + 12 * SECOND, DOOR, Value::Bool(true)));
    told.push((it.end + 18 * SECOND, DOOR, Value::Bool(false)));
    told.push((locked, LOCKS, word("ASN_secured")));
    if let Some((from, until, soc)) = it.plugged {
        told.push((from, PLUG, word("CONNECTED")));
        told.push((from + 20 * SECOND, CHARGING, word("CHARGINGACTIVE")));
        let hours = (until - from) / HOUR;
        for hour in 1..hours {
            let now = it.soc_end + (soc - it.soc_end) * hour as f64 / hours as f64;
            told.push((from + hour * HOUR, soc_key, Value::Number(now.round())));
        }
        told.push((until - 30 * MINUTE, CHARGING, word("CHARGINGENDED")));
        told.push((until, PLUG, word("DISCONNECTED")));
        told.push((until, soc_key, Value::Number(soc)));
    }
    told
}

fn reading((at, key, value): Told) -> Reading {
    let (value_type, unit) = match (&value, key) {
        (Value::Bool(_), _) => (ValueType::Bool, None),
        (Value::Text(_), _) => (ValueType::Text, None),
        (Value::Timestamp(_), _) => (ValueType::Timestamp, None),
        (_, ODOMETER | SEGMENT_ODOMETER) => (ValueType::Number, Some(Unit::new("km"))),
        _ => (ValueType::Number, None),
    };
    let descriptor = Descriptor::new(key, key, value_type, unit.clone());
    Reading::new(descriptor, value, unit, moment(at))
}

/// A week without stream: polls every hour bring what the car measured last.
pub fn is_polled(at: i64) -> bool {
    (20 * DAY..27 * DAY).contains(&(at - BEGIN))
}

/// The entries in the order of arrival: two of a hundred messages are lost, some come twice, some hours late.
pub fn entries(kind: Kind, truth: &[Truth], seed: u64) -> Vec<Entry> {
    let mut dice = Dice(seed ^ 0xCA7);
    let mut arrivals: Vec<(i64, Vec<Told>)> = Vec::new();
    let mut polled: Vec<Told> = Vec::new();
    let mut before = None;
    for it in truth {
        for told in drive(kind, it, before, &mut dice) {
            if is_polled(told.0) {
                polled.push(told);
                continue;
            }
            if dice.hits(0.02) {
                continue;
            }
            let late = match () {
                () if dice.hits(0.005) => dice.seconds(600, 20_000),
                () if dice.hits(0.05) => dice.seconds(5, 120),
                () => dice.seconds(1, 5),
            };
            let at = told.0 + late;
            if dice.hits(0.1) {
                arrivals.push((at + dice.seconds(0, 30), vec![told.clone()]));
            }
            arrivals.push((at, vec![told]));
        }
        before = Some(it);
    }
    let mut brought: Vec<Told> = Vec::new();
    for hour in 0..=7 * 24 {
        let at = BEGIN + 20 * DAY + hour * HOUR;
        let mut newest: Vec<Told> = Vec::new();
        for told in polled.iter().filter(|told| told.0 <= at) {
            newest.retain(|other| other.1 != told.1);
            newest.push(told.clone());
        }
        newest.retain(|told| !brought.contains(told));
        brought.extend(newest.iter().cloned());
        if !newest.is_empty() {
            arrivals.push((at + SECOND, newest));
        }
    }
    let last = truth.last().map_or(BEGIN, |it| it.end);
    arrivals.push((last + DAY, vec![(last + DAY, HEADER, Value::Number(50.0))]));
    arrivals.sort_by_key(|(at, _)| *at);
    let vehicle = Vehicle::named(Vin::nobody(), None);
    let name: Arc<str> = "x".into();
    let entries = arrivals.into_iter().zip(1..).map(|((at, told), seq)| {
        let origin = if told.len() > 1 {
            Origin::Poll
        } else {
            Origin::Stream
        };
        let received_at = moment(at);
        let mut snapshot = Snapshot::new(vehicle.clone(), name.clone(), name.clone(), origin, received_at);
        snapshot.readings = told.into_iter().map(reading).collect();
        Entry::snapshot_of(seq, snapshot)
    });
    entries.collect()
}
