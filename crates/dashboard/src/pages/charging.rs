//! Every charge: its months, its places, and what all of it cost.

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::routing::get;
use history::read::{Range, RecordRow};
use jiff::Timestamp;
use serde::Deserialize;

use super::cells::{self, Reading, UNKNOWN, fact};
use super::files::with_tables;
use super::sums::{self, MOST, Money, Sum};
use super::why::sum_href;
use super::{Page, frame, labels, range};
use crate::app::Shared;
use crate::span::Span;
use crate::view::charging::Charging;
use crate::view::frame::{Page as Way, segment};
use crate::view::parts::{Cell, Column, Fact, Link, Table};
use crate::view::picture::{Bar, Bars};
use crate::view::texts;

const KIND: &str = "charging_sessions";
const ROOT: &str = "../../";
/// Rows of the table.
const ROWS: usize = 50;

pub(super) fn routes() -> Router<Shared> {
    Router::new().route("/v/{name}/charging", get(page))
}

/// What a page of records is asked for.
#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    pub range: Option<String>,
    /// Of the rows in the table.
    #[serde(flatten)]
    pub span: Span,
}

async fn page(State(app): State<Shared>, Path(name): Path<String>, Query(asked): Query<Asked>) -> Page {
    let vehicle = app.vehicle(&name).await?;
    let (word, whole) = range::of(asked.range.as_deref(), "year", app.now());
    let rows = asked.span.all(&app.options.timezone)?;
    let vin = vehicle.vin.clone();
    let read = move |reader: &history::read::Reader| {
        let all = reader.records(KIND, Some(&vin), whole, MOST)?;
        let newest = reader.records(KIND, Some(&vin), within(whole, rows), ROWS + 1)?;
        Ok((all, newest))
    };
    let (all, newest) = app.model.read(read).await?;
    let reading = Reading {
        options: &app.options,
        now: app.now(),
    };
    let list = List {
        reading,
        vehicle: &vehicle.name,
        word,
        whole,
    };
    let title = texts::t("nav.charging");
    let totals = list.totals(&all);
    let view = Charging {
        frame: frame::of(&app, ROOT, Way::Charging, "charging", Some(&vehicle), title).await?,
        ranges: range::choices("charging", word),
        totals_table: Table::of_facts("totals", &totals, format!("?csv=totals&range={word}")),
        totals,
        bars: list.bars(&all),
        months: list.months(&all),
        sessions: list.sessions(newest),
        places: list.places(&all),
    };
    with_tables(&view)
}

/// What lies in both.
pub(super) fn within(whole: Range, rows: Range) -> Range {
    Range {
        from: whole.from.max(rows.from),
        to: whole.to.min(rows.to),
    }
}

/// The way to the rows that come before the last one of a full table; takes the row off that showed that there are some.
pub(super) fn earlier(records: &mut Vec<RecordRow>, rows: usize, word: &str) -> Option<Link> {
    if records.len() <= rows {
        return None;
    }
    records.truncate(rows);
    let last = records.last()?;
    Some(Link {
        label: texts::t("table.earlier").to_owned(),
        href: format!("?range={word}&to={:.3}", last.start),
    })
}

/// A table of records as a file.
pub(super) fn csv(kind: &str, range: Range) -> String {
    format!("{kind}.csv?from={:.3}&to={:.3}", range.from, range.to)
}

struct List<'a> {
    reading: Reading<'a>,
    vehicle: &'a str,
    word: &'a str,
    whole: Range,
}

impl List<'_> {
    fn kwh(&self, sum: Sum) -> Cell {
        match sum.total() {
            Some(kwh) => Cell {
                note: sum.note(),
                ..Cell::sorted(self.reading.quantity(kwh, "kWh", 1), kwh)
            },
            None => Cell::text(UNKNOWN),
        }
    }

    fn totals(&self, all: &[RecordRow]) -> Vec<Fact> {
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
        let why = |what| sum_href(ROOT, self.vehicle, what, self.whole);
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

    fn months(&self, all: &[RecordRow]) -> Table {
        let months = sums::by_month(all, &self.reading.options.timezone);
        let row = |(month, charges): (&jiff::civil::Date, &Vec<&RecordRow>)| {
            let month_name = month.strftime("%Y-%m");
            let why = |what| {
                format!(
                    "{}&month={month_name}",
                    sum_href(ROOT, self.vehicle, what, self.whole)
                )
            };
            let sum = |what| Cell {
                why: why(what),
                ..self.kwh(Sum::of(charges.iter().map(|charge| sums::number(charge, what))))
            };
            let money = Money::of(charges.iter().copied());
            vec![
                Cell::sorted(month.strftime("%B %Y").to_string(), month.strftime("%Y%m")),
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
            csv: format!("?csv=months&range={}", self.word),
            empty: texts::t("charging.none").to_owned(),
            more: None,
        }
    }

    fn bars(&self, all: &[RecordRow]) -> Option<Bars> {
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

    fn sessions(&self, mut newest: Vec<RecordRow>) -> Table {
        let more = earlier(&mut newest, ROWS, self.word);
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
            rows: newest.iter().map(row).collect(),
            csv: csv(KIND, self.whole),
            empty: texts::t("charging.none").to_owned(),
            more,
        }
    }

    fn places(&self, all: &[RecordRow]) -> Table {
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
                format!("{all}&place={}", segment(place))
            };
            vec![
                Cell::text(*place),
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
            csv: format!("?csv=places&range={}", self.word),
            empty: texts::t("charging.none").to_owned(),
            more: None,
        }
    }
}

/// Up to when a charge went, or has gone so far.
pub(super) fn ended(charge: &RecordRow, now: Timestamp) -> Timestamp {
    let end = charge.moment("end_at");
    end.unwrap_or_else(|| now.max(charge.start))
}

/// Why it is kept and marked, in words.
fn mark(charge: &RecordRow) -> String {
    marks(charge).join(", ")
}

pub(super) fn marks(charge: &RecordRow) -> Vec<String> {
    let marks = charge.text("mark").unwrap_or_default().split(',');
    let told = marks.map(str::trim).filter(|mark| !mark.is_empty());
    told.map(labels::word).collect()
}

fn cost(money: &Money) -> Cell {
    Cell {
        sort: money.alone().map(|sum| sum.to_string()).unwrap_or_default(),
        ..Cell::text(money.text())
    }
}
