//! What programs ask: API.md says how.

mod poll;
pub(crate) mod shape;

use axum::extract::{Path, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use dashboard_content::told::Present;
use history::read::{Range, Reader, RecordRow, Series, VehicleRow};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::app::{App, Shared};
use crate::drawn::{Drawn, drawn};
use crate::parameters::Parameters;
use crate::position::{self, Asked};
use crate::problem::Problem;
use crate::span::Span;
use crate::whole::whole;

/// Points of a series where the caller names no number.
const POINTS: usize = 500;
/// More does not fit into a spreadsheet.
const MOST_READINGS: usize = 1_000_000;
/// Records of one answer.
const RECORDS: usize = 100;
const MOST_RECORDS: usize = 1_000;

type Answer = Result<Json<Value>, Problem>;

pub(crate) fn routes() -> Router<Shared> {
    Router::new()
        .route("/api/v1/vehicles", get(vehicles))
        .route("/api/v1/vehicles/{name}/now", get(now))
        .route("/api/v1/vehicles/{name}/series", get(series))
        .route("/api/v1/vehicles/{name}/sessions", get(sessions))
        .route("/api/v1/vehicles/{name}/trips", get(trips))
        .route("/api/v1/vehicles/{name}/poll", post(poll::poll))
        .route("/v/{name}/series.json", get(chart))
}

async fn vehicles(State(app): State<Shared>) -> Answer {
    let vehicles = app.model.read(|reader| reader.vehicles()).await?;
    let names = vehicles.iter().map(|vehicle| json!({ "vehicle": vehicle.name }));
    Ok(Json(json!({ "vehicles": names.collect::<Value>() })))
}

async fn now(
    State(app): State<Shared>,
    Path(name): Path<String>,
    Parameters(asked): Parameters<Asked>,
) -> Answer {
    let vehicle = app.vehicle(&name).await?;
    // What comes between is told again, and not missed.
    let sequence = app.events.sequence();
    let vin = vehicle.vin.clone();
    let values = app.ask(|look| look.values()).await.ok().flatten();
    let read = move |reader: &Reader| Ok(Present::new(reader.latest(&vin)?, values.as_ref(), &vin));
    let mut told = app.model.read(read).await?;
    told.latest
        .retain(|one| asked.shows_position() || !position::is_told_by(one));
    Ok(Json(shape::now(&vehicle, &told, app.now(), sequence)))
}

/// What a chart or a program wants of a series.
#[derive(Debug, Deserialize)]
pub(crate) struct Wanted {
    key: String,
    pub points: Option<usize>,
    #[serde(flatten)]
    span: Span,
}

impl Wanted {
    fn number(&self) -> Option<usize> {
        self.points.or(Some(POINTS))
    }
}

async fn series(
    State(app): State<Shared>,
    Path(name): Path<String>,
    Parameters(wanted): Parameters<Wanted>,
    Parameters(asked): Parameters<Asked>,
) -> Answer {
    let vehicle = app.vehicle(&name).await?;
    let (series, range) = read_series(&app, &vehicle, &wanted, wanted.number(), &asked).await?;
    Ok(Json(shape::series(&vehicle, &series, range)))
}

/// What a chart of the page asks for when somebody looks closer.
async fn chart(
    State(app): State<Shared>,
    Path(name): Path<String>,
    Parameters(wanted): Parameters<Wanted>,
    Parameters(asked): Parameters<Asked>,
) -> Result<Json<Drawn>, Problem> {
    let vehicle = app.vehicle(&name).await?;
    let (series, _) = read_series(&app, &vehicle, &wanted, wanted.number(), &asked).await?;
    Ok(Json(drawn(&series, app.options.units)))
}

/// The series that is wanted, in so many points or whole, and the time that it is of. Where the car was is told to who asks
/// for it.
pub(crate) async fn read_series(
    app: &App,
    vehicle: &VehicleRow,
    wanted: &Wanted,
    points: Option<usize>,
    asked: &Asked,
) -> Result<(Series, Range), Problem> {
    let range = wanted.span.recent(app.now(), &app.options.timezone)?;
    let (vin, key) = (vehicle.vin.clone(), wanted.key.clone());
    let read = move |reader: &Reader| {
        let read = |descriptor: &str| match points {
            Some(points) => reader.series(&vin, descriptor, range, points),
            None => whole(reader, &vin, descriptor, range, MOST_READINGS),
        };
        if let Some(found) = read(&key)? {
            return Ok(Some(found));
        }
        let latest = reader.latest(&vin)?;
        let named = latest.iter().find(|one| one.name == key);
        named.map_or(Ok(None), |one| read(&one.descriptor))
    };
    let series = app.model.read(read).await?;
    let unknown = || Problem::not_found("the vehicle never told that key: `now` names those that it tells");
    let series = series.ok_or_else(unknown)?;
    let is_position = position::is(&series.name) || position::is(&series.descriptor);
    if is_position && !asked.shows_position() {
        return Err(Problem::hidden());
    }
    Ok((series, range))
}

/// Which records are wanted.
#[derive(Debug, Deserialize)]
struct Page {
    limit: Option<usize>,
    #[serde(flatten)]
    span: Span,
}

async fn sessions(
    app: State<Shared>,
    name: Path<String>,
    page: Parameters<Page>,
    asked: Parameters<Asked>,
) -> Answer {
    records("charging_sessions", app, name, page, asked).await
}

async fn trips(
    app: State<Shared>,
    name: Path<String>,
    page: Parameters<Page>,
    asked: Parameters<Asked>,
) -> Answer {
    records("trips", app, name, page, asked).await
}

async fn records(
    kind: &'static str,
    app: State<Shared>,
    name: Path<String>,
    Parameters(page): Parameters<Page>,
    Parameters(asked): Parameters<Asked>,
) -> Answer {
    let vehicle = app.vehicle(&name).await?;
    let range = page.span.all(&app.options.timezone)?;
    let limit = page.limit.unwrap_or(RECORDS).clamp(1, MOST_RECORDS);
    let vin = vehicle.vin.clone();
    let read = move |reader: &Reader| {
        let columns = reader.columns(kind)?;
        Ok((columns, reader.records(kind, Some(&vin), range, limit)?))
    };
    let (mut columns, mut records) = app.model.read(read).await?;
    // The start is the key of both kinds: no two of a vehicle have the same.
    let next = records.last().filter(|_| records.len() == limit).map(start);
    if !asked.shows_position() {
        (columns, records) = position::without(columns, records);
    }
    Ok(Json(shape::records(&vehicle, &columns, &records, next)))
}

fn start(record: &RecordRow) -> String {
    shape::time(record.start)
}
