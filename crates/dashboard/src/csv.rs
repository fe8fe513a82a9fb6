//! What stands in a table or a chart, for spreadsheets.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use collector_core::Value;
use dashboard_content::cells::UNKNOWN;
use history::read::{ColumnInfo, Latest, Reader, RecordRow, Series, Told};
use jiff::Timestamp;
use serde::Deserialize;

use crate::api::{Wanted, read_series, shape::time};
use crate::app::Shared;
use crate::parameters::Parameters;
use crate::position::{self, Asked};
use crate::problem::Problem;
use crate::span::Span;

/// Of a track: as many as there can be.
const PLACES: usize = 2_000;
/// More does not fit into a spreadsheet.
const MOST: usize = 1_000_000;

pub(crate) type Row = Vec<String>;

pub(crate) fn routes() -> Router<Shared> {
    Router::new()
        .route("/v/{name}/series.csv", get(of_series))
        .route("/v/{name}/now.csv", get(of_now))
        .route("/v/{name}/track.csv", get(of_track))
        .route("/v/{name}/{file}", get(of_records))
}

/// Every reading, or what a chart shows of so many points.
async fn of_series(
    State(app): State<Shared>,
    Path(name): Path<String>,
    Parameters(wanted): Parameters<Wanted>,
    Parameters(asked): Parameters<Asked>,
) -> Result<Response, Problem> {
    let vehicle = app.vehicle(&name).await?;
    let (series, _) = read_series(&app, &vehicle, &wanted, wanted.points, &asked).await?;
    answer("series", &rows_of_series(&series))
}

async fn of_now(
    State(app): State<Shared>,
    Path(name): Path<String>,
    Parameters(asked): Parameters<Asked>,
) -> Result<Response, Problem> {
    let vehicle = app.vehicle(&name).await?;
    let mut latest = app.model.read(move |reader| reader.latest(&vehicle.vin)).await?;
    latest.retain(|one| asked.shows_position() || !position::is_told_by(one));
    answer("now", &rows_of_now(&latest))
}

/// Where it was, at most so many places as a track has.
async fn of_track(
    State(app): State<Shared>,
    Path(name): Path<String>,
    Parameters(span): Parameters<Span>,
    Parameters(asked): Parameters<Asked>,
) -> Result<Response, Problem> {
    if !asked.shows_position() {
        return Err(Problem::hidden());
    }
    let vehicle = app.vehicle(&name).await?;
    let range = span.recent(app.now(), &app.options.timezone)?;
    let read = move |reader: &Reader| reader.track(&vehicle.vin, range, PLACES);
    let places = app.model.read(read).await?.places;
    let head = ["measured_at", "latitude", "longitude"].map(str::to_owned);
    let rows = places.iter().map(|place| {
        let degrees = [place.latitude, place.longitude].map(|degrees| degrees.to_string());
        [vec![moment(place.at_ms)], degrees.to_vec()].concat()
    });
    answer(
        "track",
        &[head.to_vec()].into_iter().chain(rows).collect::<Vec<_>>(),
    )
}

/// A place, where records of it alone are wanted; `–` where it is unknown.
#[derive(Deserialize)]
struct At {
    place: Option<String>,
}

/// Records of any kind by its plural: `trips.csv`; `sessions.csv` are those of charging.
async fn of_records(
    State(app): State<Shared>,
    Path((name, file)): Path<(String, String)>,
    Parameters(span): Parameters<Span>,
    Parameters(at): Parameters<At>,
    Parameters(asked): Parameters<Asked>,
) -> Result<Response, Problem> {
    let unknown = || Problem::not_found("there is no such page");
    let plural = file.strip_suffix(".csv").ok_or_else(unknown)?;
    let kind = if plural == "sessions" {
        "charging_sessions"
    } else {
        plural
    }
    .to_owned();
    let vehicle = app.vehicle(&name).await?;
    let range = span.all(&app.options.timezone)?;
    let named = kind.clone();
    let read = move |reader: &Reader| {
        let columns = reader.columns(&kind)?;
        Ok((columns, reader.records(&kind, Some(&vehicle.vin), range, MOST)?))
    };
    let (mut columns, mut records) = app.model.read(read).await?;
    if let Some(place) = at.place {
        records.retain(|record| record.text("place").unwrap_or(UNKNOWN) == place);
    }
    if !asked.shows_position() {
        (columns, records) = position::without(columns, records);
    }
    if columns.is_empty() {
        return Err(Problem::not_found("no records of that kind have come yet"));
    }
    answer(&named, &rows_of_records(&columns, &records))
}

fn rows_of_records(columns: &[ColumnInfo], records: &[RecordRow]) -> Vec<Row> {
    let head = columns.iter().map(|column| guarded(&column.name));
    let head: Row = head.chain(["state".to_owned(), "revision".to_owned()]).collect();
    let rows = records.iter().map(|record| {
        let cells = record
            .cells
            .iter()
            .map(|value| value.as_ref().map(cell).unwrap_or_default());
        let state = [record.state.to_string(), record.revision.to_string()];
        cells.chain(state).collect()
    });
    [head].into_iter().chain(rows).collect()
}

fn rows_of_now(latest: &[Latest]) -> Vec<Row> {
    let head = [
        "name",
        "descriptor",
        "value",
        "unit",
        "measured_at",
        "ended_at",
        "origin",
        "source",
    ];
    let rows = latest.iter().map(|one| {
        let reading = &one.reading;
        vec![
            guarded(&one.name),
            guarded(&one.descriptor),
            cell(&reading.value),
            reading.unit.as_deref().map(guarded).unwrap_or_default(),
            time(reading.measured_at),
            one.ended_at.map(time).unwrap_or_default(),
            reading.origin.to_string(),
            guarded(&reading.source),
        ]
    });
    [head.map(str::to_owned).to_vec()]
        .into_iter()
        .chain(rows)
        .collect()
}

fn rows_of_series(series: &Series) -> Vec<Row> {
    let of = |word: &str| headed(&format!("{}{word}", series.name), series.unit.as_deref());
    let none = || Row::from([String::new()]);
    let mut rows = Vec::new();
    match &series.told {
        Told::Readings { points, ends } => {
            rows.push(vec!["measured_at".to_owned(), of("")]);
            let values = points
                .iter()
                .map(|(moment, value)| (*moment, vec![value.to_string()]));
            // A value of the moment of an end comes behind it.
            let ends = ends.iter().map(|moment| (*moment, none()));
            let mut all: Vec<_> = ends.chain(values).collect();
            all.sort_by_key(|(moment, _)| *moment);
            rows.extend(all.into_iter().map(|(at, row)| [vec![moment(at)], row].concat()));
        }
        Told::Parts { points, .. } => {
            rows.push(vec![
                "from".to_owned(),
                of(" lowest"),
                of(" highest"),
                of(" last"),
            ]);
            let row = |part: &history::read::Part| {
                let numbers = [part.min, part.max, part.last].map(|number| number.to_string());
                [vec![moment(part.at_ms)], numbers.to_vec()].concat()
            };
            rows.extend(points.iter().map(row));
        }
        Told::Changes { changes, .. } => {
            rows.push(vec!["from".to_owned(), of("")]);
            let row = |change: &history::read::Change| {
                let value = change.value.as_ref().map(cell).unwrap_or_default();
                vec![moment(change.at_ms), value]
            };
            rows.extend(changes.iter().map(row));
        }
    }
    rows
}

fn moment(milliseconds: i64) -> String {
    let at = Timestamp::from_millisecond(milliseconds);
    at.map(time).unwrap_or_default()
}

fn headed(name: &str, unit: Option<&str>) -> String {
    match unit {
        Some(unit) => guarded(&format!("{name} ({unit})")),
        None => guarded(name),
    }
}

fn cell(value: &Value) -> String {
    match value {
        Value::Text(text) => guarded(text),
        Value::Timestamp(at) => time(*at),
        value => value.to_string(),
    }
}

/// A spreadsheet takes a text that begins so for a formula, and runs it; or it takes the sign off. As the sink `csv` has it.
pub(crate) fn guarded(text: &str) -> String {
    match text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '\'']) {
        true => format!("'{text}"),
        false => text.to_owned(),
    }
}

/// `name` is plain: the plural of a kind, or a word of ours; else the file is called `table`.
pub(crate) fn answer(name: &str, rows: &[Row]) -> Result<Response, Problem> {
    let text = written(rows).map_err(|_| Problem::not_found("the table cannot be written"))?;
    let is_plain = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let name = if is_plain { name } else { "table" };
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}.csv\""),
        ),
    ];
    Ok((headers, text).into_response())
}

fn written(rows: &[Row]) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::WriterBuilder::new().from_writer(Vec::new());
    for row in rows {
        writer.write_record(row)?;
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_never_a_formula() {
        for text in ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "\n=1", "'=1"] {
            assert_eq!(cell(&Value::Text(text.into())), format!("'{text}"));
        }
        for text in ["a=1", " =1", "ä"] {
            assert_eq!(cell(&Value::Text(text.into())), text);
        }
        assert_eq!(cell(&Value::Number(-1.5)), "-1.5");
    }

    #[test]
    fn quotes_and_lines_stay_within_their_cell() {
        let rows = [
            vec!["a\"b".to_owned(), "c,d".to_owned()],
            vec!["e\nf".to_owned(), String::new()],
        ];
        assert_eq!(written(&rows).unwrap(), b"\"a\"\"b\",\"c,d\"\n\"e\nf\",\n");
    }
}
