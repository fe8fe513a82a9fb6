//! Data: every key, what is missing and why, and what to do.

use askama::Template;

use super::frame::Frame;
use super::parts::{Fact, Level, Link, Table};
use super::texts;

#[derive(Template, Default)]
#[template(path = "data.html")]
pub struct Data {
    pub frame: Frame,
    /// What the doctor found.
    pub answers: Vec<Answer>,
    /// How many keys, alive, repeated, implausible, refused.
    pub totals: Vec<Fact>,
    /// From, to, how long, cause, what to do.
    pub gaps: Table,
    /// Key, value, age, cadence, who brings it, readings, state.
    pub keys: Table,
    /// Those that never came, and why; shown where it has rows.
    pub untold: Table,
}

#[derive(Debug, Clone, Default)]
pub struct Answer {
    pub level: Level,
    pub title: String,
    pub text: String,
    /// What it is made of, for who wants to know.
    pub parts: Vec<String>,
    /// Empty where there is nothing to do.
    pub todo: String,
    pub link: Option<Link>,
}
