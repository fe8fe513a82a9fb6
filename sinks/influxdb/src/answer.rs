//! What an answer to a write means.

use std::time::Duration;

use collector_core::SinkError;
use reqwest::StatusCode;
use reqwest::header::{HeaderMap, LOCATION, RETRY_AFTER};
use serde_json::Value;

use crate::redact::redact;
use crate::target::Target;

/// An answer that concerns the lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    Stored,
    /// At least one line is refused; others may be stored or not, whatever the words say.
    Refused(Refusal),
    /// The body has more bytes than the server, or what stands before it, takes.
    TooLarge,
}

/// A server's words about lines that it refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Shortened, without secrets.
    pub words: String,
    /// How many lines were dropped, where the server counts.
    dropped: Option<usize>,
    /// Judged by what the server said: a short secret may be a part of any word.
    is_beyond_retention: bool,
    is_about_readings: bool,
}

impl Refusal {
    /// `said` is the words with all that is in them, and `body` what they were taken from, in full.
    fn new(words: String, said: &str, body: &str) -> Self {
        let count = body.rsplit_once("dropped=").map(|(_, rest)| rest);
        let dropped = count.and_then(|rest| rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok());
        Self {
            words,
            dropped,
            is_beyond_retention: is_beyond_retention(said),
            is_about_readings: is_about_readings(said),
        }
    }

    /// Whether the server says that it dropped every line of a request.
    pub fn dropped_all(&self, lines: usize) -> bool {
        self.dropped == Some(lines)
    }

    /// Whether the words say that the server keeps nothing so old. Each version has its own.
    pub fn is_beyond_retention(&self) -> bool {
        self.is_beyond_retention
    }

    /// Whether the words name a property of single readings. Words that do not may be about everything that is
    /// sent.
    pub fn is_about_readings(&self) -> bool {
        self.is_about_readings
    }

    /// Whether the words may concern one field of a line and not the whole line.
    pub fn is_about_a_field(&self) -> bool {
        self.words.contains("field") || self.words.contains("column")
    }

    /// Whether the server has said these words, numbers aside.
    pub fn says(&self, words: &str) -> bool {
        let without = |words: &str| words.replace(|c: char| c.is_ascii_digit(), "");
        without(&self.words) == without(words)
    }
}

fn is_about_readings(words: &str) -> bool {
    const ABOUT_READINGS: [&str; 5] = [
        "partial write",
        "type conflict",
        "column type",
        "unable to parse",
        "too long",
    ];
    is_beyond_retention(words) || ABOUT_READINGS.iter().any(|known| words.contains(known))
}

/// `points beyond retention policy dropped=1` (1.x, 2.0, with status 400 or 500), `dropped 4 points outside retention policy
/// of duration …` (1.11, 2.7, with 422), data outside the bucket's retention window or period (Cloud, 3.x, with 422).
fn is_beyond_retention(words: &str) -> bool {
    let words = words.to_ascii_lowercase();
    let bounds = ["beyond", "outside", "lower bound", "retention window"];
    // What is too far ahead is refused in nearly the same words.
    let is_ahead = words.contains("upper bound") || words.contains("future");
    words.contains("retention") && bounds.iter().any(|bound| words.contains(bound)) && !is_ahead
}

/// Whether the words are about the place or the login that the options name, whatever the status is: every line would be
/// answered so.
fn is_about_the_options(words: &str) -> bool {
    let words = words.to_ascii_lowercase();
    let has = |some: &[&str]| some.iter().any(|one| words.contains(one));
    let names = [
        "authorization",
        "bucket",
        "database",
        "db",
        "org",
        "orgid",
        "organization",
        "token",
    ];
    let mut each = words.split(|c: char| !c.is_alphanumeric());
    let names_a_place = each.any(|word| names.contains(&word)) || words.contains("retention policy");
    names_a_place
        && has(&[
            "not found",
            "not exist",
            "not set",
            "required",
            "could not find",
            "invalid",
        ])
        || has(&[
            "unauthorized",
            "not authorized",
            "forbidden",
            "authorization failed",
        ])
}

/// Sorts an answer into what concerns lines and what concerns everything.
pub fn judge(
    target: &Target,
    status: StatusCode,
    headers: &HeaderMap,
    body: &str,
) -> Result<Answer, SinkError> {
    let (said, is_json) = said(status, body);
    let words = redact(&said, target.secrets());
    let misconfigured = |advice: &str| {
        let reason = format!("{} answers {words}: {advice}", target.address());
        Err(SinkError::misconfigured(reason))
    };
    let is_about_lines = !is_page(body) && !body.contains("HTTPS server");
    match status.as_u16() {
        // What answers any address with its front page would swallow everything.
        200..=299 if is_page(body) => misconfigured("that is not InfluxDB: check `url`"),
        200..=299 => Ok(Answer::Stored),
        300..=399 => Err(redirected(target, headers)),
        // `max-series-per-database`, `max-values-per-tag`: dead letters would hide a limit that a person can raise.
        400 | 422 if is_about_lines && said.contains("limit exceeded") => {
            misconfigured("raise the limit in the server's configuration")
        }
        400 | 422 | 500.. if is_json && is_about_the_options(&said) && !is_about_readings(&said) => {
            misconfigured(&target.options_advice(&said))
        }
        400 | 422 if is_about_lines => Ok(Answer::Refused(Refusal::new(words, &said, body))),
        // InfluxDB 2.0 answers so for single lines, and has stored the others.
        500.. if said.contains("dropped=") || is_beyond_retention(&said) => {
            Ok(Answer::Refused(Refusal::new(words, &said, body)))
        }
        400 => misconfigured("check `url`: does it need https?"),
        401 | 403 => misconfigured(&target.login_advice()),
        404 if is_json => misconfigured(&target.place_advice()),
        404 => misconfigured(target.path_advice()),
        413 => Ok(Answer::TooLarge),
        408 | 425 | 429 => Err(transient(target, &words, headers)),
        500.. => Err(transient(target, &words, headers)),
        _ => misconfigured("check `url`"),
    }
}

pub fn transient(target: &Target, words: &str, headers: &HeaderMap) -> SinkError {
    let seconds = headers
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok()?.trim().parse().ok());
    SinkError::Transient {
        reason: format!(
            "{} answers {words}: look into the server's log if this lasts",
            target.address()
        ),
        retry_after: seconds.map(Duration::from_secs),
    }
}

pub fn redirected(target: &Target, headers: &HeaderMap) -> SinkError {
    let location = headers.get(LOCATION).and_then(|value| value.to_str().ok());
    let location = location.unwrap_or("nowhere");
    let place = location.split(['?', '#']).next().unwrap_or_default();
    let paths = ["/api/v2/write", "/api/v2/delete", "/write", "/query"];
    let place = paths
        .iter()
        .find_map(|path| place.strip_suffix(path))
        .unwrap_or(place);
    let place = redact(place, target.secrets());
    SinkError::misconfigured(format!(
        "{} sends us to {place}: if that is right, write it as `url`",
        target.address()
    ))
}

/// What a body says, with the status before it, and whether it is a JSON object: InfluxDB and what is like it.
pub fn said(status: StatusCode, body: &str) -> (String, bool) {
    if body.trim().is_empty() {
        return (status.to_string(), false);
    }
    let (words, is_json) = match serde_json::from_str::<Value>(body) {
        _ if is_page(body) => ("(an HTML page)".to_owned(), false),
        Ok(json @ Value::Object(_)) => {
            // `error` of 1.x and 3.x, `message` of 2.x; 3.x says per line what is wrong.
            let general = json["message"].as_str().or(json["error"].as_str());
            let of_line = json["data"][0]["error_message"].as_str();
            let words: Vec<_> = [general, of_line].into_iter().flatten().collect();
            (words.join(": "), true)
        }
        _ => (body.to_owned(), false),
    };
    (format!("{} {words}", status.as_u16()), is_json)
}

pub fn is_page(body: &str) -> bool {
    body.trim_start().starts_with('<')
}

#[cfg(test)]
mod tests {
    use collector_core::Secret;
    use proptest::prelude::*;

    use super::*;
    use crate::InfluxdbConfig;

    const TOKEN: &str = "hunter2+token==";
    const VIN: &str = "WBY8P210X07A12345";

    fn target() -> Target {
        let options = serde_json::json!({ "url": "http://localhost", "org": "o", "bucket": "b" });
        let mut config: InfluxdbConfig = serde_json::from_value(options).unwrap();
        config.token = Some(Secret::new(TOKEN));
        Target::of(&config).unwrap_or_else(|invalid| panic!("{invalid:?}"))
    }

    proptest! {
        #[test]
        fn any_answer_means_something_and_quotes_no_secret(
            status in 100_u16..1000,
            before in "\\PC{0,20}",
            after in any::<String>(),
            in_json: bool,
        ) {
            let words = format!("{before} {TOKEN} vin={VIN},lat=50.7664380556 {after}");
            let body = if in_json { serde_json::json!({ "error": words }).to_string() } else { words };
            let status = StatusCode::from_u16(status).unwrap();
            let shown = match judge(&target(), status, &HeaderMap::new(), &body) {
                Ok(Answer::Refused(refusal)) => refusal.words,
                Ok(_) => String::new(),
                Err(error) => error.to_string(),
            };
            for secret in [TOKEN, VIN, "50.766"] {
                prop_assert!(!shown.contains(secret), "{shown}");
            }
            prop_assert!(!shown.contains(char::is_control), "{shown:?}");
        }
    }
}
