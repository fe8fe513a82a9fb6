//! What `chart.js` draws: the shape of its JSON, described in `assets/README.md`.

use serde::Serialize;

use super::parts::Table;

/// A figure; the JSON holds what is drawn, the page what is said.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Chart {
    /// Unique on its page, of letters and dashes.
    #[serde(skip)]
    pub id: &'static str,
    #[serde(skip)]
    pub title: String,
    /// What there is to see, for who does not see it.
    #[serde(skip)]
    pub summary: String,
    /// The same values as a table; it carries the way to the CSV too.
    #[serde(skip)]
    pub table: Table,
    pub axis: Axis,
    /// What is shown: Unix milliseconds, or percent.
    pub from: f64,
    pub to: f64,
    /// How far one can zoom out, where that is further.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub whole: Option<Span>,
    /// Whether a scale in % always reaches from 0 to 100.
    #[serde(rename = "isWhole")]
    pub is_whole: bool,
    pub series: Vec<Series>,
    pub bands: Vec<Band>,
    pub gaps: Vec<Gap>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Axis {
    #[default]
    Time,
    Percent,
}

#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Span {
    pub from: f64,
    pub to: f64,
}

/// `[at, smallest, largest, last]`.
pub type Part = (f64, Option<f64>, Option<f64>, Option<f64>);

/// At most four in a chart, of at most two units.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Series {
    pub label: String,
    pub unit: String,
    pub kind: Kind,
    /// Of `series.json` with its key, from the page; empty where there is no more detail.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub url: String,
    /// `[at, value]`, ordered; without a value the line ends.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub points: Vec<(f64, Option<f64>)>,
    /// Parts instead.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Part>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    #[default]
    Line,
    /// A line with its area.
    Area,
    /// It holds until the next value.
    Step,
}

#[derive(Debug, Clone, Default, Serialize)]
pub struct Band {
    pub from: f64,
    pub to: f64,
    pub kind: BandKind,
    /// `Charging, 11 kW at home`.
    pub label: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum BandKind {
    #[default]
    Charging,
    Driving,
}

/// Where nothing was heard, and why.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Gap {
    pub from: f64,
    pub to: f64,
    pub cause: String,
}

impl Chart {
    /// For the attribute of the figure.
    pub fn json(&self) -> String {
        // Of these types there is nothing that JSON cannot hold.
        serde_json::to_string(self).unwrap_or_default()
    }

    pub fn has_charging(&self) -> bool {
        self.bands.iter().any(|band| band.kind == BandKind::Charging)
    }

    pub fn has_driving(&self) -> bool {
        self.bands.iter().any(|band| band.kind == BandKind::Driving)
    }
}
