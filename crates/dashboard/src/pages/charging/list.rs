//! What stands on the page of charges: sums, months, every charge, places.

use collector_core::mask::readable;
use history::read::{Range, RecordRow};

use super::super::cells::{self, Reading, UNKNOWN, fact};
use super::super::sums::{self, MOST, Money, Sum};
use super::super::why::sum_href;
use super::{KIND, ROOT, also, csv, ended, marks, newest};
use crate::view::frame::segment;
use crate::view::parts::{Cell, Column, Fact, Link, Table};
use crate::view::picture::{Bar, Bars};
use crate::view::texts;

/// Rows of the table.
const ROWS: usize = 50;

/// What was chosen.
pub struct List<'a> {
    pub reading: Reading<'a>,
    pub vehicle: &'a str,
    pub word: &'a str,
    pub whole: Range,
    /// The place that was chosen, as URLs go on with it.
    pub also: String,
}

impl List<'_> {
    /// A table of this page as a file.
    pub fn file(&self, table: &str) -> String {
        format!("?csv={table}&range={}{}", self.word, self.also)
    }

    /// What a sum is made of.
    fn why(&self, what: &str) -> String {
        sum_href(ROOT, self.vehicle, what, self.whole) + &self.also
    }

    /// The place that was chosen, and the way back to all.
    pub fn only(&self, place: &str) -> Option<(String, Link)> {
        let all = Link {
            label: texts::t("charging.everywhere").to_owned(),
            href: format!("?range={}", self.word),
        };
        let place = texts::t("charging.only").replace("{place}", &readable(place));
        (!self.also.is_empty()).then_some((place, all))
    }

    fn kwh(&self, sum: Sum) -> Cell {
        match sum.total() {
            Some(kwh) => Cell {
                note: sum.note(),
                ..Cell::sorted(self.reading.quantity(kwh, "kWh", 1), kwh)
            },
            None => Cell::text(UNKNOWN),
        }
    }

    pub fn totals(&self, all: &[RecordRow]) -> Vec<Fact> {
        if all.is_empty() {
            return Vec::new();
        }
        let all: Vec<&RecordRow> = all.iter().collect();
        let count = Fact {
            interval: match all.len() {
                MOST => texts::t("charging.most").to_owned(),
                _ => String::new(),
            },
            ..fact("charging.count", all.len().to_string(), "")
        };
        let why = |what| self.why(what);
        let energy = |label, column| {
            let sum = Sum::of(all.iter().map(|charge| charge.number(column)));
            let value = sum.total().map(|kwh| self.reading.number(kwh, "kWh", 1));
            let (value, unit) = value.unwrap_or_else(|| (UNKNOWN.to_owned(), String::new()));
            Fact {
                interval: sum.note(),
                why: why(column),
                ..fact(label, value, &unit)
            }
        };
        let money = Money::of(all.iter().copied());
        let cost = Fact {
            is_words: true,
            interval: money.note(),
            why: why("cost"),
            ..fact("column.cost", money.text(), "")
        };
        let grid = energy("column.grid", "energy_grid_kwh");
        let battery = energy("column.battery", "energy_battery_kwh");
        let loss = Fact {
            why: why("loss_share"),
            ..sums::loss(&all)
        };
        vec![count, grid, battery, cost, loss]
    }

    pub fn months(&self, all: &[RecordRow]) -> Table {
        let months = sums::by_month(all, &self.reading.options.timezone);
        let row = |(month, charges): (&jiff::civil::Date, &Vec<&RecordRow>)| {
            let month_name = month.strftime("%Y-%m");
            let why = |what| format!("{}&month={month_name}", self.why(what));
            let sum = |what| Cell {
                why: why(what),
                ..self.kwh(Sum::of(charges.iter().map(|charge| sums::number(charge, what))))
            };
            let money = Money::of(charges.iter().copied());
            vec![
                Cell {
                    href: format!("?range={month_name}{}", self.also),
                    ..Cell::sorted(month.strftime("%B %Y").to_string(), month.strftime("%Y%m"))
                },
                Cell::text(charges.len().to_string()),
                sum("energy_grid_kwh"),
                sum("energy_battery_kwh"),
                sum(sums::AC),
                sum(sums::DC),
                Cell {
                    why: why("cost"),
                    ..cost(&money)
                },
                Cell {
                    note: money.unsure(),
                    why: why("unpriced_share"),
                    sort: money
                        .unpriced()
                        .map(|share| share.to_string())
                        .unwrap_or_default(),
                    ..Cell::text(money.unpriced_text())
                },
            ]
        };
        Table {
            id: "months",
            caption: texts::t("charging.months").to_owned(),
            columns: vec![
                Column::text(texts::t("column.month")),
                Column::number(texts::t("charging.count")),
                Column::number(texts::t("column.grid")),
                Column::number(texts::t("column.battery")),
                Column::number(texts::t("charging.ac")),
                Column::number(texts::t("charging.dc")),
                Column::number(texts::t("column.cost")),
                Column::number(texts::t("charging.unpriced")),
            ],
            rows: months.iter().rev().map(row).collect(),
            csv: self.file("months"),
            empty: texts::t("charging.none").to_owned(),
            more: None,
        }
    }

    pub fn bars(&self, all: &[RecordRow]) -> Option<Bars> {
        let months = sums::by_month(all, &self.reading.options.timezone);
        let bar = |month: jiff::civil::Date| {
            let charges = months.get(&month).map(Vec::as_slice).unwrap_or_default();
            let parts = [Some("AC"), Some("DC"), None].map(|current| {
                let its = charges
                    .iter()
                    .filter(|charge| sums::current_type(charge) == current);
                Sum::of(its.map(|charge| charge.number("energy_kwh")))
            });
            let known = parts.iter().filter_map(|sum| sum.total());
            let value = match known.clone().next() {
                Some(_) => cells::decimal(known.sum(), 0),
                None => String::new(),
            };
            Bar {
                label: month.strftime("%b").to_string(),
                value,
                parts: parts.map(|sum| sum.total().unwrap_or(0.0).max(0.0)).to_vec(),
            }
        };
        let mut bars: Vec<_> = sums::last_months(months.keys().copied())
            .into_iter()
            .map(bar)
            .collect();
        let mut legend = ["charging.ac", "charging.dc", "charging.unknown_current"]
            .map(texts::t)
            .to_vec();
        if bars.iter().all(|bar| bar.parts.get(2) == Some(&0.0)) {
            legend.pop();
            bars.iter_mut().for_each(|bar| bar.parts.truncate(2));
        }
        let drawn = Bars {
            title: texts::t("charging.bars").to_owned(),
            legend: legend.into_iter().map(str::to_owned).collect(),
            bars,
        };
        (!drawn.bars.is_empty()).then_some(drawn)
    }

    pub fn sessions(&self, all: &[RecordRow], within: Range) -> Table {
        let address = format!("?range={}{}", self.word, self.also);
        let (newest, more) = newest(all, within, ROWS, &address);
        let row = |charge: &RecordRow| {
            let key = cells::key(charge);
            let money = Money::of([charge]);
            let why = format!("{}#cost", cells::why(ROOT, "session", self.vehicle, &key));
            let percent = |column| self.reading.cell(charge, column, "%", 0);
            vec![
                Cell {
                    href: format!("charging/{}", segment(&key)),
                    ..Cell::sorted(
                        self.reading.moment(charge.start).text,
                        charge.start.as_millisecond(),
                    )
                },
                Cell::text(charge.text("place").unwrap_or(UNKNOWN)),
                Cell {
                    text: cells::duration(charge.start, ended(charge, self.reading.now)),
                    note: mark(charge),
                    ..Cell::default()
                },
                percent("soc_start"),
                percent("soc_end"),
                self.reading.cell(charge, "energy_grid_kwh", "kWh", 1),
                self.reading.cell(charge, "energy_battery_kwh", "kWh", 1),
                Cell::text(charge.text("current_type").unwrap_or(UNKNOWN)),
                Cell { why, ..cost(&money) },
            ]
        };
        Table {
            id: "sessions",
            caption: texts::t("charging.sessions").to_owned(),
            columns: vec![
                Column::text(texts::t("column.began")),
                Column::text(texts::t("column.place")),
                Column::text(texts::t("column.took")),
                Column::number(texts::t("column.charge_start")),
                Column::number(texts::t("column.charge_end")),
                Column::number(texts::t("column.grid")),
                Column::number(texts::t("column.battery")),
                Column::text(texts::t("column.current")),
                Column::number(texts::t("column.cost")),
            ],
            rows: newest.into_iter().map(row).collect(),
            csv: csv(KIND, self.whole) + &self.also,
            empty: texts::t("charging.none").to_owned(),
            more,
        }
    }

    pub fn places(&self, all: &[RecordRow]) -> Table {
        let mut places: std::collections::BTreeMap<&str, Vec<&RecordRow>> = Default::default();
        for charge in all {
            let place = charge.text("place").unwrap_or(UNKNOWN);
            places.entry(place).or_default().push(charge);
        }
        let mut places: Vec<_> = places.into_iter().collect();
        places.sort_by_key(|(_, charges)| std::cmp::Reverse(charges.len()));
        let row = |(place, charges): &(&str, Vec<&RecordRow>)| {
            let energy = Sum::of(charges.iter().map(|charge| charge.number("energy_kwh")));
            let why = |what| {
                let all = sum_href(ROOT, self.vehicle, what, self.whole);
                all + &also(place)
            };
            vec![
                Cell {
                    href: format!("?range={}{}", self.word, also(place)),
                    ..Cell::text(*place)
                },
                Cell::text(charges.len().to_string()),
                Cell {
                    why: why("energy_kwh"),
                    ..self.kwh(energy)
                },
                Cell {
                    why: why("cost"),
                    ..cost(&Money::of(charges.iter().copied()))
                },
            ]
        };
        Table {
            id: "places",
            caption: texts::t("charging.places").to_owned(),
            columns: vec![
                Column::text(texts::t("column.place")),
                Column::number(texts::t("charging.count")),
                Column::number(texts::t("column.energy")),
                Column::number(texts::t("column.cost")),
            ],
            rows: places.iter().map(row).collect(),
            csv: self.file("places"),
            empty: texts::t("charging.none").to_owned(),
            more: None,
        }
    }
}

/// Why it is kept and marked, in words.
fn mark(charge: &RecordRow) -> String {
    marks(charge).join(", ")
}

fn cost(money: &Money) -> Cell {
    Cell {
        sort: money.alone().map(|sum| sum.to_string()).unwrap_or_default(),
        ..Cell::text(money.text())
    }
}
