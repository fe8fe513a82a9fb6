//! One charge: what it brought and cost, its power over time and over the charge of the battery, and its blocks.

use axum::Router;
use axum::extract::{Path, State};
use axum::routing::get;
use collector_core::Value;
use collector_core::mask::readable;
use history::read::{Range, RecordRow};
use jiff::Timestamp;

use super::cells::{self, Reading, UNKNOWN, fact};
use super::charging::{csv, ended, marks};
use super::curve::{Curve, of as curve_of};
use super::files::with_tables;
use super::sums::{Money, amount, share};
use super::{Page, frame, labels};
use crate::app::Shared;
use crate::problem::Problem;
use crate::view::charging::Charge;
use crate::view::frame::Page as Way;
use crate::view::parts::{Cell, Column, Fact, Table};
use crate::view::texts;

const ROOT: &str = "../../../";

pub(super) fn routes() -> Router<Shared> {
    Router::new().route("/v/{name}/charging/{start}", get(page))
}

async fn page(State(app): State<Shared>, Path((name, start)): Path<(String, String)>) -> Page {
    let vehicle = app.vehicle(&name).await?;
    let (vin, now) = (vehicle.vin.clone(), app.now());
    let wanted = start.parse::<Timestamp>().ok();
    let read = move |reader: &history::read::Reader| {
        let key = wanted.map(Value::Timestamp);
        let found = match key {
            Some(key) => reader.record("charging_sessions", &vin, &[key])?,
            None => None,
        };
        let Some(charge) = found else { return Ok(None) };
        let blocks = reader.parts_of("charging_blocks", &charge)?;
        let curve = curve_of(reader, &vin, whole(&charge, now))?;
        Ok(Some((charge, blocks, curve)))
    };
    let found = app.model.read(read).await?;
    let (charge, blocks, curve) = found.ok_or_else(|| Problem::not_found(texts::t("charge.none")))?;
    let reading = Reading {
        options: &app.options,
        now,
    };
    let one = One {
        reading,
        why: cells::why(ROOT, "session", &vehicle.name, &cells::key(&charge)),
        charge: &charge,
    };
    let title = texts::t("charge.title");
    let view = Charge {
        frame: frame::of(&app, ROOT, Way::Charging, "charging", Some(&vehicle), title).await?,
        title: span(&reading, &charge),
        about: about(&charge),
        marks: marks(&charge),
        facts: one.facts(),
        why: one.why.clone(),
        curves: one.curves(&curve, &blocks),
        blocks: one.blocks(&blocks),
    };
    with_tables(&view)
}

/// The time of a charge, its last moment included.
fn whole(charge: &RecordRow, now: Timestamp) -> Range {
    let end = ended(charge, now);
    let behind = end.checked_add(jiff::SignedDuration::from_millis(1));
    Range {
        from: charge.start,
        to: behind.unwrap_or(end),
    }
}

/// `Mon 2 Mar 2026, 17:05 to 22:40`; what goes on has no end.
pub(super) fn span(reading: &Reading<'_>, record: &RecordRow) -> String {
    let zone = &reading.options.timezone;
    let begin = reading.moment(record.start).text;
    let Some(end) = record.moment("end_at") else {
        return texts::t("span.open").replace("{from}", &begin);
    };
    let (first, last) = (record.start.to_zoned(zone.clone()), end.to_zoned(zone.clone()));
    let end = match first.date() == last.date() {
        true => last.strftime("%H:%M").to_string(),
        false => reading.moment(end).text,
    };
    texts::t("span.closed")
        .replace("{from}", &begin)
        .replace("{to}", &end)
}

fn about(charge: &RecordRow) -> String {
    let told = charge
        .text("basis")
        .map(|basis| texts::t("charge.told").replace("{by}", &labels::word(basis)));
    let parts = [charge.text("place"), charge.text("current_type")];
    let parts = parts.into_iter().flatten().map(str::to_owned).chain(told);
    parts.collect::<Vec<_>>().join(", ")
}

struct One<'a> {
    reading: Reading<'a>,
    why: String,
    charge: &'a RecordRow,
}

impl One<'_> {
    fn why(&self, column: &str) -> String {
        format!("{}#{}", self.why, labels::anchor(column))
    }

    fn number(&self, column: &str, unit: &str, decimals: usize) -> Fact {
        Fact {
            why: self.why(column),
            ..self
                .reading
                .of_record(&labels::column(column), self.charge, column, unit, decimals)
        }
    }

    fn facts(&self) -> Vec<Fact> {
        let mut facts = vec![
            self.number("energy_grid_kwh", "kWh", 1),
            self.number("energy_battery_kwh", "kWh", 1),
            self.energy(),
            self.by_rise(),
            self.cost(),
            Fact {
                why: self.why("end_at"),
                ..fact(
                    "column.took",
                    cells::duration(self.charge.start, ended(self.charge, self.reading.now)),
                    "",
                )
            },
            percents(&self.reading, self.charge, self.why("soc_end")),
            self.number("mean_power_kw", "kW", 1),
            self.number("peak_power_kw", "kW", 1),
            self.loss(),
        ];
        // What most charges do not have is not told as unknown.
        let seldom = [
            ("energy_from_power_kwh", "kWh"),
            ("energy_returned_kwh", "kWh"),
            ("odometer_km", "km"),
        ];
        let known = seldom
            .iter()
            .filter(|(column, _)| self.charge.number(column).is_some());
        facts.extend(known.map(|(column, unit)| self.number(column, unit, 1)));
        facts.extend(self.times());
        if let Some(cost) = self.charge.number("bmw_cost") {
            let currency = self.charge.text("bmw_currency").map(readable).unwrap_or_default();
            facts.push(Fact {
                is_words: true,
                why: self.why("bmw_cost"),
                ..fact("column.bmw_cost", amount(cost, &currency), "")
            });
        }
        facts
    }

    /// The preferred one of the energies, and which one that is.
    fn energy(&self) -> Fact {
        let basis = self.charge.text("energy_basis").map(labels::word);
        Fact {
            interval: basis.unwrap_or_default(),
            ..self.number("energy_kwh", "kWh", 1)
        }
    }

    /// What the rise of the charge says, which is an interval.
    fn by_rise(&self) -> Fact {
        let ends =
            ["energy_from_soc_low_kwh", "energy_from_soc_high_kwh"].map(|column| self.charge.number(column));
        let Some((low, high)) = ends[0].zip(ends[1]) else {
            return fact("charge.from_charge", UNKNOWN.to_owned(), "");
        };
        let number = |kwh| self.reading.number(kwh, "kWh", 1);
        let ((low, _), (high, unit)) = (number(low), number(high));
        let value = texts::t("interval.to")
            .replace("{low}", &low)
            .replace("{high}", &high);
        Fact {
            why: self.why("energy_from_soc_low_kwh"),
            ..fact("charge.from_charge", value, &unit)
        }
    }

    fn cost(&self) -> Fact {
        let money = Money::of([self.charge]);
        let state = match self.charge.text("cost_state") {
            Some("known") => texts::t("charge.cost_known").to_owned(),
            Some("partial") => match self.charge.number("unpriced_share") {
                Some(unpriced) => texts::count("sum.unpriced", share(unpriced * 100.0)),
                None => texts::t("charge.cost_partial").to_owned(),
            },
            _ => texts::t("charge.cost_unknown").to_owned(),
        };
        Fact {
            is_words: true,
            interval: state,
            why: self.why("cost"),
            ..fact("column.cost", money.text(), "")
        }
    }

    fn loss(&self) -> Fact {
        let loss = self.charge.number("loss_share");
        let (value, unit) = match loss {
            Some(loss) => (cells::decimal(loss * 100.0, 1), "%"),
            None => (UNKNOWN.to_owned(), ""),
        };
        Fact {
            why: self.why("loss_share"),
            ..fact("column.loss", value, unit)
        }
    }

    fn times(&self) -> Vec<Fact> {
        let told = |column: &str| {
            let at = self.reading.moment(self.charge.moment(column)?);
            Some(Fact {
                label: labels::column(column),
                value: at.text,
                is_words: true,
                why: self.why(column),
                ..Fact::default()
            })
        };
        ["plugged_at", "unplugged_at"]
            .into_iter()
            .filter_map(told)
            .collect()
    }

    fn curves(&self, curve: &Curve, blocks: &[RecordRow]) -> Vec<crate::view::chart::Chart> {
        let range = whole(self.charge, self.reading.now);
        let over_time = curve.over_time(&self.reading, range, blocks, "../");
        over_time.into_iter().chain(curve.over_charge()).collect()
    }

    fn blocks(&self, blocks: &[RecordRow]) -> Table {
        let currency = self.charge.text("currency").map(readable).unwrap_or_default();
        let time = |at: Timestamp| Cell::sorted(self.reading.moment(at).text, at.as_millisecond());
        let row = |block: &RecordRow| {
            vec![
                time(block.start),
                block.moment("end_at").map_or_else(|| Cell::text(UNKNOWN), time),
                self.reading.cell(block, "mean_power_kw", "kW", 1),
                self.reading.cell(block, "energy_kwh", "kWh", 2),
                match block.number("cost") {
                    Some(cost) => Cell::sorted(amount(cost, &currency), cost),
                    None => Cell::text(UNKNOWN),
                },
            ]
        };
        let range = whole(self.charge, self.reading.now);
        Table {
            id: "blocks",
            caption: texts::t("charge.blocks").to_owned(),
            columns: vec![
                Column::text(texts::t("column.began")),
                Column::text(texts::t("column.end")),
                Column::number(texts::t("column.mean_power")),
                Column::number(texts::t("column.energy")),
                Column::number(texts::t("column.cost")),
            ],
            rows: blocks.iter().map(row).collect(),
            csv: match blocks.is_empty() {
                true => String::new(),
                false => format!("../{}", csv("charging_blocks", range)),
            },
            empty: texts::t("charge.no_blocks").to_owned(),
            more: None,
        }
    }
}

/// The charge of the battery from the beginning to the end.
pub(super) fn percents(reading: &Reading<'_>, record: &RecordRow, why: String) -> Fact {
    let told = |column| match record.number(column) {
        Some(percent) => reading.number(percent, "%", 0).0,
        None => UNKNOWN.to_owned(),
    };
    let value = format!("{} → {}", told("soc_start"), told("soc_end"));
    Fact {
        why,
        ..fact("column.charge", value, "%")
    }
}
