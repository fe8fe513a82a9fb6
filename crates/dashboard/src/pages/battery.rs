//! Battery: its charge over time, its health, and what it loses while the car stands.

use std::collections::HashMap;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::routing::get;
use collector_core::{Value, Vin};
use history::read::{Range, ReadError, Reader, ReadingRow, RecordRow};
use jiff::{SignedDuration, Timestamp};

use super::cells::{Reading, decimal};
use super::level::{self, Level};
use super::told::{CHARGE, Present};
use super::{Page, frame, health, range, shown, standing};
use crate::app::{App, Shared};
use crate::span::Span;
use crate::view::battery::Battery;
use crate::view::frame::Page as Which;
use crate::view::parts::{Choice, Fact};
use crate::view::texts;

const ROOT: &str = "../../";
const MONTHS: usize = 240;
/// A range and a charge that lie further apart say nothing together.
const APART: SignedDuration = SignedDuration::from_hours(1);
/// Of a battery that is emptier, the range is rounded too much to say it of a full one.
const LEAST: f64 = 10.0;
/// What cars round last.
const RANGES: [&str; 2] = ["cluster_electric_range", "electric_range"];

pub(super) fn routes() -> Router<Shared> {
    Router::new().route("/v/{name}/battery", get(battery))
}

/// What the database of the page has for it.
struct Read {
    told: Present,
    level: Level,
    range: Range,
    months: Vec<RecordRow>,
    standstills: Vec<RecordRow>,
    full: Option<Full>,
}

/// The range that the car told, and its charge at that moment.
struct Full {
    range: ReadingRow,
    range_key: &'static str,
    charge: f64,
}

async fn battery(
    State(app): State<Shared>,
    Path(name): Path<String>,
    Query(query): Query<HashMap<String, String>>,
    Query(span): Query<Span>,
) -> Page {
    let vehicle = app.vehicle(&name).await?;
    let (ranges, wanted, is_all) = wanted(&app, &query, &span)?;
    let title = texts::t("nav.battery");
    let status = app.ask(|look| look.status()).await;
    let page = Which::Battery;
    let frame = frame::around(&app, ROOT, page, "battery", Some(&vehicle), title, &status).await?;
    let values = app.ask(|look| look.values()).await.ok().flatten();
    let vin = vehicle.vin.clone();
    let read = app.model.read(move |reader| {
        let told = Present::new(reader.latest(&vin)?, values.as_ref(), &vin);
        read(reader, &vin, told, wanted, is_all)
    });
    let read = read.await?;
    let reading = Reading {
        options: &app.options,
        now: app.now(),
    };
    let name = vehicle.name.as_str();
    let gaps = status
        .ok()
        .map(|status| level::gaps(&status, &vehicle.vin, read.range));
    let (health, beside) = health::health(&reading, ROOT, name, &read.told, &read.months);
    let full = read.full.as_ref().map(|full| full.fact(&reading));
    let facts = full.into_iter().chain(standing::drain(&read.standstills));
    let span = [wanted.from, wanted.to];
    shown(&Battery {
        frame,
        ranges,
        level: read
            .level
            .chart(&reading, texts::t("level.title"), gaps.unwrap_or_default()),
        health,
        facts: facts.chain(beside).collect(),
        health_chart: health::chart(&reading, ROOT, name, &read.months),
        standstills: standing::table(&reading, ROOT, name, &read.standstills, span),
    })
}

/// The ways to other ranges, the range that is wanted, and whether that is everything.
fn wanted(
    app: &App,
    query: &HashMap<String, String>,
    span: &Span,
) -> Result<(Vec<Choice>, Range, bool), crate::problem::Problem> {
    let is_given = ["from", "to"]
        .iter()
        .any(|end| query.get(*end).is_some_and(|text| !text.is_empty()));
    if is_given {
        let range = span.recent(app.now(), &app.options.timezone)?;
        return Ok((range::choices("battery", ""), range, false));
    }
    let word = query.get("range").map(String::as_str);
    let (word, range) = range::of(word, "month", app.now());
    Ok((range::choices("battery", word), range, word == "all"))
}

fn read(reader: &Reader, vin: &Vin, told: Present, wanted: Range, is_all: bool) -> Result<Read, ReadError> {
    let charge = told.quantity(CHARGE).and_then(|charge| charge.from.clone());
    let by = charge.as_ref().map(|key| key.as_str());
    let range = match is_all {
        true => Range {
            from: level::begin(reader, vin)?.unwrap_or(wanted.from).min(wanted.to),
            ..wanted
        },
        false => wanted,
    };
    let always = Range {
        from: Timestamp::UNIX_EPOCH,
        to: Timestamp::MAX,
    };
    Ok(Read {
        level: level::read(reader, vin, by, range)?,
        range,
        months: reader.records("battery_health", Some(vin), always, MONTHS)?,
        standstills: reader.records("standstills", Some(vin), wanted, standing::READ)?,
        full: match by {
            Some(by) => full(reader, vin, &told, by)?,
            None => None,
        },
        told,
    })
}

/// The newest range with the charge that the car had then.
fn full(reader: &Reader, vin: &Vin, told: &Present, by: &str) -> Result<Option<Full>, ReadError> {
    let Some((range_key, range)) = told.first(&RANGES) else {
        return Ok(None);
    };
    let at = range.measured_at;
    let behind = at.checked_add(SignedDuration::from_millis(1)).unwrap_or(at);
    let then = Range {
        from: behind,
        to: behind,
    };
    let series = reader.series(vin, by, then, 2)?;
    let before = series.and_then(|series| series.before);
    let near = before.filter(|before| at.duration_since(before.measured_at) <= APART);
    Ok(match near.map(|near| near.value) {
        Some(Value::Number(charge)) if charge >= LEAST => Some(Full {
            range: range.clone(),
            range_key,
            charge,
        }),
        _ => None,
    })
}

impl Full {
    /// With the interval that comes of rounding alone.
    fn fact(&self, reading: &Reading<'_>) -> Fact {
        let Value::Number(range) = self.range.value else {
            return Fact::default();
        };
        let half = |value: f64| if value.fract() == 0.0 { 0.5 } else { 0.05 };
        let of = |range: f64, charge: f64| 100.0 * range / charge;
        let low = of(range - half(range), self.charge + half(self.charge));
        let high = of(range + half(range), self.charge - half(self.charge));
        let (value, unit) = reading.number(of(range, self.charge), "km", 0);
        let (low, _) = reading.number(low, "km", 0);
        let interval = texts::t("health.to")
            .replace("{low}", &low)
            .replace("{high}", &reading.quantity(high, "km", 0));
        let of = texts::t("use.range_of")
            .replace("{range}", &reading.quantity(range, "km", 0))
            .replace("{charge}", &format!("{} %", decimal(self.charge, 1)));
        Fact {
            label: texts::t("use.full_range").to_owned(),
            value,
            unit,
            interval,
            at: Some(reading.moment(self.range.measured_at)),
            origin: format!(
                "{of}, {}",
                texts::t("origin.from").replace("{key}", self.range_key)
            ),
            ..Fact::default()
        }
    }
}
