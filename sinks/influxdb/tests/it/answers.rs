//! What the sink makes of each answer, and of none.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use collector_core::SinkError;
use collector_core::testkit::entries;
use serde_json::json;
use tokio::net::TcpListener;

use crate::mock::Mock;
use crate::{bucket, database, misconfigured, sink, transient};

fn says(status: u16, key: &str, words: &str) -> Response {
    let status = StatusCode::from_u16(status).unwrap();
    (status, axum::Json(json!({ key: words }))).into_response()
}

/// Writes to a bucket on a server that always gives this answer.
async fn write_to(answer: impl Fn() -> Response + Send + Sync + 'static) -> Result<(), SinkError> {
    let mock = Mock::start(move |_| answer()).await;
    sink(bucket(&mock.url, "cars"))
        .write(&entries(1, 2))
        .await
        .map(|_| ())
}

#[tokio::test]
async fn success_is_success() {
    for status in [StatusCode::OK, StatusCode::NO_CONTENT] {
        write_to(move || status.into_response()).await.unwrap();
    }
}

#[tokio::test]
async fn a_web_page_is_no_success() {
    let page = || (StatusCode::OK, "<!doctype html><title>Router</title>").into_response();
    let reason = misconfigured(write_to(page).await);
    assert!(
        reason.contains("not InfluxDB") && reason.contains("`url`"),
        "{reason}"
    );
}

#[tokio::test]
async fn a_refused_login_needs_a_person() {
    for status in [401, 403] {
        let answer = move || says(status, "message", "unauthorized access for t0ps3cret");
        let reason = misconfigured(write_to(answer).await);
        assert!(reason.contains("unauthorized access"), "{reason}");
        assert!(
            reason.contains("`token`") && reason.contains("bucket `cars`"),
            "{reason}"
        );
        assert!(!reason.contains("t0ps3cret"), "{reason}");
    }
}

#[tokio::test]
async fn a_missing_place_needs_a_person() {
    let reason = misconfigured(write_to(|| says(404, "message", "bucket \"cars\" not found")).await);
    assert!(
        reason.contains("influx bucket create --org home --name cars"),
        "{reason}"
    );
    let mock = Mock::start(|_| says(404, "error", "database not found: \"cars\"")).await;
    let reason = misconfigured(sink(database(&mock.url, "cars")).write(&entries(1, 2)).await);
    assert!(reason.contains("CREATE DATABASE \"cars\""), "{reason}");
}

/// Whatever the status is, and if there is one reading only: the next ones would be answered alike.
#[tokio::test]
async fn a_fault_of_the_options_is_no_dead_letter() {
    for (status, words, advice) in [
        (400, "bucket \"cars\" not found", "influx bucket create"),
        (
            422,
            "organization name \"home\" not found",
            "influx bucket create",
        ),
        (400, "org/orgID parameter not set", "both names"),
        (500, "retention policy not found: autogen", "both names"),
        (500, "could not find bucket \"cars\"", "influx bucket create"),
        (400, "unauthorized access", "`token`"),
        (422, "write:buckets/0a is forbidden", "`token`"),
    ] {
        let mock = Mock::start(move |_| says(status, "message", words)).await;
        let reason = misconfigured(sink(bucket(&mock.url, "cars")).write(&entries(1, 1)).await);
        assert!(reason.contains(words) && reason.contains(advice), "{reason}");
        assert_eq!(mock.asked().len(), 1);
    }
}

#[tokio::test]
async fn a_missing_path_is_told_from_a_missing_place() {
    let plain = || (StatusCode::NOT_FOUND, "404 page not found\n").into_response();
    let reason = misconfigured(write_to(plain).await);
    assert!(reason.contains("needs `database` instead"), "{reason}");
}

#[tokio::test]
async fn an_overloaded_server_says_how_long_to_wait() {
    for status in [429, 503] {
        let answer = move || {
            let mut response = says(status, "message", "too many writes");
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, "17".parse().unwrap());
            response
        };
        let (reason, retry_after) = transient(write_to(answer).await);
        assert_eq!(retry_after, Some(17));
        assert!(reason.contains("too many writes"), "{reason}");
    }
}

#[tokio::test]
async fn a_failing_server_passes_by_itself() {
    for status in [500, 502, 504] {
        let (reason, retry_after) = transient(write_to(move || says(status, "error", "engine")).await);
        assert_eq!(retry_after, None);
        assert!(reason.contains(&format!("{status} engine")), "{reason}");
    }
}

#[tokio::test]
async fn a_server_limit_needs_a_person() {
    let words = "partial write: max-series-per-database limit exceeded: (1000000) dropped=2";
    let reason = misconfigured(write_to(|| says(400, "error", words)).await);
    assert!(reason.contains("raise the limit"), "{reason}");
}

#[tokio::test]
async fn http_to_an_https_port_needs_a_person() {
    for body in [
        "Client sent an HTTP request to an HTTPS server.\n",
        "<html><title>400 The plain HTTP request was sent to HTTPS port</title></html>",
    ] {
        let reason = misconfigured(write_to(move || (StatusCode::BAD_REQUEST, body).into_response()).await);
        assert!(reason.contains("https"), "{reason}");
    }
}

#[tokio::test]
async fn redirects_are_followed_on_the_same_server_and_keep_the_body() {
    let mock = Mock::start(|asked| {
        if asked.uri.path().starts_with("/new/") {
            return StatusCode::NO_CONTENT.into_response();
        }
        Redirect::permanent(&format!("/new{}", asked.uri)).into_response()
    })
    .await;
    sink(bucket(&mock.url, "cars"))
        .write(&entries(1, 2))
        .await
        .unwrap();
    let asked = mock.asked();
    assert_eq!(asked[1].method, "POST");
    assert_eq!(asked[1].body, asked[0].body);
    assert_eq!(asked[1].header("authorization"), Some("Token t0ps3cret"));
}

#[tokio::test]
async fn redirects_to_elsewhere_or_to_a_read_need_a_person() {
    let elsewhere = Mock::start(|_| StatusCode::NO_CONTENT.into_response()).await;
    let there = format!("{}/api/v2/write?org=home", elsewhere.url);
    let reason = misconfigured(write_to(move || Redirect::temporary(&there).into_response()).await);
    assert!(
        reason.contains(&format!("sends us to {}:", elsewhere.url)),
        "{reason}"
    );
    assert!(elsewhere.asked().is_empty(), "the token goes nowhere else");
    let reason = misconfigured(write_to(|| Redirect::to("/api/v2/write").into_response()).await);
    assert!(reason.contains("write it as `url`"), "{reason}");
}

#[tokio::test]
async fn a_server_that_is_down_passes_by_itself() {
    // A port that is reserved and that nobody serves.
    let address = "127.0.0.1:1";
    let mut sink = sink(database(&format!("http://{address}"), "cars"));
    for result in [sink.check().await, sink.write(&entries(1, 2)).await.map(|_| ())] {
        let (reason, _) = transient(result);
        assert!(
            reason.contains(&format!("no connection to {address}")),
            "{reason}"
        );
        assert!(
            reason.contains("refused") && reason.contains("is the server running"),
            "{reason}"
        );
    }
}

#[tokio::test]
async fn a_connection_that_breaks_off_passes_by_itself() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move { drop(listener.accept().await) });
    let result = sink(database(&format!("http://{address}"), "cars"))
        .write(&entries(1, 2))
        .await;
    let (reason, _) = transient(result);
    assert!(
        reason.contains(&address.to_string()) && reason.contains("broke off"),
        "{reason}"
    );
    server.await.unwrap();
}
