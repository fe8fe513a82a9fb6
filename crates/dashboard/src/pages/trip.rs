//! One trip: how far, with what, and where, if its reader wants to see that.

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::routing::get;
use collector_core::Value;
use history::read::{Range, RecordRow};
use jiff::{SignedDuration, Timestamp};

use super::cells::{self, Reading, UNKNOWN, fact};
use super::charge::{percents, span};
use super::charging::ended;
use super::files::with_tables;
use super::why::sum_href;
use super::{Page, curve, frame, labels, sums};
use crate::app::Shared;
use crate::position::{self, Asked};
use crate::problem::Problem;
use crate::view::frame::Page as Way;
use crate::view::parts::{Fact, Link};
use crate::view::picture::Track;
use crate::view::texts;
use crate::view::trips::Trip;

const ROOT: &str = "../../../";
/// Of the track: finer than its picture.
const PLACES: usize = 600;

pub(super) fn routes() -> Router<Shared> {
    Router::new().route("/v/{name}/trips/{start}", get(page))
}

async fn page(
    State(app): State<Shared>,
    Path((name, start)): Path<(String, String)>,
    Query(asked): Query<Asked>,
) -> Page {
    let vehicle = app.vehicle(&name).await?;
    let (vin, now) = (vehicle.vin.clone(), app.now());
    let wanted = start.parse::<Timestamp>().ok();
    let is_shown = asked.shows_position();
    let read = move |reader: &history::read::Reader| {
        let found = match wanted.map(Value::Timestamp) {
            Some(key) => reader.record("trips", &vin, &[key])?,
            None => None,
        };
        let Some(trip) = found else { return Ok(None) };
        let range = whole(&trip, now);
        let curve = curve::charge(reader, &vin, range)?;
        let track = match is_shown {
            true => Some(reader.track(&vin, range, PLACES)?),
            false => None,
        };
        Ok(Some((trip, curve, track)))
    };
    let found = app.model.read(read).await?;
    let (trip, curve, track) = found.ok_or_else(|| Problem::not_found(texts::t("trip.none")))?;
    let reading = Reading {
        options: &app.options,
        now,
    };
    let why = cells::why(ROOT, "trip", &vehicle.name, &cells::key(&trip));
    let places = track.map(|track| track.places).unwrap_or_default();
    let title = texts::t("trip.title");
    let view = Trip {
        frame: frame::of(&app, ROOT, Way::Trips, "trips", Some(&vehicle), title).await?,
        title: span(&reading, &trip),
        about: about(&trip),
        facts: facts(&reading, &trip, &why),
        why,
        track: (!places.is_empty()).then(|| Track {
            title: texts::t("trip.track").to_owned(),
            points: places
                .iter()
                .map(|place| (place.latitude, place.longitude))
                .collect(),
            csv: format!("../track.csv?{}", position::of(whole(&trip, now))),
        }),
        show: (!is_shown).then(|| Link {
            label: texts::t("trip.show_track").to_owned(),
            href: format!("?{}", position::SHOWN),
        }),
        curves: curve
            .over_time(&reading, whole(&trip, now), &[], "../")
            .into_iter()
            .collect(),
    };
    with_tables(&view)
}

/// The time of a trip, its last moment included.
fn whole(trip: &RecordRow, now: Timestamp) -> Range {
    let end = ended(trip, now);
    let behind = end.checked_add(SignedDuration::from_millis(1));
    Range {
        from: trip.start,
        to: behind.unwrap_or(end),
    }
}

/// The time in which this trip began, and no other.
fn alone(trip: &RecordRow) -> Range {
    let behind = trip.start.checked_add(SignedDuration::from_millis(1));
    Range {
        from: trip.start,
        to: behind.unwrap_or(trip.start),
    }
}

fn about(trip: &RecordRow) -> String {
    let [from, to] = ["start_place", "end_place"].map(|column| trip.text(column));
    let ends = (from.is_some() || to.is_some()).then(|| {
        let text = texts::t("trip.ends").replace("{from}", from.unwrap_or(UNKNOWN));
        text.replace("{to}", to.unwrap_or(UNKNOWN))
    });
    let words = ["kind", "tag"].map(|column| trip.text(column).filter(|word| *word != "trip"));
    let parts = ends
        .into_iter()
        .chain(words.into_iter().flatten().map(labels::word));
    parts.collect::<Vec<_>>().join(", ")
}

fn facts(reading: &Reading<'_>, trip: &RecordRow, why: &str) -> Vec<Fact> {
    let anchored = |column: &str| format!("{why}#{}", labels::anchor(column));
    let number = |column: &str, unit, decimals| Fact {
        why: anchored(column),
        ..reading.of_record(&labels::column(column), trip, column, unit, decimals)
    };
    let distance = Fact {
        interval: trip.text("distance_basis").map(labels::word).unwrap_or_default(),
        ..number("distance_km", "km", 1)
    };
    let took = cells::duration(trip.start, ended(trip, reading.now));
    let took = Fact {
        interval: trip.text("confidence").map(labels::word).unwrap_or_default(),
        why: anchored("end_at"),
        ..fact("column.took", took, "")
    };
    let percents = percents(reading, trip, anchored("soc_end"));
    let mut facts = vec![distance, took, percents, number("energy_kwh", "kWh", 1)];
    if let Some(consumption) = sums::number(trip, sums::CONSUMPTION) {
        let (value, unit) = reading.number(consumption, "kWh/100 km", 1);
        facts.push(Fact {
            why: sum_href(ROOT, &trip.vehicle, sums::CONSUMPTION, alone(trip)),
            ..fact("column.consumption", value, &unit)
        });
    }
    if trip.number("fuel_l").is_some() {
        facts.push(number("fuel_l", "l", 1));
    }
    facts
}
