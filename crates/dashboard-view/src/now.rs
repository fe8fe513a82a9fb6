//! Now: what the car says at this moment.

use askama::Template;

use super::chart::Chart;
use super::frame::Frame;
use super::parts::{Fact, Link, Moment};
use super::picture::Track;
use super::texts;

#[derive(Template, Default)]
#[template(path = "now.html")]
pub struct Now {
    pub frame: Frame,
    pub car: Car,
    pub charge: Option<Charge>,
    pub range: Option<Fact>,
    pub charging: Option<Charging>,
    /// Plug, odometer, temperatures, and what else there is.
    pub facts: Vec<Fact>,
    /// Doors, bonnet, boot and windows; empty where the car tells none.
    pub openings: Vec<Opening>,
    pub tyres: Vec<Tyre>,
    pub position: Option<Position>,
    pub poll: Option<Poll>,
    /// The charge of the last day.
    pub level: Option<Chart>,
}

#[derive(Debug, Clone, Default)]
pub struct Car {
    /// `BMW i4 eDrive40`.
    pub model: String,
    /// As its owner calls it.
    pub name: String,
    /// From the page to BMW's picture of it; empty for the silhouette.
    pub image: String,
}

#[derive(Debug, Clone, Default)]
pub struct Charge {
    pub fact: Fact,
    /// From 0 to 100, for the ring.
    pub percent: f64,
    /// To which it charges, in the same way.
    pub target: Option<f64>,
    pub target_text: String,
    pub is_low: bool,
}

/// Only while the car charges.
#[derive(Debug, Clone, Default)]
pub struct Charging {
    pub power: Option<Fact>,
    pub left: Option<Fact>,
    pub energy: Option<Fact>,
    pub session: Option<Link>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum State {
    #[default]
    Unknown,
    Closed,
    Open,
    /// Of a tyre.
    Low,
}

impl State {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Closed => "closed",
            Self::Open => "open",
            Self::Low => "low",
        }
    }
}

#[derive(Debug, Clone, Default)]
pub struct Opening {
    /// Where the picture shows it; `None` for what it has no place for.
    pub place: Option<Place>,
    pub state: State,
    pub fact: Fact,
}

/// Of the car seen from above, its bonnet in front.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    FrontLeft,
    FrontRight,
    RearLeft,
    RearRight,
    Bonnet,
    Boot,
}

impl Place {
    /// A line in the picture of `plan.html`.
    pub fn path(self) -> &'static str {
        match self {
            Self::FrontLeft => "M26 86v34",
            Self::FrontRight => "M106 86v34",
            Self::RearLeft => "M26 128v34",
            Self::RearRight => "M106 128v34",
            Self::Bonnet => "M44 20q22-8 44 0",
            Self::Boot => "M44 236q22 8 44 0",
        }
    }

    /// The wheel there: left, top.
    pub fn wheel(self) -> (u8, u8) {
        match self {
            Self::FrontLeft => (18, 46),
            Self::FrontRight => (106, 46),
            Self::RearLeft => (18, 174),
            Self::RearRight => (106, 174),
            Self::Bonnet => (62, 0),
            Self::Boot => (62, 232),
        }
    }
}

#[derive(Debug, Clone, Default)]
pub struct Tyre {
    pub place: Option<Place>,
    pub state: State,
    /// The pressure.
    pub fact: Fact,
    /// `should be 2.6 bar`.
    pub target: String,
}

/// Shown when it is asked for.
#[derive(Debug, Clone)]
pub enum Position {
    /// The page with it.
    Hidden { show: String },
    Shown {
        /// `48.1371, 11.5754`, or the name of a place.
        text: String,
        at: Option<Moment>,
        origin: String,
        /// To a map elsewhere: only who follows it tells somebody.
        map: Link,
        track: Option<Box<Track>>,
    },
}

/// Asking the car now.
#[derive(Debug, Clone, Default)]
pub struct Poll {
    /// Where the form posts to.
    pub action: String,
    /// `31 of 50 calls left today`.
    pub left: String,
    /// Why it cannot be asked; empty where it can.
    pub refused: String,
}
