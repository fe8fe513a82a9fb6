//! Trips: by month, every one, and one of them.

use askama::Template;

use super::chart::Chart;
use super::frame::Frame;
use super::parts::{Choice, Fact, Link, Table};
use super::picture::{Bars, Track};
use super::texts;

#[derive(Template, Default)]
#[template(path = "trips.html")]
pub struct Trips {
    pub frame: Frame,
    pub ranges: Vec<Choice>,
    /// Distance, consumption with its interval.
    pub totals: Vec<Fact>,
    /// The same as a file.
    pub totals_table: Table,
    /// Distance by month.
    pub bars: Option<Bars>,
    pub months: Table,
    pub trips: Table,
}

#[derive(Template, Default)]
#[template(path = "trip.html")]
pub struct Trip {
    pub frame: Frame,
    pub title: String,
    /// `Home to Office`.
    pub about: String,
    pub facts: Vec<Fact>,
    pub why: String,
    pub track: Option<Track>,
    /// Shows the track, where it is not shown because nobody asked for it.
    pub show: Option<Link>,
    pub curves: Vec<Chart>,
}
