//! Numbers of several records: each with its own value, its interval and the way to its own reasons.

use collector_core::Vin;
use history::read::{Range, ReadError, Reader, RecordRow};
use serde::Deserialize;

use crate::cells::{self, Reading, UNKNOWN, decimal};
use crate::labels;
use crate::span::Span;
use crate::standing;
use crate::sums::{self, Money, Sum, share};
use crate::view::frame::segment;
use crate::view::parts::{Cell, Column, Fact, Table};
use crate::view::texts;
use crate::view::why::WhyValue;
use crate::why::{Computed, rule};

/// The newest that are shown.
const SHOWN: usize = 500;

/// Which records a number is of.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    #[serde(flatten)]
    pub span: Span,
    /// `2026-03`.
    month: Option<String>,
    place: Option<String>,
}

/// A number of several records.
#[derive(Clone, Copy)]
pub struct Summed {
    /// In the URL: a column, or one kind of current.
    what: &'static str,
    kind: &'static Kind,
    /// Of the text that names it.
    label: &'static str,
    unit: &'static str,
    pub rule: &'static str,
}

/// The records of which numbers are.
struct Kind {
    plural: &'static str,
    /// As URLs of reasons have it.
    short: &'static str,
    page: &'static str,
    /// Whether each of them has a page of its own.
    has_pages: bool,
    most: usize,
}

static CHARGES: Kind = Kind {
    plural: "charging_sessions",
    short: "session",
    page: "charging",
    has_pages: true,
    most: sums::MOST,
};
static TRIPS: Kind = Kind {
    plural: "trips",
    short: "trip",
    page: "trips",
    has_pages: true,
    most: sums::MOST,
};
static STANDSTILLS: Kind = Kind {
    plural: "standstills",
    short: "standstill",
    page: "battery",
    has_pages: false,
    most: standing::READ,
};

const fn charge(what: &'static str, label: &'static str, unit: &'static str, rule: &'static str) -> Summed {
    Summed {
        what,
        kind: &CHARGES,
        label,
        unit,
        rule,
    }
}

pub const SUMS: [Summed; 11] = [
    charge("energy_grid_kwh", "column.grid", "kWh", "P1"),
    charge("energy_battery_kwh", "column.battery", "kWh", "P1"),
    charge("energy_kwh", "column.energy", "kWh", "P1"),
    charge(sums::AC, "charging.ac", "kWh", "P1"),
    charge(sums::DC, "charging.dc", "kWh", "P1"),
    charge("cost", "column.cost", "", "P2"),
    charge("unpriced_share", "charging.unpriced", "", "P2"),
    charge("loss_share", "column.loss", "%", "P3"),
    Summed {
        what: "distance_km",
        kind: &TRIPS,
        label: "column.distance",
        unit: "km",
        rule: "P1",
    },
    Summed {
        what: sums::CONSUMPTION,
        kind: &TRIPS,
        label: "column.consumption",
        unit: "kWh/100 km",
        rule: "P9",
    },
    Summed {
        what: "drain_percent_per_day",
        kind: &STANDSTILLS,
        label: "use.drain",
        unit: "",
        rule: "P4",
    },
];

pub fn find(what: &str) -> Option<Summed> {
    SUMS.into_iter().find(|sum| sum.what == what)
}

/// Where the reasons of such a number stand; `root` leads to the root of the page.
pub fn href(root: &str, vehicle: &str, what: &str, range: Range) -> String {
    let page = cells::why(root, "page", vehicle, what);
    format!("{page}?from={:.3}&to={:.3}", range.from, range.to)
}

impl Summed {
    /// Those of a time, the newest first.
    ///
    /// # Errors
    /// See [`Reader`].
    pub fn read(&self, reader: &Reader, vin: &Vin, range: Range) -> Result<Vec<RecordRow>, ReadError> {
        reader.records(self.kind.plural, Some(vin), range, self.kind.most)
    }

    /// `root` leads from the page of the reasons to the root of the page.
    pub fn computed(
        &self,
        reading: Reading<'_>,
        root: &str,
        vehicle: &str,
        asked: &Asked,
        mut records: Vec<RecordRow>,
    ) -> Computed {
        records.retain(|record| asked.means(record, reading) && self.takes_in(record));
        let total = self.total(&reading, &records);
        let count = texts::count("why.records", records.len());
        let about = [asked.month.clone(), asked.place.clone(), Some(count)];
        let value = WhyValue {
            id: labels::anchor(self.what),
            label: texts::t(self.label).to_owned(),
            value: total.value,
            unit: total.unit,
            interval: total.interval,
            rules: rule(self.rule),
            readings: Table {
                csv: asked.csv(self.what),
                ..self.table(&reading, root, vehicle, &records)
            },
        };
        Computed {
            value,
            page: self.kind.page,
            about: about.into_iter().flatten().collect::<Vec<_>>().join(", "),
        }
    }

    /// Whether a record has a say in it, known or not.
    fn takes_in(&self, record: &RecordRow) -> bool {
        match self.what {
            sums::AC | sums::DC => sums::is_of_current(record, self.what),
            "drain_percent_per_day" => standing::counts(record),
            _ => true,
        }
    }

    /// As the page tells it, with its interval.
    fn total(&self, reading: &Reading<'_>, records: &[RecordRow]) -> Fact {
        let all: Vec<&RecordRow> = records.iter().collect();
        let money = Money::of(all.iter().copied());
        match self.what {
            "cost" => cells::fact(self.label, money.text(), "").with(money.note()),
            "unpriced_share" => cells::fact(self.label, money.unpriced_text(), "").with(money.unsure()),
            "loss_share" => sums::loss(&all),
            sums::CONSUMPTION => {
                let known = || all.iter().filter(|trip| sums::number(trip, self.what).is_some());
                let sum = |column| Sum::of(known().map(|trip| trip.number(column))).total();
                let told = sum("energy_kwh").zip(sum("distance_km"));
                let told = told.map(|(kwh, km)| reading.number(kwh / km * 100.0, self.unit, 1));
                let (value, unit) = told.unwrap_or_else(|| (UNKNOWN.to_owned(), String::new()));
                cells::fact(self.label, value, &unit)
            }
            "drain_percent_per_day" => standing::drain(records).unwrap_or_default(),
            _ => {
                let sum = Sum::of(all.iter().map(|record| sums::number(record, self.what)));
                let told = sum.total().map(|total| reading.number(total, self.unit, 1));
                let (value, unit) = told.unwrap_or_else(|| (UNKNOWN.to_owned(), String::new()));
                let bounds = [0, 1].map(|end| {
                    let ends = all.iter().filter_map(|record| self.bounds(record));
                    ends.map(|bounds| bounds[end]).sum()
                });
                let parts = [self.interval(reading, bounds), sum.note()];
                let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
                cells::fact(self.label, value, &unit).with(parts.join(", "))
            }
        }
    }

    /// The least and the most that a known part may be; the value itself where nothing else is known.
    fn bounds(&self, record: &RecordRow) -> Option<[f64; 2]> {
        let value = sums::number(record, self.what)?;
        let is_energy = ["energy_kwh", sums::AC, sums::DC].contains(&self.what);
        if !is_energy || record.text("energy_basis") != Some("soc") {
            return Some([value; 2]);
        }
        let ends = ["energy_from_soc_low_kwh", "energy_from_soc_high_kwh"];
        Some(ends.map(|end| record.number(end).unwrap_or(value)))
    }

    /// Empty where it has no width.
    fn interval(&self, reading: &Reading<'_>, [low, high]: [f64; 2]) -> String {
        let number = |value: f64| reading.number(value, self.unit, 1).0;
        if low == high {
            return String::new();
        }
        let text = texts::t("interval.to").replace("{low}", &number(low));
        text.replace("{high}", &reading.quantity(high, self.unit, 1))
    }

    fn table(&self, reading: &Reading<'_>, root: &str, vehicle: &str, records: &[RecordRow]) -> Table {
        let row = |record: &RecordRow| {
            let key = cells::key(record);
            let why = cells::why(root, self.kind.short, vehicle, &key);
            let column = match self.what {
                sums::AC | sums::DC | sums::CONSUMPTION => "energy_kwh",
                what => what,
            };
            let href = match self.kind.has_pages {
                true => format!(
                    "{root}v/{}/{}/{}",
                    segment(vehicle),
                    self.kind.page,
                    segment(&key)
                ),
                false => String::new(),
            };
            vec![
                Cell {
                    href,
                    ..Cell::sorted(reading.moment(record.start).text, record.start.as_millisecond())
                },
                Cell {
                    why: format!("{why}#{}", labels::anchor(column)),
                    ..self.part(reading, record)
                },
            ]
        };
        let mut caption = texts::t("why.parts").to_owned();
        if records.len() > SHOWN {
            let shown = texts::count("data.older", SHOWN).replace("{of}", &records.len().to_string());
            caption = format!("{caption}. {shown}");
        }
        Table {
            caption,
            columns: vec![
                Column::text(texts::t("column.began")),
                Column::number(texts::t("column.value")),
            ],
            rows: records.iter().take(SHOWN).map(row).collect(),
            empty: texts::t("why.no_record").to_owned(),
            ..Table::default()
        }
    }

    /// What one record brings.
    fn part(&self, reading: &Reading<'_>, record: &RecordRow) -> Cell {
        let of_energy = |column| reading.cell(record, column, "kWh", 1).text;
        let number = sums::number(record, self.what);
        match (self.what, number) {
            ("cost", _) => {
                let money = Money::of([record]);
                Cell {
                    note: money.note(),
                    ..Cell::text(money.text())
                }
            }
            (_, None) => Cell::text(UNKNOWN),
            ("unpriced_share", Some(part)) => Cell {
                note: texts::t("why.of").replace("{whole}", &of_energy("energy_kwh")),
                ..Cell::sorted(share(part * 100.0), part)
            },
            ("loss_share", Some(part)) => Cell {
                note: texts::t("why.of").replace("{whole}", &of_energy("energy_grid_kwh")),
                ..Cell::sorted(format!("{} %", decimal(part * 100.0, 1)), part)
            },
            ("drain_percent_per_day", Some(drain)) => Cell {
                note: [
                    standing::interval(record),
                    cells::duration(record.start, record.moment("end_at").unwrap_or(record.start)),
                ]
                .join(", "),
                ..Cell::sorted(format!("{} {}", decimal(drain, 1), texts::t("use.a_day")), drain)
            },
            (sums::CONSUMPTION, Some(number)) => Cell {
                note: [("energy_kwh", "kWh"), ("distance_km", "km")]
                    .map(|(column, unit)| reading.cell(record, column, unit, 1).text)
                    .join(", "),
                ..Cell::sorted(reading.quantity(number, self.unit, 1), number)
            },
            (_, Some(number)) => Cell {
                note: self
                    .bounds(record)
                    .map(|bounds| self.interval(reading, bounds))
                    .unwrap_or_default(),
                ..Cell::sorted(reading.quantity(number, self.unit, 1), number)
            },
        }
    }
}

impl Asked {
    /// The table of the same records.
    fn csv(&self, what: &str) -> String {
        let range = self.span.words();
        let of = [("month", self.month.as_deref()), ("place", self.place.as_deref())];
        let words = range.into_iter().chain(of);
        let words = words.filter_map(|(name, word)| Some(format!("&{name}={}", segment(word?))));
        format!("?csv={}{}", labels::anchor(what), words.collect::<String>())
    }

    fn means(&self, record: &RecordRow, reading: Reading<'_>) -> bool {
        let month = || {
            sums::month(record, &reading.options.timezone)
                .strftime("%Y-%m")
                .to_string()
        };
        let is_month = self.month.as_ref().is_none_or(|wanted| *wanted == month());
        let place = || record.text("place").unwrap_or(UNKNOWN);
        is_month && self.place.as_ref().is_none_or(|wanted| wanted == place())
    }
}
