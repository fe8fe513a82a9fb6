//! What the car said last of everything that a session is made of.

use collector_core::Cited;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{HOUR, MINUTE};
use crate::fact::{Charging, Fact, Key, SocKey};
use crate::rules::CurrentType;

/// How far an odometer must rise before it is a drive, in km: more than miles and kilometres of one car differ by
/// rounding.
pub const DRIVE_KM: f64 = 0.95;
/// How far apart in time latitude and longitude may be and still belong together: rule T3.
const PAIR: i64 = 2_000;
/// An odometer that rises so soon behind a halt was read on the way to it.
const SETTLE: i64 = 5 * MINUTE;
/// A half of a position that lies so far from where the car was, in degrees, is of another place: 100 m and more.
const ELSEWHERE: f64 = 0.0015;
/// A state of charge of a less trusted key takes its place behind a better one that is not older than this.
const STALE_SOC: i64 = 24 * HOUR;

/// One fact that something is concluded from, small enough to be kept.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Sign {
    /// In milliseconds since the epoch.
    #[serde(rename = "a")]
    pub at: i64,
    #[serde(rename = "s")]
    pub seq: u64,
    /// What told it.
    #[serde(rename = "k")]
    pub key: Key,
    #[serde(rename = "v")]
    pub value: f64,
    #[serde(rename = "o")]
    pub of: Of,
}

/// What a sign is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Of {
    Plug,
    PlugEvent,
    Charging(Charging),
    CurrentType(CurrentType),
    Power,
    Soc(SocKey),
    Odometer,
    Moving,
    MaxEnergy,
    /// Power from volts, amperes and phases.
    Current,
}

/// The newest of everything.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Signals {
    /// Unknown behind a drive, until the car tells it again.
    pub plugged: Option<bool>,
    /// The car drove on with "plugged": the same from a poll is a repeat.
    pub plug_is_stale: bool,
    pub plug_event: Option<f64>,
    pub charging: Option<Charging>,
    /// The newest power above 0.
    pub power: Option<Sign>,
    pub volts: Option<f64>,
    pub amperes: Option<f64>,
    pub phases: Option<f64>,
    pub soc: [Option<Sign>; 4],
    /// The lowest state of charge since the last window or drive, at its last time.
    pub low: Option<Sign>,
    pub odometer: Option<Sign>,
    pub driven_at: Option<i64>,
    pub moving: Option<(bool, i64)>,
    pub preconditioning: bool,
    pub max_energy: Option<Sign>,
    pub position: Option<Position>,
    latitude: Option<(f64, i64)>,
    longitude: Option<(f64, i64)>,
    /// Since when it stands, by its flag or its plug.
    stands_since: Option<i64>,
}

/// Latitude and longitude of one moment, in degrees.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Position {
    pub at: i64,
    pub latitude: f64,
    pub longitude: f64,
}

impl Sign {
    pub fn new(fact: &Fact, value: f64, of: Of) -> Self {
        Self {
            at: fact.at,
            seq: fact.seq,
            key: fact.key,
            value,
            of,
        }
    }

    /// As a reason of a record.
    pub fn cited(&self) -> Cited {
        let value = match self.of {
            Of::Plug | Of::Moving => format!("{}", self.value > 0.5),
            Of::PlugEvent => self.value.to_string(),
            Of::Charging(state) => format!("{state:?}").to_lowercase(),
            Of::CurrentType(kind) => format!("{kind:?}").to_uppercase(),
            Of::Power => format!("{} kW", self.value),
            Of::Current => format!("{} kW from volts, amperes and phases", self.value),
            Of::Soc(_) => format!("{} %", self.value),
            Of::Odometer => format!("{} km", self.value),
            Of::MaxEnergy => format!("{} kWh", self.value),
        };
        Cited {
            seq: self.seq,
            descriptor: self.key.as_str().into(),
            measured_at: Timestamp::from_millisecond(self.at).unwrap_or_default(),
            value: value.into(),
        }
    }
}

impl Signals {
    /// Whether a state of charge of this key counts now: no better key told one within a day. That of a trip's end is of
    /// the past.
    pub fn counts(&self, key: SocKey, at: i64) -> bool {
        let better = self.soc.iter().take(key as usize).flatten();
        key != SocKey::TripEnd
            && !better
                .clone()
                .any(|sign| sign.of != Of::Soc(SocKey::TripEnd) && at - sign.at <= STALE_SOC)
    }

    /// The newest state of charge that counts and was told since the last drive.
    pub fn standing_soc(&self, at: i64) -> Option<Sign> {
        let keys = [SocKey::Header, SocKey::Displayed, SocKey::Predicted];
        let counting = keys.into_iter().filter(|key| self.counts(*key, at));
        let mut signs = counting.filter_map(|key| self.soc[key as usize]);
        signs.find(|sign| self.driven_at.is_none_or(|driven| sign.at >= driven))
    }

    /// The newest position, where no drive came long behind it, and no half of a later one lies elsewhere.
    pub fn standing_position(&self) -> Option<Position> {
        let slack = 15 * MINUTE;
        let position = self.position?;
        let is_left = |half: Option<(f64, i64)>, was: f64| {
            half.is_some_and(|(degrees, at)| at > position.at && (degrees - was).abs() > ELSEWHERE)
        };
        let has_driven = self.driven_at.is_some_and(|driven| position.at < driven - slack)
            || is_left(self.latitude, position.latitude)
            || is_left(self.longitude, position.longitude);
        (!has_driven).then_some(position)
    }

    /// What the car says of its motion.
    pub fn moves_or_stands(&mut self, moving: bool, at: i64) {
        self.moving = Some((moving, at));
        match moving {
            true => self.stands_since = None,
            false => self.stands(at),
        }
    }

    pub fn stands(&mut self, at: i64) {
        self.stands_since.get_or_insert(at);
    }

    /// A car without a flag may drive on unseen.
    pub fn unplugged(&mut self) {
        self.plugged = Some(false);
        self.plug_is_stale = false;
        if self.moving.is_none_or(|(moving, _)| moving) {
            self.stands_since = None;
        }
    }

    /// Whether the car said within ten minutes that it moves.
    pub fn moves(&self, at: i64) -> bool {
        self.moving
            .is_some_and(|(moving, since)| moving && at - since <= 10 * MINUTE)
    }

    /// Power at the charger's side where the car tells no power, in kW.
    pub fn charger_power(&self) -> Option<f64> {
        Some(self.volts? * self.amperes? * self.phases? / 1_000.0)
    }

    pub fn latitude(&mut self, degrees: f64, at: i64) -> bool {
        self.latitude = Some((degrees, at));
        self.pair()
    }

    pub fn longitude(&mut self, degrees: f64, at: i64) -> bool {
        self.longitude = Some((degrees, at));
        self.pair()
    }

    fn pair(&mut self) -> bool {
        let (Some((latitude, a)), Some((longitude, b))) = (self.latitude, self.longitude) else {
            return false;
        };
        let in_one_place = self.stands_since.is_some_and(|since| a.min(b) >= since);
        if (a - b).abs() > PAIR && !in_one_place {
            return false;
        }
        self.position = Some(Position {
            at: a.max(b),
            latitude,
            longitude,
        });
        true
    }

    /// What a drive leaves unknown.
    pub fn drove(&mut self, at: i64) {
        self.driven_at = Some(at);
        self.stands_since = self.stands_since.filter(|since| at - since <= SETTLE);
        self.plug_is_stale |= self.plugged == Some(true);
        self.plugged = None;
        self.low = None;
    }
}
