//! The tables of a page by their names, for who wants one as a file.

use super::battery::Battery;
use super::charging::{Charge, Charging};
use super::chart::Chart;
use super::data::Data;
use super::key::{Key, Told};
use super::now::Now;
use super::parts::Table;
use super::system::System;
use super::trips::{Trip, Trips};
use super::why::Why;

pub trait Tables {
    /// Each with its name, which is unique on its page.
    fn tables(&self) -> Vec<(&str, &Table)>;
}

fn named<'a>(tables: impl IntoIterator<Item = &'a Table>) -> Vec<(&'a str, &'a Table)> {
    tables.into_iter().map(|table| (table.id, table)).collect()
}

fn drawn<'a>(charts: impl IntoIterator<Item = &'a Chart>) -> impl Iterator<Item = &'a Table> {
    charts.into_iter().map(|chart| &chart.table)
}

impl Tables for Now {
    fn tables(&self) -> Vec<(&str, &Table)> {
        named(drawn(&self.level))
    }
}

impl Tables for Battery {
    fn tables(&self) -> Vec<(&str, &Table)> {
        let charts = drawn([&self.level].into_iter().chain(&self.health_chart));
        named(charts.chain([&self.standstills]))
    }
}

impl Tables for Charging {
    fn tables(&self) -> Vec<(&str, &Table)> {
        named([&self.totals_table, &self.months, &self.sessions, &self.places])
    }
}

impl Tables for Charge {
    fn tables(&self) -> Vec<(&str, &Table)> {
        named(drawn(&self.curves).chain([&self.blocks]))
    }
}

impl Tables for Trips {
    fn tables(&self) -> Vec<(&str, &Table)> {
        named([&self.totals_table, &self.months, &self.trips])
    }
}

impl Tables for Trip {
    fn tables(&self) -> Vec<(&str, &Table)> {
        named(drawn(&self.curves))
    }
}

impl Tables for Data {
    fn tables(&self) -> Vec<(&str, &Table)> {
        named([&self.gaps, &self.keys, &self.untold])
    }
}

impl Tables for Key {
    fn tables(&self) -> Vec<(&str, &Table)> {
        named(match &self.told {
            Told::Numbers(chart) => Some(&chart.table),
            Told::Changes(changes) => Some(&changes.table),
            Told::Hidden(_) => None,
        })
    }
}

impl Tables for System {
    fn tables(&self) -> Vec<(&str, &Table)> {
        named([&self.streams, &self.sinks, &self.letters])
    }
}

/// By the value that they are the reasons of.
impl Tables for Why {
    fn tables(&self) -> Vec<(&str, &Table)> {
        let values = self.values.iter();
        values.map(|value| (value.id.as_str(), &value.readings)).collect()
    }
}
