//! The answers of InfluxDB and of what stands before it. The first line of an input is the status and perhaps a
//! header; the rest is the body.

use collector_core::{Secret, SinkError};
use sink_influxdb::InfluxdbConfig;
use sink_influxdb::fuzzing::answer;

use crate::{Reached, Target};

pub static TARGET: Target = Target {
    name: "influxdb_answer",
    places: &[
        "misconfigured",
        "refused lines",
        "retry after",
        "stored",
        "transient",
    ],
    run,
};

/// In the seeds, and in no message.
const TOKEN: &str = "hunter2-the-token-of-the-bucket==";
const VIN: &str = "WBY8P210X07A12345";

fn run(input: &[u8], reached: &mut Reached) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    let (head, body) = text.split_once('\n').unwrap_or((text, ""));
    let (status, header) = match head.split_once(' ') {
        Some((status, value)) => (status, Some(value)),
        None => (head, None),
    };
    let Ok(status) = status.parse() else { return };
    let name = if (300..400).contains(&status) {
        "location"
    } else {
        "retry-after"
    };
    let header = header.map(|value| (name.parse().expect("a header"), value));
    let Some(judged) = answer(&config(), status, header, body) else {
        return;
    };
    let shown = match judged {
        Ok(None) => {
            reached.reach("stored");
            return;
        }
        Ok(Some(words)) => {
            reached.reach("refused lines");
            words
        }
        Err(SinkError::Transient { reason, retry_after }) => {
            reached.reach(if retry_after.is_some() {
                "retry after"
            } else {
                "transient"
            });
            reason
        }
        Err(error) => {
            reached.reach("misconfigured");
            error.to_string()
        }
    };
    assert!(
        shown.chars().count() < 1_000 && !shown.chars().any(char::is_control),
        "{shown:?}"
    );
    assert!(!shown.contains(TOKEN), "{shown}");
    // Within a longer word it is no VIN.
    let words = shown.split(|c: char| !c.is_ascii_alphanumeric());
    assert!(!words.into_iter().any(|word| word == VIN), "{shown}");
}

fn config() -> InfluxdbConfig {
    let options = serde_json::json!({ "url": "http://localhost:8086", "org": "home", "bucket": "cardata" });
    let mut config: InfluxdbConfig = serde_json::from_value(options).expect("options");
    config.token = Some(Secret::new(TOKEN));
    config
}
