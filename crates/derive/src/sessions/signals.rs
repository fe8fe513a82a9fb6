//! What the car said last of everything that a session is made of.

use collector_core::Cited;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{HOUR, KEPT, MINUTE};
use crate::fact::{Charging, Fact, Key, SocKey};
use crate::rules::CurrentType;
use crate::steps::Steps;

/// How far an odometer must rise before it is a drive, in km: more than miles and kilometres of one car differ by
/// rounding.
pub const DRIVE_KM: f64 = 0.95;
/// How far apart in time latitude and longitude may be and still belong together: rule T3.
const PAIR: i64 = 2_000;
/// A position may be so much older than the last sign of driving and still be where the car stands.
const ROLLING: i64 = 10_000;
/// An odometer told so soon behind the word that the car stands is of the way there.
const JUST_STOOD: i64 = 2 * MINUTE;
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
    /// A capacity that a listed charge shows, and its rise in percent: of a car that tells none.
    Shown(u8),
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
    /// By key, as those.
    #[serde(default)]
    pub steps: [Steps; 4],
    /// The lowest state of charge since the last window or drive, at its last time.
    pub low: Option<Sign>,
    pub odometer: Option<Sign>,
    pub driven_at: Option<i64>,
    /// When the car last said that it is not plugged in.
    pub unplugged_at: Option<i64>,
    /// Since when the car has said that it stands; unknown while it drives, and of cars that never say so.
    stands_since: Option<i64>,
    /// The last sign of driving: the odometer rose, or the car said that it moves or no longer does.
    arrived_at: Option<i64>,
    pub moving: Option<(bool, i64)>,
    pub preconditioning: bool,
    /// What the car tells of its capacity, else what a charge showed.
    pub max_energy: Option<Sign>,
    pub position: Option<Position>,
    latitude: Option<(f64, i64)>,
    longitude: Option<(f64, i64)>,
}

/// Latitude and longitude of one moment, in degrees.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Position {
    pub at: i64,
    /// What told the second half of it.
    pub seq: u64,
    pub key: Key,
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
            Of::Shown(rise) => format!("{:.1} kWh by a charge of {rise} %", self.value),
        };
        Cited {
            seq: self.seq,
            descriptor: self.key.as_str().into(),
            measured_at: Timestamp::from_millisecond(self.at).unwrap_or_default(),
            value: value.into(),
        }
    }
}

impl Position {
    pub fn degrees(&self) -> (f64, f64) {
        (self.latitude, self.longitude)
    }

    pub fn cited(&self) -> Cited {
        Cited {
            seq: self.seq,
            descriptor: self.key.as_str().into(),
            measured_at: Timestamp::from_millisecond(self.at).unwrap_or_default(),
            value: format!("{}, {}", self.latitude, self.longitude).into(),
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

    /// The newest position, where the car did not drive on behind it, and no half of a later one lies elsewhere.
    pub fn standing_position(&self) -> Option<Position> {
        let arrived = self.arrived_at.map_or(i64::MIN, |at| at - ROLLING);
        let position = self.position.filter(|position| position.at >= arrived)?;
        let lies_elsewhere = |half: Option<(f64, i64)>, was: f64| {
            half.is_some_and(|(degrees, at)| at > position.at && (degrees - was).abs() > ELSEWHERE)
        };
        let is_left = lies_elsewhere(self.latitude, position.latitude)
            || lies_elsewhere(self.longitude, position.longitude);
        (!is_left).then_some(position)
    }

    pub fn drove_since(&self, at: i64) -> bool {
        self.driven_at.max(self.arrived_at) >= Some(at)
    }

    /// Before this it cannot have been plugged in where it stands now, if that is known.
    pub fn free_at(&self) -> Option<i64> {
        self.unplugged_at.max(self.driven_at).max(self.arrived_at)
    }

    pub fn moving(&mut self, moving: bool, at: i64) {
        let is_new = self
            .moving
            .replace((moving, at))
            .is_none_or(|(before, _)| before != moving);
        if moving || is_new {
            self.arrived_at = Some(at);
            self.stands_since = Some(at).filter(|_| !moving);
        }
    }

    pub fn plugged(&mut self, at: i64) {
        self.plugged = Some(true);
        self.plug_is_stale = false;
        self.stands_since = self.stands_since.or(Some(at));
    }

    pub fn unplugged(&mut self, at: i64) {
        self.plugged = Some(false);
        self.plug_is_stale = false;
        self.unplugged_at = Some(at);
    }

    /// The odometer has risen. While plugged in, and right behind the word that the car stands, it is of the way there.
    pub fn rose(&mut self, at: i64, is_plugged: bool) {
        let late = self
            .stands_since
            .is_some_and(|since| is_plugged || at - since <= JUST_STOOD);
        if !late {
            self.stands_since = None;
            self.arrived_at = Some(at);
        }
    }

    /// Whether the car said within ten minutes that it moves.
    pub fn moves(&self, at: i64) -> bool {
        self.moving
            .is_some_and(|(moving, since)| moving && at - since <= 10 * MINUTE)
    }

    /// A charge shows the capacity, where the car tells none: the one with the highest rise of a hundred days counts.
    pub fn shows(&mut self, shown: Sign) {
        let is_less = |known: Sign| match (known.of, shown.of) {
            (Of::Shown(old), Of::Shown(new)) => new >= old || shown.at - known.at > KEPT,
            _ => false,
        };
        if self.max_energy.is_none_or(is_less) {
            self.max_energy = Some(shown);
        }
    }

    /// Power at the charger's side where the car tells no power, in kW.
    pub fn charger_power(&self) -> Option<f64> {
        Some(self.volts? * self.amperes? * self.phases? / 1_000.0)
    }

    pub fn latitude(&mut self, degrees: f64, fact: &Fact) -> bool {
        self.latitude = Some((degrees, fact.at));
        self.pair(fact)
    }

    pub fn longitude(&mut self, degrees: f64, fact: &Fact) -> bool {
        self.longitude = Some((degrees, fact.at));
        self.pair(fact)
    }

    fn pair(&mut self, fact: &Fact) -> bool {
        let (Some((latitude, a)), Some((longitude, b))) = (self.latitude, self.longitude) else {
            return false;
        };
        let stood = self.stands_since.is_some_and(|since| a.min(b) >= since);
        let nowhere = latitude.abs() < 0.01 && longitude.abs() < 0.01;
        if nowhere || (a - b).abs() > PAIR && !stood {
            return false;
        }
        self.position = Some(Position {
            at: a.max(b),
            seq: fact.seq,
            key: fact.key,
            latitude,
            longitude,
        });
        true
    }

    /// What a drive leaves unknown.
    pub fn drove(&mut self, at: i64) {
        self.driven_at = Some(at);
        self.plug_is_stale |= self.plugged == Some(true);
        self.plugged = None;
        self.low = None;
    }
}
