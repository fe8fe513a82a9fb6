//! Why a record is as it is: of each value the rule, the interval and the readings.
//!
//! [`computed`]: the same of what the pages compute.

pub mod computed;

use std::collections::BTreeSet;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::routing::get;
use collector_core::{RecordKind, rounded};
use facts::kinds;
use jiff::Timestamp;
use serde_json::Value as Json;

pub use dashboard_content::why::records::href as sum_href;

use super::cells::{Reading, UNKNOWN};
use super::files::with_tables;
use super::{Page, frame, labels};
use crate::app::Shared;
use crate::position::{self, Asked};
use crate::problem::Problem;
use crate::view::frame::{Page as Way, segment};
use crate::view::parts::{Cell, Column, Link, Table};
use crate::view::texts;
use crate::view::why::{Rule, Why, WhyValue};

const ROOT: &str = "../../../";
const KINDS: [&RecordKind; 8] = [
    &kinds::CHARGING_SESSION,
    &kinds::TRIP,
    &kinds::STANDSTILL,
    &kinds::BATTERY_HEALTH,
    &kinds::CONSUMPTION,
    &kinds::VEHICLE,
    &kinds::TYRE,
    &kinds::CHARGING_SETTING,
];

pub(super) fn routes() -> Router<Shared> {
    computed::routes().route("/why/{kind}/{name}/{key}", get(page))
}

async fn page(
    State(app): State<Shared>,
    Path((kind, name, key)): Path<(String, String, String)>,
    Query(asked): Query<Asked>,
) -> Page {
    let is_it = |known: &&&RecordKind| [known.name, known.short].contains(&&*kind);
    let none = || Problem::not_found(texts::t("why.none"));
    let kind = KINDS.iter().find(is_it).copied().ok_or_else(none)?;
    let vehicle = app.vehicle(&name).await?;
    let (vin, wanted) = (vehicle.vin.clone(), key.clone());
    let place = app.model.read(move |reader| {
        let entry = reader.entry(kind.plural, &vin, &wanted)?;
        Ok(entry.map(|entry| (entry, vin, wanted)))
    });
    let (entry, vin, wanted) = place.await?.ok_or_else(none)?;
    let told = app
        .ask(move |look| look.why(kind.name, &vin, &wanted, entry))
        .await;
    let document = told.map_err(|error| Problem::broken(error.0))?.ok_or_else(none)?;
    let record = document
        .get("record")
        .filter(|record| record.is_object())
        .ok_or_else(none)?;
    let teller = Teller {
        reading: Reading {
            options: &app.options,
            now: app.now(),
        },
        rules: &record["rules"],
        shows_position: asked.shows_position(),
    };
    let title = texts::t("why.title");
    let view = Why {
        frame: frame::of(&app, ROOT, Way::Other, "now", Some(&vehicle), title).await?,
        title: format!("{}, {}", kind.title, teller.text(&Json::String(key.clone()))),
        about: texts::count("why.about", record["revision"].as_u64().unwrap_or_default())
            .replace("{state}", record["state"].as_str().unwrap_or(UNKNOWN)),
        back: Some(back(kind, &vehicle.name, &key)),
        values: teller.values(record),
    };
    with_tables(&view)
}

/// The page that shows the record.
fn back(kind: &RecordKind, vehicle: &str, key: &str) -> Link {
    let page = match kind.name {
        "charging_session" => format!("charging/{}", segment(key)),
        "trip" => format!("trips/{}", segment(key)),
        "consumption" => "trips".to_owned(),
        "battery_health" | "standstill" => "battery".to_owned(),
        _ => "now".to_owned(),
    };
    Link {
        label: texts::t("why.back").to_owned(),
        href: format!("{ROOT}v/{}/{page}", segment(vehicle)),
    }
}

struct Teller<'a> {
    reading: Reading<'a>,
    /// What each rule says, by its number.
    rules: &'a Json,
    shows_position: bool,
}

impl Teller<'_> {
    fn values(&self, record: &Json) -> Vec<WhyValue> {
        // The text of a rule stands on the page once.
        let mut told = BTreeSet::new();
        let values = list(&record["values"]).iter();
        let known = values.filter(|value| !value["value"].is_null() || !list(&value["reasons"]).is_empty());
        known.map(|value| self.value(value, &mut told)).collect()
    }

    fn value<'r>(&self, value: &'r Json, told: &mut BTreeSet<&'r str>) -> WhyValue {
        let column = value["column"].as_str().unwrap_or_default();
        let unit = value["unit"].as_str().unwrap_or_default();
        let reasons = list(&value["reasons"]);
        let is_hidden = !self.shows_position && position::is(column);
        let (text, shown_unit) = match &value["value"] {
            _ if is_hidden => (texts::t("why.hidden").to_owned(), String::new()),
            Json::Null => (texts::t("why.unknown").to_owned(), String::new()),
            Json::Number(number) => self.number(number.as_f64().unwrap_or_default(), unit),
            other => (self.text(other), String::new()),
        };
        let interval = reasons.iter().find_map(|reason| self.interval(reason, unit));
        let readings = reasons.iter().flat_map(|reason| list(&reason["cited"]));
        WhyValue {
            id: labels::anchor(column),
            label: labels::column(column),
            value: text,
            unit: shown_unit,
            interval: interval.filter(|_| !is_hidden).unwrap_or_default(),
            rules: reasons
                .iter()
                .map(|reason| self.rule(reason, is_hidden, told))
                .collect(),
            readings: Table {
                csv: match self.shows_position {
                    true => format!("?csv={}&{}", labels::anchor(column), position::SHOWN),
                    false => format!("?csv={}", labels::anchor(column)),
                },
                caption: texts::t("why.readings").to_owned(),
                columns: vec![
                    Column::text(texts::t("column.key")),
                    Column::number(texts::t("column.value")),
                    Column::text(texts::t("column.time")),
                    Column::number(texts::t("why.entry")),
                ],
                rows: readings.map(|cited| self.cited(cited)).collect(),
                empty: texts::t("why.no_reading").to_owned(),
                ..Table::default()
            },
        }
    }

    fn number(&self, number: f64, unit: &str) -> (String, String) {
        let (number, unit) = self.reading.options.units.read_as(number, unit);
        (rounded(number), unit.to_owned())
    }

    /// What a reading told, with its unit, in that of its reader.
    fn told(&self, value: &str) -> String {
        let quantity = value
            .split_once(' ')
            .and_then(|(number, unit)| Some((number.parse().ok()?, unit)));
        match quantity {
            Some((number, unit)) => {
                let (number, unit) = self.number(number, unit);
                format!("{number} {unit}")
            }
            None => value.to_owned(),
        }
    }

    /// A text; a moment as people read it.
    fn text(&self, value: &Json) -> String {
        let Json::String(text) = value else {
            return value.to_string();
        };
        match text.parse::<Timestamp>() {
            Ok(at) => self.reading.moment(at).text,
            Err(_) => labels::word(text),
        }
    }

    /// One of no width says no more than the value.
    fn interval(&self, reason: &Json, unit: &str) -> Option<String> {
        let units = self.reading.options.units;
        let (one, _) = units.read_as(reason["low"].as_f64()?, unit);
        let (other, unit) = units.read_as(reason["high"].as_f64()?, unit);
        let [low, high] = [one.min(other), one.max(other)].map(rounded);
        let text = texts::t("interval.to")
            .replace("{low}", &low)
            .replace("{high}", &high);
        (low != high).then(|| format!("{text} {unit}").trim_end().to_owned())
    }

    fn rule<'r>(&self, reason: &'r Json, is_hidden: bool, told: &mut BTreeSet<&'r str>) -> Rule {
        let number = reason["rule"].as_str().unwrap_or_default();
        let whole = self.rules[number].as_str().filter(|_| told.insert(number));
        // A note may say where the car was.
        let note = reason["note"].as_str().filter(|_| !is_hidden);
        let parts = [reason["title"].as_str(), note, whole].into_iter().flatten();
        let sentence = |text: &str| match text.ends_with(['.', ':', ')']) {
            true => text.to_owned(),
            false => format!("{text}."),
        };
        Rule {
            number: number.to_owned(),
            text: parts.map(sentence).collect::<Vec<_>>().join(" "),
        }
    }

    fn cited(&self, cited: &Json) -> Vec<Cell> {
        let told = |key: &str| cited[key].as_str().unwrap_or_default();
        let (name, descriptor) = (told("name"), told("descriptor"));
        let is_hidden = !self.shows_position && (position::is(name) || position::is(descriptor));
        let value = match (is_hidden, told("value")) {
            (true, _) => Cell {
                href: format!("?{}", position::SHOWN),
                ..Cell::text(texts::t("why.show"))
            },
            (false, "") => Cell::text(UNKNOWN),
            (false, value) => Cell::text(self.told(value)),
        };
        let at = told("measured_at").parse().map(|at| self.reading.at(at));
        vec![
            Cell {
                note: descriptor.to_owned(),
                ..Cell::text(name)
            },
            value,
            at.unwrap_or_else(|_| Cell::text(UNKNOWN)),
            Cell::text(cited["entry"].to_string()),
        ]
    }
}

/// What is no list is an empty one.
fn list(value: &Json) -> &[Json] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}
