//! One key: what it means, what it tells now, and what it told over time.

use std::collections::HashMap;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::routing::get;

use super::cells::Reading;
use super::files::with_tables;
use super::ranged::wanted;
use super::{Page, frame, level};
use dashboard_content::key;

use crate::app::Shared;
use crate::position::Asked;
use crate::problem::Problem;
use crate::span::Span;
use crate::view::frame::Page as Which;
use crate::view::key::Key;
use crate::view::texts;

const ROOT: &str = "../../../";

pub(super) fn routes() -> Router<Shared> {
    Router::new().route("/v/{name}/key/{key}", get(page))
}

async fn page(
    State(app): State<Shared>,
    Path((name, key)): Path<(String, String)>,
    Query(query): Query<HashMap<String, String>>,
    Query(span): Query<Span>,
    Query(asked): Query<Asked>,
) -> Page {
    let vehicle = app.vehicle(&name).await?;
    let (word, range, is_all) = wanted(&app, &query, &span)?;
    let vin = vehicle.vin.clone();
    let read = app
        .model
        .read(move |reader| key::read(reader, &vin, &key, range, is_all));
    let read = read.await?;
    let key = read.ok_or_else(|| Problem::not_found(texts::t("key.none")))?;
    let status = app.ask(|look| look.status()).await;
    let (title, page) = (key.title(), Which::Data);
    let frame = frame::around(&app, ROOT, page, "data", Some(&vehicle), &title, &status).await?;
    let reading = Reading {
        options: &app.options,
        now: app.now(),
    };
    let gaps = status
        .ok()
        .map(|status| level::gaps(&status, &vehicle.vin, key.range(), &key.silences));
    let shows_position = asked.shows_position();
    let is_hidden = key.is_position() && !shows_position;
    with_tables(&Key {
        frame,
        ranges: key.choices(word, shows_position),
        title,
        about: key.about(),
        facts: key.facts(&reading, &vehicle.name, is_hidden),
        notes: key.notes(),
        told: key.told(&reading, gaps.unwrap_or_default(), shows_position),
    })
}
