//! Charging: by month, every session, and one of them.

use askama::Template;

use super::chart::Chart;
use super::frame::Frame;
use super::parts::{Choice, Fact, Link, Table};
use super::picture::Bars;
use super::texts;

#[derive(Template, Default)]
#[template(path = "charging.html")]
pub struct Charging {
    pub frame: Frame,
    pub ranges: Vec<Choice>,
    /// What alone is shown, and the way to everything.
    pub only: Option<(String, Link)>,
    /// Of what is shown: energy, cost with the share that has no price, loss.
    pub totals: Vec<Fact>,
    /// The same as a file.
    pub totals_table: Table,
    /// Energy by month: AC below, DC above.
    pub bars: Option<Bars>,
    pub months: Table,
    pub sessions: Table,
    pub places: Table,
}

#[derive(Template, Default)]
#[template(path = "charge.html")]
pub struct Charge {
    pub frame: Frame,
    /// `Mon 2 Mar 2026, 17:05 to 22:40`.
    pub title: String,
    /// `At home, AC, told by BMW`.
    pub about: String,
    /// Marks such as `split`, in words.
    pub marks: Vec<String>,
    pub facts: Vec<Fact>,
    /// The page that says why.
    pub why: String,
    /// Power over time or over charge.
    pub curves: Vec<Chart>,
    pub blocks: Table,
}
