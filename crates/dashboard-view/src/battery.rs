//! Battery: its charge over time, its health, and what it loses while the car stands.

use askama::Template;

use super::chart::Chart;
use super::frame::Frame;
use super::parts::{Choice, Fact, Table};
use super::texts;

#[derive(Template, Default)]
#[template(path = "battery.html")]
pub struct Battery {
    pub frame: Frame,
    /// How far back.
    pub ranges: Vec<Choice>,
    /// With bands of charging, and gaps with their cause.
    pub level: Chart,
    pub health: Health,
    /// Range at 100 %, drain a day while parked.
    pub facts: Vec<Fact>,
    /// By month, of ours and of BMW's.
    pub health_chart: Option<Chart>,
    pub standstills: Table,
}

#[derive(Debug, Clone, Default)]
pub enum Health {
    /// Too little was charged yet to say it.
    Learning { done: u32, of: u32, why: String },
    /// Health and capacity, with their intervals and their reasons; then what BMW says.
    Known { facts: Vec<Fact> },
    /// The car says nothing of which it could be learned.
    #[default]
    Unknown,
}
