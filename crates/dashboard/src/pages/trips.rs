//! Every trip, and how far and with what it was driven by month.

use std::collections::BTreeMap;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::routing::get;
use history::read::{Range, RecordRow};
use jiff::Timestamp;
use jiff::civil::Date;

use super::cells::{self, Reading, UNKNOWN, fact};
use super::charging::{Asked, csv, ended, newest, within};
use super::files::with_tables;
use super::range::Chosen;
use super::sums::{self, MOST, Sum};
use super::why::sum_href;
use super::{Page, frame, labels};
use crate::app::Shared;
use crate::view::frame::{Page as Way, segment};
use crate::view::parts::{Cell, Column, Fact, Table};
use crate::view::picture::{Bar, Bars};
use crate::view::texts;
use crate::view::trips::Trips;

const ROOT: &str = "../../";
const ROWS: usize = 50;
/// The window of consumption by month, in days, and the one that is told of the whole.
const MONTH: f64 = 30.0;
const LONGEST: [f64; 3] = [365.0, 90.0, MONTH];
/// Three a month for as long as cars last.
const CONSUMPTIONS: usize = 1_000;

pub(super) fn routes() -> Router<Shared> {
    Router::new().route("/v/{name}/trips", get(page))
}

async fn page(State(app): State<Shared>, Path(name): Path<String>, Query(asked): Query<Asked>) -> Page {
    let vehicle = app.vehicle(&name).await?;
    let (now, timezone) = (app.now(), &app.options.timezone);
    let chosen = Chosen::of(asked.range.as_deref(), "year", now, timezone);
    let whole = chosen.range;
    let rows = asked.span.all(timezone)?;
    let vin = vehicle.vin.clone();
    let always = Range {
        from: Timestamp::UNIX_EPOCH,
        to: Timestamp::MAX,
    };
    let read = move |reader: &history::read::Reader| {
        let all = reader.records("trips", Some(&vin), whole, MOST)?;
        let consumption = reader.records("consumption", Some(&vin), always, CONSUMPTIONS)?;
        Ok((all, consumption))
    };
    let (all, consumption) = app.model.read(read).await?;
    let word = chosen.word.as_str();
    let list = List {
        reading: Reading {
            options: &app.options,
            now,
        },
        vehicle: &vehicle.name,
        word,
        whole,
    };
    let title = texts::t("nav.trips");
    let totals = list.totals(&all, &consumption);
    let view = Trips {
        frame: frame::of(&app, ROOT, Way::Trips, "trips", Some(&vehicle), title).await?,
        ranges: chosen.choices("trips", "", now, timezone),
        totals_table: Table::of_facts("totals", &totals, format!("?csv=totals&range={word}")),
        totals,
        bars: list.bars(&all),
        months: list.months(&all, &consumption),
        trips: list.trips(&all, within(whole, rows)),
    };
    with_tables(&view)
}

struct List<'a> {
    reading: Reading<'a>,
    vehicle: &'a str,
    word: &'a str,
    whole: Range,
}

impl List<'_> {
    fn totals(&self, all: &[RecordRow], consumption: &[RecordRow]) -> Vec<Fact> {
        let newest = LONGEST.iter().find_map(|days| {
            let mut of = consumption
                .iter()
                .filter(|record| record.number("days") == Some(*days));
            // Later months come later in letters too.
            of.by_ref()
                .max_by_key(|record| record.text("month").map(str::to_owned))
        });
        if all.is_empty() && newest.is_none() {
            return Vec::new();
        }
        let count = match all.len() {
            MOST => texts::t("trips.most"),
            _ => "",
        };
        let count = Fact {
            interval: count.to_owned(),
            ..fact("trips.count", all.len().to_string(), "")
        };
        let sum = Sum::of(all.iter().map(|trip| trip.number("distance_km")));
        let told = sum.total().map(|km| self.reading.number(km, "km", 0));
        let (value, unit) = told.unwrap_or_else(|| (UNKNOWN.to_owned(), String::new()));
        let distance = Fact {
            interval: sum.note(),
            why: sum_href(ROOT, self.vehicle, "distance_km", self.whole),
            ..fact("column.distance", value, &unit)
        };
        let consumption = match newest {
            Some(record) => self.consumption(record),
            None => fact("column.consumption", UNKNOWN.to_owned(), ""),
        };
        vec![count, distance, consumption]
    }

    fn consumption(&self, record: &RecordRow) -> Fact {
        let told = self.reading.of_record(
            &labels::column("kwh_per_100_km"),
            record,
            "kwh_per_100_km",
            "kWh/100 km",
            1,
        );
        let interval = [self.interval(record), legs(record)];
        let days = record.number("days").map(|days| texts::count("trips.days", days));
        let parts = interval.into_iter().flatten().chain(days);
        Fact {
            interval: parts.collect::<Vec<_>>().join(", "),
            why: self.why_consumption(record),
            ..told
        }
    }

    fn why_consumption(&self, record: &RecordRow) -> String {
        let page = cells::why(ROOT, "consumption", self.vehicle, &cells::key(record));
        format!("{page}#{}", labels::anchor("kwh_per_100_km"))
    }

    /// The lower number first, in whichever unit.
    fn interval(&self, record: &RecordRow) -> Option<String> {
        let units = self.reading.options.units;
        let end = |column| Some(units.read_as(record.number(column)?, "kWh/100 km").0);
        let (one, other) = (end("kwh_per_100_km_low")?, end("kwh_per_100_km_high")?);
        let told = |number: f64| cells::decimal(number, 1);
        let text = texts::t("interval.to").replace("{low}", &told(one.min(other)));
        Some(text.replace("{high}", &told(one.max(other))))
    }

    fn months(&self, all: &[RecordRow], consumption: &[RecordRow]) -> Table {
        let months = sums::by_month(all, &self.reading.options.timezone);
        let windows: BTreeMap<&str, &RecordRow> = consumption
            .iter()
            .filter(|record| record.number("days") == Some(MONTH))
            .filter_map(|record| Some((record.text("month")?, record)))
            .collect();
        let row = |(month, trips): (&Date, &Vec<&RecordRow>)| {
            let distance = Sum::of(trips.iter().map(|trip| trip.number("distance_km")));
            let window = windows.get(&*month.strftime("%Y-%m").to_string()).copied();
            vec![
                Cell {
                    href: format!("?range={}", month.strftime("%Y-%m")),
                    ..Cell::sorted(month.strftime("%B %Y").to_string(), month.strftime("%Y%m"))
                },
                Cell::text(trips.len().to_string()),
                match distance.total() {
                    Some(km) => Cell {
                        note: distance.note(),
                        why: format!(
                            "{}&month={}",
                            sum_href(ROOT, self.vehicle, "distance_km", self.whole),
                            month.strftime("%Y-%m")
                        ),
                        ..Cell::sorted(self.reading.quantity(km, "km", 0), km)
                    },
                    None => Cell::text(UNKNOWN),
                },
                match window {
                    Some(record) => Cell {
                        note: self.interval(record).unwrap_or_default(),
                        why: self.why_consumption(record),
                        ..self.reading.cell(record, "kwh_per_100_km", "kWh/100 km", 1)
                    },
                    None => Cell::text(UNKNOWN),
                },
            ]
        };
        Table {
            id: "months",
            caption: texts::t("trips.months").to_owned(),
            columns: vec![
                Column::text(texts::t("column.month")),
                Column::number(texts::t("trips.count")),
                Column::number(texts::t("column.distance")),
                Column::number(texts::t("trips.consumption")),
            ],
            rows: months.iter().rev().map(row).collect(),
            csv: format!("?csv=months&range={}", self.word),
            empty: texts::t("trips.none").to_owned(),
            more: None,
        }
    }

    fn bars(&self, all: &[RecordRow]) -> Option<Bars> {
        let months = sums::by_month(all, &self.reading.options.timezone);
        let unit = self.reading.number(0.0, "km", 0).1;
        let bar = |month: Date| {
            let trips = months.get(&month).map(Vec::as_slice).unwrap_or_default();
            let km = Sum::of(trips.iter().map(|trip| trip.number("distance_km"))).total();
            Bar {
                label: month.strftime("%b").to_string(),
                value: km
                    .map(|km| self.reading.number(km, "km", 0).0)
                    .unwrap_or_default(),
                parts: vec![km.unwrap_or(0.0).max(0.0)],
            }
        };
        let bars: Vec<_> = sums::last_months(months.keys().copied())
            .into_iter()
            .map(bar)
            .collect();
        (!bars.is_empty()).then(|| Bars {
            title: texts::t("trips.bars").replace("{unit}", &unit),
            legend: vec![texts::t("column.distance").to_owned()],
            bars,
        })
    }

    fn trips(&self, all: &[RecordRow], within: Range) -> Table {
        let (newest, more) = newest(all, within, ROWS, &format!("?range={}", self.word));
        let row = |trip: &RecordRow| {
            let key = cells::key(trip);
            let why = cells::why(ROOT, "trip", self.vehicle, &key);
            let percent = |column| self.reading.cell(trip, column, "%", 0);
            vec![
                Cell {
                    href: format!("trips/{}", segment(&key)),
                    note: kind(trip),
                    ..Cell::sorted(self.reading.moment(trip.start).text, trip.start.as_millisecond())
                },
                Cell::text(trip.text("start_place").unwrap_or(UNKNOWN)),
                Cell::text(trip.text("end_place").unwrap_or(UNKNOWN)),
                self.reading.cell(trip, "distance_km", "km", 1),
                Cell::sorted(
                    cells::duration(trip.start, ended(trip, self.reading.now)),
                    ended(trip, self.reading.now).duration_since(trip.start).as_secs(),
                ),
                percent("soc_start"),
                percent("soc_end"),
                Cell {
                    why: format!("{why}#{}", labels::anchor("energy_kwh")),
                    ..self.reading.cell(trip, "energy_kwh", "kWh", 1)
                },
            ]
        };
        Table {
            id: "trips",
            caption: texts::t("trips.all").to_owned(),
            columns: vec![
                Column::text(texts::t("column.began")),
                Column::text(texts::t("column.start_place")),
                Column::text(texts::t("column.end_place")),
                Column::number(texts::t("column.distance")),
                Column::number(texts::t("column.took")),
                Column::number(texts::t("column.charge_start")),
                Column::number(texts::t("column.charge_end")),
                Column::number(texts::t("column.energy")),
            ],
            rows: newest.into_iter().map(row).collect(),
            csv: csv("trips", self.whole),
            empty: texts::t("trips.none").to_owned(),
            more,
        }
    }
}

/// A manoeuvre, and what its owner calls it.
fn kind(trip: &RecordRow) -> String {
    let kind = trip.text("kind").filter(|kind| *kind != "trip");
    let words = [kind, trip.text("tag")].into_iter().flatten().map(labels::word);
    words.collect::<Vec<_>>().join(", ")
}

fn legs(record: &RecordRow) -> Option<String> {
    Some(texts::count("trips.legs", record.number("legs")?))
}
