//! One key of a vehicle: what it means, what it tells now, and what it told over time.

use askama::Template;

use super::chart::Chart;
use super::frame::Frame;
use super::parts::{Choice, Fact, Link, Table};
use super::texts;

#[derive(Template, Default)]
#[template(path = "key.html")]
pub struct Key {
    pub frame: Frame,
    /// How far back.
    pub ranges: Vec<Choice>,
    /// `Mileage`.
    pub title: String,
    /// `mileage · vehicle.vehicle.travelledDistance`.
    pub about: String,
    /// What it tells now, how often, since when, by whom.
    pub facts: Vec<Fact>,
    /// What BMW's catalogue says of it, in sentences.
    pub notes: Vec<String>,
    pub told: Told,
}

pub enum Told {
    Numbers(Box<Chart>),
    Changes(Changes),
    /// The way to what it told of where the car is.
    Hidden(Link),
}

/// Of texts, truths and times.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    /// What is left out; empty where nothing is.
    pub note: String,
    pub table: Table,
}

impl Default for Told {
    fn default() -> Self {
        Self::Changes(Changes::default())
    }
}
