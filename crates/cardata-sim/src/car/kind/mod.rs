//! Kinds of car: what each sends of the one truth that [`super::timeline`] holds, and when. A kind says only where it
//! differs from [`i4`].

mod british;
mod i4;
mod i5;
mod neue_klasse;
mod old_idrive;
mod phev;
#[cfg(test)]
mod tests;
mod undecided;

use std::fmt::{self, Debug};

use super::keys::{Group, Key};
use super::timeline::{Activity, Segment, Supply};
use super::values::{Said, Telemetry};

/// A kind of car, by what it sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CarKind {
    /// An electric car of 2022, every three minutes of a drive.
    #[default]
    I4,
    /// No movement flag, no ignition, no end of a trip; latitude and longitude a second apart.
    I5,
    /// The state of charge in `stateOfCharge.displayed` alone, the plug in `combinedStatus` alone.
    NeueKlasse,
    /// A plug-in hybrid: a small battery and a tank.
    Phev,
    /// Set to miles, with a unit at every number.
    British,
    /// Set to miles, without a unit at distances and speeds.
    BritishBare,
    /// Speaks only at the beginning and at the end of a drive and of a charge.
    OldIdrive,
    /// Its odometer is in kilometres and in miles by turns, with a unit and without.
    Undecided,
}

/// What a kind of car sends and when. The defaults are the i4's.
pub(in crate::car) trait Manner: Debug + Send + Sync {
    /// With which others the car tells a key.
    fn group(&self, key: &Key) -> Group {
        key.group
    }

    /// Seconds between reports while something goes on.
    fn cadence(&self, group: Group, activity: Activity) -> Option<i64> {
        i4::cadence(group, activity)
    }

    /// Whether a group is told because `after` follows on `before`.
    fn is_told(&self, group: Group, before: &Segment, after: &Segment) -> bool {
        i4::is_told(group, before, after)
    }

    /// Seconds from every latitude to its longitude; `None` where they are torn apart by chance.
    fn lag(&self) -> Option<i64> {
        None
    }

    /// Whether the car can be charged so.
    fn takes(&self, _supply: Supply) -> bool {
        true
    }

    /// Whether the car counts in miles.
    fn is_in_miles(&self) -> bool {
        false
    }

    /// What the car says where an i4 would say `said`.
    fn say(&self, _key: &Key, _car: &Telemetry<'_>, said: Said) -> Said {
        said
    }
}

impl CarKind {
    pub const ALL: [Self; 8] = [
        Self::I4,
        Self::I5,
        Self::NeueKlasse,
        Self::Phev,
        Self::British,
        Self::BritishBare,
        Self::OldIdrive,
        Self::Undecided,
    ];

    /// The kind of this name, as [`Display`](fmt::Display) writes it.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::I4 => "i4",
            Self::I5 => "i5",
            Self::NeueKlasse => "neue_klasse",
            Self::Phev => "phev",
            Self::British => "british",
            Self::BritishBare => "british_bare",
            Self::OldIdrive => "old_idrive",
            Self::Undecided => "undecided",
        }
    }

    /// As `basicData` names the model.
    pub(crate) fn model(self) -> &'static str {
        match self {
            Self::I4 | Self::British | Self::BritishBare | Self::Undecided => "i4 eDrive40",
            Self::I5 => "i5 eDrive40",
            Self::NeueKlasse => "iX3 50 xDrive",
            Self::Phev => "530e",
            Self::OldIdrive => "i3 120Ah",
        }
    }

    /// Usable energy of the battery in kWh.
    pub(crate) fn battery_kwh(self) -> f64 {
        match self {
            Self::I4 | Self::British | Self::BritishBare | Self::Undecided => 77.0,
            Self::I5 => 81.2,
            Self::NeueKlasse => 108.7,
            Self::Phev => 19.4,
            Self::OldIdrive => 37.9,
        }
    }

    pub(in crate::car) fn manner(self) -> &'static dyn Manner {
        match self {
            Self::I4 => &i4::I4,
            Self::I5 => &i5::I5,
            Self::NeueKlasse => &neue_klasse::NeueKlasse,
            Self::Phev => &phev::Phev,
            Self::British => &british::British { labels: true },
            Self::BritishBare => &british::British { labels: false },
            Self::OldIdrive => &old_idrive::OldIdrive,
            Self::Undecided => &undecided::Undecided,
        }
    }
}

impl fmt::Display for CarKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
