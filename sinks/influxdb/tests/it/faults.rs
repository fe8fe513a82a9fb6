//! Faults of the set-up, in the words of each server: the sink pauses with one sentence, and no reading becomes a letter.

use axum::http::StatusCode;
use axum::response::IntoResponse;
use collector_core::testkit::entries;
use serde_json::{Value, json};

use crate::mock::Mock;
use crate::{bucket, database, misconfigured, sink};

const TOKEN: &str = "check `token`";
const LOGIN: &str = "check `user` and `password`";
const BUCKET: &str = "influx bucket create";
const DATABASE: &str = "CREATE DATABASE";
/// Where no words are known.
const OPTIONS: &str = "check the options and the server";

/// An error as each server wraps it; a text without a wrap is plain.
fn body(wrap: &str, words: &str) -> String {
    match wrap {
        "" => words.to_owned(),
        "code" => json!({ "code": "any", "message": words }).to_string(),
        wrap => json!({ wrap: words }).to_string(),
    }
}

/// What the sink says of a batch, where the server answers every write so.
async fn paused(options: impl Fn(&str) -> Value, status: u16, wrap: &str, words: &str) -> String {
    let body = body(wrap, words);
    for count in [1, 4] {
        let (status, body) = (StatusCode::from_u16(status).unwrap(), body.clone());
        let mock = Mock::start(move |_| (status, body.clone()).into_response()).await;
        let mut sink = sink(options(&mock.url));
        let written = misconfigured(sink.write(&entries(1, count)).await);
        // Of the other ones some may be about the lines that a check does not send.
        if matches!(status.as_u16(), 401..=404) {
            assert_eq!(misconfigured(sink.check().await), written);
        }
        if count == 4 {
            return written;
        }
    }
    unreachable!()
}

#[tokio::test]
async fn with_a_bucket_each_fault_pauses_the_sink() {
    for (status, wrap, words, advice) in [
        // InfluxDB 2.
        (401, "code", "unauthorized access", TOKEN),
        (403, "code", "insufficient permissions for write", TOKEN),
        (404, "code", "bucket \"cars\" not found", BUCKET),
        (404, "code", "organization name \"home\" not found", BUCKET),
        (
            400,
            "code",
            "failed to decode org: invalid organization name",
            BUCKET,
        ),
        (500, "code", "authorization not found", TOKEN),
        // InfluxDB 3.
        (401, "error", "the request was not authenticated", TOKEN),
        (403, "error", "the request was not authorized", TOKEN),
        (403, "", "Forbidden", TOKEN),
        (401, "", "", TOKEN),
        (
            400,
            "error",
            "invalid character in database name: must be ASCII, containing only letters, numbers, underscores, or hyphens",
            BUCKET,
        ),
        (
            400,
            "error",
            "db name did not start with a number or letter",
            OPTIONS,
        ),
        (422, "error", "database not found: cars", BUCKET),
        // VictoriaMetrics, and what stands before it.
        (401, "", "The provided username or password is incorrect", TOKEN),
        (
            400,
            "",
            "unsupported path requested: \"/x/api/v2/write\"",
            OPTIONS,
        ),
        (400, "", "missing route for \"/api/v2/write\"", OPTIONS),
    ] {
        let said = paused(|url| bucket(url, "cars"), status, wrap, words).await;
        assert!(
            said.contains(words) && said.contains(advice),
            "{status} {words}: {said}"
        );
    }
}

#[tokio::test]
async fn with_a_database_each_fault_pauses_the_sink() {
    let options = |url: &str| {
        let mut options = database(url, "cars");
        options["user"] = json!("writer");
        options["password"] = json!("passphrase");
        options
    };
    for (status, wrap, words, advice) in [
        // InfluxDB 1.
        (401, "error", "authorization failed", LOGIN),
        (401, "error", "unable to parse authentication credentials", LOGIN),
        (401, "error", "username required", LOGIN),
        (
            403,
            "error",
            "\"writer\" user is not authorized to write to database \"cars\"",
            LOGIN,
        ),
        (404, "error", "database not found: \"cars\"", DATABASE),
        (400, "error", "database is required", DATABASE),
        (500, "error", "retention policy not found: autogen", DATABASE),
        (400, "error", "missing required parameter \"db\"", DATABASE),
        // VictoriaMetrics, and what stands before it.
        (
            401,
            "",
            "The provided authKey doesn't match -httpAuth.password",
            LOGIN,
        ),
        (400, "", "unsupported path requested: \"/x/write\"", OPTIONS),
    ] {
        let said = paused(options, status, wrap, words).await;
        assert!(
            said.contains(words) && said.contains(advice),
            "{status} {words}: {said}"
        );
        assert!(!said.contains("passphrase"), "{said}");
    }
}
