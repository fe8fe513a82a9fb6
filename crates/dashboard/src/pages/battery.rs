//! Battery: its charge over time, its health, and what it loses while the car stands.

use std::collections::HashMap;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::routing::get;
use collector_core::Vin;
use history::read::{Range, ReadError, Reader, RecordRow};
use jiff::Timestamp;

use super::cells::{Reading, why};
use super::files::with_tables;
use super::level::{self, Level};
use super::ranged::wanted;
use super::told::{CHARGE, Present};
use super::why::sum_href;
use super::{Page, frame, full, health, range, standing};
use crate::app::Shared;
use crate::span::Span;
use crate::view::battery::Battery;
use crate::view::frame::Page as Which;
use crate::view::parts::Fact;
use crate::view::texts;

const ROOT: &str = "../../";
const MONTHS: usize = 240;

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
    full: Option<full::Full>,
}

async fn battery(
    State(app): State<Shared>,
    Path(name): Path<String>,
    Query(query): Query<HashMap<String, String>>,
    Query(span): Query<Span>,
) -> Page {
    let vehicle = app.vehicle(&name).await?;
    let (word, wanted, is_all) = wanted(&app, &query, &span)?;
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
        .map(|status| level::gaps(&status, &vehicle.vin, read.range, &read.level.silences));
    let (health, beside) = health::health(&reading, ROOT, name, &read.told, &read.months);
    let full = read.full.as_ref().map(|full| Fact {
        why: why(ROOT, "page", name, full::NAME),
        ..full.fact(&reading)
    });
    let drain = standing::drain(&read.standstills).map(|drain| Fact {
        why: sum_href(ROOT, name, "drain_percent_per_day", wanted),
        ..drain
    });
    let facts = full.into_iter().chain(drain);
    let span = [wanted.from, wanted.to];
    with_tables(&Battery {
        frame,
        ranges: range::choices("battery", word),
        level: read
            .level
            .chart(&reading, texts::t("level.title"), gaps.unwrap_or_default()),
        health,
        facts: facts.chain(beside).collect(),
        health_chart: health::chart(&reading, ROOT, name, &read.months),
        standstills: standing::table(&reading, ROOT, name, &read.standstills, span),
    })
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
        full: full::read(reader, vin, &told)?,
        told,
    })
}
