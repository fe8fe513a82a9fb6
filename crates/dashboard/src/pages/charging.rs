//! Every charge: its months, its places, and what all of it cost.

mod list;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::routing::get;
use history::read::{Range, RecordRow};
use jiff::Timestamp;
use serde::Deserialize;

use self::list::List;
use super::cells::{Reading, UNKNOWN};
use super::files::with_tables;
use super::range::Chosen;
use super::sums::MOST;
use super::{Page, frame, labels};
use crate::app::Shared;
use crate::span::Span;
use crate::view::charging::Charging;
use crate::view::frame::{Page as Way, segment};
use crate::view::parts::{Link, Table};
use crate::view::texts;

const KIND: &str = "charging_sessions";
const ROOT: &str = "../../";

pub(super) fn routes() -> Router<Shared> {
    Router::new().route("/v/{name}/charging", get(page))
}

/// What a page of records is asked for.
#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    pub range: Option<String>,
    /// Of charges alone: those at this place.
    pub place: Option<String>,
    /// Of the rows in the table.
    #[serde(flatten)]
    pub span: Span,
}

async fn page(State(app): State<Shared>, Path(name): Path<String>, Query(asked): Query<Asked>) -> Page {
    let vehicle = app.vehicle(&name).await?;
    let (now, timezone) = (app.now(), &app.options.timezone);
    let chosen = Chosen::of(asked.range.as_deref(), "year", now, timezone);
    let whole = chosen.range;
    let rows = asked.span.all(timezone)?;
    let vin = vehicle.vin.clone();
    let read = move |reader: &history::read::Reader| reader.records(KIND, Some(&vin), whole, MOST);
    let mut all = app.model.read(read).await?;
    let place = asked.place.as_deref().unwrap_or_default();
    all.retain(|charge| is_at(charge, place));
    let list = List {
        reading: Reading {
            options: &app.options,
            now,
        },
        vehicle: &vehicle.name,
        word: &chosen.word,
        whole,
        also: also(place),
    };
    let title = texts::t("nav.charging");
    let totals = list.totals(&all);
    let view = Charging {
        frame: frame::of(&app, ROOT, Way::Charging, "charging", Some(&vehicle), title).await?,
        ranges: chosen.choices("charging", &list.also, now, timezone),
        only: list.only(place),
        totals_table: Table::of_facts("totals", &totals, list.file("totals")),
        totals,
        bars: list.bars(&all),
        months: list.months(&all),
        sessions: list.sessions(&all, within(whole, rows)),
        places: list.places(&all),
    };
    with_tables(&view)
}

/// Whether a charge was at a place; everything is, where none is named.
fn is_at(charge: &RecordRow, place: &str) -> bool {
    place.is_empty() || charge.text("place").unwrap_or(UNKNOWN) == place
}

/// A place as URLs go on with it.
fn also(place: &str) -> String {
    match place {
        "" => String::new(),
        place => format!("&place={}", segment(place)),
    }
}

/// What lies in both.
pub(super) fn within(whole: Range, rows: Range) -> Range {
    Range {
        from: whole.from.max(rows.from),
        to: whole.to.min(rows.to),
    }
}

/// The rows of a full table, and the way to those that come before the last of them; `all` has the newest first.
pub(super) fn newest<'a>(
    all: &'a [RecordRow],
    within: Range,
    rows: usize,
    address: &str,
) -> (Vec<&'a RecordRow>, Option<Link>) {
    let lies_in = |record: &&RecordRow| within.from <= record.start && record.start < within.to;
    let mut newest: Vec<_> = all.iter().filter(lies_in).take(rows + 1).collect();
    if newest.len() <= rows {
        return (newest, None);
    }
    newest.truncate(rows);
    let more = newest.last().map(|last| Link {
        label: texts::t("table.earlier").to_owned(),
        href: format!("{address}&to={:.3}", last.start),
    });
    (newest, more)
}

/// A table of records as a file.
pub(super) fn csv(kind: &str, range: Range) -> String {
    format!("{kind}.csv?from={:.3}&to={:.3}", range.from, range.to)
}

/// Up to when a charge went, or has gone so far.
pub(super) fn ended(charge: &RecordRow, now: Timestamp) -> Timestamp {
    let end = charge.moment("end_at");
    end.unwrap_or_else(|| now.max(charge.start))
}

pub(super) fn marks(charge: &RecordRow) -> Vec<String> {
    let marks = charge.text("mark").unwrap_or_default().split(',');
    let told = marks.map(str::trim).filter(|mark| !mark.is_empty());
    told.map(labels::word).collect()
}
