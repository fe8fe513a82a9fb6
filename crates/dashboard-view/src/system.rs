//! System: how the program fares.

use askama::Template;

use super::frame::Frame;
use super::parts::{Fact, Level, Link, Table};
use super::texts;

#[derive(Template, Default)]
#[template(path = "system.html")]
pub struct System {
    pub frame: Frame,
    pub accounts: Vec<Account>,
    pub streams: Table,
    pub sinks: Table,
    /// Dead letters by sink and reason.
    pub letters: Table,
    /// Versions, uptime, size of the journal.
    pub facts: Vec<Fact>,
    /// Masked already.
    pub log: Vec<String>,
}

#[derive(Debug, Clone, Default)]
pub struct Account {
    pub name: String,
    pub level: Level,
    /// `logged in`, `login ends in 3 days`.
    pub state: String,
    pub facts: Vec<Fact>,
    /// To log in, or in again.
    pub login: Option<Link>,
    pub calls: Calls,
    /// What its owner must know.
    pub warnings: Vec<String>,
}

/// The calls of a day.
#[derive(Debug, Clone, Copy, Default)]
pub struct Calls {
    pub spent: u32,
    /// What is planned until midnight.
    pub planned: u32,
    pub per_day: u32,
}

impl Account {
    /// Whether somebody has to log in, or will have to.
    fn is_login_first(&self) -> bool {
        matches!(self.level, Level::Warn | Level::Bad)
    }
}

impl Calls {
    pub fn left(&self) -> u32 {
        self.per_day.saturating_sub(self.spent)
    }

    /// For the picture: a percentage of the width.
    pub fn share(&self, calls: u32) -> String {
        let share = 100.0 * f64::from(calls.min(self.per_day)) / f64::from(self.per_day.max(1));
        format!("{share:.1}%")
    }
}
