//! Why: the readings that a number was made of, the rule, the interval.

use askama::Template;

use super::frame::Frame;
use super::parts::{Link, Table};
use super::texts;

#[derive(Template, Default)]
#[template(path = "why.html")]
pub struct Why {
    pub frame: Frame,
    /// `Charging session of Mon 2 Mar 2026, 17:05`.
    pub title: String,
    /// `Revision 3, final`.
    pub about: String,
    /// To the page that shows it.
    pub back: Option<Link>,
    pub values: Vec<WhyValue>,
}

/// One value of a record.
#[derive(Debug, Clone, Default)]
pub struct WhyValue {
    /// Unique on its page, of letters, digits and dashes: pages link to it.
    pub id: String,
    pub label: String,
    pub value: String,
    pub unit: String,
    /// Empty where there is none.
    pub interval: String,
    pub rules: Vec<Rule>,
    /// Of every reading: key, value, when, whence; its `id` is of no meaning here.
    pub readings: Table,
}

#[derive(Debug, Clone, Default)]
pub struct Rule {
    pub number: String,
    pub text: String,
}
