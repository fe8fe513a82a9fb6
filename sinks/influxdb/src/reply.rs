//! What an answer to a question or a removal means.

use std::collections::BTreeMap;

use collector_core::SinkError;
use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde::Deserialize;
use serde_json::Value;

use crate::answer::{is_page, redirected, said, transient};
use crate::redact::redact;
use crate::target::Target;

/// What VictoriaMetrics answers to any statement.
pub const VICTORIA: &str = "the names of databases, which nobody asked for";

/// An answer to statements of InfluxQL.
#[derive(Debug)]
pub enum Reply {
    /// The series that each statement gave.
    Answered(Vec<Vec<Series>>),
    /// The server does not know such statements; its words.
    Unable(String),
}

/// What became of a removal.
#[derive(Debug)]
pub enum Removal {
    Done,
    /// The server does not remove points; its words.
    Unable(String),
}

/// A table of an answer.
#[derive(Debug, Deserialize)]
pub struct Series {
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    pub columns: Vec<String>,
    #[serde(default)]
    pub values: Vec<Vec<Value>>,
}

#[derive(Deserialize)]
struct Answers {
    results: Vec<Answer>,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    series: Vec<Series>,
    error: Option<String>,
}

impl Series {
    /// Every row of a column; `null` where the series has no such column.
    pub fn column<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
        let position = self.columns.iter().position(|column| column == name);
        let rows = self.values.iter();
        rows.map(move |row| {
            position
                .and_then(|position| row.get(position))
                .unwrap_or(&Value::Null)
        })
    }
}

pub fn read_reply(
    target: &Target,
    status: StatusCode,
    headers: &HeaderMap,
    body: &str,
) -> Result<Reply, SinkError> {
    if let Some(words) = judge(target, status, headers, body)? {
        return Ok(Reply::Unable(words));
    }
    let Ok(Answers { results }) = serde_json::from_str(body) else {
        return Ok(Reply::Unable("what no InfluxDB answers".to_owned()));
    };
    let mut answers = Vec::with_capacity(results.len());
    for Answer { series, error } in results {
        if let Some(error) = error {
            return refused(target, &error);
        }
        answers.push(series);
    }
    // VictoriaMetrics says this to everything.
    if answers.iter().flatten().any(|series| series.name == "databases") {
        return Ok(Reply::Unable(VICTORIA.to_owned()));
    }
    Ok(Reply::Answered(answers))
}

pub fn read_removal(
    target: &Target,
    status: StatusCode,
    headers: &HeaderMap,
    body: &str,
) -> Result<Removal, SinkError> {
    Ok(match judge(target, status, headers, body)? {
        None => Removal::Done,
        Some(words) => Removal::Unable(words),
    })
}

/// `None` for success, and the words of a server that does not know what it is asked for.
fn judge(
    target: &Target,
    status: StatusCode,
    headers: &HeaderMap,
    body: &str,
) -> Result<Option<String>, SinkError> {
    let words = redact(&said(status, body).0, target.secrets());
    let misconfigured = |advice: &str| Err(misconfigured(target, &words, advice));
    match status.as_u16() {
        200..=299 if is_page(body) => misconfigured("that is not InfluxDB: check `url`"),
        200..=299 => Ok(None),
        300..=399 => Err(redirected(target, headers)),
        401 | 403 => misconfigured(&target.reading_advice()),
        404 if names_a_place(&words) => misconfigured(&target.asking_advice()),
        408 | 425 | 429 => Err(transient(target, &words, headers)),
        400..=499 | 501 => Ok(Some(words)),
        _ => Err(transient(target, &words, headers)),
    }
}

/// An error within an answer.
fn refused(target: &Target, error: &str) -> Result<Reply, SinkError> {
    let words = redact(error, target.secrets());
    if error.contains("not found") && names_a_place(error) {
        return Err(misconfigured(target, &words, &target.asking_advice()));
    }
    if error.contains("support") || error.contains("not implemented") {
        return Ok(Reply::Unable(words));
    }
    let reason = format!("{} answers {words}", target.address());
    Err(SinkError::transient(reason))
}

fn names_a_place(words: &str) -> bool {
    let words = words.to_ascii_lowercase();
    let places = ["bucket", "database", "organization", "dbrp", "retention policy"];
    places.iter().any(|place| words.contains(place))
}

fn misconfigured(target: &Target, words: &str, advice: &str) -> SinkError {
    SinkError::misconfigured(format!("{} answers {words}: {advice}", target.address()))
}
