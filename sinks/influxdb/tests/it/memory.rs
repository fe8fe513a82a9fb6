//! InfluxDB in memory, as far as the sink speaks with it: lines, the few statements, removal by predicate. Without a real
//! server the suite runs against this one; with one, against both.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use influxdb_line_protocol::{FieldValue as Written, ParsedLine, parse_lines};
use serde_json::{Value, json};
use tests::servers::{FieldValue, Point};

use crate::mock::{Asked, Mock};

type Tags = BTreeMap<String, String>;
type Place = (String, Tags, i64);

/// A running server.
pub struct Memory {
    pub mock: Mock,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    points: BTreeMap<Place, BTreeMap<String, FieldValue>>,
    /// Fields that are integers: no float fits them.
    integers: BTreeSet<(String, String)>,
    /// It keeps everything for ever, as InfluxDB 3 does.
    keeps: bool,
    /// How many requests came, and which of them it refused, whatever it was.
    asked: usize,
    refuses: Option<usize>,
}

/// What a statement asks for.
struct Clause {
    measurement: String,
    tags: Vec<(String, String)>,
    first: i64,
    last: i64,
}

impl Memory {
    pub async fn start() -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        let behind = Arc::clone(&state);
        let mock = Mock::start(move |asked| behind.lock().unwrap().answer(asked)).await;
        Self { mock, state }
    }

    /// One that removes nothing.
    pub async fn that_keeps() -> Self {
        let memory = Self::start().await;
        memory.state.lock().unwrap().keeps = true;
        memory
    }

    /// One that was closed when the request of this number came, from 1.
    pub async fn that_was_closed_at(number: usize) -> Self {
        let memory = Self::start().await;
        memory.state.lock().unwrap().refuses = Some(number);
        memory
    }

    pub fn clear(&self) {
        let mut state = self.state.lock().unwrap();
        state.points.clear();
        state.integers.clear();
    }

    /// Writes lines with times in nanoseconds.
    pub fn write(&self, lines: &str) {
        let answer = self.state.lock().unwrap().write(lines, 1);
        assert_eq!(answer.status(), StatusCode::NO_CONTENT, "{lines}");
    }

    /// Every field of every point.
    pub fn points(&self) -> Vec<Point> {
        let state = self.state.lock().unwrap();
        let point = |((measurement, tags, timestamp), fields): (&Place, &BTreeMap<String, FieldValue>)| {
            let fields = fields.clone().into_iter();
            let (measurement, tags, timestamp) = (measurement.clone(), tags.clone(), *timestamp);
            fields.map(move |(field, value)| Point {
                measurement: measurement.clone(),
                tags: tags.clone(),
                field,
                timestamp,
                value,
            })
        };
        state.points.iter().flat_map(point).collect()
    }
}

impl State {
    fn answer(&mut self, asked: &Asked) -> Response {
        self.asked += 1;
        if self.refuses == Some(self.asked) {
            let closed = r#"{"code":"invalid","message":"closed for the winter"}"#;
            return (StatusCode::BAD_REQUEST, closed).into_response();
        }
        let query: BTreeMap<String, String> = pairs(asked.uri.query().unwrap_or_default());
        match asked.uri.path() {
            "/write" | "/api/v2/write" => {
                let units = match query["precision"].as_str() {
                    "ms" => 1_000_000,
                    _ => 1,
                };
                self.write(&asked.body, units)
            }
            "/query" => {
                let statements = pairs(&asked.body).remove("q").unwrap();
                let results: Vec<Value> = statements
                    .split("; ")
                    .map(|statement| self.run(statement))
                    .collect();
                axum::Json(json!({ "results": results })).into_response()
            }
            "/api/v2/delete" if !self.keeps => {
                self.remove(&of_predicate(&serde_json::from_str(&asked.body).unwrap()));
                StatusCode::NO_CONTENT.into_response()
            }
            _ => (StatusCode::NOT_FOUND, "404 page not found\n").into_response(),
        }
    }

    fn write(&mut self, lines: &str, units: i64) -> Response {
        let mut dropped = 0;
        for line in parse_lines(lines) {
            let line = line.unwrap_or_else(|error| panic!("{error}: {lines}"));
            dropped += usize::from(!self.take(&line, units));
        }
        if dropped == 0 {
            return StatusCode::NO_CONTENT.into_response();
        }
        let words = format!(
            "partial write: field type conflict: is type float, already exists as type integer dropped={dropped}"
        );
        (StatusCode::BAD_REQUEST, axum::Json(json!({ "error": words }))).into_response()
    }

    fn take(&mut self, line: &ParsedLine<'_>, units: i64) -> bool {
        let measurement = line.series.measurement.to_string();
        let tags = line.series.tag_set.iter().flatten();
        let tags: Tags = tags
            .map(|(key, value)| (key.to_string(), value.to_string()))
            .collect();
        let mut fields = BTreeMap::new();
        for (key, value) in &line.field_set {
            let place = (measurement.clone(), key.to_string());
            let value = match value {
                Written::I64(number) => {
                    self.integers.insert(place);
                    FieldValue::Number(*number as f64)
                }
                Written::F64(_) if self.integers.contains(&place) => return false,
                Written::F64(number) => FieldValue::Number(*number),
                Written::Boolean(truth) => FieldValue::Bool(*truth),
                Written::String(text) => FieldValue::Text(text.to_string()),
                Written::U64(_) => panic!("no sink writes {value}"),
            };
            fields.insert(key.to_string(), value);
        }
        let time = line.timestamp.expect("a time") * units;
        self.points
            .entry((measurement, tags, time))
            .or_default()
            .extend(fields);
        true
    }

    fn run(&mut self, statement: &str) -> Value {
        if let Some(clause) = statement.strip_prefix("DELETE FROM ") {
            if self.keeps {
                return json!({ "error": "DELETE is not supported" });
            }
            self.remove(&Clause::parse(clause));
            return json!({ "statement_id": 0 });
        }
        if statement.starts_with("SHOW RETENTION POLICIES") {
            let policies = json!({ "columns": ["name", "default"], "values": [["autogen", true]] });
            return json!({ "series": [policies] });
        }
        if let Some(rest) = statement.strip_prefix("SHOW TAG VALUES ") {
            return self.tag_values(rest);
        }
        let (what, clause) = statement
            .strip_prefix("SELECT ")
            .and_then(|rest| rest.split_once(" FROM "))
            .unwrap_or_else(|| panic!("no statement of ours: {statement}"));
        self.select(what, &Clause::parse(clause))
    }

    fn select(&self, what: &str, clause: &Clause) -> Value {
        let all = self
            .points
            .iter()
            .filter(|((measurement, ..), _)| *measurement == clause.measurement);
        let columns: BTreeSet<&String> = all.clone().flat_map(|(_, fields)| fields.keys()).collect();
        let keys: BTreeSet<&String> = all.clone().flat_map(|((_, tags, _), _)| tags.keys()).collect();
        let mut series: BTreeMap<&Tags, Vec<Value>> = BTreeMap::new();
        for (place, fields) in all.filter(|(place, fields)| clause.takes_in(place, fields)) {
            let cells = columns
                .iter()
                .map(|column| fields.get(*column).map_or(Value::Null, shown));
            let row: Vec<Value> = [json!(place.2)].into_iter().chain(cells).collect();
            series.entry(&place.1).or_default().push(json!(row));
        }
        let is_last = what == "LAST(*)";
        let named = |column: &&String| {
            if is_last {
                format!("last_{column}")
            } else {
                (*column).clone()
            }
        };
        let columns: Vec<String> = ["time".to_owned()]
            .into_iter()
            .chain(columns.iter().map(named))
            .collect();
        let table = |(tags, values): (&Tags, Vec<Value>)| {
            // A tag that other series have shows as an empty text.
            let tags: BTreeMap<_, _> = keys
                .iter()
                .map(|key| (key.as_str(), tags.get(*key).map_or("", String::as_str)))
                .collect();
            json!({ "name": clause.measurement, "tags": tags, "columns": columns, "values": values })
        };
        json!({ "series": series.into_iter().map(table).collect::<Vec<_>>() })
    }

    fn tag_values(&self, rest: &str) -> Value {
        let (from, keys) = rest.split_once("WITH KEY ").unwrap();
        let from = from.trim().strip_prefix("FROM ").map(unquoted);
        let keys: Vec<String> = keys
            .trim_start_matches("IN (")
            .trim_start_matches("= ")
            .trim_end_matches(')')
            .split(", ")
            .map(unquoted)
            .collect();
        let mut found: BTreeMap<&String, BTreeSet<(&String, &String)>> = BTreeMap::new();
        for (measurement, tags, _) in self.points.keys() {
            let wanted = tags.iter().filter(|(key, _)| keys.contains(key));
            if from.as_ref().is_none_or(|from| from == measurement) {
                found.entry(measurement).or_default().extend(wanted);
            }
        }
        let tables = found.iter().filter(|(_, values)| !values.is_empty());
        let tables = tables
            .map(|(name, values)| json!({ "name": name, "columns": ["key", "value"], "values": values }));
        json!({ "series": tables.collect::<Vec<_>>() })
    }

    fn remove(&mut self, clause: &Clause) {
        self.points
            .retain(|place, fields| !clause.takes_in(place, fields));
    }
}

impl Clause {
    /// `"m" WHERE … GROUP BY *`.
    fn parse(text: &str) -> Self {
        let text = text.trim_end_matches(" LIMIT 1").trim_end_matches(" GROUP BY *");
        let (measurement, conditions) = text.split_once(" WHERE ").unwrap_or((text, ""));
        let mut clause = Self {
            measurement: unquoted(measurement),
            tags: Vec::new(),
            first: i64::MIN,
            last: i64::MAX,
        };
        for condition in conditions
            .split(" AND ")
            .filter(|condition| !condition.is_empty())
        {
            if let Some(first) = condition.strip_prefix("time >= ") {
                clause.first = first.parse().unwrap();
            } else if let Some(last) = condition.strip_prefix("time <= ") {
                clause.last = last.parse().unwrap();
            } else {
                let (key, value) = condition.split_once(" = ").unwrap();
                clause.tags.push((unquoted(key), unquoted(value)));
            }
        }
        clause
    }

    fn takes_in(&self, (measurement, tags, time): &Place, fields: &BTreeMap<String, FieldValue>) -> bool {
        let has = |(key, value): &(String, String)| {
            let field = fields.get(key).map(ToString::to_string);
            tags.get(key).or(field.as_ref()) == Some(value)
        };
        *measurement == self.measurement
            && (self.first..=self.last).contains(time)
            && self.tags.iter().all(has)
    }
}

fn of_predicate(body: &Value) -> Clause {
    let time = |key: &str| {
        let time: jiff::Timestamp = body[key].as_str().unwrap().parse().unwrap();
        i64::try_from(time.as_nanosecond()).unwrap()
    };
    let mut clause = Clause {
        measurement: String::new(),
        tags: Vec::new(),
        first: time("start"),
        last: time("stop"),
    };
    for rule in body["predicate"].as_str().unwrap().split(" AND ") {
        match rule.strip_prefix("_measurement=") {
            Some(name) => clause.measurement = unquoted(name),
            None => {
                let (key, value) = rule.split_once("\"=\"").unwrap();
                clause
                    .tags
                    .push((unquoted(&format!("{key}\"")), unquoted(&format!("\"{value}"))));
            }
        }
    }
    clause
}

fn unquoted(text: &str) -> String {
    let text = &text[1..text.len() - 1];
    text.replace("\\\"", "\"")
        .replace("\\'", "'")
        .replace("\\\\", "\\")
}

fn shown(value: &FieldValue) -> Value {
    match value {
        FieldValue::Bool(truth) => json!(truth),
        FieldValue::Number(number) => json!(number),
        FieldValue::Text(text) => json!(text),
    }
}

fn pairs(text: &str) -> BTreeMap<String, String> {
    url::form_urlencoded::parse(text.as_bytes())
        .into_owned()
        .collect()
}
